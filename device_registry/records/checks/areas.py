"""What an area must be by itself, and where in the tree it may stand."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from device_registry.records.geometry import read_polygons
from device_registry.records.problems import RecordProblem
from device_registry.records.text_lengths import LENGTH
from domain.devices import AREA_LEVELS, Area

AREA_PATH: Final = re.compile(r"[^/\s]+(/[^/\s]+)*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\uffff]")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")
_DEPTH: Final = {level: depth for depth, level in enumerate(AREA_LEVELS)}


def area_problems(area: Area) -> Iterator[RecordProblem]:
    """Everything wrong with an area by itself."""
    if not AREA_PATH.fullmatch(area.path) or len(area.path) > LENGTH["area"]:
        yield RecordProblem(area.path, "path", f"{area.path!r} is no area path", "join the codes by single slashes")
    if len(area.name) > LENGTH["name"] or _CONTROL.search(area.name):
        remedy = f"use up to {LENGTH['name']} characters"
        yield RecordProblem(area.path, "name", "too long or with control characters", remedy)
    if area.level and area.level not in AREA_LEVELS:
        yield RecordProblem(area.path, "level", f"{area.level!r} is no level", f"use one of {', '.join(AREA_LEVELS)}")
    for language, name in area.names.items():
        if not _LANGUAGE.fullmatch(language) or len(name) > LENGTH["name"] or _CONTROL.search(name):
            yield RecordProblem(area.path, "names", f"{language!r} cannot be taken", 'write {"en": "Yangshe"}')
    if area.boundary is not None:
        try:
            read_polygons(area.boundary)
        except ValueError as error:
            yield RecordProblem(area.path, "boundary", str(error), "give a GeoJSON Polygon or MultiPolygon in WGS 84")


def tree_problems(batch: Sequence[Area], known: Mapping[str, Area]) -> Iterator[RecordProblem]:
    """Areas of the batch without an area above them, or of a level that is not below its level.

    `known` holds what is stored already. An area at the top needs nothing above it.
    """
    tree = {**known, **{area.path: area for area in batch}}
    for area in batch:
        above, slash, _ = area.path.rpartition("/")
        if not slash:
            continue
        parent = tree.get(above)
        if parent is None:
            yield RecordProblem(area.path, "path", f"there is no area {above!r} above it", "add that first, or with it")
        elif area.level in _DEPTH and parent.level in _DEPTH and _DEPTH[area.level] <= _DEPTH[parent.level]:
            what = f"a {area.level} cannot be below {above!r}, which is a {parent.level}"
            yield RecordProblem(area.path, "level", what, f"levels go {', '.join(AREA_LEVELS)}")
