"""How many pixels a photo says it has: heads of each format, made by hand from their standards."""

import io
import os
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.attachments.dimensions import pixels_of
from cases.attachments.formats import ImageFormat
from cases.attachments.store import AttachmentStore, PhotoTooLarge


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)


def jpeg(width: int, height: int, before: bytes = b"") -> bytes:
    frame = struct.pack(">HBHHB", 11, 8, height, width, 1)
    return b"\xff\xd8\xff\xe1\x00\x06Exif" + before + b"\xff\xff\xc2" + frame


def webp(chunk: bytes, content: bytes) -> bytes:
    return b"RIFF\0\0\0\0WEBP" + chunk + b"\0\0\0\0" + content.ljust(10, b"\0")


@pytest.mark.parametrize(
    ("head", "photo", "pixels"),
    [
        (png(50_000, 50_000), ImageFormat.PNG, 2_500_000_000),
        (jpeg(4000, 3000), ImageFormat.JPEG, 12_000_000),
        (jpeg(65_000, 65_000, b"\xff\xc4\x00\x04ab\xff\x01"), ImageFormat.JPEG, 4_225_000_000),
        (webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 640, 480)), ImageFormat.WEBP, 307_200),
        (webp(b"VP8L", b"\x2f" + struct.pack("<I", 639 | 479 << 14)), ImageFormat.WEBP, 307_200),
        (webp(b"VP8X", b"\0\0\0\0\xff\xff\xff\xff\xff\xff"), ImageFormat.WEBP, 1 << 48),
        (png(1, 1)[:-1], ImageFormat.PNG, 0),
        (b"\xff\xd8" + b"\xff\xe1\x00\x02" * 5000, ImageFormat.JPEG, 0),
    ],
)
def test_a_photo_has_as_many_pixels_as_its_head_says(head: bytes, photo: ImageFormat, pixels: int) -> None:
    assert pixels_of(io.BytesIO(head), photo) == pixels


@given(st.binary(max_size=60), st.sampled_from(ImageFormat))
def test_any_bytes_have_some_number_of_pixels(data: bytes, photo: ImageFormat) -> None:
    assert pixels_of(io.BytesIO(data), photo) >= 0


async def test_a_photo_that_unpacks_to_gigabytes_is_refused_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield png(50_000, 50_000)

    with pytest.raises(PhotoTooLarge, match="at most 200,000,000 pixels"):
        await AttachmentStore(tmp_path).receive(chunks())
    assert not [name for _, _, names in os.walk(tmp_path) for name in names]
