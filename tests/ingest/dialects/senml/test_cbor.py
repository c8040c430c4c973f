import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Unreadable
from domain.rejections import Reason
from ingest.dialects.senml.cbor import decode_senml_cbor, looks_like_cbor_array


def test_integer_labels_become_text_labels_and_other_keys_stay() -> None:
    record = {
        -1: 10,
        -2: "d:",
        -3: 1.0,
        -4: "V",
        -5: 2,
        -6: 3,
        0: "n",
        1: "u",
        2: 4,
        3: "s",
        4: True,
        5: 6,
        6: 7,
        7: 8,
        8: b"x",
    }
    pack = decode_senml_cbor(cbor2.dumps([{**record, "own": 9, 99: 1}]))
    assert isinstance(pack, list)
    [decoded] = pack
    assert decoded == {
        "bver": 10, "bn": "d:", "bt": 1.0, "bu": "V", "bv": 2, "bs": 3, "n": "n", "u": "u", "v": 4, "vs": "s", "vb": True,
        "s": 6, "t": 7, "ut": 8, "vd": b"x", "own": 9, 99: 1,
    }  # fmt: skip


def test_decimal_fractions_are_numbers() -> None:
    assert decode_senml_cbor(bytes.fromhex("81a102c48221196ab3")) == [{"v": 273.15}]  # RFC 8949 section 3.4.4


def test_an_indefinite_length_stream_is_a_pack_too() -> None:
    assert decode_senml_cbor(bytes.fromhex("9fa1006161ff")) == [{"n": "a"}]


NOT_READABLE = {
    "nothing": b"",
    "cut off": cbor2.dumps([{0: "a", 2: 1.5}])[:-1],
    "an array of 2**63 elements": bytes.fromhex("9b7fffffffffffffff"),
    "a text of 2**62 bytes": bytes.fromhex("817b3fffffffffffffff"),
    "invalid UTF-8": bytes.fromhex("81a10061ff"),
    "a label twice": bytes.fromhex("81a2020102 02".replace(" ", "")),
    "a label as number and as text": cbor2.dumps([{2: 1, "v": 2}]),
    "500 arrays in each other": b"\x81" * 500 + b"\x00",
    "an exponent without end": bytes.fromhex("81a102c5821b7fffffffffffffff01"),
    "something behind the pack": cbor2.dumps([{0: "a", 2: 1}]) + b"\x00",
}


@pytest.mark.parametrize("payload", NOT_READABLE.values(), ids=NOT_READABLE.keys())
def test_what_is_not_one_well_formed_pack_is_refused(payload: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        decode_senml_cbor(payload)
    assert caught.value.reason is Reason.UNPARSEABLE


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(payload: bytes) -> None:
    try:
        decode_senml_cbor(b"\x81" + payload)
    except Unreadable:
        pass


@pytest.mark.parametrize("text", [b"", b"{", b"[", b" ", b"1", b'"', b"\xef\xbb\xbf[", b"\xc3\xa9"])
def test_no_json_looks_like_cbor(text: bytes) -> None:
    assert not looks_like_cbor_array(text)
