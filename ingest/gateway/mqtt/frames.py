"""MQTT control packets out of a byte stream, and PUBLISH packets read in one pass.

Pure. Source: OASIS MQTT 5.0 sections 2.1 (fixed header, variable byte integer), 2.2.2 (properties), 3.3 (PUBLISH);
MQTT 3.1.1 differs only in having no properties.
"""

from typing import Final, NamedTuple

PUBLISH: Final = 0x30
_MAXIMUM_LENGTH_BYTES: Final = 4


class MalformedFrame(ValueError):
    """Bytes that are no MQTT; the connection must be closed (MQTT 5.0 section 4.13.1)."""


class Publish(NamedTuple):
    """One PUBLISH. `packet_id` is None at QoS 0, else two bytes as they go back in the PUBACK."""

    topic: str
    payload: bytes
    packet_id: bytes | None
    content_type: str | None


def split_frames(buffer: bytes) -> tuple[list[tuple[int, int, int]], int]:
    """The whole control packets at the start of `buffer`, and how many bytes they take.

    Shape: each is (first header byte, start of the variable header, end); an unfinished packet at the end is left alone.
    Raises: MalformedFrame where the remaining length takes more than four bytes.
    """
    frames: list[tuple[int, int, int]] = []
    start, size = 0, len(buffer)
    while size - start >= 2:
        length = buffer[start + 1]
        body = start + 2
        if length & 0x80:
            length, body = _long_length(buffer, start + 1)
            if body < 0:
                break
        end = body + length
        if end > size:
            break
        frames.append((buffer[start], body, end))
        start = end
    return frames, start


def _long_length(buffer: bytes, at: int) -> tuple[int, int]:
    """(value, index behind it) of the variable byte integer at `at`; (0, -1) where it is unfinished."""
    value = 0
    for i in range(_MAXIMUM_LENGTH_BYTES):
        if at + i >= len(buffer):
            return 0, -1
        byte = buffer[at + i]
        value |= (byte & 0x7F) << 7 * i
        if not byte & 0x80:
            return value, at + i + 1
    raise MalformedFrame("a remaining length of more than four bytes")


def read_publish(buffer: bytes, first_byte: int, start: int, end: int, has_properties: bool) -> Publish:
    """The PUBLISH whose variable header and payload stand in `buffer[start:end]`.

    Raises: MalformedFrame where lengths run over the packet, or QoS is 3.
    """
    qos = first_byte >> 1 & 3
    topic_end = start + 2 + (buffer[start] << 8 | buffer[start + 1]) if end - start >= 2 else end + 1
    payload_start = topic_end + 2 if qos else topic_end
    if payload_start > end or qos == 3:
        raise MalformedFrame("a PUBLISH shorter than its own lengths, or of QoS 3")
    content_type = None
    packet_id = buffer[topic_end:payload_start] if qos else None
    topic = buffer[start + 2 : topic_end].decode("utf-8", "replace")
    if has_properties:
        length, properties = buffer[payload_start] if payload_start < end else 0x80, payload_start + 1
        if length & 0x80:
            length, properties = _long_length(buffer[:end], payload_start)
        payload_start = properties + length
        if properties < 0 or payload_start > end:
            raise MalformedFrame("PUBLISH properties longer than the packet")
        if length:
            content_type = _content_type(buffer, properties, payload_start)
    return Publish(topic, buffer[payload_start:end], packet_id, content_type)


_CONTENT_TYPE: Final = 0x03
_FIXED_PROPERTIES: Final = {0x01: 1, 0x02: 4, 0x23: 2}  # payload format, message expiry, topic alias
_STRING_PROPERTIES: Final = {0x03: 1, 0x08: 1, 0x09: 1, 0x26: 2}  # content type, response topic, correlation, user
_SUBSCRIPTION_IDENTIFIER: Final = 0x0B


def _content_type(buffer: bytes, at: int, end: int) -> str | None:
    found = None
    while at < end:
        identifier = buffer[at]
        at += 1
        if identifier in _FIXED_PROPERTIES:
            at += _FIXED_PROPERTIES[identifier]
        elif identifier in _STRING_PROPERTIES:
            for _ in range(_STRING_PROPERTIES[identifier]):
                text_start, at = at + 2, at + 2 + int.from_bytes(buffer[at : at + 2], "big")
                if identifier == _CONTENT_TYPE:
                    found = buffer[text_start:at].decode("utf-8", "replace")
        elif identifier == _SUBSCRIPTION_IDENTIFIER:
            _, at = _long_length(buffer[:end], at)
            if at < 0:
                raise MalformedFrame("an unfinished subscription identifier")
        else:
            raise MalformedFrame(f"property 0x{identifier:02x} does not belong in a PUBLISH")
    if at > end:
        raise MalformedFrame("a PUBLISH property longer than the properties")
    return found
