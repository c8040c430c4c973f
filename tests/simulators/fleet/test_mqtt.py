"""What brokers answer, cut anywhere."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.fleet.mqtt import Answers, ProtocolFault, connect, parse, plain_acks

ACK_3 = st.integers(1, 65535).map(lambda i: b"\x40\x02" + i.to_bytes(2, "big"))
ACK_5 = st.tuples(st.integers(1, 65535), st.sampled_from([0x00, 0x10, 0x80, 0x87, 0x97])).map(
    lambda told: b"\x40\x03" + told[0].to_bytes(2, "big") + bytes([told[1]])
)
ACK_PROPERTIES = st.integers(1, 65535).map(lambda i: b"\x40\x04" + i.to_bytes(2, "big") + b"\0\0")
STREAM = st.lists(st.one_of(ACK_3, ACK_5, ACK_PROPERTIES, st.just(b"\xd0\x00")), max_size=40)


def parsed_in_pieces(data: bytes, cuts: list[int]) -> Answers:
    total, rest = Answers(), b""
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for a, b in pairwise(edges):
        answers, rest = parse(rest + data[a:b], mqtt5=True)
        total.acknowledged += answers.acknowledged
        total.refused += answers.refused
        total.unheard += answers.unheard
    assert rest == b""
    return total


@given(STREAM, st.lists(st.integers(0, 10_000), max_size=6))
def test_it_does_not_matter_where_reads_cut_the_stream(packets: list[bytes], cuts: list[int]) -> None:
    data = b"".join(packets)
    assert parsed_in_pieces(data, cuts) == parsed_in_pieces(data, [])


@given(st.one_of(st.lists(ACK_3, min_size=1), st.lists(ACK_5, min_size=1), STREAM))
def test_the_short_way_agrees_with_the_long_one(packets: list[bytes]) -> None:
    data = b"".join(packets)
    short = plain_acks(data)
    if short is not None:
        answers, rest = parse(data, mqtt5=True)
        assert (answers.acknowledged, answers.unheard, answers.refused, rest) == (*short, [], b"")


def test_plain_acknowledgements_take_the_short_way() -> None:
    assert plain_acks(b"\x40\x02\x00\x07") == ([7], 0)
    assert plain_acks(b"\x40\x03\x01\x00\x10" * 2) == ([256, 256], 2)
    assert plain_acks(b"\x40\x02\x00") is None
    assert plain_acks(b"\x40\x03\x00\x07\x87") is None
    assert plain_acks(b"\x40\x03\x00\x07\x00\x40\x03\x00\x08\x87") is None


def test_a_refusal_is_told_from_an_acknowledgement() -> None:
    answers, _ = parse(b"\x40\x03\x00\x07\x87\x40\x03\x00\x08\x00", mqtt5=True)
    assert (answers.acknowledged, answers.refused) == ([8], [7])


def test_the_brokers_welcome_tells_how_much_it_takes_at_once() -> None:
    """As Mosquitto 2.0.11 says it, and with a string and a user property in front."""
    assert parse(b"\x20\x09\x00\x00\x06\x22\x00\x0a\x21\x00\x14", mqtt5=True)[0].receive_maximum == 20
    strings = b"\x12\x00\x01x\x26\x00\x01a\x00\x01b\x21\x01\x00"
    body = b"\x00\x00" + bytes([len(strings)]) + strings
    assert parse(b"\x20" + bytes([len(body)]) + body, mqtt5=True)[0].receive_maximum == 256
    assert parse(b"\x20\x02\x00\x05", mqtt5=False)[0].connack == 5


@pytest.mark.parametrize("data", [b"\x62\x02ab", b"\x40\x01\x07", b"\x40\xff\xff\xff\xff\xff"])
def test_what_no_broker_should_send_is_a_fault(data: bytes) -> None:
    with pytest.raises(ProtocolFault):
        parse(data, mqtt5=True)


def test_a_connect_holds_who_we_are() -> None:
    """MQTT 5.0, figure 3-6: name and password flags, keep alive, properties, client id."""
    packet = connect("me", 60, "user", "secret", mqtt5=True)
    assert packet == b"\x10\x1d\x00\x04MQTT\x05\xc2\x00\x3c\x00\x00\x02me\x00\x04user\x00\x06secret"
    assert connect("me", 60, None, None, mqtt5=False) == b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02me"
