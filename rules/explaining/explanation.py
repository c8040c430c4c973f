"""Why an event was raised: the rule, its condition with the numbers put in, every reading of the run, and what changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from domain.events import Event, Status, Text
from reporting.wording.durations import duration
from rules.definitions.silences import Silence
from rules.explaining.changes import ChangeLine, changes_of, reason_text
from rules.explaining.formulas import FormulaPart
from rules.explaining.phrases import WallClock, bilingual, origin, with_unit
from rules.explaining.trace import Fate, Seen, Trace
from rules.language.rule import Grouping, Rule

MOST_READINGS: Final = 2_000


class Input(BaseModel):
    """One name that the condition reads, and what it stood for."""

    model_config = ConfigDict(frozen=True)

    name: str
    value: Any
    worded: str
    origin: Text


class ReadingLine(BaseModel):
    """One report of the run. `holds` and `clears` are the verdicts on it, None where it is no evidence."""

    model_config = ConfigDict(frozen=True)

    observed_at_ms: int
    received_at_ms: int
    message_id: str | None
    fate: Fate
    values: dict[str, Any]
    quality: dict[str, str]
    holds: bool | None
    clears: bool | None


class Explanation(BaseModel):
    """Why an event was raised, and what became of it.

    `because` is why it opened and when; `parts` are the condition at the reading that opened it, `inputs` what
    its names stood for there; `readings` those of the run and up to the end; `notes` what else made the event what it is.
    """

    model_config = ConfigDict(frozen=True)

    event: Event
    rule: str
    version: int
    title: Text
    document: str
    because: list[Text]
    parts: list[FormulaPart] = []
    inputs: list[Input] = []
    readings: list[ReadingLine] = []
    changes: list[ChangeLine] = []
    notes: list[Text] = []


@dataclass(frozen=True, slots=True)
class Background:
    """What stands beside an event: the silence it names, its suppressors, and the members of a group's."""

    silence: Silence | None = None
    suppressors: Sequence[Event] = ()
    members: Sequence[Event] = ()


def explain(event: Event, rule: Rule, trace: Trace | None, background: Background, clock: WallClock) -> Explanation:
    """The explanation; `trace` is None for a group's event, or where the device is gone."""
    own = _steps_of(event, trace)
    opening = next((seen for seen in own if seen.at_ms >= _ripe_ms(event, rule) and seen.holds), None)
    return Explanation(
        event=event,
        rule=rule.name,
        version=rule.version,
        title=rule.title,
        document=rule.text,
        because=list(_because(event, rule, own, opening, background, clock)),
        parts=opening.parts if opening else [],
        inputs=_inputs(opening, rule),
        readings=[reading_line(seen) for seen in own[:MOST_READINGS]],
        changes=[c for c in changes_of(trace, clock) if _is_about(c, event)] if trace else [],
        notes=list(_notes(event, rule, trace, background, clock)),
    )


def reading_line(seen: Seen) -> ReadingLine:
    """A report as it is listed."""
    return ReadingLine(
        observed_at_ms=seen.at_ms,
        received_at_ms=seen.report["received_at_ms"],
        message_id=seen.report.get("message_id"),
        fate=seen.fate,
        values=seen.values or dict(seen.report["readings"]),
        quality=dict(seen.report.get("quality") or {}),
        holds=seen.holds,
        clears=seen.clears,
    )


def _steps_of(event: Event, trace: Trace | None) -> list[Seen]:
    """The reports from the run's first reading to the clearing, by observed time."""
    end_ms = event.cleared_at_ms
    steps = [s for s in (trace.seen if trace else ()) if s.at_ms >= event.since_ms]
    return sorted((s for s in steps if end_ms is None or s.at_ms <= end_ms), key=lambda seen: seen.at_ms)


def _ripe_ms(event: Event, rule: Rule) -> int:
    """From when on a true reading opens it; suppression may have held it back after that."""
    return event.opened_at_ms if rule.repeat else event.since_ms + rule.for_ms


def _is_about(change: ChangeLine, event: Event) -> bool:
    return change.at_ms >= event.since_ms and (event.cleared_at_ms is None or change.at_ms <= event.cleared_at_ms)


def _because(
    event: Event, rule: Rule, own: Sequence[Seen], opening: Seen | None, background: Background, clock: WallClock
) -> Iterator[Text]:
    since, opened = clock.wall(event.since_ms), clock.wall(event.opened_at_ms)
    if rule.group is not None:
        yield from _because_of_members(event, rule.group, background, clock)
    elif rule.no_data_ms is not None:
        silence = duration(rule.no_data_ms)
        yield bilingual(
            f"Nothing was heard of {event.subject} since {since}. The rule allows {silence} of silence: the event opened "
            f"exactly then, at {opened}.",
            f"{event.subject} 自 {since} 起无数据。规则允许静默 {silence}，故事件于 {opened} 准时开启。",
        )
    elif rule.repeat is not None:
        within = duration(rule.repeat.within_ms)
        yield bilingual(
            f"The condition held at {rule.repeat.times} readings within {within}, the first at {since}; the reading at "
            f"{opened} completed them and opened the event.",
            f"条件在 {within} 内 {rule.repeat.times} 次成立，首次为 {since}；{opened} 的读数凑足次数，事件随即开启。",
        )
    elif rule.for_ms == 0:
        yield bilingual(
            f"The condition held at the reading observed at {since}; the rule asks for no time to pass, so the event "
            "opened at that instant.",
            f"{since} 的读数使条件成立；规则不要求持续时间，事件在该时刻开启。",
        )
    else:
        yield from _because_of_run(event, rule, own, opening, clock)


