"""One clean merged feed of what many publishers report: one entry a story."""
