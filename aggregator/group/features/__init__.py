"""What an entry is known by: terms, cues, numbers, frequencies, and their stored form."""
