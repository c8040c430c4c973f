"""The dialects of devices, a folder each, all pure: bytes of one message in, reports as the device worded them out."""
