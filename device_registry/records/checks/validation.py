"""What a device or a profile must be by itself. What it refers to is judged by `references`."""

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, Final
from unicodedata import is_normalized

from device_registry.records.checks.areas import AREA_PATH
from device_registry.records.city_tables import CITY_TABLES
from device_registry.records.problems import RecordProblem
from device_registry.records.text_lengths import LENGTH
from domain.devices import ATTRIBUTE_NAME, DEVICE_ID, Device, Profile
from domain.errors import UnknownUnit
from domain.identities import SCHEMES
from domain.quantities.catalogue import CATALOGUE
from domain.quantities.derivations import BadFormula, compile_derivation

Bounds = tuple[float, float, float, float]
"""West, south, east, north, in degrees."""

_PROFILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_GRID: Final = re.compile(r"[0-9]{15}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\uffff]")
_DEVICE_FIELDS: Final = tuple(field.name for field in fields(Device))
_TEXTS: Final = (
    "kind", "profile", "name", "area", "parent_id", "component_code", "department",
    *(scheme.column for scheme in SCHEMES if not scheme.has_fixed_form),
)  # fmt: skip
_SYNTAX: Final = {"grid": (_GRID, "grid code", "give its 15 digits")} | {
    scheme.column: (scheme.syntax, scheme.label, scheme.remedy) for scheme in SCHEMES if scheme.syntax is not None
}
"""By column: what a text must match, what it is then called, and how to write it right."""
_LONGEST_INTERVAL_S: Final = 366 * 86_400
_LONGEST_ATTRIBUTE: Final = 1000
_MOST_MAPPINGS: Final = 500
_MOST_ATTRIBUTES: Final = 100
_MOST_DERIVED: Final = 50
_LARGEST_INTEGER: Final = 2**53  # beyond it a rule, which computes in doubles, would see another number


def normalise_device(device: Device) -> Device:
    """The device as it is stored: texts trimmed, empty ones None, identities in their one form (or as they came)."""
    identities: dict[str, Any] = {
        scheme.column: scheme.normalise(text) if (text := _trimmed(getattr(device, scheme.column))) else None
        for scheme in SCHEMES
    }
    return replace(
        device,
        name=device.name.strip(),
        area=_trimmed(device.area),
        parent_id=_trimmed(device.parent_id),
        component_code=_trimmed(device.component_code),
        department=_trimmed(device.department),
        grid=_trimmed(device.grid),
        **identities,
    )


def device_problems(device: Device, kinds: Collection[str], bounds: Bounds | None = None) -> Iterator[RecordProblem]:
    """Everything wrong with a normalised device by itself, in the order of its fields.

    `bounds` is where the city's devices stand: (west, south, east, north), degrees.
    """

    def problem(column: str, what: str, remedy: str) -> RecordProblem:
        return RecordProblem(device.device_id, column, what, remedy)

    if not DEVICE_ID.fullmatch(device.device_id):
        yield problem(
            "device_id",
            f"{device.device_id!r} is no device id",
            "use 1 to 64 of A-Z a-z 0-9 . _ : - from a letter or digit",
        )
    if device.kind not in kinds:
        yield problem("kind", f"kind {device.kind!r} is not known", f"use one of {', '.join(kinds)}")
    yield from _text_problems(device)
    if device.area is not None and not AREA_PATH.fullmatch(device.area):
        yield problem(
            "area", f"{device.area!r} is no area path", "join the codes by single slashes: 320582/110/152/102"
        )
    yield from _location_problems(device, bounds)
    if device.parent_id == device.device_id:
        yield problem("parent_id", "the device is its own parent", "name the cabinet, feeder or gateway it hangs on")
    if not 0 < device.report_interval_s <= _LONGEST_INTERVAL_S:
        yield problem(
            "report_interval_s",
            f"{device.report_interval_s} s is no report interval",
            "give 1 s to 366 days, in seconds",
        )
    for column in filter(_SYNTAX.__contains__, _DEVICE_FIELDS):
        text, (syntax, label, remedy) = getattr(device, column), _SYNTAX[column]
        if text is not None and not syntax.fullmatch(text):
            yield problem(column, f"{text!r} is no {label}", remedy)
    yield from attribute_problems(device.device_id, device.attributes)


