"""How many pixels a photo would have once unpacked: what it says of itself in its first bytes. Nothing is decoded.

We show photos as they came, and whoever opens one unpacks it: ten megabytes may be a picture of gigabytes.
"""

import struct
from math import prod
from typing import BinaryIO, Final

from cases.attachments.formats import ImageFormat

MOST_PIXELS: Final = 200_000_000
"""The largest sensors of telephones."""
_MOST_SEGMENTS: Final = 1_000
_FRAME_HEADERS: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})


def pixels_of(file: BinaryIO, photo: ImageFormat) -> int:
    """Width times height; 0 where the file does not say, which nothing can show either. The file may be left anywhere.

    Source: ISO/IEC 15948 11.2.2 (IHDR); ITU T.81 B.1 and B.2.2 (SOFn); RFC 9649 2.5 to 2.7 (VP8, VP8L, VP8X).
    """
    file.seek(0)
    match photo:
        case ImageFormat.PNG:
            head = file.read(24)
            return prod(struct.unpack(">II", head[16:24])) if head[12:16] == b"IHDR" and len(head) == 24 else 0
        case ImageFormat.WEBP:
            return _of_webp(file.read(30))
        case ImageFormat.JPEG:
            return _of_jpeg(file)


def _of_webp(head: bytes) -> int:
    if len(head) < 30:
        return 0
    match head[12:16]:
        case b"VP8 ":
            width, height = struct.unpack("<HH", head[26:30])
            return int((width & 0x3FFF) * (height & 0x3FFF))
        case b"VP8L":
            (bits,) = struct.unpack("<I", head[21:25])
            return int(((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1))
        case b"VP8X":
            return (int.from_bytes(head[24:27], "little") + 1) * (int.from_bytes(head[27:30], "little") + 1)
    return 0


def _of_jpeg(file: BinaryIO) -> int:
    file.seek(2)
    for _ in range(_MOST_SEGMENTS):
        marker = file.read(2)
        while marker[1:] == b"\xff":  # fill bytes
            marker = b"\xff" + file.read(1)
        if len(marker) < 2 or marker[0] != 0xFF:
            return 0
        if marker[1] in _ALONE:
            continue
        length = int.from_bytes(file.read(2), "big")
        if marker[1] in _FRAME_HEADERS:
            size = file.read(5)
            return prod(struct.unpack(">HH", size[1:])) if len(size) == 5 else 0
        if length < 2:
            return 0
        file.seek(length - 2, 1)
    return 0
