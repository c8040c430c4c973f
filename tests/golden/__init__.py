"""The golden payloads by name; README.md says where each comes from."""

from pathlib import Path

FOLDER = Path(__file__).parent


def golden(name: str) -> bytes:
    """The bytes of the payload; what ends in `.hex` is decoded."""
    content = (FOLDER / name).read_bytes()
    return bytes.fromhex(content.decode()) if name.endswith(".hex") else content
