"""One module per dialect, all pure: bytes of one message in, reports as the device worded them out."""

from ingest.codecs.dialects import decode

__all__ = ["decode"]
