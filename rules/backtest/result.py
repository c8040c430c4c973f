"""What a backtest found, as people and machines read it."""

from collections import Counter
from collections.abc import Sequence
from statistics import median
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from domain.events import Event, Status, Text
from rules.backtest.buckets import Buckets


class RuleFindings(BaseModel):
    """What one rule found in one variant.

    Shape: `events` and `durations` count those opened in the period and not withdrawn; `per_bucket` stands beside the
    result's `bucket_starts_ms`. Units: durations in ms, of events that cleared; None where none did.
    """

    model_config = ConfigDict(frozen=True)

    rule: str
    title: Text
    events: int
    subjects: int
    open_at_end: int
    open_at_begin: int
    withdrawn: int
    absorbed: int
    silenced: int
    stale: int
    median_duration_ms: int | None
    longest_duration_ms: int | None
    per_bucket: list[int]
    per_day: dict[str, int]
    error: str | None = None


class VariantFindings(BaseModel):
    """What one variant of the rules found. `events` by opening, those not withdrawn that opened in the period."""

    model_config = ConfigDict(frozen=True)

    label: str
    judged: int
    too_late: int
    rules: list[RuleFindings]
    events: list[Event]


class ChangedEvent(BaseModel):
    """One incident that both variants found, at other times or with another revision history."""

    model_config = ConfigDict(frozen=True)

    before: Event
    now: Event
    differs: list[str]


class Difference(BaseModel):
    """The candidate beside what it is compared with: events of only one, events of both with other times."""

    model_config = ConfigDict(frozen=True)

    only_now: list[Event]
    only_before: list[Event]
    changed: list[ChangedEvent]
    same: int


class BacktestResult(BaseModel):
    """The whole. Time: counted are events opened in [from_ms, to_ms); history is replayed from `began_ms` on."""

    model_config = ConfigDict(frozen=True)

    from_ms: int
    to_ms: int
    began_ms: int
    reports: int
    devices: int
    first_report_ms: int | None
    last_report_ms: int | None
    timezone: str
    bucket: str
    bucket_starts_ms: list[int]
    candidate: VariantFindings
    against: VariantFindings | None = None
    difference: Difference | None = None
    raised: list[Event] | None = None
    not_raised: list[str] = []


def findings_of(rule: str, title: Text, found: Sequence[Event], buckets: Buckets, error: str | None) -> RuleFindings:
    """What `found`, every event of a rule, comes to in the period."""
    opened = [event for event in found if buckets.holds(event.opened_at_ms)]
    kept = [event for event in opened if event.status is not Status.WITHDRAWN]
    durations = [e.cleared_at_ms - e.opened_at_ms for e in kept if e.cleared_at_ms is not None]
    days = Counter(buckets.day_of(event.opened_at_ms) for event in kept)
    return RuleFindings(
        rule=rule,
        title=title,
        events=len(kept),
        subjects=len({event.subject for event in kept}),
        open_at_end=sum(event.status is Status.OPEN for event in kept),
        open_at_begin=sum(_was_open(event, buckets.from_ms) for event in found),
        withdrawn=len(opened) - len(kept),
        absorbed=sum(event.absorbed_by is not None for event in kept),
        silenced=sum(event.silenced_by is not None for event in kept),
        stale=sum(event.stale for event in kept),
        median_duration_ms=round(median(durations)) if durations else None,
        longest_duration_ms=max(durations, default=None),
        per_bucket=buckets.count(event.opened_at_ms for event in kept),
        per_day=dict(sorted(days.items())),
        error=error,
    )


def _was_open(event: Event, at_ms: int) -> bool:
    if event.status is Status.WITHDRAWN or event.opened_at_ms >= at_ms:
        return False
    return event.cleared_at_ms is None or event.cleared_at_ms > at_ms


def zone_of(result: BacktestResult) -> ZoneInfo:
    return ZoneInfo(result.timezone)
