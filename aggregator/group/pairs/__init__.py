"""Finds pairs of entries that may report one event, and compares them."""
