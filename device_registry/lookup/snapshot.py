"""The registry as one process last knew it, in a file of its own, so that the next start need not wait for the log.

line 1    {"schema": "registry-snapshot/1", "place": …, "saved_at_ms": …, "offsets": [[partition, next offset], …], …}
line 2…   profiles, then devices, one JSON document a line
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson

from device_registry.records.encoding import encode_device, encode_profile
from domain.devices import Device, Profile
from domain.time.units import HOUR_MS

_PIECE: Final = 1 << 20
_SCHEMA: Final = "registry-snapshot/1"
LONGEST_AGE_MS: Final = 12 * HOUR_MS
"""An older snapshot is no place to read on from: the log drops tombstones after a day, and a device that was removed
meanwhile would stay for ever."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a file holds: `offsets` by partition are where the log goes on behind it.

    Profiles and devices are parsed as they are asked for. Raises, then: OSError, ValueError.
    """

    saved_at_ms: int
    offsets: dict[int, int]
    profiles: Iterator[Any]
    devices: Iterator[Any]


def write_snapshot(
    path: Path,
    place: str,
    saved_at_ms: int,
    offsets: Mapping[int, int],
    profiles: Iterable[Profile],
    devices: Iterable[Device],
) -> None:
    """The file holds this, whole: it is written beside the old one and takes its place at once. Raises: OSError.

    `place` names the log that the offsets belong to.
    """
    known, held = list(profiles), list(devices)
    header = {
        "schema": _SCHEMA,
        "place": place,
        "saved_at_ms": saved_at_ms,
        "offsets": sorted(offsets.items()),
        "profiles": len(known),
        "devices": len(held),
    }
    beside = path.with_name(f".{path.name}.{os.getpid()}.{saved_at_ms}")
    try:
        with beside.open("wb") as sink:
            sink.write(orjson.dumps(header, option=orjson.OPT_APPEND_NEWLINE))
            sink.writelines(encode_profile(profile) + b"\n" for profile in known)
            sink.writelines(encode_device(device) + b"\n" for device in held)
            sink.flush()
            os.fsync(sink.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def read_snapshot(path: Path, place: str) -> Snapshot | None:
    """The file's snapshot; None where there is none, or it is of another log, of another version, or not whole."""
    try:
        with path.open("rb") as source:
            header = orjson.loads(source.readline())
            lines = sum(piece.count(b"\n") for piece in iter(lambda: source.read(_PIECE), b""))
        if header["schema"] != _SCHEMA or header["place"] != place or lines != header["profiles"] + header["devices"]:
            return None
        return Snapshot(
            saved_at_ms=int(header["saved_at_ms"]),
            offsets={int(partition): int(offset) for partition, offset in header["offsets"]},
            profiles=_documents(path, 1, header["profiles"]),
            devices=_documents(path, 1 + header["profiles"], header["devices"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _documents(path: Path, first: int, count: int) -> Iterator[Any]:
    with path.open("rb") as source:
        yield from (orjson.loads(line) for line in islice(source, first, first + count))
