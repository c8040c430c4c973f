"""A group's members kept in passing give what those put anew give, and not at the cost of its length."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.correlation.event_history import FOREVER_MS, NEVER_MS, EventHistory, RaisedEvent, RuleSubject
from rules.correlation.group_members import GroupMembers
from rules.correlation.grouping import GroupEvent
from rules.language.rule import Grouping

GROUP = Grouping(("lamp-out",), "parent", at_least=3, within_ms=6)
SUBJECTS = ("L1", "L2", "L3", "L4", "L5")


def histories_of(key: RuleSubject, lives: Sequence[tuple[int, int]]) -> list[EventHistory]:
    shared = {"subject": key[1], "kind": "streetlight", "department": None, "area": None}
    raised_events = [
        RaisedEvent(shared | {"opened_at_ms": o, "since_ms": o, "cleared_at_ms": None}, (), {}) for o, _ in lives
    ]
    return [
        EventHistory(raised_event, raised_event, *life) for raised_event, life in zip(raised_events, lives, strict=True)
    ]


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[int, int]]:
    instants = sorted(draw(st.sets(st.integers(1, 30), max_size=4)))
    pairs = list(zip(instants[::2], instants[1::2], strict=False))
    return pairs + ([(instants[-1], FOREVER_MS)] if len(instants) % 2 else [])


def published(spans: Sequence[GroupEvent]) -> list[tuple[int, int, list[str]]]:
    return [(span.opened_ms, span.cleared_ms, [member.subject for member in span.members]) for span in spans]


KEYS = st.tuples(st.sampled_from(("lamp-out", "lamp-dim")), st.sampled_from(SUBJECTS))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(KEYS, lives(), st.booleans()), max_size=25), st.sampled_from([NEVER_MS, 8]), st.booleans())
def test_kept_in_passing_it_finds_what_a_new_one_finds(
    changes: list[tuple[RuleSubject, list[tuple[int, int]], bool]], settled_ms: int, began: bool
) -> None:
    began_ms = 5 if began and settled_ms != NEVER_MS else None
    kept, members = GroupMembers(), {}
    now: list[GroupEvent] = []
    for key, new_lives, is_asked in changes:
        members[key] = histories_of(key, new_lives)
        kept.put(key, members[key])
        if not is_asked:
            continue
        found = kept.spans(GROUP, settled_ms, began_ms)
        now = now if found is None else found
        anew = GroupMembers()
        for other, histories in members.items():
            anew.put(other, histories)
        assert published(now) == published(anew.spans(GROUP, settled_ms, began_ms) or [])


def test_a_member_that_joins_or_leaves_an_open_group_changes_nothing_of_it() -> None:
    group_members = GroupMembers()
    for n in range(100):
        group_members.put(("lamp-out", f"L{n}"), histories_of(("lamp-out", f"L{n}"), [(n, FOREVER_MS)]))
        spans = group_members.spans(GROUP, NEVER_MS, None)
        assert (spans is None) == (n not in (0, 2)), "only the third member makes it"
    for n in range(99):
        group_members.put(("lamp-out", f"L{n}"), histories_of(("lamp-out", f"L{n}"), [(n, 200 + n)]))
        assert group_members.spans(GROUP, NEVER_MS, None) is None
    group_members.put(("lamp-out", "L99"), histories_of(("lamp-out", "L99"), [(99, 299)]))
    assert [span[:2] for span in group_members.spans(GROUP, NEVER_MS, None) or []] == [(2, 299)]
