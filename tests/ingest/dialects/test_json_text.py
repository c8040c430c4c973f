import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Unreadable
from domain.rejections import Reason
from ingest.dialects.json_text import decode_json

NOT_READABLE = {
    "empty": (b"", "not JSON"),
    "cut off": (b'{"ts":1', "not JSON"),
    "two documents": (b"{}{}", "not JSON"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "not JSON"),
    "UTF-16": ('{"a":1}'.encode("utf-16"), "not UTF-8 at byte 0"),
    "a byte that no UTF-8 holds": (b'{"a":"\xff"}', "not UTF-8 at byte 6"),
    "half of a surrogate pair": (b'{"\\ud800":1}', "surrogate"),
    "a control character in a text": (b'{"a":"\x00"}', "not JSON"),
    "the same key twice": (b'{"a":1,"b":2,"a":1}', "the key 'a' stands twice"),
    "the same key twice, deep inside": (b'[{"x":{"a":1,"a":2}}]', "the key 'a' stands twice"),
    "100,000 brackets": (b"[" * 100_000, "nested too deep"),
    "100,000 brackets that close": (b"[" * 100_000 + b"]" * 100_000, "nested too deep"),
    "100,000 braces": (b'{"a":' * 100_000, "nested too deep"),
    "a whole number of 5,000 digits": (b"1" * 5_000, "too many digits"),
}


@pytest.mark.parametrize(("payload", "detail"), NOT_READABLE.values(), ids=NOT_READABLE.keys())
def test_what_is_no_strict_json_is_refused_with_the_place_or_the_cause(payload: bytes, detail: str) -> None:
    with pytest.raises(Unreadable) as caught:
        decode_json(payload)
    assert caught.value.reason is Reason.UNPARSEABLE
    assert detail in caught.value.detail


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_number_that_is_not_finite_costs_only_itself(text: str) -> None:
    document = decode_json(b'{"a":%s,"b":1.5}' % text.encode())
    assert isinstance(document, dict)
    assert not math.isfinite(document["a"])
    assert document["b"] == 1.5


@settings(deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_what_was_written_is_read_back(document: object) -> None:
    assert decode_json(json.dumps(document).encode()) == document


def test_twenty_thousand_different_keys_and_one_twice_are_told_apart_at_once() -> None:
    keys = b",".join(b'"%d":0' % i for i in range(20_000))
    assert len(decode_json(b"{%s}" % keys)) == 20_000  # type: ignore[arg-type]
    with pytest.raises(Unreadable, match="'777'"):
        decode_json(b'{%s,"777":1}' % keys)
