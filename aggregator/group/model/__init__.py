"""What the comparison of a pair means: log-odds that two entries report one event."""
