"""Claims to a slot: only those of this installation, for this slot, count."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.gateway.claim import ClaimFault, Claims
from ingest.gateway.installation_key import InstallationKey
from tests.ingest.installation import KEY

NOW_NS = 1_780_000_000_000_000_000
SECOND_NS = 1_000_000_000
CLAIMS = Claims(KEY, "urbansense-0", "urbansense-0-secret")
OTHER_KEY = InstallationKey("the key of another installation, made up as well")

NOT_OURS = {
    "nothing": b"",
    "digits": b"99999999999999999999",
    "too many digits to read as a number": b"9" * 5_000,
    "superscript digits": "¹²³".encode(),
    "Arabic digits": "١٢٣".encode(),
    "bytes that are no text": b"\xff\xfe\x00",
    "half a document": b'{"since_ns":',
    "a number": b"1e999",
    "a list": b"[]",
    "no fields": b"{}",
    "a time of text": b'{"since_ns":"1","key":"00000000","mac":""}',
    "a time of yes": b'{"since_ns":true,"key":"00000000","mac":""}',
    "a negative time": b'{"since_ns":-1,"key":"00000000","mac":""}',
    "a time beyond 64 bits": b'{"since_ns":99999999999999999999,"key":"00000000","mac":""}',
    "a time beyond 63 bits": b'{"since_ns":9223372036854775808,"key":"00000000","mac":""}',
    "a key of markup": b'{"since_ns":1,"key":"<script>","mac":""}',
    "a signature of a list": b'{"since_ns":1,"key":"00000000","mac":[]}',
    "deep nesting": b"[" * 400,
    "too long": b" " * 600 + CLAIMS.write(NOW_NS),
}


@pytest.mark.parametrize("name", NOT_OURS)
def test_what_is_no_claim_is_unreadable(name: str) -> None:
    assert CLAIMS.read(NOT_OURS[name], NOW_NS) is ClaimFault.UNREADABLE


@given(st.binary(max_size=600))
def test_no_bytes_raise_and_none_count(payload: bytes) -> None:
    assert isinstance(CLAIMS.read(payload, NOW_NS), ClaimFault)


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text("09af<é٣", max_size=70)


@given(
    st.fixed_dictionaries(
        {}, optional={"since_ns": _SCALARS, "key": _SCALARS | st.just(KEY.name), "mac": _SCALARS | st.lists(_SCALARS)}
    )
)
def test_no_document_without_the_key_counts(document: dict[str, object]) -> None:
    try:
        payload = orjson.dumps(document)
    except TypeError:
        return
    assert isinstance(CLAIMS.read(payload, NOW_NS), ClaimFault)


@given(st.integers(min_value=0, max_value=NOW_NS + 5 * SECOND_NS))
def test_a_claim_of_our_own_is_read_as_it_was_written(since_ns: int) -> None:
    assert CLAIMS.read(CLAIMS.write(since_ns), NOW_NS) == since_ns


@given(st.integers(0, 255), st.data())
def test_a_claim_with_one_byte_changed_does_not_count_as_another_time(new: int, data: st.DataObject) -> None:
    written = bytearray(CLAIMS.write(NOW_NS))
    written[data.draw(st.integers(0, len(written) - 1))] = new
    assert CLAIMS.read(bytes(written), NOW_NS) in (NOW_NS, *ClaimFault)


@pytest.mark.parametrize(
    ("other", "fault"),
    [
        (Claims(OTHER_KEY, "urbansense-0", "urbansense-0-secret"), ClaimFault.FOREIGN_KEY),
        (Claims(KEY, "urbansense-1", "urbansense-0-secret"), ClaimFault.WRONG_SIGNATURE),
        (Claims(KEY, "urbansense-0", "urbansense-1-secret"), ClaimFault.WRONG_SIGNATURE),
    ],
)
def test_a_claim_of_another_key_slot_or_client_does_not_count(other: Claims, fault: ClaimFault) -> None:
    assert CLAIMS.read(other.write(NOW_NS), NOW_NS) is fault


def test_a_foreign_key_under_our_keys_name_is_a_wrong_signature() -> None:
    forged = orjson.loads(Claims(OTHER_KEY, "urbansense-0", "urbansense-0-secret").write(NOW_NS))
    forged["key"] = KEY.name
    assert CLAIMS.read(orjson.dumps(forged), NOW_NS) is ClaimFault.WRONG_SIGNATURE
    forged["mac"] = "é"
    assert CLAIMS.read(orjson.dumps(forged), NOW_NS) is ClaimFault.WRONG_SIGNATURE


def test_a_claim_counts_up_to_five_seconds_ahead_of_our_clock() -> None:
    assert CLAIMS.read(CLAIMS.write(NOW_NS + 5 * SECOND_NS), NOW_NS) == NOW_NS + 5 * SECOND_NS
    assert CLAIMS.read(CLAIMS.write(NOW_NS + 5 * SECOND_NS + 1), NOW_NS) is ClaimFault.AHEAD


def test_a_claim_shows_neither_the_key_nor_the_client_id() -> None:
    written = CLAIMS.write(NOW_NS).decode()
    assert KEY.text not in written
    assert KEY.derived("urbansense slot claim").hex() not in written
    assert CLAIMS.client_id not in written


def test_every_fault_says_what_may_be_behind_it() -> None:
    assert all(fault.meaning for fault in ClaimFault)
