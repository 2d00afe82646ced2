"""Stories from scored pairs: assignment, corrections, representatives, reasons, explanations."""
