"""What changed from report to report, as sentences: runs that begin and break, events that open, clear and are amended."""

from collections.abc import Iterator
from itertools import groupby

from pydantic import BaseModel, ConfigDict

from domain.events import Event, Text, Transition
from reporting.wording.durations import duration
from rules.engine.announcing import Raised
from rules.engine.folding import Counted, Held, Pending
from rules.explaining.phrases import WallClock, bilingual
from rules.explaining.trace import Fate, Seen, Trace

_REASONS = {
    "rule_removed": bilingual("the rule was removed", "规则已删除"),
    "rule_off": bilingual("the rule was switched off", "规则已停用"),
    "rule_shadow": bilingual("the rule was put into shadow", "规则转为试运行"),
    "device_retired": bilingual("the device was retired", "设备已注销"),
    "device_suspended": bilingual("the device was suspended", "设备已停用"),
    "not_applicable": bilingual("the rule no longer applies to the device", "规则不再适用于该设备"),
    "suppressed": bilingual("a larger event explains it", "已由上级事件解释"),
}


class ChangeLine(BaseModel):
    """One thing that happened: when it counts from (`at_ms`, observed time), when it was known, and what it was."""

    model_config = ConfigDict(frozen=True)

    at_ms: int
    known_at_ms: int
    message_id: str | None
    what: Text


def changes_of(trace: Trace, clock: WallClock) -> list[ChangeLine]:
    """Everything that changed, in the order in which it became known."""
    found: list[ChangeLine] = []
    latest: dict[str, Event] = {}
    newest_ms: int | None = None
    for step in trace.steps:
        if isinstance(step, Seen):
            known_ms, message_id = step.report["received_at_ms"], step.report.get("message_id")
            sentences = [(step.at_ms, text) for text in _of_report(step, trace, newest_ms, clock)]
            newest_ms = max(newest_ms or 0, step.at_ms)
        else:
            known_ms, message_id, sentences = step.at_ms, None, []
        for raised in step.raised:
            sentences.append(_of_event(raised, latest.get(str(raised.event.event_id)), trace, clock))
            latest[str(raised.event.event_id)] = raised.event
        found += [
            ChangeLine(at_ms=at, known_at_ms=known_ms, message_id=message_id, what=text) for at, text in sentences
        ]
    return list(_joined(found))


def _joined(changes: list[ChangeLine]) -> Iterator[ChangeLine]:
    """What happened again and again without anything else in between is written once, and how often."""
    for _, run in groupby(changes, key=lambda change: change.what):
        first, *others = run
        if others:
            count = len(others) + 1
            what = bilingual(f"{count} times: {first.what.en}", f"共 {count} 次：{first.what.zh}")
            first = first.model_copy(update={"what": what})
        yield first


def _of_report(seen: Seen, trace: Trace, newest_ms: int | None, clock: WallClock) -> Iterator[Text]:
    behind_ms = seen.report["received_at_ms"] - seen.at_ms
    if seen.fate is Fate.TOO_LATE:
        lateness = duration(trace.rule.lateness_ms)
        yield bilingual(
            f"a report came {duration(behind_ms)} late and was not judged: the rule waits {lateness}",
            f"上报迟到 {duration(behind_ms)}，超过允许的 {lateness}，未参与判断",
        )
        return
    if seen.fate is Fate.DUPLICATE:
        yield bilingual("the same report again; it changed nothing", "重复上报，无影响")
        return
    if newest_ms is not None and seen.at_ms < newest_ms:
        yield bilingual(
            f"a report came {duration(behind_ms)} late, within what the rule waits; what followed was judged again",
            f"上报迟到 {duration(behind_ms)}，在允许范围内，其后的数据已重新判断",
        )
    else:
        yield from _of_states(seen, trace)