def _because_of_run(
    event: Event, rule: Rule, own: Sequence[Seen], opening: Seen | None, clock: WallClock
) -> Iterator[Text]:
    since, ripe, held = clock.wall(event.since_ms), clock.wall(_ripe_ms(event, rule)), duration(rule.for_ms)
    proof_en = proof_zh = ""
    if opening is not None:
        run = [seen for seen in own if seen.at_ms <= opening.at_ms and seen.holds]
        at, message = clock.wall(opening.at_ms), opening.report.get("message_id")
        proof_en = f" Reading {len(run)} of the run, {at}{f', message {message}' if message else ''}, proved it."
        proof_zh = f"其第 {len(run)} 个读数（{at}{f'，消息 {message}' if message else ''}）予以证实。"
    yield bilingual(
        f"The condition held without a break from the reading at {since} on, and the rule asks for {held}: the event "
        f"opened exactly then, at {ripe}.{proof_en}",
        f"自 {since} 的读数起条件持续成立，规则要求持续 {held}，事件即于 {ripe} 开启。{proof_zh}",
    )


def _because_of_members(event: Event, group: Grouping, background: Background, clock: WallClock) -> Iterator[Text]:
    within = duration(group.within_ms)
    yield bilingual(
        f"{group.at_least} open events of {', '.join(group.of)} that are alike in {group.by} and opened within {within} "
        f"are one event. The {len(background.members)} below were open at {clock.wall(event.opened_at_ms)}, when the last "
        "that was needed opened.",
        f"{within} 内开启、{group.by} 相同的 {'、'.join(group.of)} 事件达 {group.at_least} 件即合并为一个事件。"
        f"{clock.wall(event.opened_at_ms)} 最后一件开启时，下列 {len(background.members)} 件均未解除。",
    )
    for member in background.members:
        text = f"{member.rule}, {member.subject}, {clock.wall(member.opened_at_ms)}, {member.event_id}"
        yield bilingual(f"· {text}", f"· {text}")


def _inputs(opening: Seen | None, rule: Rule) -> list[Input]:
    if opening is None:
        return []
    return [
        Input(name=name, value=value, worded=with_unit(name, value, rule), origin=origin(name, rule))
        for name, value in opening.values.items()
        if any(name in part.written for part in opening.parts)
    ]


def _notes(event: Event, rule: Rule, trace: Trace | None, background: Background, clock: WallClock) -> Iterator[Text]:
    """What else made the event what it is."""
    ripe_ms = _ripe_ms(event, rule)
    if rule.group is None and rule.no_data_ms is None and event.opened_at_ms > ripe_ms:
        names = ", ".join(f"{e.rule} on {e.subject}" for e in background.suppressors) or ", ".join(rule.suppressed_by)
        opened = clock.wall(event.opened_at_ms)
        yield bilingual(
            f"It was ripe at {clock.wall(ripe_ms)}, but {names} stood over it; released at {opened}, it opened then.",
            f"本应于 {clock.wall(ripe_ms)} 开启，但受 {names} 抑制；{opened} 抑制解除后开启。",
        )
    if event.absorbed_by:
        yield bilingual(
            f"It is part of a larger event: {event.absorbed_by}, which opened over it.",
            f"已并入更大的事件：{event.absorbed_by}。",
        )
    if event.unstable:
        yield bilingual(
            "The subject is unstable: further openings belong to this one event.",
            "对象状态不稳：后续开启均并入本事件。",
        )
    if event.silenced_by:
        silence = background.silence
        why = f" (by {silence.author}: {silence.reason})" if silence else ""
        yield bilingual(
            f"Nobody is notified: silence {event.silenced_by}{why}.", f"静默 {event.silenced_by}{why}，不予通知。"
        )
    if event.historical:
        yield bilingual(
            "It was found afterwards in data that came too late (historical); nobody was notified.",
            "由迟到数据事后补记（历史事件），不通知。",
        )
    if event.replaces:
        yield bilingual(
            f"Late data moved its opening: it replaces event {event.replaces}.",
            f"迟到数据改变了开启时间：取代事件 {event.replaces}。",
        )
    if event.status is Status.WITHDRAWN:
        late = bilingual("late data showed that it should never have opened", "补到的数据表明不应开启")
        why_gone = reason_text(event.reason) if event.reason else late
        yield bilingual(f"It was withdrawn: {why_gone.en}.", f"事件已撤回：{why_gone.zh}。")
    elif event.reason:
        why_ended = reason_text(event.reason)
        yield bilingual(f"It cleared because {why_ended.en}.", f"事件解除原因：{why_ended.zh}。")
    if event.stale:
        yield bilingual(
            "It is stale: nothing that proves anything was heard for longer than the gap.",
            "事件陈旧：超过允许间隔没有有效数据。",
        )
    yield from _notes_on_retracing(event, rule, trace)


def _notes_on_retracing(event: Event, rule: Rule, trace: Trace | None) -> Iterator[Text]:
    if rule.group is not None:
        return
    if trace is None:
        yield bilingual(
            "The device is no longer known, so its readings could not be judged again.",
            "设备已不在册，无法重新判断其数据。",
        )
        return
    found = {raised.event.event_id for raised in trace.raised}
    ripe = {raised.event.since_ms for raised in trace.raised}
    if event.event_id not in found and event.since_ms not in ripe:
        yield bilingual(
            "Judged again, the stored readings do not give this event: the registry has changed since, or readings are no "
            "longer stored. What it rested on then is in its evidence.",
            "用现存数据重新判断得不到该事件：设备档案已变更或数据已过保存期。当时依据见事件证据。",
        )
