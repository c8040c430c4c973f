"""HJ 212 frames out of the bytes of one message: length, check value and the head of the data segment.

    ##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&1C80\\r\\n
      └length└──────────────────────────── data segment: what length and check value cover ────────────────┘└check

Source: HJ 212-2017, section 6.3 (communication packet), annex A (check value).
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.rejections import Reason
from ingest.dialects.messages import Refused


class Defect(StrEnum):
    """What frames in the field do wrong and can still be read; refused unless the device's registration tolerates it."""

    LENGTH = "length"
    """The length counts the check value or the CR LF too."""
    NO_CRLF = "no_crlf"
    LOWERCASE_CRC = "lowercase_crc"
    LONG_SEGMENT = "long_segment"
    NO_QN = "no_qn"
    NO_ST = "no_st"
    NO_MN = "no_mn"
    SPACES = "spaces"
    """Around `=`, `;` or `,`."""
    MISSING_COMMA = "missing_comma"
    EMPTY_FIELD = "empty_field"
    """A separator with nothing behind it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame whose length and check value are right. `raw` is its bytes, `cp` what stands between `&&` and `&&`.

    Shape: `part` is (PNO, PNUM), from (1, 1) on, None for a frame that stands alone. `qn` and `mn` may be empty where
    that is tolerated.
    """

    raw: bytes
    qn: str
    cn: int
    mn: str
    cp: str
    part: tuple[int, int] | None
    defects: tuple[Defect, ...]


LONGEST_SEGMENT: Final = 1024
MOST_PARTS: Final = 99
_HEAD_FIELDS: Final = frozenset({"QN", "ST", "CN", "PW", "MN", "Flag", "PNUM", "PNO"})
_SEGMENT: Final = re.compile(r"(.*?);?CP=&&(.*)&&", re.DOTALL)
_END: Final = re.compile(rb"&&[0-9A-Fa-f]{4}(?=\r|\n|##|\Z)")
_CHECK: Final = re.compile(rb"[0-9A-Fa-f]{4}")
_SPACES: Final = re.compile(r"(?:(?<![ \t])[ \t]+)?([=;,])[ \t]*")
"""Looks at a run of spaces once, from its beginning: from each of them it would cost its square."""
_NUMBER: Final = re.compile(r"\d{1,4}")
_DIVIDED: Final = 2
"""The D bit of Flag: the frame has PNUM and PNO."""


def _check_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        register = value
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
        table.append(register)
    return tuple(table)


_TABLE: Final = _check_table()


def checksum(segment: bytes) -> int:
    """The check value of one HJ 212-2017 data segment, 0 to 0xFFFF.

    Shape: the bytes from `QN` to the closing `&&`, without length, check value and CR LF.
    Caution: the register loses its low byte at every step, so only 256 values exist; a match does not prove a frame
    whole, and must never serve as an identity.
    Source: HJ 212-2017, annex A; checked against five published frames.
    """
    register = 0xFFFF
    for byte in segment:
        register = _TABLE[register >> 8 ^ byte]
    return register


def read_frames(payload: bytes, tolerated: Collection[Defect] = ()) -> list[Frame | Refused]:
    """The frames of a message in their order, each or why it is none; never empty.

    Shape: bytes that belong to no frame are refused, a stretch of them once. Cost: linear in the payload.
    """
    if not payload:
        return [_refused("an empty payload")]
    found: list[Frame | Refused] = []
    at = 0
    while at < len(payload):
        start = _next_frame(payload, at)
        if start > at:
            found.append(_refused(f"{start - at} bytes that belong to no frame: {payload[at : at + 20]!r}"))
        if start == len(payload):
            break
        frame, at = _frame_at(payload, start, tolerated)
        found.append(frame)
    return found


def undue(defects: Collection[Defect], tolerated: Collection[Defect]) -> Refused | None:
    """Why a frame with these defects is refused, None where all of them are tolerated."""
    wrong = sorted({defect.value for defect in defects if defect not in tolerated})
    if not wrong:
        return None
    return _refused(f"not as the standard has it: {', '.join(wrong)} (the device's `hj212_tolerates` may name it)")


def _next_frame(payload: bytes, at: int) -> int:
    start = payload.find(b"##", at)
    return len(payload) if start < 0 else start


