"""HJ 212-2017 data segments: which commands carry a report, and what the fields of CP mean.

Source: HJ 212-2017, section 6.4 and table 5 (fields), table 6 (data flags), annex B (command codes).
"""

import re
from collections.abc import Collection
from datetime import datetime, tzinfo
from typing import Final

from domain.identities import MN
from domain.rejections import Reason
from domain.telemetry import Quality
from ingest.dialects.hj212.frame import Defect, undue
from ingest.dialects.messages import Refused, Uplink

CODEC: Final = "hj212"

DATA: Final = frozenset({2011, 2031, 2051, 2061})
"""What reports readings: real-time data; the values of a day, of minutes, of an hour."""
DIALOGUE: Final = frozenset({1011, 1012, 1013, 1061, 1062, 1063, 1064, 1072, 2012, 2022, 9011, 9012, 9013, 9014, 9015})
"""What stations and their masters exchange about times, intervals, passwords and receipts; no report in it."""

_READING: Final = frozenset({"Rtd", "Avg"})
_COMPANIONS: Final = frozenset({"Min", "Max", "Cou", "ZsRtd", "ZsMin", "ZsAvg", "ZsMax"})
"""Extremes, cumulative amounts and converted values beside the reading: read only where the profile names them."""
_NO_READING: Final = frozenset({"EFlag", "SampleTime"})
_QUALITY: Final[dict[str, Quality | None]] = {
    "N": None, "S": "suspect", "M": "suspect", "C": "suspect", "F": "bad", "D": "bad", "T": "bad", "B": "bad",
}  # fmt: skip
_NUMBER: Final = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?", re.ASCII)
_TIME: Final = re.compile(r"\d{14}", re.ASCII)
_NEXT_FIELD: Final = re.compile(r"(?<=[^;,])(?=[a-z]\d{5}-[A-Z])")
"""Where a field of a factor begins. (Codes of digits alone, as in 2005, run into a value before them.)"""

Fields = dict[str, str]


class BadSegment(ValueError):
    """A CP that is not `name=value` joined by `;` and `,`."""


def read_cp(cp: str, tolerated: Collection[Defect] = ()) -> tuple[Fields, list[Defect]]:
    """The fields of CP by name, in their order, and the defects that were passed over.

    Raises: BadSegment where it cannot be read, or only with a defect that is not tolerated.
    """
    fields: Fields = {}
    defects: list[Defect] = []
    for piece in re.split("[;,]", cp) if cp else []:
        if not piece:
            defects.append(Defect.EMPTY_FIELD)
            continue
        pairs = _NEXT_FIELD.split(piece)
        if len(pairs) > 1:
            defects.append(Defect.MISSING_COMMA)
        for pair in pairs:
            name, equals, value = pair.partition("=")
            if not name or not equals or "=" in value:
                raise BadSegment(f"{pair[:60]!r} is not `name=value`")
            if name in fields:
                raise BadSegment(f"{name[:60]} stands twice")
            fields[name] = value
    refused = undue(defects, tolerated)
    if refused is not None:
        raise BadSegment(refused.detail)
    return fields, defects


def read_report(fields: Fields, mn: str, qn: str, zone: tzinfo) -> Uplink | Refused:
    """The report that the fields of a data command make: `w01001-Rtd`, `w01001-Avg` … as the station names them.

    Time: DataTime is local to `zone`; of a period it is the beginning. SampleTime of a factor is left aside: a report
    has one instant. Quality: by each factor's data flag; a flag the standard does not know makes it `suspect`.
    """
    given = dict(fields)
    data_time = given.pop("DataTime", None)
    if data_time is None:
        return Refused(Reason.UNPARSEABLE, "no DataTime")
    values: dict[str, object] = {}
    companions: set[str] = set()
    quality: dict[str, Quality] = {}
    for name, value in given.items():
        code, _, part = name.rpartition("-")
        if part == "Flag" or (code and part in _NO_READING):
            continue
        values[name] = float(value) if _NUMBER.fullmatch(value) else value
        if code and part in _COMPANIONS:
            companions.add(name)
        flag = _QUALITY.get(given.get(f"{code}-Flag", "N"), "suspect")
        if flag is not None:
            quality[name] = flag
    return Uplink(
        codec=CODEC,
        fields=values,
        identity=MN.of(mn),
        observed_at_ms=_instant_ms(data_time, zone),
        message_id=qn or None,
        quality=quality,
        companions=companions,
    )


def _instant_ms(text: str, zone: tzinfo) -> object:
    """Epoch ms of `YYYYMMDDhhmmss` in `zone`; the text itself where it is no instant, for normalising to refuse."""
    if not _TIME.fullmatch(text):
        return text
    try:
        instant = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=zone)
        return int(instant.timestamp()) * 1000
    except (ValueError, OverflowError):
        return text
