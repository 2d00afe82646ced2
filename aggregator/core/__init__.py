"""What every step shares: the model in flow order, settings, errors, ids, protocols, reports, logs."""
