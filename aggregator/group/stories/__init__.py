"""From scored pairs to stories: drafts, assignment, the user's rules, who is shown, reasons."""
