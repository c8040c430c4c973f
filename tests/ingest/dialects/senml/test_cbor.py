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


def _tagged(tag: int, item: bytes = b"\x00") -> bytes:
    """A pack of one record whose value carries that tag."""
    head = bytes([0xC0 | tag]) if tag < 24 else b"\xd9" + tag.to_bytes(2, "big")
    return b"\x81\xa2\x00\x61a\x02" + head + item


_BIGNUM = b"\xc2\x5a" + (250_000).to_bytes(4, "big") + b"\xff" * 250_000
_EQUAL_HASHES = b"".join(b"\xc2\x4a" + ((2**61 - 1) * (i + 10)).to_bytes(10, "big") + b"\x00" for i in range(17_000))
_COSTLY = {
    "a whole number of 600,000 digits as a decimal fraction": _tagged(4, b"\x82\x00" + _BIGNUM),
    "keys of equal hashes": b"\x81\xb9" + (17_000).to_bytes(2, "big") + _EQUAL_HASHES,
    "a set of equal hashes": b"\x81\xd9\x01\x02\x99" + (17_000).to_bytes(2, "big") + _EQUAL_HASHES,
    "arrays as keys": b"\x81\xa1\x82\x01\x02\x00",
    "a number with a fraction as key": b"\x81\xa1\xf9\x3c\x00\x00",
    "a record that holds itself": _tagged(28, b"\x81\xd8\x1d\x00"),
    "one record shared sixty times": b"\x98\x3d\xd8\x1c\xa2\x00\x61a\x02\x01" + b"\xd8\x1d\x00" * 60,
    "a regular expression": _tagged(35, b"\x64(a+)"),
    "a mail": _tagged(36, b"\x64a: b"),
    "a tag that nobody knows": _tagged(60_000),
    "a tag in a text of pieces": b"\x81\xa1\x00\x7f\xc2\x41\x01\xff",
}


@pytest.mark.parametrize("payload", _COSTLY.values(), ids=_COSTLY.keys())
def test_what_would_cost_the_square_of_its_size_is_refused_before_it_is_built(payload: bytes) -> None:
    with pytest.raises(Unreadable, match=r"the CBOR tag|has a key that is neither"):
        decode_senml_cbor(payload)


@given(
    st.lists(
        st.dictionaries(
            st.integers(-6, 8),
            st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=30) | st.binary(max_size=300) | st.none(),
            max_size=30,
        ),
        max_size=30,
    )
)
def test_the_check_lets_every_pack_of_plain_values_through(records: list[dict[int, object]]) -> None:
    pack = decode_senml_cbor(cbor2.dumps(records))
    assert isinstance(pack, list)
    assert [len(record) for record in pack] == list(map(len, records))
