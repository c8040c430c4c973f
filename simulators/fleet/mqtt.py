"""The few MQTT packets a publisher needs, 3.1.1 and 5.0: CONNECT, PINGREQ and DISCONNECT out, and what comes back.

Sources: MQTT 3.1.1 and MQTT 5.0 (OASIS), sections 3.1, 3.2, 3.4.
"""

from dataclasses import dataclass, field
from typing import Final

from simulators.fleet.packets import remaining_length, text

PINGREQ: Final = b"\xc0\x00"
DISCONNECT: Final = b"\xe0\x00"
_CONNACK, _PUBLISH, _PUBACK, _PINGRESP, _GOODBYE = 0x20, 0x30, 0x40, 0xD0, 0xE0
_REFUSED_FROM: Final = 0x80
_NO_SUBSCRIBERS: Final = 0x10
_RECEIVE_MAXIMUM: Final = 0x21
_WIDTHS: Final = {0x11: 4, 0x13: 2, 0x21: 2, 0x22: 2, 0x24: 1, 0x25: 1, 0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1}
"""Properties of a CONNACK with a fixed width (MQTT 5.0, table 2-4); the others are strings."""

_USER_PROPERTY: Final = 0x26


class ProtocolFault(Exception):
    """Bytes that no broker should send; the connection is given up."""


def connect(client_id: str, keepalive_s: int, username: str | None, password: str | None, *, mqtt5: bool) -> bytes:
    """A CONNECT with a clean start and no will; the session ends with the connection."""
    flags = 0x02 | (0x80 if username is not None else 0) | (0x40 if password is not None else 0)
    body = text("MQTT") + bytes([5 if mqtt5 else 4, flags]) + keepalive_s.to_bytes(2, "big")
    body += (b"\0" if mqtt5 else b"") + text(client_id)
    body += b"".join(text(part) for part in (username, password) if part is not None)
    return b"\x10" + remaining_length(len(body)) + body


@dataclass(slots=True)
class Answers:
    """What one read of a socket held, in whole packets.

    `acknowledged` are packet ids; `refused` those with a reason code of 0x80 or more; `unheard` counts acknowledgements
    that report that nobody subscribes (0x10). `connack` is its code, 0 for welcome, None if there was no CONNACK.
    """

    acknowledged: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    unheard: int = 0
    connack: int | None = None
    receive_maximum: int = 65535
    goodbye: bool = False


def parse(data: bytes, *, mqtt5: bool) -> tuple[Answers, bytes]:
    """The whole packets at the beginning of `data`, and the bytes of the one that is not whole yet.

    Raises: ProtocolFault.
    """
    answers = Answers()
    at, end = 0, len(data)
    while end - at >= 2:
        length, body_at = _length(data, at + 1)
        if length is None or end < body_at + length:
            break
        body = data[body_at : body_at + length]
        try:
            _take(answers, data[at], body, mqtt5=mqtt5)
        except (IndexError, KeyError) as error:
            raise ProtocolFault(f"a packet of type {data[at]:#04x} cannot be read") from error
        at = body_at + length
    return answers, data[at:]


def plain_acks(data: bytes) -> tuple[list[int], int] | None:
    """The packet ids, and how many were unheard, where `data` is nothing but whole PUBACKs of one length without a refusal.

    None for all else: that takes `parse`, which gives the same.
    """
    if len(data) < 4 or data[0] != _PUBACK or not 2 <= data[1] <= 4:
        return None
    stride = data[1] + 2
    if len(data) == stride:
        code = data[4] if stride > 4 else 0
        return ([data[2] << 8 | data[3]], int(code == _NO_SUBSCRIBERS)) if code < _REFUSED_FROM else None
    count, rest = divmod(len(data), stride)
    if rest or data[::stride].count(_PUBACK) != count or data[1::stride].count(stride - 2) != count:
        return None
    codes = data[4::stride] if stride > 4 else b"\0"
    if max(codes) >= _REFUSED_FROM:
        return None
    ids = [high << 8 | low for high, low in zip(data[2::stride], data[3::stride], strict=True)]
    return ids, codes.count(_NO_SUBSCRIBERS)


def _length(data: bytes, at: int) -> tuple[int | None, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 21:
            raise ProtocolFault("a remaining length of more than four bytes")
    return None, at


def _take(answers: Answers, first: int, body: bytes, *, mqtt5: bool) -> None:
    kind = first & 0xF0
    if kind == _PUBACK:
        packet_id = body[0] << 8 | body[1]
        code = body[2] if len(body) > 2 else 0
        if code >= _REFUSED_FROM:
            answers.refused.append(packet_id)
        else:
            answers.acknowledged.append(packet_id)
            answers.unheard += code == _NO_SUBSCRIBERS
    elif kind == _CONNACK:
        answers.connack = body[1]
        if mqtt5 and not body[1]:
            answers.receive_maximum = _receive_maximum(body[2:])
    elif kind == _GOODBYE:
        answers.goodbye = True
    elif kind not in (_PINGRESP, _PUBLISH):  # amqtt sends retained messages to those who never subscribed
        raise ProtocolFault(f"a packet of type {first:#04x}, which was not asked for")


def _receive_maximum(properties: bytes) -> int:
    length, at = _length(properties, 0)
    end = at + (length or 0)
    while at < end:
        name = properties[at]
        at += 1
        if name == _RECEIVE_MAXIMUM:
            return int.from_bytes(properties[at : at + 2], "big")
        if name in _WIDTHS:
            at += _WIDTHS[name]
        else:
            for _ in range(2 if name == _USER_PROPERTY else 1):
                at += 2 + int.from_bytes(properties[at : at + 2], "big")
    return 65535
