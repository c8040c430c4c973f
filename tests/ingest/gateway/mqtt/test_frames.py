"""MQTT frames against paho's own encoders, whole and cut into any pieces."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ingest.gateway.mqtt.frames import MalformedFrame, Publish, read_publish, split_frames


def remaining_length(length: int) -> bytes:
    out = bytearray()
    while True:
        length, byte = divmod(length, 128)
        out.append(byte | (128 if length else 0))
        if not length:
            return bytes(out)


def publish_frame(publish: Publish, *, version5: bool) -> bytes:
    topic = publish.topic.encode()
    body = struct.pack("!H", len(topic)) + topic + (publish.packet_id or b"")
    if version5:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho leaves it untyped
        if publish.content_type is not None:
            properties.ContentType = publish.content_type
            properties.UserProperty = ("a", "b")
            properties.MessageExpiryInterval = 7
        body += properties.pack()  # type: ignore[no-untyped-call]  # paho leaves it untyped
    body += publish.payload
    return bytes([0x32 if publish.packet_id else 0x30]) + remaining_length(len(body)) + body


def parse(stream: bytes, *, version5: bool) -> list[Publish]:
    frames, used = split_frames(stream)
    assert used == len(stream)
    return [read_publish(stream, first, start, end, version5) for first, start, end in frames]


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)
PUBLISHES = st.builds(
    Publish,
    topic=st.just("city/a/streetlight/L1/up") | TEXT.filter(bool),
    payload=st.binary(max_size=300),
    packet_id=st.none() | st.binary(min_size=2, max_size=2),
    content_type=st.none(),
)


@given(st.lists(PUBLISHES, max_size=8), st.booleans(), st.data())
def test_any_cut_of_the_stream_gives_the_same_messages(
    publishes: list[Publish], version5: bool, data: st.DataObject
) -> None:
    stream = b"".join(publish_frame(p, version5=version5) for p in publishes)
    cut = data.draw(st.integers(0, len(stream)))
    frames, used = split_frames(stream[:cut])
    first = [read_publish(stream, *frame, version5) for frame in frames]
    assert used <= cut
    assert first + parse(stream[used:], version5=version5) == publishes


@given(TEXT)
def test_the_content_type_is_found_among_other_properties(content_type: str) -> None:
    wanted = Publish("t", b"payload", b"\x00\x07", content_type)
    assert parse(publish_frame(wanted, version5=True), version5=True) == [wanted]


def test_a_payload_of_more_than_two_megabytes_is_one_frame() -> None:
    wanted = Publish("t", b"x" * 2_200_000, None, None)
    assert parse(publish_frame(wanted, version5=False), version5=False) == [wanted]


@pytest.mark.parametrize(
    "stream",
    [
        b"\x30\xff\xff\xff\xff\x01",  # five length bytes
        b"\x36\x05\x00\x01t\x00\x01",  # QoS 3
        b"\x30\x03\x00\x09t",  # a topic longer than the packet
        b"\x32\x03\x00\x01t",  # QoS 1 without a packet id
        b"\x30\x05\x00\x01t\x7f\x00",  # properties longer than the packet
        b"\x30\x06\x00\x01t\x02\x63\x00",  # a property that is none of PUBLISH
    ],
)
def test_bytes_that_are_no_mqtt_are_refused(stream: bytes) -> None:
    with pytest.raises(MalformedFrame):
        parse(stream, version5=True)


@given(st.binary(max_size=64))
def test_no_bytes_whatever_do_anything_but_parse_or_be_refused(noise: bytes) -> None:
    try:
        frames, used = split_frames(noise)
        for first, start, end in frames:
            read_publish(noise, first, start, end, True)
    except MalformedFrame:
        return
    assert used <= len(noise)
