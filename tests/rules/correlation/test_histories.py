"""Over random worlds: the history is what a brute-force reading of the rules finds, however the records come."""

from dataclasses import replace
from typing import Any, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.time.units import MINUTE_MS
from rules.correlation.event_history import FOREVER_MS
from tests.rules.correlation.bench import CITY, DIM_UNDER_LOSS, FEEDER_FAULT, LAMP_OUT, POWER_LOSS, Bench, rules_of
from tests.rules.correlation.worlds import END, Interval, feed, interleaved, worlds

NamedInterval = tuple[int, int | None, str]
_Stretch = TypeVar("_Stretch", Interval, NamedInterval)

NEVER = 10_000
UNSTABLE = "{rule: hot, kind: streetlight, when: reading.gear_temperature > 90, flapping: {more_than: 1, within: 8m}}"

UNDER_LOSS = (("power-loss", "F1"), ("lamp-dim", "L1"), ("lamp-dim", "L2"))
ON_FEEDER = tuple(("lamp-out", f"L{n}") for n in range(1, 6))
EVERYTHING = (
    ("power-loss", "F1"), ("lamp-dim", "L1"), ("lamp-out", "L1"), ("lamp-out", "L2"), ("lamp-out", "L3"),
    ("hot", "L1"), ("low", "L2"),
)  # fmt: skip
ALL_RULES = (
    POWER_LOSS, DIM_UNDER_LOSS, FEEDER_FAULT, UNSTABLE,
    LAMP_OUT[:-1] + ", suppressed_by: [power-loss, feeder-fault]}",
    "{rule: low, kind: streetlight, when: reading.voltage < 1, suppressed_by: feeder-fault, "
    "flapping: {more_than: 1, within: 5m}}",
    "{rule: district, group: {of: [feeder-fault, hot, low], by: area, at_least: 2, within: 20m, absorbs: true}}",
)  # fmt: skip
SLOWLY = settings(max_examples=60, deadline=None)
SEEDS = st.integers(0, 1 << 32)


def is_open(interval: Interval | NamedInterval, at: float) -> bool:
    return interval[0] <= at < (NEVER if interval[1] is None else interval[1])


def wanted_under(losses: list[Interval], stretches: list[Interval]) -> set[tuple[Any, ...]]:
    """Minute by minute: an event comes to be in the first minute of its stretch in which nothing stands over it."""
    found: set[tuple[Any, ...]] = set()
    for stretch in stretches:
        end = NEVER if stretch[1] is None else stretch[1]
        came = next((t for t in range(stretch[0], min(end, 2 * END)) if not any(is_open(o, t) for o in losses)), None)
        if came is not None:
            last = 2 * END if stretch[1] is None else end - 0.5
            absorbed = any(is_open(o, last) for o in losses)
            found.add((came, stretch[1], "power-loss" if absorbed else None))
    return found


def wanted_group(stretches: list[_Stretch], at_least: int, within: int) -> tuple[list[Interval], set[_Stretch]]:
    """Minute by minute: the group's events, and the stretches that are part of one."""
    events: list[Interval] = []
    absorbed: set[_Stretch] = set()
    members: list[_Stretch] = []
    began: int | None = None
    for t in range(2 * END):
        if began is not None:
            members += [s for s in stretches if s[0] == t]
            if not any(is_open(s, t) for s in members):
                events.append((began, t))
                absorbed |= set(members)
                began = None
        if began is None:
            members = [s for s in stretches if is_open(s, t) and s[0] >= t - within]
            if len(members) >= at_least and any(s[0] == t for s in members):
                began = t
    if began is not None:
        events.append((began, None))
        absorbed |= set(members)
    return events, absorbed


def wanted_unstable(stretches: list[Interval], more_than: int, within: int) -> list[tuple[int, int | None, bool]]:
    """Minute by minute: events, or one unstable event while openings go on."""
    found: list[tuple[int, int | None, bool]] = []
    began: int | None = None
    for t in range(2 * END):
        opens = any(s[0] == t for s in stretches)
        recent = sum(t - within <= s[0] <= t for s in stretches)
        if began is not None:
            is_true = any(is_open(s, t) for s in stretches)
            if not opens and not is_true and not any(t - within < s[0] <= t for s in stretches):
                found.append((began, t, True))
                began = None
        elif opens and recent > more_than:
            began = t
        elif opens:
            (stretch,) = (s for s in stretches if s[0] == t)
            found.append((t, stretch[1], False))
    if began is not None:
        found.append((began, None, True))
    return found


@SLOWLY
@given(st.data())
def test_suppression_is_what_minute_by_minute_reading_finds(data: st.DataObject) -> None:
    world = data.draw(worlds(UNDER_LOSS))
    bench = Bench(POWER_LOSS, DIM_UNDER_LOSS, partitions=2)
    feed(bench, interleaved(world, data.draw(SEEDS)))
    losses = world.truth[("power-loss", "F1")]
    for lamp in ("L1", "L2"):
        published = {event[2:] for event in bench.history("lamp-dim") if event[1] == lamp}
        assert published == wanted_under(losses, world.truth[("lamp-dim", lamp)])


