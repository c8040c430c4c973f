"""From what the engine found to the event that people read."""

from typing import Final, NamedTuple
from uuid import UUID

from domain.devices import Device
from domain.events import Event, Evidence, Status, Text, Transition, event_id
from domain.quantities.catalogue import CATALOGUE
from domain.time.durations import format_duration, format_instant
from rules.engine.folding import Basis
from rules.engine.published import Published
from rules.language.conditions.condition import SUN_ELEVATION
from rules.language.rule import Mode, Rule
from rules.language.signals.signal import parse_label, unit_sign

CLOCK_HEADER: Final = "clock"
"""The header on `rules.raised` that carries the partition's clock, epoch ms, to the CloudEvent's time."""


class Raised(NamedTuple):
    """One output of the engine: what happened to an event, the event as it stands after it, and the clock at that."""

    transition: Transition
    event: Event
    mode: Mode
    clock_ms: int


def announce(
    transition: Transition,
    published: Published,
    rule: Rule,
    subject: str,
    device: Device | None,
    clock_ms: int,
    reason: str | None = None,
) -> Raised:
    """The event of a rule on a device (None if it is gone from the registry) as it is published."""
    event = Event(
        event_id=event_id(rule.name, subject, published.opened_at_ms),
        revision=published.revision,
        rule=rule.name,
        rule_version=rule.version,
        subject=subject,
        kind=rule.kind,
        problem=rule.problem,
        component_code=device.component_code if device else None,
        severity=published.severity,
        status=published.status,
        stale=published.stale and published.status is Status.OPEN,
        since_ms=published.since_ms,
        opened_at_ms=published.opened_at_ms,
        cleared_at_ms=published.cleared_at_ms,
        department=rule.department or (device.department if device else None),
        area=device.area if device else None,
        lon=device.lon if device else None,
        lat=device.lat if device else None,
        evidence=tuple(Evidence(quantity=q, value=value, observed_at_ms=t) for q, value, t in published.basis),
        summary=_summary(rule, published),
        reason=reason,
        replaces=_replaced(rule, subject, published),
    )
    return Raised(transition, event, rule.mode, clock_ms)


def _replaced(rule: Rule, subject: str, published: Published) -> UUID | None:
    return None if published.replaces_ms is None else event_id(rule.name, subject, published.replaces_ms)


def _summary(rule: Rule, published: Published) -> Text:
    if rule.no_data_ms is not None:
        since, silence = format_instant(published.since_ms), format_duration(rule.no_data_ms)
        return Text(
            en=f"{rule.title.en}: nothing heard for {silence} since {since}",
            zh=f"{rule.title.zh}：自 {since} 起 {silence} 无数据",
        )
    newest = published.basis[-1][2] if published.basis else None
    shown = tuple(item for item in published.basis if item[2] == newest)
    if not shown:
        return rule.title
    return Text(
        en=f"{rule.title.en}: {', '.join(_worded(shown, chinese=False))}",
        zh=f"{rule.title.zh}：{'，'.join(_worded(shown, chinese=True))}",
    )


def _worded(basis: Basis, *, chinese: bool) -> list[str]:
    return [_worded_item(name, value, chinese=chinese) for name, value, _ in basis]


def _worded_item(name: str, value: float | bool, *, chinese: bool) -> str:
    if (signal := parse_label(name)) is not None:
        return signal.worded(value, chinese=chinese)
    if name == SUN_ELEVATION:
        return f"{'太阳高度角' if chinese else 'Sun elevation'} {value:.1f}°"
    quantity = CATALOGUE[name]
    title = quantity.title_zh if chinese else quantity.title_en
    if quantity.boolean:
        return f"{title} {('是' if value else '否') if chinese else ('yes' if value else 'no')}"
    return f"{title} {value:.6g} {unit_sign(quantity.unit)}".rstrip()
