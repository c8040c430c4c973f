"""From a report as the device worded it to telemetry: whose it is, and which field is which quantity."""
