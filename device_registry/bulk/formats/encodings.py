"""Which encoding a text file is in: UTF-8, or GB 18030, in which Chinese spreadsheets save CSV."""

import codecs
import re
from typing import BinaryIO, Final

from device_registry.bulk.columns import RowProblem, UnreadableFile

UTF_8: Final = "utf-8"
GB_18030: Final = "gb18030"
_PIECE_BYTES: Final = 1024 * 1024
_ADVICE: Final = 'save it as CSV UTF-8 (in Excel "CSV UTF-8", not "Unicode Text")'
_HAN_IN_UTF_8: Final = re.compile(rb"[\xe4-\xe9][\x80-\xbf]{2}")


def find_encoding(file: BinaryIO) -> str:
    """UTF_8 or GB_18030, whichever more of the lines are in; the file stands at its beginning again.

    A few lines in the other encoding do not sway it: they are reported when they are read.
    Raises: UnreadableFile for UTF-16 and UTF-32.
    """
    beginning = file.read(4)
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in beginning:
        raise UnreadableFile(RowProblem(1, "", "the file is UTF-16 or UTF-32", _ADVICE))
    file.seek(0)
    whole = _is_utf_8(file)
    file.seek(0)
    if whole or beginning.startswith(codecs.BOM_UTF8):
        return UTF_8
    in_utf_8 = others = 0
    while line := file.readline(_PIECE_BYTES):
        if not line.isascii():
            fits = _fits(line, UTF_8)
            in_utf_8 += fits
            others += not fits and _fits(line, GB_18030)
    file.seek(0)
    return UTF_8 if in_utf_8 >= others else GB_18030


def utf8_in_gb18030(line: bytes) -> bool:
    """Whether a line that reads as GB 18030 was written in UTF-8 all the same: two Chinese characters prove it."""
    return not line.isascii() and len(_HAN_IN_UTF_8.findall(line)) >= 2 and _fits(line, UTF_8)


def _is_utf_8(file: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder(UTF_8)()
    try:
        while piece := file.read(_PIECE_BYTES):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _fits(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
