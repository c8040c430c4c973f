"""A reader of Sparkplug payloads apart from the writer: field number to values, nested metrics as dicts."""

from struct import unpack
from typing import Any

PAYLOAD = {1: "timestamp", 2: "metrics", 3: "seq"}
METRIC = {
    1: "name", 2: "alias", 3: "timestamp", 4: "datatype", 5: "is_historical", 7: "is_null", 11: "long_value",
    13: "double_value", 14: "boolean_value",
}  # fmt: skip


def read_payload(data: bytes) -> dict[str, Any]:
    payload: dict[str, Any] = {"metrics": []}
    for number, value in fields(data):
        if PAYLOAD[number] == "metrics":
            metric = {METRIC[inner]: content for inner, content in fields(value)}
            if "name" in metric:
                metric["name"] = metric["name"].decode()
            payload["metrics"].append(metric)
        else:
            payload[PAYLOAD[number]] = value
    return payload


def fields(data: bytes) -> list[tuple[int, Any]]:
    found: list[tuple[int, Any]] = []
    while data:
        key, data = varint(data)
        if key & 7 == 0:
            value, data = varint(data)
            found.append((key >> 3, value))
        elif key & 7 == 1:
            found.append((key >> 3, unpack("<d", data[:8])[0]))
            data = data[8:]
        else:
            assert key & 7 == 2
            length, data = varint(data)
            assert length <= len(data)
            found.append((key >> 3, data[:length]))
            data = data[length:]
    return found


def varint(data: bytes) -> tuple[int, bytes]:
    for index, byte in enumerate(data):
        if byte < 0x80:
            return sum((part & 0x7F) << 7 * place for place, part in enumerate(data[: index + 1])), data[index + 1 :]
    raise AssertionError("a number without end")
