"""The OGC SensorThings API 1.1 (OGC 18-088), read only: devices, their readings and what they mean, for other systems.

path, options ──parsed──▶ what is asked ──Bounds──▶ registry and store ──rows──▶ filter, order, page ──▶ JSON
"""
