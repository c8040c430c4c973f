"""Explanations in the terminal, in English or Chinese."""

from collections.abc import Iterable, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from domain.events import Text
from rules.explaining import Explanation, WhyNot
from rules.explaining.changes import ChangeLine
from rules.explaining.explanation import ReadingLine
from rules.explaining.formulas import FormulaPart, worded_value
from rules.explaining.phrases import WallClock
from urbansense.commands.terminal.output import out, print_rows

_ZH: Final = {
    "Why it opened": "开启原因", "The condition, with the numbers put in": "条件代入数值",
    "What its names stood for": "各量取值",
    "Readings": "读数", "What happened": "经过", "Notes": "说明", "The rule": "规则原文", "holds": "成立", "no": "不成立",
    "no evidence": "无证据", "observed": "观测时间", "received": "接收时间", "message": "消息", "condition": "条件",
    "clear condition": "解除条件", "when": "时间", "known at": "得知时间", "what": "事项", "name": "名称", "value": "值",
    "from": "来源", "late": "迟到", "The last readings": "最近读数",
    "… more; use --readings or --json": "……其余从略，用 --readings 或 --json",
    "open": "未解除", "opened": "开启", "cleared": "解除", "withdrawn": "已撤回",
    "too_late": "过迟", "duplicate": "重复", "no_rule": "无规则", "judged": "",
}  # fmt: skip

_SHOWN: Final = 8


class _Printer:
    """Prints in one language."""

    def __init__(self, lang: str, zone: ZoneInfo) -> None:
        self._lang = lang
        self._clock = WallClock(zone)

    def word(self, english: str) -> str:
        return _ZH.get(english, english) if self._lang == "zh" else english

    def text(self, text: Text) -> str:
        return text.zh if self._lang == "zh" else text.en

    def wall(self, at_ms: int) -> str:
        return self._clock.wall(at_ms)

    def heading(self, english: str) -> None:
        out.print(f"\n{self.word(english)}", style="bold", markup=False)

    def lines(self, texts: Iterable[Text]) -> None:
        for text in texts:
            out.print(self.text(text), markup=False, soft_wrap=True)

    def verdict(self, holds: bool | None) -> str:
        return self.word("no evidence" if holds is None else "holds" if holds else "no")

    def parts(self, parts: Sequence[FormulaPart]) -> None:
        for part in parts:
            out.print(f"{part.written}", markup=False, soft_wrap=True)
            out.print(f"    {part.filled}    → {self.verdict(part.holds)}", markup=False, soft_wrap=True)

    def changes(self, changes: Sequence[ChangeLine]) -> None:
        rows = [(self.wall(c.at_ms), self.wall(c.known_at_ms), c.message_id, self.text(c.what)) for c in changes]
        print_rows(tuple(map(self.word, ("when", "known at", "message", "what"))), rows, "")

    def readings(self, readings: Sequence[ReadingLine], *, judged: bool, clears: bool = False) -> None:
        names = tuple(
            dict.fromkeys(name for line in readings for name in line.values if not name.startswith("device."))
        )
        heads = (
            "observed",
            "received",
            "message",
            *names,
            *(("condition",) if judged else ()),
            *(("clear condition",) if clears else ()),
        )
        rows = [self._reading(line, names)[: len(heads)] for line in readings]
        print_rows(tuple(map(self.word, heads)), rows, "")

    def _reading(self, line: ReadingLine, names: Sequence[str]) -> Sequence[object]:
        fate = self.word(line.fate.value) if line.fate.value != "judged" else self.verdict(line.holds)
        cells = [self._cell(line, name) for name in names]
        after = self.verdict(line.clears)
        return (self.wall(line.observed_at_ms), self.wall(line.received_at_ms), line.message_id, *cells, fate, after)

    @staticmethod
    def _cell(line: ReadingLine, name: str) -> str:
        value, mark = line.values.get(name), line.quality.get(name.removeprefix("reading."))
        text = "–" if value is None else worded_value(value)
        return f"{text} ({mark})" if mark else text


def print_explanation(explanation: Explanation, lang: str, zone: ZoneInfo, most: int) -> None:
    """Everything about one event, the short answer first."""
    printer, event = _Printer(lang, zone), explanation.event
    cleared = "" if event.cleared_at_ms is None else f", {printer.word('cleared')} {printer.wall(event.cleared_at_ms)}"
    status = printer.word(event.status.value) if event.cleared_at_ms is None else ""
    out.print(
        f"{explanation.rule} {explanation.version} ({printer.text(explanation.title)}), {event.subject}, {event.severity}: "
        f"{printer.word('opened')} {printer.wall(event.opened_at_ms)}{cleared}{f', {status}' if status else ''}",
        style="bold", markup=False, soft_wrap=True,
    )  # fmt: skip
    printer.heading("Why it opened")
    printer.lines(explanation.because)
    if explanation.parts:
        printer.heading("The condition, with the numbers put in")
        printer.parts(explanation.parts)
    if explanation.inputs:
        printer.heading("What its names stood for")
        rows = [(one.name, one.worded, printer.text(one.origin)) for one in explanation.inputs]
        print_rows(tuple(map(printer.word, ("name", "value", "from"))), rows, "")
    if explanation.notes:
        printer.heading("Notes")
        printer.lines(explanation.notes)
    if explanation.changes:
        printer.heading("What happened")
        printer.changes(explanation.changes)
    if explanation.readings and most:
        printer.heading("Readings")
        has_clears = any("clear_when" in line for line in explanation.document.splitlines())
        printer.readings(explanation.readings[:most], judged=bool(explanation.parts), clears=has_clears)
        if len(explanation.readings) > most:
            out.print(printer.word("… more; use --readings or --json"), markup=False)
    printer.heading("The rule")
    out.print(explanation.document.strip(), markup=False, soft_wrap=True)


def print_why_not(answer: WhyNot, lang: str, zone: ZoneInfo) -> None:
    """The reasons, what decides first, and what they rest on."""
    printer = _Printer(lang, zone)
    out.print(f"{answer.rule} {answer.version or ''}, {answer.device}, {printer.wall(answer.at_ms)}", style="bold")
    printer.lines(reason.text for reason in answer.reasons)
    if answer.parts:
        printer.heading("The condition, with the numbers put in")
        printer.parts(answer.parts)
    if answer.changes:
        printer.heading("What happened")
        printer.changes(answer.changes)
    if answer.readings:
        printer.heading("The last readings")
        printer.readings(answer.readings[-_SHOWN:], judged=bool(answer.parts))
