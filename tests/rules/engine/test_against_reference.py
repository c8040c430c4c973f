"""The engine finds what the naive reference model finds, whatever the rules, the readings and the order of arrival.

Everything lies on a coarse grid, so that edges are the rule: readings exactly `for`, `gap` or a window apart, values equal
to thresholds, ticks at the instant of a timer, reports exactly as late as may be.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.devices import Device
from domain.telemetry import Reading, Telemetry
from tests.rules.engine.reference import Comparison, Formula, Found, Hours, RuleData, Seen, Window, applies, find_events
from tests.rules.engines import engine_of, history

STEP_MS = 20_000
BEGINS_MS = 1_780_069_800_000
"""23:50 on a Friday in Shanghai, so that weekly hours pass midnight."""

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FACTS = {"limit": 20.0}
OPERATORS = ("<", "<=", ">", ">=", "==")
TAKES = ("last", "min", "max", "mean", "sum", "count", "delta", "rate", "stddev")
POWERS = (0.0, 10.0, 20.0, 30.0, 0.1, 0.2, 0.3)
LIMITS: tuple[float | str, ...] = (0.1, 10, 20, 20, "device.limit", "device.limit", "device.nothing")
LEVELS = (0.1, 0.2, 10, 20)
LEVELS_OF_TAKE = {
    "count": (0, 1, 2, 3),
    "rate": (-600, -1800, 0, 600, 1800),
    "stddev": (0, 5, 10),
    "delta": (-20, -0.1, 0, 0.1, 10, 20),
    "sum": (0.3, 10, 20, 30, 40),
}


@dataclass
class Story:
    """Rules, and what reaches the engine in order: reports and ticks (a bare instant)."""

    rules: list[RuleData]
    inputs: list[Telemetry | int]


def story_of(random: Random) -> Story:
    """One to three rules, and a history of reports and ticks by the order of their arrival."""
    rules = [rule_of(random, f"rule-{number}") for number in range(random.choice([1, 1, 2, 3]))]
    latest = max(rule.lateness_ms for rule in rules) // STEP_MS
    arrivals: list[tuple[int, Telemetry | int]] = []
    observed, power, usual = 0, 0.0, random.choice([1, 2, 3, 4])
    for _ in range(random.randint(1, 30)):
        observed += random.choice([0, 1, 2, 3, 4, 6, 9, 10, 13, *[usual] * 9])
        power = random.choice([*POWERS, *[power] * 7])
        report = report_of(random, BEGINS_MS + observed * STEP_MS, power)
        delay = min(random.choice([0, 0, 0, 0, 0, -2, -1, 1, 2, 3, 6, 12, 12, 99]), latest + 1)
        arrivals.append((observed + delay, report))
        if random.random() < 0.2:
            again = random.choice([report, report_of(random, report["observed_at_ms"], power)])
            arrivals.append((observed + delay + random.randrange(min(latest, 5) + 1), again))
    end = max(arrives for arrives, _ in arrivals) + 2 + random.randrange(15)
    often = random.choice([0.1, 0.5, 1])
    ticks = [(step, BEGINS_MS + step * STEP_MS) for step in range(end + 1) if random.random() < often]
    both = [*ticks, *arrivals] if random.random() < 0.5 else [*arrivals, *ticks]
    return Story(rules, [BEGINS_MS, *(what for _, what in sorted(both, key=step_of)), BEGINS_MS + end * STEP_MS])


def step_of(arrival: tuple[int, Any]) -> int:
    return arrival[0]


def report_of(random: Random, observed_at_ms: int, power: float) -> Telemetry:
    readings: dict[str, Reading] = {}
    if random.random() < 0.85:
        readings["active_power"] = power
    if random.random() < 0.7 or not readings:
        readings["dimming_level"] = random.choice([0.0, 80.0, 80.0])
    if random.random() < 0.4:
        readings["mains_present"] = random.random() < 0.5
    report = report_at(observed_at_ms, readings)
    if random.random() < 0.2:
        report["quality"] = {random.choice([*readings]): random.choice(["bad", "suspect"])}
    return report


def report_at(observed_at_ms: int, readings: dict[str, Reading]) -> Telemetry:
    return {
        "device_id": "L1",
        "kind": "streetlight",
        "observed_at_ms": observed_at_ms,
        "received_at_ms": observed_at_ms,
        "codec": "json",
        "readings": readings,
    }


def rule_of(random: Random, name: str) -> RuleData:
    common: dict[str, Any] = {"lateness_ms": duration(random), "escalate": escalation(random)}
    if random.random() < 0.25:
        common["active"] = hours_of(random)
    if random.random() < 0.1:
        common["where"] = Formula((Comparison("device.limit", random.choice(["<", "=="]), 20),))
    if random.random() < 0.15:
        return RuleData(name, no_data_ms=duration(random), **common)
    named = {signal: window_of(random) for signal in ("one", "two") if random.random() < 0.5}
    when = condition(random, named)
    clear_when = condition(random, named) if random.random() < 0.5 else None
    used = {part.left for formula in (when, clear_when) if formula for part in formula.parts}
    repeat = (random.choice([2, 3]), random.choice([duration(random), 30 * STEP_MS])) if random.random() < 0.3 else None
    return RuleData(
        name,
        when=when,
        clear_when=clear_when,
        signals={signal: window for signal, window in named.items() if signal in used},
        suspect=random.random() < 0.4,
        for_ms=0 if repeat else random.choice([0, duration(random)]),
        repeat=repeat,
        clear_for_ms=random.choice([0, duration(random)]),
        gap_ms=random.choice([None, duration(random), 30 * STEP_MS]),
        **common,
    )


def duration(random: Random) -> int:
    return STEP_MS * random.choice([1, 2, 3, 4, 6, 9, 12])


def escalation(random: Random) -> tuple[tuple[int, str], ...]:
    after_ms = duration(random)
    steps = ((after_ms, "major"), (after_ms + 3 * STEP_MS, "warning"))
    return steps[: random.choice([0, 0, 1, 2])]


def hours_of(random: Random) -> tuple[Hours, ...]:
    """Two stretches, a minute or a few apart, so that runs reach from one into the other."""
    weekdays = frozenset(random.choice([range(7), range(7), range(7), [4], [5], [4, 5]]))
    first = 23 * 60 + 46 + random.randrange(16)
    second = first + random.randint(2, 8)
    spans = ((first, second - random.choice([1, 1, 2])), (second, second + random.randint(1, 12)))
    return tuple(Hours(weekdays, start % 1440, end % 1440) for start, end in spans)


def window_of(random: Random) -> Window:
    of = random.choice(["active_power", "active_power", "active_power", "mains_present"])
    return Window(of, duration(random), random.choice(TAKES))


def condition(random: Random, signals: dict[str, Window]) -> Formula:
    if random.random() < 0.3:
        return Formula((Comparison("reading.active_power", random.choice([">=", "<"]), 10),))
    parts = tuple(comparison(random, signals) for _ in range(random.choice([1, 1, 2])))
    return Formula(parts, random.choice(["&&", "||"]), negated=random.random() < 0.2)


def comparison(random: Random, signals: dict[str, Window]) -> Comparison:
    name, op = random.choice(["power", "power", "level", "mains", *signals, *signals]), random.choice(OPERATORS)
    match name:
        case "power":
            return Comparison("reading.active_power", op, random.choice(LIMITS))
        case "level":
            return Comparison("reading.dimming_level", op, 80)
        case "mains":
            return Comparison("reading.mains_present", "is", random.random() < 0.5)
    return Comparison(name, op, random.choice(LEVELS_OF_TAKE.get(signals[name].take, LEVELS)))


def judged(inputs: list[Telemetry | int], lateness_ms: int) -> list[Telemetry]:
    """The reports that are not older than clock - lateness when they arrive."""
    clock_ms = 0
    kept: list[Telemetry] = []
    for given_input in inputs:
        if isinstance(given_input, int):
            clock_ms = max(clock_ms, given_input)
        elif given_input["observed_at_ms"] >= clock_ms - lateness_ms:
            kept.append(given_input)
    return kept


def expected(story: Story) -> dict[str, list[Found]]:
    applying = [rule.lateness_ms for rule in story.rules if applies(rule, FACTS)]
    reports = judged(story.inputs, max(applying, default=0))
    clock_ms = max(given_input for given_input in story.inputs if isinstance(given_input, int))
    seen = Seen.of(reports)
    return {rule.name: find_events(rule, seen, FACTS, 60_000, BEGINS_MS, clock_ms) for rule in story.rules}


def found(story: Story) -> dict[str, list[Found]]:
    """What a real engine raised, by rule: the events not withdrawn, as they last stood."""
    lamp = Device(
        "L1",
        "streetlight",
        "streetlight",
        report_interval_s=60,
        attributes={**FACTS},
        activated_at_ms=BEGINS_MS - STEP_MS,
    )
    engine = engine_of(*map(document, story.rules), devices=[lamp])
    for given_input in story.inputs:
        if isinstance(given_input, int):
            engine.tick({"gateway": 0, "tick_at_ms": given_input})
        else:
            engine.report(given_input)
    events: dict[str, list[Found]] = {rule.name: [] for rule in story.rules}
    for event in history([engine]):
        reported = Found(event.since_ms, event.opened_at_ms, event.cleared_at_ms, event.severity.value, event.stale)
        events[event.rule].append(reported)
    return events


def document(rule: RuleData) -> str:
    """The rule as an operator would write it."""
    lines = [f"rule: {rule.name}", "kind: streetlight", f"severity: {rule.severity}"]
    for clause, formula in (("where", rule.where), ("when", rule.when), ("clear_when", rule.clear_when)):
        lines += [f"{clause}: '{text(formula)}'"] if formula else []
    lengths = {"for": rule.for_ms, "clear_for": rule.clear_for_ms, "gap": rule.gap_ms, "no_data": rule.no_data_ms}
    for clause, length_ms in {**lengths, "lateness": rule.lateness_ms}.items():
        lines += [f"{clause}: {length_ms // 1000}s"] if length_ms else []
    lines += ["quality: suspect"] if rule.suspect else []
    if rule.signals:
        lines += ["signals:"]
        lines += [
            f"  {name}: {{of: {window.of}, over: {window.over_ms // 1000}s, take: {window.take}}}"
            for name, window in rule.signals.items()
        ]
    if rule.repeat:
        lines += [f"repeat: {{times: {rule.repeat[0]}, within: {rule.repeat[1] // 1000}s}}"]
    if rule.active:
        lines += ["active: {hours: [" + ", ".join(f"'{weekly(hours)}'" for hours in rule.active) + "]}"]
    if rule.escalate:
        steps = ", ".join(f"{{after: {after_ms // 1000}s, severity: {worse}}}" for after_ms, worse in rule.escalate)
        lines += [f"escalate: [{steps}]"]
    return "\n".join(lines)


def text(formula: Formula) -> str:
    joined = f" {formula.joined} ".join(
        (left if right else f"!{left}") if op == "is" else f"{left} {op} {right}" for left, op, right in formula.parts
    )
    return f"!({joined})" if formula.negated else joined


def weekly(hours: Hours) -> str:
    days = ",".join(DAYS[weekday] for weekday in sorted(hours.weekdays))
    start, end = (f"{minute // 60:02}:{minute % 60:02}" for minute in (hours.start, hours.end))
    return f"{days} {start}-{end}"


HIGH = Formula((Comparison("reading.active_power", ">", 20),))
BROKEN_HOURS = tuple(Hours(frozenset(range(7)), 23 * 60 + start, 23 * 60 + end) for start, end in ((50, 52), (55, 59)))


def at(seconds: int) -> int:
    return BEGINS_MS + seconds * 1000


def reported(seconds: int, power: float) -> Telemetry:
    """A report of that power, observed so long after the beginning."""
    return report_at(at(seconds), {"active_power": power})


def differs(story: Story) -> bool:
    return found(story) != expected(story)


def reduced(story: Story) -> Story:
    """A story that still differs, without the rules and inputs that have no part in it; the last input is the clock."""
    for rule in [*story.rules]:
        fewer = Story([other for other in story.rules if other is not rule], story.inputs)
        story = fewer if fewer.rules and differs(fewer) else story
    for at in range(len(story.inputs) - 2, 0, -1):
        fewer = Story(story.rules, story.inputs[:at] + story.inputs[at + 1 :])
        story = fewer if differs(fewer) else story
    return story


@settings(max_examples=600, deadline=None)
@given(random=st.randoms(use_true_random=True))
def test_the_engine_finds_what_the_reference_finds(random: Random) -> None:
    story = story_of(random)
    if differs(story):
        story = reduced(story)
        reported = "\n".join([*map(document, story.rules), *map(str, story.inputs)])
        assert found(story) == expected(story), reported


def test_a_count_ends_with_active_time_even_if_nothing_was_reported_outside() -> None:
    """docs/rules/repeat.md: false readings and silence break nothing; "the end of active time does"."""
    blinks = RuleData("blinks", when=HIGH, repeat=(2, 600_000), active=BROKEN_HOURS)
    assert found(Story([blinks], [BEGINS_MS, reported(60, 30.0), reported(320, 30.0), at(320)])) == {"blinks": []}


def test_a_report_outside_active_time_does_not_clear_a_silence() -> None:
    """The design: "outside `active` nothing is judged: … open events neither clear nor go stale"."""
    silent = RuleData("silent", no_data_ms=60_000, active=BROKEN_HOURS)
    inputs: list[Telemetry | int] = [BEGINS_MS, reported(0, 30.0), at(100), reported(150, 30.0), at(200)]
    assert found(Story([silent], inputs)) == {"silent": [Found(at(0), at(60), None, "minor", False)]}


def test_a_report_outside_active_time_does_not_take_the_mark_of_staleness_away() -> None:
    """docs/rules/times.md: stale is what has not been judged for longer than `gap`; outside `active` nothing is."""
    high = RuleData("high", when=HIGH, gap_ms=60_000, active=BROKEN_HOURS)
    inputs: list[Telemetry | int] = [BEGINS_MS, reported(0, 30.0), at(100), reported(150, 30.0), at(200)]
    assert found(Story([high], inputs)) == {"high": [Found(at(0), at(0), None, "minor", True)]}


def test_a_reading_reported_as_bad_stays_bad_in_windows_when_it_is_reported_again() -> None:
    """docs/rules/quality.md: "once reported, a reading keeps its quality … the same holds within signals"."""
    mean = RuleData(
        "mean", when=Formula((Comparison("m", ">", 20),)), signals={"m": Window("active_power", 60_000, "mean")}
    )
    bad: Telemetry = {**reported(0, 30.0), "quality": {"active_power": "bad"}}
    again: Telemetry = {**reported(0, 30.0), "readings": {"active_power": 30.0, "mains_present": True}}
    mains = RuleData("mains", when=Formula((Comparison("reading.mains_present", "is", False),)))
    assert found(Story([mean, mains], [BEGINS_MS, bad, again, at(0)])) == {"mean": [], "mains": []}
