"""The steps from one schema to the next; a new one is a new file in `versions` and a new HEAD."""

HEAD = "0011"  # of the versions, so that a store that is up to date opens without alembic
