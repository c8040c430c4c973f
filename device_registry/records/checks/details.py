"""What the details of a device must be, and its component code under the scheme that is named."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from device_registry.records.city_tables import CITY_TABLES, GB_T_30428_2, CityTables
from device_registry.records.entries import Details, DeviceEntry
from device_registry.records.problems import RecordProblem
from device_registry.records.text_lengths import LENGTH

_TAG: Final = re.compile(r"[^\s,\x00-\x1f\x7f\ud800-\udfff\uffff]+")
_SYSTEM: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\uffff]")
_MOST_TAGS: Final = 50
_MOST_IDENTITIES: Final = 20
_LONGEST_IDENTITY: Final = 200


def normalise_details(details: Details) -> Details:
    """The details as they are stored: texts trimmed, an empty one None; each tag once, in the order of code points."""
    if details == _NONE:
        return details
    return replace(
        details,
        owner=(details.owner or "").strip() or None,
        maintainer=(details.maintainer or "").strip() or None,
        component_scheme=(details.component_scheme or "").strip() or None,
        tags=tuple(sorted({tag.strip() for tag in details.tags} - {""})),
        identities={system: value.strip() for system, value in details.identities.items() if value.strip()},
    )


def detail_problems(entry: DeviceEntry, tables: CityTables) -> Iterator[RecordProblem]:
    """Everything wrong with normalised details, and with the device's component code under its scheme."""
    device, details = entry
    code, scheme = device.component_code, details.component_scheme or tables.component_scheme
    if code is not None and scheme == GB_T_30428_2:
        what = tables.component_problem(code)
        if what is not None:
            remedy = f"correct it, extend {CITY_TABLES}, or name another component_scheme"
            yield RecordProblem(device.device_id, "component_code", what, remedy)
    if details == _NONE:
        return
    for column in ("owner", "maintainer", "component_scheme"):
        text = getattr(details, column) or ""
        if len(text) > LENGTH[column] or _CONTROL.search(text):
            remedy = f"use up to {LENGTH[column]} characters"
            yield RecordProblem(device.device_id, column, "too long, or with control characters", remedy)
    if (details.source_lon is None) != (details.source_lat is None):
        yield RecordProblem(
            device.device_id, "source_lon", "only one of source_lon and source_lat is given", "give both"
        )
    yield from _tag_problems(device.device_id, details)
    yield from _identity_problems(device.device_id, details)


_NONE: Final = Details()


def _tag_problems(device_id: str, details: Details) -> Iterator[RecordProblem]:
    if len(details.tags) > _MOST_TAGS:
        yield RecordProblem(device_id, "tags", f"{len(details.tags)} tags", f"give at most {_MOST_TAGS}")
    for tag in details.tags:
        if not _TAG.fullmatch(tag) or len(tag) > LENGTH["tag"]:
            remedy = f"use up to {LENGTH['tag']} characters without spaces and commas"
            yield RecordProblem(device_id, "tags", f"{tag[:80]!r} is no tag", remedy)


def _identity_problems(device_id: str, details: Details) -> Iterator[RecordProblem]:
    if len(details.identities) > _MOST_IDENTITIES:
        yield RecordProblem(device_id, "identities", "too many identities", f"give at most {_MOST_IDENTITIES}")
    for system, value in details.identities.items():
        if not _SYSTEM.fullmatch(system):
            remedy = "start with a letter, then letters, digits and _ . -"
            yield RecordProblem(device_id, "identities", f"{system[:80]!r} is no name of a system", remedy)
        if len(value) > _LONGEST_IDENTITY or _CONTROL.search(value):
            remedy = f"use up to {_LONGEST_IDENTITY} characters"
            yield RecordProblem(device_id, "identities", f"{system!r} is too long, or has control characters", remedy)
