"""Reasons behind the rule: what it finds is suppressed, absorbed, silenced, or published already."""

from collections.abc import Iterator

from domain.events import Event, Status
from rules.explaining.absence.answers import Code, Reason, Situation, is_open_at, reason
from rules.explaining.phrases import WallClock
from rules.language.rule import Mode


def found_but_not_published(found: Event, asked: Situation, clock: WallClock) -> Iterator[Reason]:
    """Why what the rule finds in the readings is not on record."""
    opened = clock.wall(found.opened_at_ms)
    lead_en = f"By its readings the rule would have an event open since {opened}"
    lead_zh = f"按读数，规则应有自 {opened} 起开启的事件"
    over = next((event for event in asked.suppressors if is_open_at(event, asked.at_ms)), None)
    if over is not None:
        yield reason(
            Code.SUPPRESSED,
            f"{lead_en}, but {over.rule} on {over.subject}, open since {clock.wall(over.opened_at_ms)}, suppresses it "
            f"(event {over.event_id}). If the condition still holds when that clears, it opens then.",
            f"{lead_zh}，但被 {over.subject} 上自 {clock.wall(over.opened_at_ms)} 起的 {over.rule} 抑制"
            f"（事件 {over.event_id}）；若其解除时条件仍成立，届时开启。",
        )
        return
    unstable = next((event for event in asked.published if event.unstable), None)
    if unstable is not None:
        yield reason(
            Code.UNSTABLE,
            f"{lead_en}; the subject is unstable, and this belongs to event {unstable.event_id}.",
            f"{lead_zh}；对象状态不稳，并入事件 {unstable.event_id}。",
        )
        return
    gone = next((event for event in asked.published if event.status is Status.WITHDRAWN), None)
    if gone is not None and gone.absorbed_by:
        yield reason(
            Code.ABSORBED,
            f"{lead_en}; it was withdrawn as part of {gone.absorbed_by}.",
            f"{lead_zh}；已并入 {gone.absorbed_by} 而撤回。",
        )
        return
    if asked.rule.mode is Mode.LIVE:
        yield reason(
            Code.NOT_YET,
            f"{lead_en}, yet none is on record: it is on its way (see `urbansense ledger`), the rule or the registry "
            "changed since, or what it rests on came too late for the live run.",
            f"{lead_zh}，但没有记录：可能仍在处理（见 urbansense ledger），或规则、设备档案其后有变更，或数据过迟。",
        )
    else:
        yield reason(Code.SHADOW, f"{lead_en}; it is on rules.shadow only.", f"{lead_zh}；只记录于 rules.shadow。")


def about_open(event: Event, asked: Situation, clock: WallClock) -> Reason:
    """There is an event after all, perhaps one that nobody was notified of."""
    opened = clock.wall(event.opened_at_ms)
    tail_en, tail_zh = (
        f"`urbansense rules explain {event.event_id}` tells why.",
        f"原因见 urbansense rules explain {event.event_id}。",
    )
    if event.silenced_by:
        silence = next((s for s in asked.silences if s.id == event.silenced_by), None)
        why = f" ({silence.author}: {silence.reason})" if silence else ""
        return reason(
            Code.SILENCED,
            f"There is an event, open since {opened}, but silence {event.silenced_by}{why} keeps it quiet. {tail_en}",
            f"事件自 {opened} 起开启，但静默 {event.silenced_by}{why} 使其不通知。{tail_zh}",
        )
    if event.absorbed_by:
        return reason(
            Code.ABSORBED,
            f"There is an event, open since {opened}, told as part of {event.absorbed_by}. {tail_en}",
            f"事件自 {opened} 起开启，并入 {event.absorbed_by}。{tail_zh}",
        )
    return reason(
        Code.OPEN, f"There is one: open since {opened}. {tail_en}", f"事件已存在：自 {opened} 起开启。{tail_zh}"
    )
