"""The shared words of urbansense: devices, readings, telemetry, events, time. Pure; imports nothing of ours."""
