"""Which pairs of entries are worth a look, and how they compare."""
