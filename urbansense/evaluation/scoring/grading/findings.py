"""What a person can act on: each miss and each event that should not have been, with the line that explains why."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from domain.time.units import DAY_MS
from reporting.wording.durations import duration
from simulators.truth.labels import Label
from urbansense.evaluation.scoring.grading.verdicts import (
    EventVerdict,
    JudgedEvent,
    JudgedLabel,
    LabelOutcome,
    Matched,
    ScoredEvent,
)


class Finding(BaseModel):
    """One thing that went wrong. Time: of a miss when the fault began, of an event when it opened, epoch ms.

    `what` is the kind of fault or the rule, `where` the device or group, `why` one sentence.
    """

    model_config = ConfigDict(frozen=True)

    verdict: str
    what: str
    problem: str
    where: str
    at_ms: int
    why: str
    label: str | None = None
    event_id: str | None = None
    hard: bool = False


def misses(matched: Matched) -> list[Finding]:
    """Every counted label that no event answered in time, by start."""
    by_subject: defaultdict[str, list[JudgedEvent]] = defaultdict(list)
    for event in matched.events:
        by_subject[event.event.subject].append(event)
    return [
        Finding(
            verdict=one.outcome.value,
            what=one.label.kind,
            problem=" or ".join(one.label.expects),
            where=one.label.place,
            at_ms=one.label.start_ms,
            why="; ".join(_why_missed(one, by_subject)),
            label=one.label.label,
            event_id=str(one.answers[0].event.event_id) if one.answers else None,
            hard=bool(one.label.hard),
        )
        for one in matched.labels
        if one.outcome in (LabelOutcome.MISSED, LabelOutcome.LATE)
    ]


def strays(matched: Matched) -> list[Finding]:
    """Every false or repeated event, by opening."""
    about: defaultdict[str, list[Label]] = defaultdict(list)
    for one in matched.labels:
        for subject in dict.fromkeys((one.label.place, *one.label.subjects, *one.label.affected)):
            about[subject].append(one.label)
    return [
        Finding(
            verdict=one.verdict.value,
            what=one.event.rule,
            problem=one.event.problem,
            where=one.event.subject,
            at_ms=one.event.opened_at_ms,
            why=_why_stray(one, about[one.event.subject]),
            label=one.label.label if one.label else None,
            event_id=str(one.event.event_id),
            hard=False,
        )
        for one in matched.events
        if one.verdict in (EventVerdict.FALSE, EventVerdict.REPEATED)
    ]


def _why_missed(one: JudgedLabel, events: dict[str, list[JudgedEvent]]) -> Iterable[str]:
    label = one.label
    if one.outcome is LabelOutcome.LATE and label.by_ms is not None:
        first = one.answers[0]
        yield f"{first.event.rule} {_clocked(first)} {duration(first.found_ms - label.by_ms)} after the deadline"
    else:
        yield from _instead(label, events)
    yield f"hard: {label.hard}" if label.hard else "no excuse"


def _clocked(scored: ScoredEvent) -> str:
    return "opened" if scored.published_ms is None else "was told"


def _instead(label: Label, events: dict[str, list[JudgedEvent]]) -> Iterable[str]:
    """The events of its subjects while it was on."""
    found = []
    for subject in dict.fromkeys((label.place, *label.subjects)):
        for one in events.get(subject, ()):
            if one.event.opened_at_ms >= label.start_ms and one.event.since_ms <= label.end_ms:
                taken_back = " and withdrew it" if one.verdict is EventVerdict.WITHDRAWN else ""
                found.append(f"{one.event.rule} told {one.event.problem} of {subject}{taken_back}")
    yield "; ".join(found[:3]) if found else "nothing was told"


def _why_stray(one: JudgedEvent, about: Sequence[Label]) -> str:
    event = one.event
    if one.verdict is EventVerdict.REPEATED and one.label is not None:
        return f"told again for {one.label.label}: it cleared and opened once more"
    on = [label for label in about if label.start_ms <= event.opened_at_ms and event.since_ms < label.end_ms]
    if on:
        label = on[-1]
        asks = f"which asks for {' or '.join(label.expects)}" if label.expects else "which asks for nothing"
        where = "" if label.place == event.subject else f" of {label.place}"
        return f"during {label.kind}{where}, {asks}"
    over = [label for label in about if label.end_ms <= event.since_ms <= label.end_ms + DAY_MS]
    if over:
        last = max(over, key=lambda label: label.end_ms)
        return f"nothing was wrong; {last.kind} had ended {duration(event.since_ms - last.end_ms)} before"
    ahead = [label for label in about if event.opened_at_ms < label.start_ms <= event.opened_at_ms + DAY_MS]
    if ahead:
        coming = min(ahead, key=lambda label: label.start_ms)
        return f"nothing was wrong yet; {coming.kind} began {duration(coming.start_ms - event.opened_at_ms)} later"
    return "nothing was wrong"
