"""HJ 212-2017 data segments: which commands carry a report, and what the fields of CP mean.

Source: HJ 212-2017, section 6.4 and table 5 (fields), table 6 (data flags), annex B (command codes).
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Final, NamedTuple

from domain.identities import MN
from domain.rejections import Reason
from domain.telemetry import Quality
from ingest.dialects.hj212.frame import Defect, undue
from ingest.dialects.messages import Refused, Uplink

CODEC: Final = "hj212"
DATA_TIME: Final = "DataTime"

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
_TIME: Final = re.compile(r"\d{14}(\d{3})?", re.ASCII)
_SECONDS_DIGITS: Final = 14
_NEXT_FIELD: Final = re.compile(r"(?<=[^;,])(?=[a-z][0-9]{5}-[A-Z])")
"""Where a field of a factor begins. (Codes of digits alone, as in 2005, run into a value before them.)"""

Fields = dict[str, str]


class BadSegment(ValueError):
    """A CP that no report can be made of."""


class Cp(NamedTuple):
    """What stands between `&&` and `&&`: fields by name in their order, why others cost themselves, defects passed over."""

    fields: Fields
    bad: dict[str, str]
    defects: Sequence[Defect] = ()


def read_cp(cp: str, tolerated: Collection[Defect] = ()) -> Cp:
    """The fields of CP. What is no `name=value`, or stands twice with two values, costs that field alone.

    Raises: BadSegment where it can be read only with a defect that is not tolerated, or has two DataTimes.
    """
    found: list[tuple[str, str]] = []
    bad: dict[str, str] = {}
    defects: list[Defect] = []
    for piece in re.split("[;,]", cp) if cp else []:
        if not piece:
            defects.append(Defect.EMPTY_FIELD)
            continue
        pairs = _NEXT_FIELD.split(piece)
        if len(pairs) > 1 and Defect.MISSING_COMMA not in tolerated:
            bad[piece.partition("=")[0][:60]] = f"{piece[:60]!r} is not as the standard has it: missing_comma"
            continue
        if len(pairs) > 1:
            defects.append(Defect.MISSING_COMMA)
        for pair in pairs:
            name, equals, value = pair.partition("=")
            if name and equals and "=" not in value:
                found.append((name, value))
            else:
                bad[name[:60]] = f"{pair[:60]!r} is not `name=value`"
    if any(name == DATA_TIME and len(value) > _SECONDS_DIGITS and _TIME.fullmatch(value) for name, value in found):
        defects.append(Defect.MILLISECONDS)
    refused = undue(defects, tolerated)
    if refused is not None:
        raise BadSegment(refused.detail)
    return merged([Cp({name: value}, {}) for name, value in found], bad, defects)


def merged(parts: Iterable[Cp], bad: Mapping[str, str] | None = None, defects: Sequence[Defect] = ()) -> Cp:
    """All fields of the parts. One that has two values costs itself. Raises: BadSegment where that is DataTime."""
    fields: Fields = {}
    all_bad = dict(bad or {})
    contradicted: set[str] = set()
    for part in parts:
        all_bad |= part.bad
        for name, value in part.fields.items():
            if fields.setdefault(name, value) != value:
                contradicted.add(name)
    if DATA_TIME in contradicted:
        raise BadSegment("DataTime stands twice, and not the same")
    for name in contradicted:
        del fields[name]
        all_bad[name[:60]] = "stands twice, and not the same"
    return Cp(fields, all_bad, defects)


def read_report(cp: Cp, mn: str, qn: str, zone: tzinfo) -> Uplink | Refused:
    """The report that the CP of a data command makes: `w01001-Rtd`, `w01001-Avg` … as it names them.

    Time: DataTime is local to `zone`; of a period it is the beginning. SampleTime of a factor is left aside: a report
    has one instant. Quality: by each factor's data flag; a flag that the standard does not know, or that cannot be
    read, makes it `suspect`.
    """
    given = dict(cp.fields)
    data_time = given.pop(DATA_TIME, None)
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
        flag_name = f"{code}-Flag"
        flag = _QUALITY.get(given.get(flag_name, "" if flag_name in cp.bad else "N"), "suspect")
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
        time_field=DATA_TIME,
        unreadable=[f"{name} ({why})" for name, why in cp.bad.items()],
    )


def _instant_ms(text: str, zone: tzinfo) -> object:
    """Epoch ms of `YYYYMMDDhhmmss` or that and `zzz` in `zone`; the text itself where it is none, to be refused."""
    if not _TIME.fullmatch(text):
        return text
    try:
        instant = datetime.strptime(text[:_SECONDS_DIGITS], "%Y%m%d%H%M%S").replace(tzinfo=zone)
        return int(instant.timestamp()) * 1000 + int(text[_SECONDS_DIGITS:] or 0)
    except (ValueError, OverflowError):
        return text
