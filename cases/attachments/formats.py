"""What a file is by its first bytes, and what it may be called."""

import re
import unicodedata
from enum import StrEnum
from typing import Final

HEAD_BYTES: Final = 12
"""So many bytes are enough to recognise every format."""
_LONGEST_NAME: Final = 120
_UNWANTED: Final = re.compile(r'[\x00-\x1f\x7f-\x9f"*:<>?|\\/\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]')


class ImageFormat(StrEnum):
    """The photos that are taken, by their media type."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"

    @property
    def suffix(self) -> str:
        return f".{self.name.lower()}" if self is not ImageFormat.JPEG else ".jpg"


def recognise(head: bytes) -> ImageFormat | None:
    """The format of a file that begins like this; None for anything that is no photo.

    Source: the signatures of ITU T.81 (SOI and a marker), of ISO/IEC 15948 5.2, and of the WebP container in RIFF.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return ImageFormat.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return ImageFormat.PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ImageFormat.WEBP
    return None


def safe_name(given: str, photo: ImageFormat) -> str:
    """A file name that no system stumbles over and no header is broken by, with the ending of what the file is.

    Shape: 1 to 120 characters, no path, no control characters, no direction marks.
    """
    base = re.split(r"[/\\]", given)[-1]
    name = _UNWANTED.sub("", unicodedata.normalize("NFC", base)).strip(" .")
    stem = name.rpartition(".")[0] or name
    return f"{stem.strip(' .')[: _LONGEST_NAME - len(photo.suffix)] or 'photo'}{photo.suffix}"
