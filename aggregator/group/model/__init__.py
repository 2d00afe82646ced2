"""The pair model: the log-odds that two entries report one event."""
