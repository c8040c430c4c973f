"""HJ 212 frames and Sparkplug B payloads, written for tests by hand from the standards and by nobody's encoder."""

import struct
from typing import Any

from ingest.dialects.hj212.frame import checksum
from ingest.dialects.hj212.stations import Stations
from ingest.dialects.sparkplug.edge_nodes import EdgeNodes
from ingest.pipeline.message_to_records import Pipeline

MN = "010000A8900016F000169DC0"
TOPIC = f"hj212/{MN}/up"
QN = "20260601120000123"


def frame(cp: str = "DataTime=20260601120000;w01001-Rtd=7.42,w01001-Flag=N", **head: str | None) -> bytes:
    """A right frame around that CP; `head` replaces fields, or leaves them out where it says None."""
    fields = {"QN": QN, "ST": "21", "CN": "2011", "PW": "123456", "MN": MN, "Flag": "4", **head}
    named = ";".join(f"{name}={value}" for name, value in fields.items() if value is not None)
    return framed(f"{named};CP=&&{cp}&&")


def framed(segment: str) -> bytes:
    data = segment.encode()
    return b"##%04d%s%04X\r\n" % (len(data), data, checksum(data))


def part(number: int, total: int, cp: str, **head: str | None) -> bytes:
    return frame(cp, **{"Flag": "6", "PNUM": str(total), "PNO": str(number), **head})


def stations_of(pipeline: Pipeline) -> Stations:
    session = pipeline.sessions["hj212"]
    assert isinstance(session, Stations)
    return session


def edge_nodes_of(pipeline: Pipeline) -> EdgeNodes:
    session = pipeline.sessions["spBv1.0"]
    assert isinstance(session, EdgeNodes)
    return session


def varint(value: int) -> bytes:
    value &= 0xFFFF_FFFF_FFFF_FFFF
    encoded = b""
    while value > 0x7F:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def tagged(number: int, value: int | float | bytes, *, single: bool = False) -> bytes:
    """One field: a varint of an int, a double (or single) of a float, bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | (5 if single else 1)) + struct.pack("<f" if single else "<d", value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def metric(name: str | None = None, value: Any = None, **more: Any) -> bytes:
    """A metric; an int goes to int_value (`long=True`: to long_value), bool, float and str to theirs.

    `more`: alias, at (timestamp), datatype, transient, null, quality.
    """
    encoded = tagged(1, name.encode()) if name is not None else b""
    numbers = {"alias": 2, "at": 3, "datatype": 4, "historical": 5, "transient": 6, "null": 7}
    encoded += b"".join(tagged(number, int(more[key])) for key, number in numbers.items() if key in more)
    if "quality" in more:
        encoded += tagged(9, tagged(1, b"Quality") + tagged(2, tagged(1, 3) + tagged(3, more["quality"])))
    match value:
        case bool():
            encoded += tagged(14, int(value))
        case int():
            encoded += tagged(11 if more.get("long") else 10, value)
        case float():
            encoded += tagged(12 if more.get("single") else 13, value, single=bool(more.get("single")))
        case str():
            encoded += tagged(15, value.encode())
        case bytes():
            encoded += tagged(16, value)
    return encoded


def payload(*metrics: bytes, seq: int | None = 0, at: int | None = None) -> bytes:
    encoded = tagged(1, at) if at is not None else b""
    encoded += b"".join(tagged(2, one) for one in metrics)
    return encoded + (tagged(3, seq) if seq is not None else b"")