@SLOWLY
@given(st.data())
def test_a_group_is_what_minute_by_minute_reading_finds(data: st.DataObject) -> None:
    world = data.draw(worlds(ON_FEEDER))
    bench = Bench(LAMP_OUT, FEEDER_FAULT, partitions=2)
    feed(bench, interleaved(world, data.draw(SEEDS)))
    stretches = [(*stretch, lamp) for (_, lamp), found in world.truth.items() for stretch in found]
    events, absorbed = wanted_group(stretches, 3, 10)
    assert [event[2:4] for event in bench.history("feeder-fault")] == events
    published = {(event[2], event[3], event[1]): event[4] for event in bench.history("lamp-out")}
    assert published == {stretch: "feeder-fault" if stretch in absorbed else None for stretch in stretches}


@SLOWLY
@given(st.data())
def test_flapping_is_what_minute_by_minute_reading_finds(data: st.DataObject) -> None:
    world = data.draw(worlds((("hot", "L1"), ("hot", "L2"))))
    bench = Bench(UNSTABLE, partitions=2)
    feed(bench, interleaved(world, data.draw(SEEDS)))
    for lamp in ("L1", "L2"):
        events = {o.event["event_id"]: o.event for o in bench.published if o.event["subject"] == lamp}
        published = sorted(
            (e["opened_at_ms"] // MINUTE_MS, e["cleared_at_ms"] and e["cleared_at_ms"] // MINUTE_MS, e["unstable"])
            for e in events.values()
            if e["status"] != "withdrawn"
        )
        assert published == wanted_unstable(world.truth[("hot", lamp)], 1, 8)


@SLOWLY
@given(st.data())
def test_the_history_does_not_depend_on_how_partitions_interleave(data: st.DataObject) -> None:
    world = data.draw(worlds(EVERYTHING, partitions=3))
    interval_s = data.draw(st.sampled_from([1, 60, 600, 2400]))
    city = [replace(device, report_interval_s=interval_s) for device in CITY]
    histories = []
    for _ in range(2):
        bench = Bench(*ALL_RULES, partitions=3, devices=city)
        feed(bench, interleaved(world, data.draw(SEEDS)))
        histories.append(bench.history())
    assert histories[0] == histories[1]


@SLOWLY
@given(st.data())
def test_cuts_snapshots_and_restores_change_no_byte(data: st.DataObject) -> None:
    world = data.draw(worlds(EVERYTHING, partitions=3))
    order = interleaved(world, data.draw(SEEDS))
    whole = Bench(*ALL_RULES, partitions=3)
    feed(whole, order)
    cut = Bench(*ALL_RULES, partitions=3)
    states: dict[Any, bytes] = {}
    for place, record in enumerate(order):
        feed_one(cut, record)
        if data.draw(st.integers(0, 4)) == 0 or place == len(order) - 1:
            cut = restored(cut, states)
    assert [output.value for output in cut.published] == [output.value for output in whole.published]


@SLOWLY
@given(st.data())
def test_at_most_one_event_of_a_rule_is_open_on_a_subject_at_any_time(data: st.DataObject) -> None:
    world = data.draw(worlds(EVERYTHING, partitions=3))
    bench = Bench(*ALL_RULES, partitions=3)
    feed(bench, interleaved(world, data.draw(SEEDS)))
    latest: dict[tuple[str, str], dict[str, int]] = {}
    revisions: set[tuple[str, int]] = set()
    for output in bench.published:
        event = output.event
        identity = (event["event_id"], event["revision"])
        assert identity not in revisions
        revisions.add(identity)
        events = latest.setdefault((event["rule"], event["subject"]), {})
        if event["status"] == "open":
            events[event["event_id"]] = FOREVER_MS
        else:
            events.pop(event["event_id"], None)
        assert len(events) <= 1, event


def feed_one(bench: Bench, record: tuple[int, Any]) -> None:
    partition, published = record
    if published.event is None:
        bench.stage.clock(partition, published.at * MINUTE_MS)
    else:
        bench.stage.raised(published.transition, published.event.model_dump_json().encode(), max(bench.stage.now_ms, 0))


def restored(bench: Bench, states: dict[Any, bytes]) -> Bench:
    """Another stage in the place of this one, from what was committed of it."""
    published, changed = bench.stage.take()
    for key, state in changed.items():
        if state is None:
            states.pop(key, None)
        else:
            states[key] = state
    after = Bench(partitions=3)
    after.published = bench.published + published
    for key, state in states.items():
        after.stage.adopt_state(key, state)
    after.stage.restore(bench.stage.snapshot(), rules_of(*ALL_RULES), [])
    return after
