"""Reasons in the readings: none, late, no evidence, false, or true but not for long enough."""

from collections.abc import Iterator, Sequence

from domain.events import Event
from reporting.wording.durations import duration
from rules.engine.folding import Counted, Pending
from rules.explaining.absence.answers import Code, Reason, Situation, is_open_at, reason
from rules.explaining.absence.published import found_but_not_published
from rules.explaining.changes import changes_of
from rules.explaining.missing import why_no_evidence
from rules.explaining.phrases import WallClock
from rules.explaining.trace import Fate, Seen, Trace


def of_trace(trace: Trace, asked: Situation, clock: WallClock) -> Iterator[Reason]:
    """Reasons that the device's reports give, what decides first."""
    rule = asked.rule
    found = _found_at(trace, asked.at_ms)
    if found is not None:
        yield from found_but_not_published(found, asked, clock)
        return
    if trace.error:
        yield reason(Code.ERROR, f"The rule failed: {trace.error}", f"规则出错：{trace.error}")
    if (span := _inactive_span(trace, asked)) is not None:
        yield reason(Code.NOT_ACTIVE, *_not_active(span, clock))
    if rule.no_data_ms is not None:
        yield _not_silent(trace, asked, clock)
        return
    judged = [seen for seen in trace.seen if seen.fate is Fate.JUDGED]
    if not judged:
        yield _nothing_judged(trace, asked, clock)
        return
    newest_ms = max(seen.at_ms for seen in judged)
    if trace.judges and asked.at_ms - newest_ms > trace.gap_ms:
        yield _silent(newest_ms, asked.at_ms, clock)
    yield from _of_readings(judged, trace, clock)


def _found_at(trace: Trace, at_ms: int) -> Event | None:
    final = {raised.event.event_id: raised.event for raised in trace.raised}
    return next((event for event in final.values() if is_open_at(event, at_ms)), None)


def _inactive_span(trace: Trace, asked: Situation) -> tuple[int, int] | None:
    plan = trace.plan
    if plan.activities is None or plan.activities[0] is None:
        return None
    span = plan.activities[0](asked.at_ms, trace.device)
    if span is None:
        return (0, 0)
    return None if span.active else (span.begin_ms, span.end_ms)


def _not_active(span: tuple[int, int], clock: WallClock) -> tuple[str, str]:
    if span == (0, 0):
        return (
            "Whether the rule is active cannot be told: the device's place or the calendar is not known.",
            "无法判断规则是否生效：设备坐标或日历未知。",
        )
    begin, end = (clock.wall(at_ms) for at_ms in span)
    return (
        f"The rule is not active at that time: not from {begin} to {end}.",
        f"规则此时不在生效时段：{begin} 至 {end} 不生效。",
    )


def _not_silent(trace: Trace, asked: Situation, clock: WallClock) -> Reason:
    silence_ms = asked.rule.no_data_ms or 0
    assert asked.device is not None
    last_ms = trace.last_report_ms or asked.last_report_ms
    since_ms = asked.device.activated_at_ms if last_ms is None else last_ms
    what = ("The device became active", "设备启用时间") if last_ms is None else ("It was last heard", "最近一次数据")
    passed, allowed, at = duration(max(0, asked.at_ms - since_ms)), duration(silence_ms), clock.wall(since_ms)
    return reason(
        Code.NOT_SILENT,
        f"{what[0]} at {at}, {passed} before; the rule waits for {allowed} of silence.",
        f"{what[1]}为 {at}，距今 {passed}；规则要求静默 {allowed}。",
    )