def _frame_at(payload: bytes, start: int, tolerated: Collection[Defect]) -> tuple[Frame | Refused, int]:
    """The frame that begins at `start`, and where what comes after it begins."""
    body = start + 6
    given = payload[start + 2 : body]
    if len(given) < 4 or not given.isdigit():
        return _refused("`##` must be followed by a length of four digits"), _next_frame(payload, start + 2)
    end = _segment_end(payload, body, int(given))
    if end < 0:
        detail = (
            f"no data segment of {int(given)} bytes with `&&` and a check value behind it: cut off, or its length wrong"
        )
        return _refused(detail), _next_frame(payload, start + 2)
    after = end + 4
    segment, check = payload[body:end], payload[end:after]
    defects = _framing_defects(int(given), segment, check)
    line_end = payload[after : after + 2]
    if line_end == b"\r\n":
        after += 2
    else:
        defects.append(Defect.NO_CRLF)
        after += line_end[:1] in (b"\r", b"\n")
    if int(given) not in _lengths(segment):
        return _refused(f"its length says {int(given)}, but the data segment has {len(segment)} bytes"), after
    if checksum(segment) != int(check, 16):
        detail = f"check value {check.decode()}, computed {checksum(segment):04X}"
        return Refused(Reason.BAD_CHECKSUM, detail), after
    return _frame(payload[start:after], segment, defects, tolerated), after


def _segment_end(payload: bytes, body: int, length: int) -> int:
    """Where the segment ends that begins at `body`: after `length` bytes, else where one closes; -1 without any."""
    end = body + length
    if payload[max(body, end - 2) : end] == b"&&" and _CHECK.fullmatch(payload, end, end + 4):
        return end
    found = _END.search(payload, body, min(len(payload), _next_frame(payload, body) + 2))
    return found.start() + 2 if found else -1


def _lengths(segment: bytes) -> tuple[int, ...]:
    """What the length may be: the segment's own; or, as some count, with the check value, CR LF, or both."""
    return tuple(len(segment) + more for more in (0, 2, 4, 6))


def _framing_defects(given: int, segment: bytes, check: bytes) -> list[Defect]:
    defects = []
    if given != len(segment):
        defects.append(Defect.LENGTH)
    if len(segment) > LONGEST_SEGMENT:
        defects.append(Defect.LONG_SEGMENT)
    if check != check.upper():
        defects.append(Defect.LOWERCASE_CRC)
    return defects


def _frame(raw: bytes, segment: bytes, defects: list[Defect], tolerated: Collection[Defect]) -> Frame | Refused:
    if not segment.isascii():
        return _refused("the data segment must be ASCII")
    written = segment.decode()
    text = _SPACES.sub(r"\1", written)
    if text != written:
        defects.append(Defect.SPACES)
    cut = _SEGMENT.fullmatch(text)
    if cut is None:
        return _refused("the data segment must end in `CP=&&…&&`")
    head, problem = _head(cut[1])
    if problem:
        return _refused(problem)
    missing = {"QN": Defect.NO_QN, "ST": Defect.NO_ST, "MN": Defect.NO_MN}
    defects += [defect for name, defect in missing.items() if not head.get(name)]
    part = _part(head)
    if isinstance(part, str):
        return _refused(part)
    return undue(defects, tolerated) or Frame(
        raw, head.get("QN", ""), int(head["CN"]), head.get("MN", ""), cut[2], part, tuple(defects)
    )


def _head(text: str) -> tuple[dict[str, str], str]:
    """The fields before CP, and what is wrong with them, empty where nothing is."""
    head: dict[str, str] = {}
    for field in text.split(";"):
        name, equals, value = field.partition("=")
        if not equals or name not in _HEAD_FIELDS:
            return {}, f"{field[:40]!r} does not belong before CP"
        if name in head:
            return {}, f"{name} stands twice"
        head[name] = value
    if not re.fullmatch(r"\d{4}", head.get("CN", "")):
        return {}, "CN must be a number of four digits"
    if head.get("QN") and not re.fullmatch(r"\d{17}", head["QN"]):
        return {}, "QN must be a time of 17 digits"
    return head, ""


def _part(head: dict[str, str]) -> tuple[int, int] | str | None:
    """(PNO, PNUM), None where the frame is whole, or what is wrong."""
    flag, number, total = head.get("Flag", "0"), head.get("PNO"), head.get("PNUM")
    if not _NUMBER.fullmatch(flag):
        return "Flag must be a number"
    if number is None and total is None:
        return "Flag announces PNUM and PNO, but they are missing" if int(flag) & _DIVIDED else None
    if number is None or total is None or not _NUMBER.fullmatch(number) or not _NUMBER.fullmatch(total):
        return "PNUM and PNO must be numbers, and both be there"
    if not 1 <= int(number) <= int(total) <= MOST_PARTS:
        return f"PNO {number} of PNUM {total}; a report may have {MOST_PARTS} parts"
    return None if int(total) == 1 else (int(number), int(total))


def _refused(detail: str) -> Refused:
    return Refused(Reason.UNPARSEABLE, detail)
