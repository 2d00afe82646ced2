"""All of history grouped again, with the ids of stories inherited."""
