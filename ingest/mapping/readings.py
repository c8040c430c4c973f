"""From source fields to readings: which quantity, which number in its canonical unit, and whether it is plausible."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from math import isfinite
from typing import Final

from domain.errors import UnknownUnit
from domain.quantities.catalogue import CATALOGUE
from domain.quantities.units import Conversion
from domain.rejections import Reason
from domain.telemetry import Quality, Reading
from ingest.dialects.senml.units import UCUM_UNITS
from ingest.mapping.compiled_profile import CompiledProfile, FieldTarget

_NAMED_AT_MOST: Final = 12
_NO_QUALITY: Final[Mapping[str, Quality]] = {}


@dataclass(slots=True)
class ReportReadings:
    """The readings of one report. `unknown` and `bad` hold a few words for each field that was left out."""

    values: dict[str, Reading] = field(default_factory=dict)
    quality: dict[str, Quality] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)

    @property
    def refusal(self) -> tuple[Reason, str] | None:
        """Why fields were left out, with their names; None if none was."""
        if not self.bad and not self.unknown:
            return None
        parts = [_listed(words, names) for words, names in (("", self.bad), ("unknown: ", self.unknown)) if names]
        return Reason.BAD_VALUE if self.bad else Reason.UNKNOWN_QUANTITY, "; ".join(parts)


def read_fields(
    fields: Mapping[str, object],
    units: Mapping[str, str],
    profile: CompiledProfile,
    quality: Mapping[str, Quality] = _NO_QUALITY,
    companions: Collection[str] = (),
) -> ReportReadings:
    """The readings that `fields` give under `profile`; units named by the message itself win over the profile's.

    Quality: the worse of what the device says of the field (`quality`) and what the value looks like. A field among
    `companions` that the profile does not name is left out and not named.
    """
    readings = ReportReadings()
    for source, value in fields.items():
        if source in profile.ignored:
            continue
        if source in profile.problems:
            readings.bad.append(f"{source} ({profile.problems[source]})")
        elif source not in profile.targets:
            if source not in companions:
                readings.unknown.append(source)
        else:
            for target in profile.targets[source]:
                _add(readings, source, value, target, units.get(source), quality.get(source))
    return readings


def _add(
    readings: ReportReadings, source: str, value: object, target: FieldTarget, unit: str | None, marked: Quality | None
) -> None:
    quantity = target.quantity
    reading = _canonical(value, target, unit)
    if isinstance(reading, str):
        readings.bad.append(f"{source} ({reading})")
    elif quantity.name in readings.values:
        readings.bad.append(f"{source} (another field already gave {quantity.name})")
    else:
        readings.values[quantity.name] = reading
        if not quantity.is_plausible(reading):
            readings.quality[quantity.name] = "bad"
        elif marked == "bad":
            readings.quality[quantity.name] = marked
        elif not target.low <= reading <= target.high:
            readings.quality[quantity.name] = target.outside
        elif marked is not None:
            readings.quality[quantity.name] = marked


def _canonical(value: object, target: FieldTarget, unit: str | None) -> Reading | str:
    """The reading in its canonical unit, or a word on why there is none."""
    if isinstance(value, bool):
        if not target.quantity.boolean:
            return "true or false where a number belongs"
    elif not isinstance(value, int | float):
        return f"{_type_name(value)} where a number belongs"
    try:
        number = float(value)
    except OverflowError:
        return "not finite"
    factor, bias = target.factor, target.bias
    if unit is not None and not target.quantity.boolean:
        conversion = _conversion(unit, target.quantity.name) if unit in UCUM_UNITS else None
        if conversion is None:
            return f"its unit {unit!r} is not one of {target.quantity.unit!r}"
        factor, bias = target.scale * conversion.factor, target.offset * conversion.factor + conversion.offset
    number = number * factor + bias
    if not isfinite(number):
        return "not finite"
    if target.quantity.boolean:
        return number == 1.0 if number in (0.0, 1.0) else "neither true nor false"
    return number


@cache
def _conversion(unit: str, quantity: str) -> Conversion | None:
    """None where the unit is of another dimension. Bounded: both come from closed tables, never from outside as such."""
    try:
        return CATALOGUE[quantity].conversion_from(unit)
    except UnknownUnit:
        return None


def _type_name(value: object) -> str:
    names = {str: "text", dict: "an object", list: "an array", type(None): "null", bytes: "bytes"}
    return names.get(type(value), type(value).__name__)


def _listed(words: str, names: list[str]) -> str:
    more = len(names) - _NAMED_AT_MOST
    shown = ", ".join(name[:120] for name in names[:_NAMED_AT_MOST])
    return words + shown + (f" and {more} more" if more > 0 else "")
