"""What a device rule finds by the contract, worked out the slow way; the engine is compared with it.

It is written from the words of the design and of docs/rules, not from the engine: all readings of a device at once,
in observed order, windows found by scanning, sums as fractions. It knows nothing of arrival, ticks or state.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

from domain.telemetry import Telemetry
from domain.time.units import DAY_MS, HOUR_MS, MINUTE_MS

SHANGHAI_MS = 8 * HOUR_MS
THURSDAY = 3
"""The weekday, from Monday = 0, of 1 January 1970."""

Value = float | bool
Facts = Mapping[str, Value]


class Comparison(NamedTuple):
    """`left op right`; a side is a number or a name: `reading.<quantity>`, `device.<attribute>`, a signal."""

    left: str
    op: str
    right: str | float


class Formula(NamedTuple):
    """Comparisons joined by `&&` or `||`, the whole of it negated or not."""

    parts: tuple[Comparison, ...]
    joined: str = "&&"
    negated: bool = False


class Window(NamedTuple):
    of: str
    over_ms: int
    take: str


class Hours(NamedTuple):
    """From `start` to before `end`, minutes of the day on which they begin; `end` <= `start` is on the next day."""

    weekdays: frozenset[int]
    start: int
    end: int


@dataclass(frozen=True)
class RuleData:
    """A rule as plain data, named as in its document."""

    name: str
    when: Formula | None = None
    where: Formula | None = None
    clear_when: Formula | None = None
    signals: Mapping[str, Window] = field(default_factory=dict)
    suspect: bool = False
    for_ms: int = 0
    repeat: tuple[int, int] | None = None
    clear_for_ms: int = 0
    gap_ms: int | None = None
    no_data_ms: int | None = None
    lateness_ms: int = 300_000
    active: tuple[Hours, ...] = ()
    severity: str = "minor"
    escalate: tuple[tuple[int, str], ...] = ()


class Found(NamedTuple):
    since_ms: int
    opened_at_ms: int
    cleared_at_ms: int | None
    severity: str
    stale: bool


@dataclass(frozen=True)
class Seen:
    """A device's readings by observed time: value and quality as first reported."""

    instants: dict[int, dict[str, tuple[Value, str]]]

    @classmethod
    def of(cls, reports: Iterable[Telemetry]) -> "Seen":
        """Reports as they stand on the log: of a quantity reported twice for an instant the first counts."""
        instants: dict[int, dict[str, tuple[Value, str]]] = {}
        for report in reports:
            known = instants.setdefault(report["observed_at_ms"], {})
            for quantity, value in report["readings"].items():
                known.setdefault(quantity, (value, report.get("quality", {}).get(quantity, "good")))
        return cls(dict(sorted(instants.items())))

    def usable(self, at_ms: int, *, suspect: bool) -> dict[str, Value]:
        accepted = ("good", "suspect") if suspect else ("good",)
        return {name: value for name, (value, quality) in self.instants[at_ms].items() if quality in accepted}


def find_events(
    rule: RuleData, seen: Seen, facts: Facts, interval_ms: int, begins_ms: int, clock_ms: int
) -> list[Found]:
    """Every event of a rule on one device, in order of time, as it stands when the clock is at `clock_ms`.

    `begins_ms` is from when a device that never reported counts as silent; `clock_ms` is not before any reading.
    """
    if not applies(rule, facts):
        return []
    if rule.no_data_ms is not None:
        return [graded(rule, *span, clock_ms, stale=False) for span in silences(rule, seen, begins_ms, clock_ms)]
    gap_ms = 3 * interval_ms if rule.gap_ms is None else rule.gap_ms
    found = []
    for since, opened, cleared, last in spans(rule, seen, facts, gap_ms):
        stale = cleared is None and after_active(rule, last, gap_ms + 1, clock_ms) is not None
        found.append(graded(rule, since, opened, cleared, clock_ms, stale=stale))
    return found


def applies(rule: RuleData, facts: Facts) -> bool:
    """Whether `where` holds; a device without the attribute is not meant."""
    return rule.where is None or holds(rule.where, {f"device.{name}": value for name, value in facts.items()}) is True


def spans(rule: RuleData, seen: Seen, facts: Facts, gap_ms: int) -> list[tuple[int, int, int | None, int]]:
    """(since, opened, cleared, last judged) of every event, walking from reading to reading."""
    assert rule.when
    opposite = rule.when._replace(negated=not rule.when.negated)
    found: list[tuple[int, int, int | None, int]] = []
    is_open = False
    run: list[int] = []
    for now in seen.instants:
        condition = (rule.clear_when or opposite) if is_open else rule.when
        true = holds(condition, names(rule, seen, facts, now)) if always_active(rule, now, now) else None
        if true is None:
            continue
        counting = rule.repeat is not None and not is_open
        if run and not always_active(rule, run[-1], now):
            run = []
        if run and not counting and now - run[-1] > gap_ms:
            run = []
        if true:
            run.append(now)
        elif not counting:
            run = []
        if is_open:
            since, opened, _, _ = found[-1]
            ended = bool(run) and now >= run[0] + rule.clear_for_ms
            found[-1] = (since, opened, run[0] + rule.clear_for_ms if ended else None, now)
            if not ended:
                continue
            is_open, true = False, holds(rule.when, names(rule, seen, facts, now))
            run = [now] if true else []
        if true and (begun := opening(rule, run)):
            found.append((*begun, None, now))
            is_open, run = True, []
    return found


