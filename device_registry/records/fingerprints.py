"""A record of the registry in 16 bytes, to compare the tables with the topic."""

from hashlib import blake2b

import orjson

from domain.devices import Device, Profile


def fingerprint(record: Device | Profile) -> bytes:
    """16 bytes that are equal for equal records, whatever the order of their attributes. No defence against forgery."""
    return blake2b(orjson.dumps(record, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()