def _nothing_judged(trace: Trace, asked: Situation, clock: WallClock) -> Reason:
    late = [seen for seen in trace.seen if seen.fate is Fate.TOO_LATE]
    if late:
        worst = max(seen.report["received_at_ms"] - seen.at_ms for seen in late)
        lateness = duration(asked.rule.lateness_ms)
        return reason(
            Code.TOO_LATE,
            f"{len(late)} reports came, all later than the {lateness} the rule waits (up to {duration(worst)} late); they "
            "are stored but not judged. `rules backtest --raise` can judge them.",
            f"收到 {len(late)} 条上报，均超过允许的 {lateness}（最多迟到 {duration(worst)}），已存储但未判断；"
            "可用 rules backtest --raise 补判。",
        )
    if asked.last_report_ms is None:
        return reason(Code.NO_READINGS, "Nothing was ever heard of the device.", "从未收到该设备的数据。")
    return _silent(asked.last_report_ms, asked.at_ms, clock)


def _silent(last_ms: int, at_ms: int, clock: WallClock) -> Reason:
    at, ago = clock.wall(last_ms), duration(max(0, at_ms - last_ms))
    return reason(
        Code.NO_READINGS,
        f"Nothing was heard since {at}, {ago} before: silence is not evidence. A rule with no_data would fire.",
        f"自 {at} 起（{ago}）无数据：静默不构成证据。此情形由 no_data 规则负责。",
    )


def _of_readings(judged: Sequence[Seen], trace: Trace, clock: WallClock) -> Iterator[Reason]:
    newest = max(judged, key=lambda seen: seen.at_ms)
    match trace.state:
        case Pending(since_ms, last_ms, _):
            yield _pending(since_ms, last_ms, trace, clock)
            return
        case Counted(readings) if trace.rule.repeat is not None:
            within = duration(trace.rule.repeat.within_ms)
            yield reason(
                Code.COUNTING,
                f"The condition held at {len(readings)} readings within {within}; {trace.rule.repeat.times} are needed.",
                f"{within} 内条件成立 {len(readings)} 次，尚需 {trace.rule.repeat.times} 次。",
            )
            return
        case _:
            pass
    if newest.holds is None:
        yield Reason(code=Code.NO_EVIDENCE, text=why_no_evidence(newest, trace, clock))
    elif not newest.holds:
        yield _false(newest, trace, clock)
    last_end = next(
        (c for c in reversed(changes_of(trace, clock)) if "run" in c.what.en or "clears" in c.what.en), None
    )
    if last_end is not None:
        at = clock.wall(last_end.at_ms)
        yield reason(
            Code.CLEARED if "clears" in last_end.what.en else Code.FALSE,
            f"Before that, at {at}: {last_end.what.en}.",
            f"此前 {at}：{last_end.what.zh}。",
        )


def _pending(since_ms: int, last_ms: int, trace: Trace, clock: WallClock) -> Reason:
    held, needed = duration(last_ms - since_ms), duration(trace.rule.for_ms)
    since, last, due = clock.wall(since_ms), clock.wall(last_ms), clock.wall(since_ms + trace.rule.for_ms)
    gap = duration(trace.gap_ms) if trace.judges else ""
    return reason(
        Code.PENDING,
        f"The condition holds, but only for {held} of {needed}: since {since}, last seen at {last}. A reading at or after "
        f"{due} that still finds it true opens the event; silence longer than {gap} breaks the run.",
        f"条件成立，但只持续了 {held}（需 {needed}）：自 {since} 起，最近一次 {last}。"
        f"{due} 及以后的读数若仍成立即开启事件；静默超过 {gap} 则中断。",
    )


def _false(newest: Seen, trace: Trace, clock: WallClock) -> Reason:
    wrong = [part for part in newest.parts if part.holds is not True]
    filled = " && ".join(part.filled for part in wrong)
    written = " && ".join(part.written for part in wrong)
    at, message = clock.wall(newest.at_ms), newest.report.get("message_id")
    note = f", message {message}" if message else ""
    return reason(
        Code.FALSE,
        f"The condition is false at the last reading ({at}{note}): {written} is {filled}.",
        f"最近一次读数（{at}{f'，消息 {message}' if message else ''}）使条件不成立：{written} 即 {filled}。",
    )
