"""Text functions without news logic: folding, URLs, dates, charsets, phrases."""
