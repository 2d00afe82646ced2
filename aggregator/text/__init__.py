"""Pure work on text: folding, URLs, dates, character sets, phrases; it knows nothing of news."""