def _of_states(seen: Seen, trace: Trace) -> Iterator[Text]:
    before, after = seen.before, seen.after
    rule = trace.rule
    if isinstance(before, Pending) and not _goes_on(before, after):
        yield from _run_ended(seen, before, trace)
    match after:
        case Pending(since_ms=since_ms) if not (isinstance(before, Pending) and before.since_ms == since_ms):
            yield bilingual(
                f"the condition holds: a run begins, to open after {duration(rule.for_ms)}",
                f"条件成立，开始计时，持续 {duration(rule.for_ms)} 后开启事件",
            )
        case Counted(readings) if rule.repeat and (not isinstance(before, Counted) or before.readings != readings):
            yield bilingual(
                f"{len(readings)} of {rule.repeat.times} true readings within {duration(rule.repeat.within_ms)}",
                f"{duration(rule.repeat.within_ms)}内第 {len(readings)} 次成立（共需 {rule.repeat.times} 次）",
            )
        case Held(clearing_since_ms=clearing_ms) if (
            isinstance(before, Held) and clearing_ms != before.clearing_since_ms
        ):
            if clearing_ms is not None:
                yield bilingual(
                    f"the clear condition holds; the event clears after {duration(rule.clear_for_ms)}",
                    f"解除条件成立，持续 {duration(rule.clear_for_ms)} 后解除",
                )
            else:
                yield bilingual("the clear condition no longer holds", "解除条件不再成立")
        case _:
            pass


def _goes_on(before: Pending, after: object) -> bool:
    return isinstance(after, Pending | Held) and after.since_ms == before.since_ms


def _run_ended(seen: Seen, before: Pending, trace: Trace) -> Iterator[Text]:
    gap_ms = trace.gap_ms
    silent_ms, held_ms = seen.at_ms - before.last_ms, before.last_ms - before.since_ms
    if seen.span is not None and not seen.span.active:
        yield bilingual("the run ends: the rule is not active now", "计时中断：规则当前不在生效时段")
    elif seen.span is not None and before.last_ms < seen.span.begin_ms:
        yield bilingual("the run ends: the rule was not active in between", "计时中断：其间规则不在生效时段")
    elif silent_ms > gap_ms:
        yield bilingual(
            f"the run is broken: {duration(silent_ms)} of silence, more than the gap of {duration(gap_ms)}",
            f"计时中断：静默 {duration(silent_ms)}，超过允许间隔 {duration(gap_ms)}",
        )
    else:
        yield bilingual(
            f"the run ends after {duration(held_ms)}: the condition no longer holds",
            f"计时在 {duration(held_ms)} 后中断：条件不再成立",
        )


def _of_event(raised: Raised, before: Event | None, trace: Trace, clock: WallClock) -> tuple[int, Text]:
    event = raised.event
    match raised.transition:
        case Transition.OPENED:
            return event.opened_at_ms, bilingual("the event opens", "事件开启")
        case Transition.CLEARED:
            cleared_ms = event.cleared_at_ms or event.opened_at_ms
            why = reason_text(event.reason) if event.reason else None
            return cleared_ms, bilingual(
                "the event clears" + (f": {why.en}" if why else ""), "事件解除" + (f"：{why.zh}" if why else "")
            )
        case Transition.ESCALATED:
            return raised.clock_ms, bilingual(f"severity rises to {event.severity}", f"级别升为 {event.severity}")
        case Transition.WITHDRAWN:
            return event.opened_at_ms, bilingual(
                "the event is withdrawn: with what came late it should never have opened",
                "事件撤回：补到的数据表明不应开启",
            )
        case Transition.AMENDED:
            return raised.clock_ms, _amendment(event, before, trace, clock)


def _amendment(event: Event, before: Event | None, trace: Trace, clock: WallClock) -> Text:
    if before is not None and event.stale != before.stale:
        gap = duration(trace.gap_ms)
        if event.stale:
            return bilingual(
                f"the event goes stale: nothing heard for more than {gap}", f"事件转为陈旧：超过 {gap} 无数据"
            )
        return bilingual("the event is no longer stale", "事件不再陈旧")
    if before is not None and event.cleared_at_ms != before.cleared_at_ms:
        cleared = "open again" if event.cleared_at_ms is None else f"cleared at {clock.wall(event.cleared_at_ms)}"
        return bilingual(f"amended by late data: {cleared}", "因迟到数据修正：解除时间改变")
    if before is not None and event.since_ms != before.since_ms:
        since = clock.wall(event.since_ms)
        return bilingual(f"amended by late data: the run began at {since}", f"因迟到数据修正：起始改为 {since}")
    return bilingual("amended by late data", "因迟到数据修正")


def reason_text(reason: str) -> Text:
    """Why an event ended otherwise than by its readings, in words."""
    return _REASONS.get(reason) or bilingual(reason, reason)