def profile_problems(profile: Profile, kinds: Collection[str]) -> Iterator[RecordProblem]:
    """Everything wrong with a profile by itself: unknown quantities, units that cannot be converted, bad numbers."""

    def problem(column: str, what: str, remedy: str) -> RecordProblem:
        return RecordProblem(profile.name, column, what, remedy)

    if not _PROFILE_NAME.fullmatch(profile.name):
        yield problem("name", f"{profile.name!r} is no profile name", "use 1 to 64 of A-Z a-z 0-9 . _ -")
    if profile.kind not in kinds:
        yield problem("kind", f"kind {profile.kind!r} is not known", f"use one of {', '.join(kinds)}")
    if not 0 < profile.report_interval_s <= _LONGEST_INTERVAL_S:
        yield problem(
            "report_interval_s", f"{profile.report_interval_s} s is no report interval", "give 1 s to 366 days"
        )
    if len(profile.fields) + len(profile.ignore) > _MOST_MAPPINGS:
        yield problem("fields", "too many fields", f"give at most {_MOST_MAPPINGS}, ignored ones included")
    for source in (*(mapping.source for mapping in profile.fields), *profile.ignore):
        if not 0 < len(source) <= LENGTH["source"] or _CONTROL.search(source):
            what = f"{source[:40]!r} is no name of a source field"
            yield problem("fields", what, f"use 1 to {LENGTH['source']} characters")
    for mapping in profile.fields:
        column = f"fields.{mapping.source}"
        quantity = CATALOGUE.get(mapping.quantity)
        if quantity is None:
            yield problem(column, f"quantity {mapping.quantity!r} is not known", "use a name of the quantity catalogue")
            continue
        try:
            quantity.conversion_from(mapping.unit)
        except UnknownUnit as error:
            yield problem(column, str(error), f"give a UCUM unit that converts to {quantity.unit!r}")
        if not (math.isfinite(mapping.scale) and math.isfinite(mapping.offset)) or mapping.scale == 0:
            yield problem(column, "scale and offset must be finite, scale not 0", "check the device's manual")
        if quantity.boolean and (mapping.low is not None or mapping.high is not None):
            yield problem(column, f"{quantity.name} is true or false and has no range", "leave low and high out")
        if not _is_range(mapping.low, mapping.high):
            yield problem(column, "low and high are no range", "give finite numbers, low below high, or leave them out")
        if mapping.outside not in ("suspect", "bad"):
            yield problem(column, f"{mapping.outside!r} is no quality", "write suspect or bad")
    yield from _derived_problems(profile)
    if profile.codec is not None and not (0 < len(profile.codec) <= LENGTH["codec"]):
        yield problem("codec", "it has no name, or a long one", f"use 1 to {LENGTH['codec']} characters")
    yield from attribute_problems(profile.name, profile.attributes)


def _derived_problems(profile: Profile) -> Iterator[RecordProblem]:
    if len(profile.derived) > _MOST_DERIVED:
        yield RecordProblem(profile.name, "derived", "too many derived readings", f"give at most {_MOST_DERIVED}")
    names = [derived.quantity for derived in profile.derived]
    for derived in profile.derived:
        column = f"derived.{derived.quantity}"
        if names.count(derived.quantity) > 1:
            yield RecordProblem(profile.name, column, f"{derived.quantity} is derived twice", "leave one formula")
        try:
            compile_derivation(derived)
        except BadFormula as error:
            yield RecordProblem(profile.name, column, str(error), "see docs/registry.md, derived readings")


