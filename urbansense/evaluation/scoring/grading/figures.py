"""The figures of a score: shares with what is sure about them, and delays."""

from collections.abc import Callable, Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from domain.confidence import wilson_interval
from domain.time.units import DAY_MS
from urbansense.evaluation.scoring.grading.verdicts import (
    EventVerdict,
    JudgedEvent,
    JudgedLabel,
    LabelOutcome,
    ScoredEvent,
)


class Share(BaseModel):
    """`hits` of `of`, with the 95 % interval of the share that they are a sample of. None where `of` is 0."""

    model_config = ConfigDict(frozen=True)

    hits: int
    of: int
    share: float | None
    low: float | None
    high: float | None


class Delays(BaseModel):
    """How long it took, in ms, by nearest rank: an actual delay each. None where none is known."""

    model_config = ConfigDict(frozen=True)

    known: int
    p50_ms: int | None
    p95_ms: int | None
    max_ms: int | None


class LabelFigures(BaseModel):
    """What became of labels that ask for an event.

    `asked` = `in_time` + `late` + `missed`; `open` ones are not asked. `recall` counts those in time, `recall_ever` the
    late ones too, `recall_without_excuse` those in time among the labels that are not marked hard. `opened` is from the
    start of the fault to the `opened_at` of the first event, `told` to when it was first published; a label that an event
    of an earlier one stands for has neither.
    """

    model_config = ConfigDict(frozen=True)

    asked: int
    in_time: int
    late: int
    missed: int
    open: int
    recall: Share
    recall_ever: Share
    recall_without_excuse: Share
    opened: Delays
    told: Delays


class EventFigures(BaseModel):
    """What events were. `precision` = right / (right + repeated + false).

    `false_per_1000_device_days` is None where the number of devices is not known.
    """

    model_config = ConfigDict(frozen=True)

    right: int
    repeated: int
    false: int
    explained: int
    withdrawn: int
    precision: Share
    false_per_1000_device_days: float | None


class RuleFigures(BaseModel):
    """What one rule did: its events, the faults that it raised before any other rule, and how soon."""

    model_config = ConfigDict(frozen=True)

    events: EventFigures
    first_to_tell: int
    opened: Delays
    told: Delays


class QuietFigures(BaseModel):
    """What became of labels that ask for nothing: traffic over a cover, messages sent twice."""

    model_config = ConfigDict(frozen=True)

    quiet: int
    disturbed: int
    open: int


def share(hits: int, of: int) -> Share:
    interval = wilson_interval(hits, of)
    if interval is None:
        return Share(hits=hits, of=of, share=None, low=None, high=None)
    return Share(hits=hits, of=of, share=hits / of, low=interval[0], high=interval[1])


def delays(known_ms: Iterable[int]) -> Delays:
    """Source: nearest rank, the ceil(p·n)-th smallest: no figure that never happened."""
    ordered = sorted(known_ms)
    if not ordered:
        return Delays(known=0, p50_ms=None, p95_ms=None, max_ms=None)
    p50_ms, p95_ms = (ordered[-(-percent * len(ordered) // 100) - 1] for percent in (50, 95))
    return Delays(known=len(ordered), p50_ms=p50_ms, p95_ms=p95_ms, max_ms=ordered[-1])


def label_figures(labels: Sequence[JudgedLabel]) -> LabelFigures:
    """The figures of those among `labels` that ask for an event."""
    asking = [one for one in labels if one.label.expects]
    counted = [one for one in asking if one.is_counted]
    in_time, late = (
        sum(one.outcome is outcome for one in counted) for outcome in (LabelOutcome.IN_TIME, LabelOutcome.LATE)
    )
    plain = [one for one in counted if not one.label.hard]
    return LabelFigures(
        asked=len(counted),
        in_time=in_time,
        late=late,
        missed=len(counted) - in_time - late,
        open=len(asking) - len(counted),
        recall=share(in_time, len(counted)),
        recall_ever=share(in_time + late, len(counted)),
        recall_without_excuse=share(sum(one.outcome is LabelOutcome.IN_TIME for one in plain), len(plain)),
        opened=delays(_delays_of(counted, opened_after_ms)),
        told=delays(_delays_of(counted, published_after_ms)),
    )


def rule_figures(
    labels: Sequence[JudgedLabel], events: Sequence[JudgedEvent], device_days: float | None
) -> RuleFigures:
    """The figures of one rule: of its events, and of the labels that it was the first to answer."""
    first = label_figures(labels)
    return RuleFigures(
        events=event_figures(events, device_days),
        first_to_tell=first.asked,
        opened=first.opened,
        told=first.told,
    )


def _delays_of(
    labels: Iterable[JudgedLabel], after_ms: Callable[[JudgedLabel, ScoredEvent], int | None]
) -> Iterable[int]:
    found = (after_ms(one, one.answers[0]) for one in labels if one.answers)
    return (ms for ms in found if ms is not None)


def opened_after_ms(one: JudgedLabel, scored: ScoredEvent) -> int | None:
    """From the start of the fault to the opening; None for a device whose clock is wrong, since that means nothing."""
    after_ms = scored.event.opened_at_ms - one.label.start_ms
    return after_ms if after_ms >= 0 else None


def published_after_ms(one: JudgedLabel, scored: ScoredEvent) -> int | None:
    """From the start of the fault to when it was first published; None where that is not known."""
    return None if scored.published_ms is None else scored.published_ms - one.label.start_ms


def event_figures(events: Sequence[JudgedEvent], device_days: float | None) -> EventFigures:
    counts = {verdict: sum(one.verdict is verdict for one in events) for verdict in EventVerdict}
    right, false = counts[EventVerdict.RIGHT], counts[EventVerdict.FALSE]
    return EventFigures(
        right=right,
        repeated=counts[EventVerdict.REPEATED],
        false=false,
        explained=counts[EventVerdict.EXPLAINED],
        withdrawn=counts[EventVerdict.WITHDRAWN],
        precision=share(right, right + counts[EventVerdict.REPEATED] + false),
        false_per_1000_device_days=1000 * false / device_days if device_days else None,
    )


def quiet_figures(labels: Sequence[JudgedLabel]) -> QuietFigures:
    """The figures of those among `labels` that ask for nothing."""
    asked = [one.outcome for one in labels if not one.label.expects]
    return QuietFigures(
        quiet=asked.count(LabelOutcome.QUIET),
        disturbed=asked.count(LabelOutcome.DISTURBED),
        open=asked.count(LabelOutcome.OPEN),
    )


def device_days(devices: int | None, from_ms: int, to_ms: int) -> float | None:
    return None if devices is None else devices * (to_ms - from_ms) / DAY_MS
