"""The background work of a running service: fetch on schedule, receive pushes, apply commands."""
