"""Packets from templates: what the platform's own parts read out of them."""

from typing import Any

import numpy as np
import orjson
import pytest

from simulators.fleet.kinds import KINDS, LoadKind, device_id, device_number, trips
from simulators.fleet.packets import FIRST_SEQ, Templates, remaining_length
from simulators.fleet.schedule import ProfileName, profile_of

START_MS = 1_763_772_000_123
SCHEDULE = profile_of(ProfileName.STEADY, 40, 10).schedule


def templates(kind: str = "streetlight", *, mqtt5: bool = True, first: int = 0, step: int = 1) -> Templates:
    return Templates(KINDS[kind], SCHEDULE, START_MS, 12, first, step, probe_every=3, mqtt5=mqtt5)


def read(packet: bytes, *, mqtt5: bool) -> tuple[int, str, int, dict[str, Any]]:
    """First byte, topic, packet id and payload of a PUBLISH, by MQTT 5.0 section 3.3."""
    length = shift = 0
    at = 1
    while True:
        length |= (packet[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if packet[at - 1] < 0x80:
            break
    assert len(packet) == at + length
    end = at + 2 + int.from_bytes(packet[at : at + 2], "big")
    body_at = end + 2 + (1 if mqtt5 else 0)
    if mqtt5:
        assert packet[end + 2] == 0
    payload = orjson.loads(packet[body_at:])
    return packet[0], packet[at + 2 : end].decode(), int.from_bytes(packet[end : end + 2], "big"), payload


@pytest.mark.parametrize("mqtt5", [True, False])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_packet_tells_device_intended_time_and_message(kind: str, mqtt5: bool) -> None:
    messages = np.arange(60)
    rows = templates(kind, mqtt5=mqtt5).encode(messages, messages + 300)
    for message, row in zip(messages.tolist(), rows, strict=True):
        first, topic, packet_id, payload = read(row.tobytes(), mqtt5=mqtt5)
        assert (first, packet_id) == (0x32, message + 300)
        assert topic == f"city/LOAD/{kind}/{device_id(message % 12)}/up"
        assert payload["ts"] == START_MS + message * 1000 // 40
        assert payload["seq"] == FIRST_SEQ + message


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.kind)
def test_exactly_the_tripping_messages_tell_the_tripping_digit(kind: LoadKind) -> None:
    messages = np.arange(60)
    rows = templates(kind.kind).encode(messages, messages + 1)
    quiet = [orjson.loads(kind.readings.format(a=m % 12, b=0, p=kind.quiet)) for m in range(12)]
    tripped = {
        message
        for message, row in zip(messages.tolist(), rows, strict=True)
        if {k: v for k, v in read(row.tobytes(), mqtt5=True)[3]["readings"].items() if "." in str(v)}
        != {k: v for k, v in quiet[message % 12].items() if "." in str(v)}
        and message % 12 < 10
    }
    expected = {message for message in messages[trips(messages, 12, 3)].tolist() if message % 12 < 10}
    assert tripped == expected
    assert expected == {12 + 0, 12 + 3, 12 + 6, 12 + 9, 36 + 0, 36 + 3, 36 + 6, 36 + 9}


def test_a_packet_sent_again_differs_in_its_flag_only() -> None:
    once = templates().encode(np.array([7]), np.array([9]))
    again = templates().encode(np.array([7]), np.array([9]), resent=True)
    assert again[0, 0] == 0x3A
    assert (once[0, 1:] == again[0, 1:]).all()


def test_a_slice_of_the_devices_makes_the_same_packets_as_the_whole() -> None:
    own = np.array([1, 4, 7, 10, 13])
    whole, part = templates(), templates(first=1, step=3)
    assert (whole.encode(own, own + 1) == part.encode(own, own + 1)).all()


def test_device_ids_are_told_from_others() -> None:
    assert device_number(device_id(123)) == 123
    assert device_number("LOAD-12") is None
    assert device_number("SL-0000123") is None


@pytest.mark.parametrize(("value", "encoded"), [(0, b"\0"), (127, b"\x7f"), (128, b"\x80\x01"), (16_383, b"\xff\x7f")])
def test_remaining_lengths_are_those_of_the_standard(value: int, encoded: bytes) -> None:
    """MQTT 5.0, table 1-1."""
    assert remaining_length(value) == encoded
