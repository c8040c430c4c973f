"""What a device, a profile or an area must be by itself. What it refers to is judged by `device_registry.references`."""

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields, replace
from typing import Final

from device_registry.problems import Problem
from domain.devices import DEVICE_ID, Area, Device, Profile
from domain.errors import UnknownUnit
from domain.quantities import CATALOGUE

LENGTH: Final = {
    "name": 200, "area": 200, "parent_id": 64, "component_code": 32, "department": 100, "dev_eui": 16, "mn": 24,
    "profile": 64, "kind": 64, "level": 32, "source": 200,
}  # fmt: skip
"""The most characters a text may have, here and in the tables. A component code has 16 in GB/T 30428.2, 19 in Sichuan."""

_PROFILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_AREA_PATH: Final = re.compile(r"[^/\s]+(/[^/\s]+)*")
_EUI: Final = re.compile(r"[0-9a-f]{16}")
_EUI_SEPARATORS: Final = re.compile(r"[-:.\s]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\uffff]")
_ATTRIBUTE_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_DEVICE_FIELDS: Final = frozenset(field.name for field in fields(Device))
_LONGEST_INTERVAL_S: Final = 366 * 86_400
_LONGEST_ATTRIBUTE: Final = 1000
_MOST_MAPPINGS: Final = 500
_MOST_ATTRIBUTES: Final = 100
_LARGEST_INTEGER: Final = 2**53  # beyond it a rule, which computes in doubles, would see another number


def normalise_eui(dev_eui: str) -> str | None:
    """The 16 lower-case hexadecimal digits of a LoRaWAN EUI, separators left out; None where it is not one."""
    digits = _EUI_SEPARATORS.sub("", dev_eui).lower()
    return digits if _EUI.fullmatch(digits) else None


def normalise_device(device: Device) -> Device:
    """The device as it is stored: texts trimmed, an empty one None, the EUI in its one form (a bad one as it came)."""
    eui = _trimmed(device.dev_eui)
    return replace(
        device,
        name=device.name.strip(),
        area=_trimmed(device.area),
        parent_id=_trimmed(device.parent_id),
        component_code=_trimmed(device.component_code),
        department=_trimmed(device.department),
        dev_eui=(normalise_eui(eui) or eui) if eui else None,
        mn=_trimmed(device.mn),
    )


def device_problems(device: Device, kinds: Collection[str]) -> Iterator[Problem]:
    """Everything wrong with a normalised device by itself, in the order of its fields."""

    def problem(column: str, what: str, remedy: str) -> Problem:
        return Problem(device.device_id, column, what, remedy)

    if not DEVICE_ID.fullmatch(device.device_id):
        yield problem(
            "device_id",
            f"{device.device_id!r} is no device id",
            "use 1 to 64 of A-Z a-z 0-9 . _ : - from a letter or digit",
        )
    if device.kind not in kinds:
        yield problem("kind", f"kind {device.kind!r} is not known", f"use one of {', '.join(kinds)}")
    yield from _text_problems(device)
    if device.area is not None and not _AREA_PATH.fullmatch(device.area):
        yield problem(
            "area", f"{device.area!r} is no area path", "join the codes by single slashes: 320582/110/152/102"
        )
    yield from _location_problems(device)
    if device.parent_id == device.device_id:
        yield problem("parent_id", "the device is its own parent", "name the cabinet, feeder or gateway it hangs on")
    if not 0 < device.report_interval_s <= _LONGEST_INTERVAL_S:
        yield problem(
            "report_interval_s",
            f"{device.report_interval_s} s is no report interval",
            "give 1 s to 366 days, in seconds",
        )
    if device.dev_eui is not None and normalise_eui(device.dev_eui) is None:
        yield problem("dev_eui", f"{device.dev_eui!r} is no EUI", "give its 16 hexadecimal digits")
    yield from attribute_problems(device.device_id, device.attributes)


def profile_problems(profile: Profile, kinds: Collection[str]) -> Iterator[Problem]:
    """Everything wrong with a profile by itself: unknown quantities, units that cannot be converted, bad numbers."""

    def problem(column: str, what: str, remedy: str) -> Problem:
        return Problem(profile.name, column, what, remedy)

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
    yield from attribute_problems(profile.name, profile.attributes)


def area_problems(area: Area) -> Iterator[Problem]:
    """Everything wrong with an area by itself."""
    if not _AREA_PATH.fullmatch(area.path) or len(area.path) > LENGTH["area"]:
        yield Problem(area.path, "path", f"{area.path!r} is no area path", "join the codes by single slashes")
    for column, value in (("name", area.name), ("level", area.level)):
        if len(value) > LENGTH[column] or _CONTROL.search(value):
            yield Problem(
                area.path, column, "too long or with control characters", f"use up to {LENGTH[column]} characters"
            )


def attribute_problems(subject: str, attributes: Mapping[str, object]) -> Iterator[Problem]:
    """Everything wrong with typed attributes: names that a rule cannot say, values that are no text, number or bool."""
    if len(attributes) > _MOST_ATTRIBUTES:
        yield Problem(subject, "attributes", f"{len(attributes)} attributes", f"give at most {_MOST_ATTRIBUTES}")
    for name, value in attributes.items():
        if not _ATTRIBUTE_NAME.fullmatch(name):
            remedy = "start with a letter, then letters, digits and _"
            yield Problem(subject, "attributes", f"{name[:80]!r} is no attribute name", remedy)
        elif name in _DEVICE_FIELDS:
            yield Problem(subject, "attributes", f"{name!r} is a column of its own", "move the value there")
        if isinstance(value, str):
            if len(value) > _LONGEST_ATTRIBUTE or _CONTROL.search(value):
                remedy = f"use up to {_LONGEST_ATTRIBUTE} characters"
                yield Problem(subject, "attributes", f"{name!r} is too long or has control characters", remedy)
        elif not _is_plain_number(value):
            yield Problem(
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


def _text_problems(device: Device) -> Iterator[Problem]:
    for column in ("kind", "profile", "name", "area", "parent_id", "component_code", "department", "mn"):
        text = getattr(device, column) or ""
        if len(text) > LENGTH[column]:
            yield Problem(device.device_id, column, f"{len(text)} characters", f"use at most {LENGTH[column]}")
        if _CONTROL.search(text):
            yield Problem(device.device_id, column, "has a line break or control character", "leave it out")


def _location_problems(device: Device) -> Iterator[Problem]:
    if (device.lon is None) != (device.lat is None):
        column = "lon" if device.lon is None else "lat"
        yield Problem(device.device_id, column, "only one of lon and lat is given", "give both or neither")
    for column, value, limit in (("lon", device.lon, 180), ("lat", device.lat, 90)):
        if value is not None and not -limit <= value <= limit:
            remedy = "give WGS 84 degrees; lon comes before lat"
            yield Problem(device.device_id, column, f"{value} is not between -{limit} and {limit}", remedy)
