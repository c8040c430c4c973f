import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.dialects.sparkplug.wire import MOST_METRICS, Malformed, Metric, Payload, read_payload, rebirth_command
from tests.golden import golden
from tests.ingest.stations import metric, payload, tagged, varint

VECTOR = bytes.fromhex("08eaf2f5a8a02b12120a05626453657118eaf2f5a8a02b200858001800")
"""{timestamp 1486144502122, metric bdSeq UInt64 0, seq 0}, as pysparkplug's generated code writes it."""


def test_a_known_payload_is_read() -> None:
    bd_seq = Metric("bdSeq", timestamp_ms=1486144502122, datatype=8, value=0, is_integer=True)
    assert read_payload(VECTOR) == Payload(1486144502122, 0, metrics=[bd_seq])


def test_every_field_that_readings_need_is_read() -> None:
    said = payload(
        metric("a", 1.5, alias=7, at=1_780_000_000_000, datatype=10, quality=500),
        metric("b", 0.5, single=True, historical=1),
        metric(None, True, alias=1 << 63),
        metric("c", "on", transient=1),
        metric("d", null=1),
        metric("e", 1 << 40, long=True),
        metric("f", b"\x00\x01"),
        metric("g", 3),
        seq=255,
        at=1_780_000_000_001,
    )
    assert read_payload(said) == Payload(
        1_780_000_000_001,
        255,
        metrics=[
            Metric("a", 7, 1_780_000_000_000, 10, value=1.5, quality=500),
            Metric("b", value=0.5),
            Metric(alias=1 << 63, value=True),
            Metric("c", is_transient=True, value="on"),
            Metric("d", is_null=True),
            Metric("e", value=1 << 40, is_integer=True),
            Metric("f", value=b"\x00\x01"),
            Metric("g", value=3, is_integer=True),
        ],
    )


def test_unknown_fields_datasets_and_templates_are_passed_over() -> None:
    dataset = tagged(1, b"x") + tagged(17, tagged(1, 3))
    said = payload(dataset, metric("b", 1.0) + tagged(99, b"new") + tagged(98, 1.0) + tagged(8, b"meta"))
    assert [one.value for one in read_payload(said + tagged(77, 4)).metrics] == [{"bytes": 2}, 1.0]


def test_a_negative_integer_of_ten_bytes_is_cut_to_its_32_bits() -> None:
    said = payload(tagged(1, b"a") + varint(10 << 3) + varint(-5))
    assert read_payload(said).metrics[0].value == 0xFFFF_FFFB


def test_a_body_is_told() -> None:
    assert read_payload(tagged(4, b"SPBV1.0_COMPRESSED") + tagged(5, b"...")).has_body


MALFORMED = {
    "half an integer": b"\x08\x80",
    "an integer of eleven bytes": b"\x08" + b"\x80" * 10 + b"\x01",
    "a length beyond the end": b"\x12\xff\xff\xff\xff\x0f",
    "a length of 2**63": b"\x12" + varint(1 << 63),
    "a metric cut off": payload(metric("a", 1.0))[:-4],
    "field number 0": b"\x00\x01",
    "a group": b"\x0b\x0c",
    "a name that is a number": payload(tagged(1, 5)),
    "a name that is not UTF-8": payload(tagged(1, b"\xff\xfe")),
    "a timestamp that is bytes": tagged(1, b"now"),
    "a float of eight bytes": payload(varint(12 << 3 | 1) + b"\x00" * 8),
    "a double of four bytes": payload(varint(13 << 3 | 5) + b"\x00" * 4),
    "a property set that is none": payload(tagged(9, b"\x12\x05")),
    "too many metrics": tagged(2, b"") * (MOST_METRICS + 1),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_payload_is_malformed(name: str) -> None:
    with pytest.raises(Malformed):
        read_payload(MALFORMED[name])


@given(st.binary(max_size=300) | st.binary(max_size=40).map(lambda noise: VECTOR + noise))
def test_any_bytes_are_a_payload_or_malformed(data: bytes) -> None:
    try:
        read_payload(data)
    except Malformed:
        pass


@given(st.integers(0, len(VECTOR)))
def test_a_payload_cut_anywhere_never_raises_anything_else(at: int) -> None:
    test_any_bytes_are_a_payload_or_malformed.hypothesis.inner_test(VECTOR[:at])  # type: ignore[attr-defined]


def test_the_request_for_a_birth_is_what_another_encoder_writes() -> None:
    assert rebirth_command(1_780_318_804_123) == golden("dialects/sparkplug/09_ncmd_rebirth.hex")