def opening(rule: RuleData, run: Sequence[int]) -> tuple[int, int] | None:
    """(since, opened) if the newest reading of these true ones opens an event."""
    now = run[-1]
    if rule.repeat:
        times, within_ms = rule.repeat
        recent = [at for at in run if now - at <= within_ms]
        return (recent[0], now) if len(recent) >= times else None
    return (run[0], run[0] + rule.for_ms) if now >= run[0] + rule.for_ms else None


def silences(rule: RuleData, seen: Seen, begins_ms: int, clock_ms: int) -> list[tuple[int, int, int | None]]:
    """(since, opened, cleared) of every silence; outside active time a report ends the wait, but not an event."""
    assert rule.no_data_ms is not None
    found: list[tuple[int, int, int | None]] = []
    is_open = False
    for previous, following in pairwise([begins_ms, *seen.instants, None]):
        assert previous is not None
        if not is_open:
            due = after_active(rule, previous, rule.no_data_ms, clock_ms)
            is_open = due is not None and (following is None or due < following)
            if is_open and due is not None:
                found.append((previous, due, None))
        if is_open and following is not None and always_active(rule, following, following):
            found[-1] = (*found[-1][:2], following)
            is_open = False
    return found


def graded(rule: RuleData, since: int, opened: int, cleared: int | None, clock_ms: int, *, stale: bool) -> Found:
    """The event with the severity of the last step that it reached while still open."""
    severity = rule.severity
    for after_ms, worse in rule.escalate:
        step = opened + after_ms
        if step <= clock_ms and (cleared is None or step < cleared):
            severity = worse
    return Found(since, opened, cleared, severity, stale)


def after_active(rule: RuleData, from_ms: int, wait_ms: int, clock_ms: int) -> int | None:
    """When that much of the rule's active time has passed; None if not by `clock_ms`."""
    at = from_ms
    while at <= clock_ms:
        minute_ends = at - at % MINUTE_MS + MINUTE_MS
        if always_active(rule, at, at):
            if at + wait_ms < minute_ends:
                return at + wait_ms if at + wait_ms <= clock_ms else None
            wait_ms -= minute_ends - at
        at = minute_ends
    return None


def always_active(rule: RuleData, first_ms: int, last_ms: int) -> bool:
    """Whether the rule is active all the time, both ends included; hours change on whole minutes."""
    if not rule.active:
        return True
    instants = [first_ms, *range(first_ms - first_ms % MINUTE_MS + MINUTE_MS, last_ms, MINUTE_MS), last_ms]
    return all(any(is_within(hours, at) for hours in rule.active) for at in instants)


def is_within(hours: Hours, at_ms: int) -> bool:
    day, of_day_ms = divmod(at_ms + SHANGHAI_MS, DAY_MS)
    length = (hours.end - hours.start - 1) % (24 * 60) + 1
    return any(
        (begun + THURSDAY) % 7 in hours.weekdays
        and hours.start <= (of_day_ms + (day - begun) * DAY_MS) / MINUTE_MS < hours.start + length
        for begun in (day, day - 1)
    )


def names(rule: RuleData, seen: Seen, facts: Facts, now: int) -> dict[str, Value]:
    """Everything a condition may name that has a usable value."""
    found = {f"device.{name}": value for name, value in facts.items()}
    found |= {f"reading.{quantity}": value for quantity, value in seen.usable(now, suspect=rule.suspect).items()}
    for name, window in rule.signals.items():
        value = taken(window, seen, now, suspect=rule.suspect)
        if value is not None:
            found[name] = value
    return found


def taken(window: Window, seen: Seen, now: int, *, suspect: bool) -> float | None:
    """The value of a signal over (now - over, now], None where the window holds too little."""
    inside = [at for at in seen.instants if now - window.over_ms < at <= now]
    held = [(at, readings[window.of]) for at in inside if window.of in (readings := seen.usable(at, suspect=suspect))]
    values = [Fraction(str(float(value))) for _, value in held]
    if window.take == "count":
        return float(len(values))
    if len(values) < (2 if window.take in ("delta", "rate", "stddev") else 1):
        return None
    total = sum(values, Fraction(0))
    mean = total / len(values)
    match window.take:
        case "last":
            return float(values[-1])
        case "min":
            return float(min(values))
        case "max":
            return float(max(values))
        case "sum":
            return float(total)
        case "mean":
            return float(mean)
        case "delta":
            return float(values[-1] - values[0])
        case "rate":
            return float((values[-1] - values[0]) * HOUR_MS / (held[-1][0] - held[0][0]))
        case "stddev":
            return sqrt(sum(((value - mean) ** 2 for value in values), Fraction(0)) / (len(values) - 1))
    raise ValueError(window.take)


def holds(formula: Formula, known: Mapping[str, Value]) -> bool | None:
    """Whether a condition is true; None where a name in it has no value, whichever operators surround it."""
    answers: list[bool] = []
    for left, op, right in formula.parts:
        if left not in known or (isinstance(right, str) and right not in known):
            return None
        a, b = known[left], known[right] if isinstance(right, str) else right
        answers.append({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a == b, "is": bool(a) is bool(b)}[op])
    return (all(answers) if formula.joined == "&&" else any(answers)) is not formula.negated
