"""Unread topics as patterns: ids are `+`, and there are never many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.dialects import STATEFUL_FILTERS, UPLINK_FILTERS
from ingest.unread.patterns import MOST_PATTERNS, collapse, is_read, pattern_of


@pytest.mark.parametrize(
    ("topic", "pattern"),
    [
        ("other/thing/7/data", "other/thing/+/data"),
        ("city/320582/streetlight/SL-0001/UP", "city/+/streetlight/+/UP"),
        ("zigbee2mqtt/kitchen/set", "zigbee2mqtt/kitchen/set"),
        ("v3/app@tenant/devices/eui-a840419edb62011c/down/sent", "v3/app@tenant/devices/+/down/sent"),
        ("路灯/一号/上报", "路灯/一号/上报"),
        ("/leading", "/leading"),
        ("a\nb/c", "+/c"),
        ("x" * 33, "+"),
        ("/".join("abcdefghijk"), "a/b/c/d/e/f/g/h/#"),
    ],
)
def test_a_topic_has_a_pattern(topic: str, pattern: str) -> None:
    assert pattern_of(topic) == pattern


def test_what_the_gateways_read_is_not_unread() -> None:
    for one in (*UPLINK_FILTERS, *STATEFUL_FILTERS):
        assert is_read(one.replace("+", "x").replace("#", "x/y")), one
    assert all(map(is_read, ("urbansense/slot/urbansense-0", "urbansense/clock/0", "$SYS/broker/uptime", "$CONTROL/x")))
    assert not any(
        map(is_read, ("city/a/streetlight/SL-1/down", "city", "other/thing/7/data", "/city/a", "urbansensei/x"))
    )


def test_names_that_are_many_in_one_place_are_ids() -> None:
    found = collapse({f"home/{letter}/state": 2 for letter in "abcdefghijklmnopqrstuvwxyz"} | {"home": 3})
    assert found == {"home/+/state": 52, "home": 3}


@given(st.dictionaries(st.text("abcdefghijklmnopqrstuvwxyz/", max_size=9), st.integers(1, 9), max_size=400))
def test_patterns_are_bounded_and_no_message_is_lost_or_invented(counts: dict[str, int]) -> None:
    found = collapse(counts)
    assert len(found) <= MOST_PATTERNS
    assert sum(found.values()) == sum(counts.values())
