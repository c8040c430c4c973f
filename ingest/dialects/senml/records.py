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
_NUMBER, _TEXT, _TRUTH, _DATA = "a number", "text", "true or false", "text or bytes"
_TYPES: Final = {
    "n": _TEXT, "u": _TEXT, "v": _NUMBER, "vs": _TEXT, "vb": _TRUTH, "vd": _DATA, "s": _NUMBER, "t": _NUMBER, "ut": _NUMBER,
}  # fmt: skip
_REGULAR: Final = frozenset({"n", "u", "s", "t", *_VALUES})
_ALONE: Final = _REGULAR | {"bv", "bs"}
"""What makes a record of its own: a missing value is zero where there is a base value, and so is a missing sum."""
_BASE: Final = {"bn": str, "bu": str, "bt": float, "bv": float, "bs": float}
_LONGEST_BASE: Final = 512
"""Characters; a base stands before the name of every record behind it."""
_LABELS: Final = _REGULAR | _BASE.keys()


@dataclass(frozen=True, slots=True)
class SenmlRecord:
    """One record resolved, but for a relative time.

    Shape: `label` is the value field it had, None where it has a sum only; `value` is of that label's type. Units: `total`
    is the sum, in `unit` times seconds. Time: `time_s` is Unix seconds from 2**28 on, and below that seconds after (or,
    negative, before) now.
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
    """The records of `pack` in its order, or why one of them is none; records of base fields alone give nothing,
    unless `bv` or `bs` is one of them (section 4.5.4). A field of another type than its label's costs its record.
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
        if not _ALONE.isdisjoint(record):
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
    for label, kind in _TYPES.items():
        if label in record and not _is(kind, record[label]):
            reason = {"t": Reason.BAD_TIME, "n": Reason.UNPARSEABLE}.get(label, Reason.BAD_VALUE)
            whose = f" ({name[:60]})" if isinstance(name := record.get("n"), str) else ""
            return _refused(number, f"{whose} has a `{label}` that is not {kind}".lstrip(), reason)
    name, unit = f"{bases.get('bn', '')}{record.get('n', '')}", record.get("u", bases.get("bu"))
    if not _NAME.fullmatch(name):
        return _refused(number, f"has no valid name: `n` makes it {name[:60]!r}")
    labels = [label for label in _VALUES if label in record]
    if len(labels) > 1:
        return _refused(number, f"has more than one value: {', '.join(labels)}")
    if not labels and "bv" in bases:
        labels = ["v"]
    has_sum = "s" in record or "bs" in bases
    if not labels and not has_sum:
        return _refused(number, "has no value")
    return SenmlRecord(
        name=name,
        unit=unit if isinstance(unit, str) else None,
        time_s=_number(record, "t") + _number(bases, "bt"),
        label=labels[0] if labels else None,
        value=_value(record, bases, labels[0]) if labels else None,
        total=_number(bases, "bs") + _number(record, "s") if has_sum else None,
    )


def _is(kind: str, value: object) -> bool:
    if kind == _NUMBER:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == _TRUTH:
        return isinstance(value, bool)
    return isinstance(value, str) or (kind == _DATA and isinstance(value, bytes))


def _value(record: dict[str, object], bases: dict[str, object], label: str) -> object:
    return record[label] if label != "v" else _number(record, "v") + _number(bases, "bv")


def _number(fields: dict[str, object], label: str) -> float:
    """The number under that label, zero where it is missing (section 4.5); its type is known to be right."""
    return number_of(fields.get(label)) or 0.0


def _refused(number: int, what: str, reason: Reason = Reason.UNPARSEABLE) -> Refused:
    return Refused(reason, f"SenML record {number} {what}")


def _unreadable(detail: str) -> Unreadable:
    return Unreadable(Reason.UNPARSEABLE, detail)
