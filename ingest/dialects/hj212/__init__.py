"""Monitoring stations: frames, data segments, factors, reports in parts."""
