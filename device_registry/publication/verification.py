"""Whether `registry.devices` holds what the tables hold: both as fingerprints by key, compared."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

import orjson

from device_registry.records.encoding import PROFILE_PREFIX, device_from_record, profile_from_record
from device_registry.records.fingerprints import fingerprint
from streams.ports import Log
from streams.reading.tables import read_to_end


@dataclass(frozen=True, slots=True)
class Verification:
    """What a comparison found, keys of the topic by their order.

    `agreeing` counts records that are the same on both sides. `missing` are in the tables only, `strays` on the topic
    only, `different` hold something else. `published` were pending before the comparison, which is no disagreement;
    `repaired` is how many records were written to end one.
    """

    agreeing: int
    missing: tuple[bytes, ...] = ()
    different: tuple[bytes, ...] = ()
    strays: tuple[bytes, ...] = ()
    published: int = 0
    repaired: int = 0

    @property
    def agrees(self) -> bool:
        """Whether both sides held the same before any repair."""
        return not (self.missing or self.different or self.strays)


def compared(
    standing: Mapping[bytes, bytes], held: Mapping[bytes, bytes], pending: Set[bytes], published: int
) -> Verification:
    """The topic's fingerprints beside the tables'; what is `pending` again is not looked at."""
    standing = {key: value for key, value in standing.items() if key not in pending}
    return Verification(
        agreeing=sum(standing.get(key) == fingerprint for key, fingerprint in held.items()),
        missing=tuple(sorted(held.keys() - standing.keys())),
        different=tuple(sorted(key for key in held.keys() & standing.keys() if held[key] != standing[key])),
        strays=tuple(sorted(standing.keys() - held.keys())),
        published=published,
    )


async def fingerprints_on_topic(log: Log, topic: str) -> dict[bytes, bytes]:
    """The fingerprint of the newest record of each key, as the topic stood when the call began.

    One that cannot be read has an empty one, which no record of the tables has. Fields that an older version did not
    write count as their defaults, which is what every reader takes them for.
    """
    found: dict[bytes, bytes] = {}
    async for record in read_to_end(log, [topic]):
        if record.key is None:
            continue
        if record.value is None:
            found.pop(record.key, None)
        else:
            found[record.key] = _fingerprint_of(record.key, record.value)
    return found


def _fingerprint_of(key: bytes, value: bytes) -> bytes:
    try:
        document: Any = orjson.loads(value)
        record = profile_from_record(document) if key.startswith(PROFILE_PREFIX) else device_from_record(document)
        return fingerprint(record)
    except (ValueError, KeyError, TypeError):
        return b""