def _is_range(low: float | None, high: float | None) -> bool:
    if not all(one is None or math.isfinite(one) for one in (low, high)):
        return False
    return low is None or high is None or low < high


def attribute_problems(subject: str, attributes: Mapping[str, object]) -> Iterator[RecordProblem]:
    """Everything wrong with typed attributes: names that a rule cannot use, values that are no text, number or bool."""
    if len(attributes) > _MOST_ATTRIBUTES:
        yield RecordProblem(subject, "attributes", f"{len(attributes)} attributes", f"give at most {_MOST_ATTRIBUTES}")
    for name, value in attributes.items():
        if not ATTRIBUTE_NAME.fullmatch(name) or not is_normalized("NFC", name):
            remedy = "start with a letter of any script, then letters, digits and _, in Unicode's composed form"
            yield RecordProblem(subject, "attributes", f"{name[:80]!r} is no attribute name", remedy)
        elif name in _DEVICE_FIELDS:
            yield RecordProblem(subject, "attributes", f"{name!r} is a column of its own", "move the value there")
        if isinstance(value, str):
            if len(value) > _LONGEST_ATTRIBUTE or _CONTROL.search(value):
                remedy = f"use up to {_LONGEST_ATTRIBUTE} characters"
                yield RecordProblem(subject, "attributes", f"{name!r} is too long or has control characters", remedy)
        elif not _is_plain_number(value):
            yield RecordProblem(
                subject,
                "attributes",
                f"{name!r} has no plain value",
                "give a text, a number (a whole one within 2^53), true or false",
            )


def _is_plain_number(value: object) -> bool:
    if isinstance(value, int):
        return abs(value) <= _LARGEST_INTEGER
    return isinstance(value, float) and math.isfinite(value)


def _trimmed(text: str | None) -> str | None:
    return (text.strip() or None) if text else None


def _text_problems(device: Device) -> Iterator[RecordProblem]:
    for column in _TEXTS:
        text = getattr(device, column) or ""
        if len(text) > LENGTH[column]:
            yield RecordProblem(device.device_id, column, f"{len(text)} characters", f"use at most {LENGTH[column]}")
        if _CONTROL.search(text):
            yield RecordProblem(
                device.device_id, column, "has a line break or control character", "write it in one line"
            )


def _location_problems(device: Device, bounds: Bounds | None) -> Iterator[RecordProblem]:
    lon, lat = device.lon, device.lat
    if (lon is None) != (lat is None):
        column = "lon" if lon is None else "lat"
        yield RecordProblem(device.device_id, column, "only one of lon and lat is given", "give both or neither")
    if lon is not None and lat is not None and not _is_at(lon, lat, bounds) and _is_at(lat, lon, bounds):
        off = f"{lat} is not between -90 and 90" if abs(lat) > 90 else f"lon {lon}, lat {lat} is outside the city"
        what = f"{off}: lon and lat are in the wrong order"
        yield RecordProblem(device.device_id, "lat", what, f"swap them: lon {lat}, lat {lon}")
        return
    on_earth = True
    for column, value, limit in (("lon", lon, 180), ("lat", lat, 90)):
        if value is not None and not -limit <= value <= limit:
            on_earth = False
            remedy = "give WGS 84 degrees; lon comes before lat"
            yield RecordProblem(device.device_id, column, f"{value} is not between -{limit} and {limit}", remedy)
    if on_earth and bounds is not None and lon is not None and lat is not None and not _is_at(lon, lat, bounds):
        what = f"lon {lon}, lat {lat} is outside the city ({', '.join(map(str, bounds))})"
        yield RecordProblem(device.device_id, "lon", what, f"correct it, or widen `bounds` in {CITY_TABLES}")


def _is_at(lon: float, lat: float, bounds: Bounds | None) -> bool:
    west, south, east, north = bounds or (-180.0, -90.0, 180.0, 90.0)
    return west <= lon <= east and south <= lat <= north
