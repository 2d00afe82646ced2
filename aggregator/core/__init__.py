"""What every step shares: model, decisions, settings, errors, ids, protocols, reports, logs."""
