"""The dialects as a whole: what their topics must be for a gateway to tell them apart by a prefix."""

from itertools import permutations

from domain.dialects import DIALECTS, STATEFUL_FILTERS, STATEFUL_ROOTS, UPLINK_FILTERS


def test_no_root_of_a_topic_begins_as_another_or_as_the_platforms_own() -> None:
    roots = [f"{root}/" for dialect in DIALECTS for root in dialect.roots]
    assert len(set(roots)) == len(roots)
    assert not [(one, other) for one, other in permutations([*roots, "urbansense/"], 2) if one.startswith(other)]


def test_every_filter_belongs_to_one_dialect_and_one_sort() -> None:
    assert len({dialect.name for dialect in DIALECTS}) == len(DIALECTS)
    assert [*UPLINK_FILTERS, *STATEFUL_FILTERS] == [one for dialect in DIALECTS for one in dialect.filters]
    assert UPLINK_FILTERS == (
        "city/+/+/+/up", "city-gateway/+/up", "application/+/device/+/event/up", "v3/+/devices/+/up",
    )  # fmt: skip
    assert STATEFUL_ROOTS == ("spBv1.0/", "hj212/")
