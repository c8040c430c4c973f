"""The REST API below `/api/v1`, one folder for each room it calls."""
