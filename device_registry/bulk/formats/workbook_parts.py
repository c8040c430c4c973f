"""What the parts of a workbook may be, judged before any of them is parsed.

A workbook is a ZIP archive of XML. Its sheets are read row by row, but every other part stands in memory whole and as
objects, some hundred times its size: whoever packs three million cell formats into a megabyte means to harm.
Source: limits of Excel (65,490 cell formats, 1,048,576 rows, 16,384 columns, 32,767 characters in a cell).
"""

import re
import zipfile
from collections.abc import Iterator
from typing import BinaryIO, Final

from device_registry.bulk.columns import RowProblem, UnreadableFile
from device_registry.bulk.formats.contract import MOST_ROW_BYTES

MOST_SHEET_ROWS: Final = 1_048_576
_MOST_PARTS: Final = 2_000
_MOST_SHEET_BYTES: Final = 2 * 1024 * 1024 * 1024
_MOST_SHARED_BYTES: Final = 256 * 1024 * 1024
_MOST_SHARED_TAGS: Final = 12_000_000
_MOST_OTHER_BYTES: Final = 16 * 1024 * 1024
_MOST_OTHER_TAGS: Final = 400_000
_MOST_RATIO: Final = 400
_RATIO_FROM_BYTES: Final = 16 * 1024 * 1024
_PIECE_BYTES: Final = 1024 * 1024
_ENCRYPTED: Final = 1
_MOST_MERGED: Final = 100_000
_MERGED: Final = re.compile(rb'<(?:\w+:)?mergeCell\s[^<>]*?ref="([A-Z]+[0-9]+:[A-Z]+[0-9]+)"')
_TAG_BYTES: Final = 200
"""Longer than the tag of merged cells, which may lie on the border of two pieces."""


def check_parts(file: BinaryIO) -> dict[str, list[str]]:
    """The merged cells of each sheet by the name of its part (`xl/worksheets/sheet1.xml`: `["A2:A5"]`).

    Leave the file at its beginning. Raises: UnreadableFile; zipfile.BadZipFile; zlib.error; MemoryError.
    """
    merged: dict[str, list[str]] = {}
    with zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
        if len(parts) > _MOST_PARTS:
            raise _refused(f"the workbook has {len(parts):,} parts, more than {_MOST_PARTS:,}")
        names = set()
        for part in parts:
            name = part.filename.lower()
            if name in names:
                raise _refused(f"the workbook has the part {part.filename[:80]!r} twice")
            names.add(name)
            if name.endswith((".xml", ".rels")):
                _check_size(part)
                merged[part.filename] = _check_content(archive, part)
    file.seek(0)
    return merged


def _check_size(part: zipfile.ZipInfo) -> None:
    """No more than this can come out of a part: reading one ends at its declared size."""
    most = _most_bytes(part.filename)
    if part.file_size > most:
        raise _refused(f"{_named(part)} is {part.file_size:,} bytes, more than {most:,}")
    if part.file_size > max(_RATIO_FROM_BYTES, _MOST_RATIO * part.compress_size):
        raise _refused(f"{_named(part)} is {part.file_size:,} bytes, packed into {part.compress_size:,}")
    if part.flag_bits & _ENCRYPTED:
        raise _refused("the workbook is encrypted")
    if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused(f"{_named(part)} is packed in a way that no spreadsheet uses")


def _check_content(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> list[str]:
    """The merged cells that a sheet names. They stand behind its rows, where reading row by row comes to them too late.

    A cell holds 32,767 characters at most, and no part of a workbook has a document type.
    """
    is_sheet = _is_sheet(part.filename)
    most_tags = _MOST_SHARED_TAGS if _is_shared(part.filename) else _MOST_OTHER_TAGS
    rows = tags = 0
    merged: list[str] = []
    before = b""
    for piece in _pieces(archive, part):
        if b"<" not in piece and len(piece) == _PIECE_BYTES:
            what = f"a text of the row is longer than {MOST_ROW_BYTES:,} bytes"
            raise UnreadableFile(RowProblem(max(rows, 1) if is_sheet else 1, "", what, "shorten it"))
        if b"<!DOCTYPE" in piece:
            raise _refused(f"{_named(part)} has a document type, which no spreadsheet writes")
        rows += piece.count(b"<row ")
        tags += piece.count(b"<")
        if not is_sheet and tags > most_tags:
            raise _refused(f"{_named(part)} has more than {most_tags:,} tags")
        if is_sheet:
            before += piece
            found = list(_MERGED.finditer(before)) if b"mergeCell" in before else []
            merged += (one[1].decode() for one in found)
            if len(merged) > _MOST_MERGED:
                raise _refused(f"{_named(part)} merges more than {_MOST_MERGED:,} times")
            before = before[max(found[-1].end() if found else 0, len(before) - _TAG_BYTES) :]
    return merged


def _pieces(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(part) as stream:
        while piece := stream.read(_PIECE_BYTES):
            yield piece


def _most_bytes(name: str) -> int:
    if _is_sheet(name):
        return _MOST_SHEET_BYTES
    return _MOST_SHARED_BYTES if _is_shared(name) else _MOST_OTHER_BYTES


def _is_sheet(name: str) -> bool:
    return "worksheets/" in name and not name.endswith(".rels")


def _is_shared(name: str) -> bool:
    return name.endswith("sharedStrings.xml")


def _named(part: zipfile.ZipInfo) -> str:
    return f"the part {part.filename[:80]!r} of the workbook"


def _refused(what: str) -> UnreadableFile:
    return UnreadableFile(RowProblem(1, "", what, "save it as CSV UTF-8, or in parts"))
