"""The score of a set of rules on a known truth: figures overall, by problem, by rule and by kind of fault."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from urbansense.evaluation.scoring.grading.figures import (
    EventFigures,
    LabelFigures,
    QuietFigures,
    RuleFigures,
    device_days,
    event_figures,
    label_figures,
    quiet_figures,
    rule_figures,
)
from urbansense.evaluation.scoring.grading.findings import Finding, misses, strays
from urbansense.evaluation.scoring.grading.verdicts import EventVerdict, JudgedEvent, JudgedLabel, LabelOutcome, Matched

_T = TypeVar("_T")


class Figures(BaseModel):
    """What became of some labels, and what some events were."""

    model_config = ConfigDict(frozen=True)

    labels: LabelFigures
    events: EventFigures


class FaultFigures(BaseModel):
    """One kind of fault: what became of its labels, and of those that ask for nothing."""

    model_config = ConfigDict(frozen=True)

    labels: LabelFigures
    decoys: QuietFigures


class Score(BaseModel):
    """The whole, as JSON keeps it.

    Time: labels and events of [from_ms, to_ms). `devices` is None where their number is not known. A label stands under
    each of the problems that it asks for, and under a rule if that rule answered it first. `misses` holds labels, `strays`
    false and repeated events; `open_labels` and `disturbed` the names of labels.
    """

    model_config = ConfigDict(frozen=True)

    from_ms: int
    to_ms: int
    devices: int | None
    overall: Figures
    decoys: QuietFigures
    problems: dict[str, Figures]
    rules: dict[str, RuleFigures]
    faults: dict[str, FaultFigures]
    misses: list[Finding]
    strays: list[Finding]
    withdrawn: list[str]
    open_labels: list[str]
    disturbed: list[str]


def score_of(matched: Matched, devices: int | None = None) -> Score:
    """The score. `devices` is how many were watched, for false events per 1,000 device-days."""
    labels, events, window = matched.labels, matched.events, matched.window
    days = device_days(devices, window.from_ms, window.to_ms)
    problems = _joined(labels, lambda one: one.label.expects, events, lambda one: one.event.problem)
    rules = _joined(labels, _answering_rule, events, lambda one: one.event.rule)
    by_fault = _sorted_by(labels, lambda one: (one.label.kind,))
    return Score(
        from_ms=window.from_ms,
        to_ms=window.to_ms,
        devices=devices,
        overall=_figures(labels, events, days),
        decoys=quiet_figures(labels),
        problems={problem: _figures(*found, days) for problem, found in problems.items()},
        rules={rule: rule_figures(*found, days) for rule, found in rules.items()},
        faults={
            kind: FaultFigures(labels=label_figures(found), decoys=quiet_figures(found))
            for kind, found in sorted(by_fault.items())
        },
        misses=misses(matched),
        strays=strays(matched),
        withdrawn=[str(one.event.event_id) for one in events if one.verdict is EventVerdict.WITHDRAWN],
        open_labels=[one.label.label for one in labels if one.outcome is LabelOutcome.OPEN],
        disturbed=[one.label.label for one in labels if one.outcome is LabelOutcome.DISTURBED],
    )


def _answering_rule(one: JudgedLabel) -> tuple[str, ...]:
    return (one.answers[0].event.rule,) if one.answers and one.label.expects else ()


def _figures(labels: Sequence[JudgedLabel], events: Sequence[JudgedEvent], days: float | None) -> Figures:
    return Figures(labels=label_figures(labels), events=event_figures(events, days))


def _joined(
    labels: Iterable[JudgedLabel],
    names_of: Callable[[JudgedLabel], Iterable[str]],
    events: Iterable[JudgedEvent],
    name_of: Callable[[JudgedEvent], str],
) -> dict[str, tuple[list[JudgedLabel], list[JudgedEvent]]]:
    """Labels and events by name, in the order of the names."""
    asked, found = _sorted_by(labels, names_of), _sorted_by(events, lambda one: (name_of(one),))
    return {name: (asked.get(name, []), found.get(name, [])) for name in sorted(asked.keys() | found)}


def _sorted_by(items: Iterable[_T], names_of: Callable[[_T], Iterable[str]]) -> dict[str, list[_T]]:
    found: dict[str, list[_T]] = {}
    for item in items:
        for name in dict.fromkeys(names_of(item)):
            found.setdefault(name, []).append(item)
    return found
