"""SenML packs resolved: base values applied to each record.

Source: RFC 8428 sections 4.1 to 4.6. Labels are the JSON ones; `senml_cbor` brings CBOR to them.
"""

import re
from dataclasses import dataclass
from typing import Final

from domain.errors import Unreadable
from domain.rejections import Reason
from ingest.dialects.messages import Refused
from ingest.dialects.numbers import number_of

VERSION: Final = 10

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*")
_VALUES: Final = ("v", "vs", "vb", "vd")
_REGULAR: Final = frozenset({"n", "u", "s", "t", *_VALUES})
_BASE: Final = {"bn": str, "bu": str, "bt": float, "bv": float, "bs": float}
_LONGEST_BASE: Final = 512
"""Characters; a base stands before the name of every record behind it."""
_LABELS: Final = _REGULAR | _BASE.keys()


@dataclass(frozen=True, slots=True)
class SenmlRecord:
    """One record resolved, but for a relative time.

    Shape: `label` is the value field it had, None where it has a sum only; `value` is of that label's type unless the
    pack lied about it, which is left to normalising. Time: `time_s` is Unix seconds from 2**28 on, and below that
    seconds after (or, negative, before) now. Units: `total` is the sum, in `unit` times seconds.
    """

    name: str
    unit: str | None
    time_s: float
    label: str | None
    value: object = None
    total: float | None = None


def is_pack(document: object) -> bool:
    """Whether a JSON document is a SenML pack by its shape: an array with a field of SenML's, and no native report."""
    records = [element for element in document if isinstance(element, dict)] if isinstance(document, list) else []
    if any("readings" in record for record in records):
        return False
    return any(not _LABELS.isdisjoint(record) for record in records)


def resolve_pack(pack: object) -> list[SenmlRecord | Refused]:
    """The records of `pack` in its order, or why one of them is none; records of base fields alone give nothing.

    Raises: Unreadable (unparseable) where it is no pack, or where no record of it can be trusted: a base field of the
    wrong type, a version beyond 10 or not the same throughout, a field that must be understood (`…_`).
    """
    if not isinstance(pack, list) or not pack:
        raise _unreadable("a SenML pack must be an array of at least one record")
    bases: dict[str, object] = {}
    resolved: list[SenmlRecord | Refused] = []
    for number, record in enumerate(pack, 1):
        if not isinstance(record, dict):
            resolved.append(_refused(number, "is no object"))
            continue
        _apply_bases(bases, record)
        if not _REGULAR.isdisjoint(record):
            resolved.append(_resolve_record(record, bases, number))
    return resolved


def _apply_bases(bases: dict[str, object], record: dict[object, object]) -> None:
    for label, value in record.items():
        if isinstance(label, str) and label.endswith("_"):
            raise _unreadable(f"the field {label!r} must be understood, and is not")
        kind = _BASE.get(label) if isinstance(label, str) else None
        if kind is float:
            bases[str(label)] = number = number_of(value)
            if number is None:
                raise _unreadable(f"`{label}` must be a number")
        elif kind is str:
            bases[str(label)] = value
            if not isinstance(value, str) or len(value) > _LONGEST_BASE:
                raise _unreadable(f"`{label}` must be a text of at most {_LONGEST_BASE} characters")
    version = record.get("bver", bases.get("bver", VERSION))
    if type(version) is not int or not 0 < version <= VERSION:
        raise _unreadable(f"`bver` must be a whole number from 1 to {VERSION}")
    if version != bases.setdefault("bver", version):
        raise _unreadable("all records of a pack must have the same version")


def _resolve_record(record: dict[str, object], bases: dict[str, object], number: int) -> SenmlRecord | Refused:
    name, unit, time_s = record.get("n", ""), record.get("u", bases.get("bu")), number_of(record.get("t", 0))
    if not isinstance(name, str) or not _NAME.fullmatch(name := f"{bases.get('bn', '')}{name}"):
        return _refused(number, "has no valid name")
    if unit is not None and not isinstance(unit, str):
        return _refused(number, "has a unit that is no text")
    if time_s is None:
        return _refused(number, "has a time that is no number", Reason.BAD_TIME)
    labels = [label for label in _VALUES if label in record]
    if len(labels) > 1:
        return _refused(number, f"has more than one value: {', '.join(labels)}")
    if not labels and "bv" in bases:
        labels = ["v"]
    if not labels and "s" not in record:
        return _refused(number, "has no value")
    return SenmlRecord(
        name=name,
        unit=unit,
        time_s=time_s + _base(bases, "bt"),
        label=labels[0] if labels else None,
        value=_value(record, bases, labels[0]) if labels else None,
        total=_base(bases, "bs") + (number_of(record.get("s")) or 0.0) if "s" in record or "bs" in bases else None,
    )


def _value(record: dict[str, object], bases: dict[str, object], label: str) -> object:
    given = record.get(label, 0.0)
    number = number_of(given) if label == "v" else None
    return given if number is None else number + _base(bases, "bv")


def _base(bases: dict[str, object], label: str) -> float:
    return number_of(bases.get(label)) or 0.0


def _refused(number: int, what: str, reason: Reason = Reason.UNPARSEABLE) -> Refused:
    return Refused(reason, f"SenML record {number} {what}")


def _unreadable(detail: str) -> Unreadable:
    return Unreadable(Reason.UNPARSEABLE, detail)
