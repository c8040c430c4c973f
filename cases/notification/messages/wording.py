"""The words of a message in English and Chinese. Pure; the city's own templates come as an argument."""

import re
from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

from cases.notification.messages.message import Occasion, Occurrence
from cases.workflow.case import Case
from cases.workflow.states import STATE_ZH
from domain.events import Severity, Text
from domain.time.instants import in_zone

TEMPLATES: Final[Mapping[Occasion, Text]] = {
    Occasion.REPORTED: Text(en="Reported, to be accepted: {title}", zh="新上报,待受理:{title}"),
    Occasion.FILED: Text(en="Filed, to be dispatched: {title}", zh="已立案,待派遣:{title}"),
    Occasion.DISPATCHED: Text(en="For {department}: {title}", zh="派遣至{department}:{title}"),
    Occasion.RETURNED: Text(en="Returned, to be dispatched again: {title}", zh="退单,待重新派遣:{title}"),
    Occasion.EXTENSION_ASKED: Text(en="{department} asks for more time: {title}", zh="{department}申请延期:{title}"),
    Occasion.EXTENSION_DECIDED: Text(en="Decided on more time: {title}", zh="延期申请已审批:{title}"),
    Occasion.URGED: Text(en="Urged: {title}", zh="督办:{title}"),
    Occasion.HANDLED: Text(en="Handled, to be checked: {title}", zh="已处置,待核查:{title}"),
    Occasion.RECOVERED: Text(en="Recovered, to be checked: {title}", zh="自行恢复,待核查:{title}"),
    Occasion.CHECK_FAILED: Text(en="Check failed, do it again: {title}", zh="核查不通过,返工:{title}"),
    Occasion.CLOSED: Text(en="Closed: {title}", zh="已结案:{title}"),
    Occasion.REOPENED: Text(en="Reopened, to be dispatched: {title}", zh="重新立案,待派遣:{title}"),
    Occasion.DUE_SOON: Text(en="Due soon: {title}", zh="即将超时:{title}"),
    Occasion.OVERDUE: Text(en="Overdue: {title}", zh="超时:{title}"),
    Occasion.REPEATEDLY_OVERDUE: Text(en="Overdue again: {title}", zh="多次超时:{title}"),
    Occasion.ESCALATED: Text(en="Nobody has acted ({state}): {title}", zh="无人处理({state}):{title}"),
}
"""The title of a message for each occasion; the case's number stands before it."""

FIELDS: Final = ("number", "title", "problem", "place", "deadline", "department", "severity", "state", "actor", "note")
"""What a template may name in braces."""

_FIELD: Final = re.compile(r"\{([^{}]*)\}")
_SPACE: Final = re.compile(r"\s+")
_NOTE_LENGTH: Final = 300
_SEVERITY_ZH: Final = {
    Severity.CRITICAL: "紧急",
    Severity.MAJOR: "重大",
    Severity.MINOR: "一般",
    Severity.WARNING: "预警",
    Severity.INFO: "提示",
}


def unknown_fields(template: str) -> list[str]:
    """The names in braces that no message can fill."""
    return [name for name in _FIELD.findall(template) if name not in FIELDS]


def title_of(
    occurrence: Occurrence, department: Text | None, templates: Mapping[Occasion, Text], zone: ZoneInfo
) -> Text:
    """The number and what happened, on one line each. `department` is what the case's is called."""
    template = templates.get(occurrence.occasion, TEMPLATES[occurrence.occasion])
    named = department or Text(en="(no department)", zh="(无部门)")
    en = {**_facts(occurrence, zone, "en"), "department": named.en}
    zh = {**_facts(occurrence, zone, "zh"), "department": named.zh}
    number = occurrence.case.number
    return Text(en=f"{number} {_filled(template.en, en)}", zh=f"{number} {_filled(template.zh, zh)}")


def lines_of(occurrence: Occurrence, zone: ZoneInfo) -> tuple[Text, ...]:
    """What else there is to know, one fact a line; what a case lacks has none."""
    en, zh = _facts(occurrence, zone, "en"), _facts(occurrence, zone, "zh")
    named = (
        ("severity", "Severity", "等级"),
        ("problem", "Problem", "问题"),
        ("place", "Place", "地点"),
        ("deadline", "Deadline", "处置时限"),
        ("note", "Note", "备注"),
        ("actor", "By", "经办"),
    )
    return tuple(
        Text(en=f"{title_en}: {en[name]}", zh=f"{title_zh}:{zh[name]}")
        for name, title_en, title_zh in named
        if en[name]
    )


def place_of(case: Case) -> str:
    """Where it is, as well as it is known."""
    return " ".join(filter(None, (case.address, case.subject, case.area)))


def local_time(instant_ms: int, zone: ZoneInfo) -> str:
    """The wall clock of the city, with its zone: `2026-06-01 21:00 (Asia/Shanghai)`."""
    return f"{in_zone(instant_ms, zone):%Y-%m-%d %H:%M} ({zone.key})"


def _facts(occurrence: Occurrence, zone: ZoneInfo, language: str) -> dict[str, str]:
    case = occurrence.case
    chinese = language == "zh"
    facts = {
        "number": case.number,
        "title": case.title.zh if chinese else case.title.en,
        "problem": case.problem,
        "place": place_of(case),
        "deadline": "" if case.deadline is None else local_time(case.deadline.due_at_ms, zone),
        "severity": _SEVERITY_ZH[case.severity] if chinese else case.severity.value,
        "state": STATE_ZH[case.state] if chinese else case.state.value,
        "actor": occurrence.actor,
        "note": occurrence.note[:_NOTE_LENGTH],
    }
    return {name: _SPACE.sub(" ", value).strip() for name, value in facts.items()}


def _filled(template: str, facts: Mapping[str, str]) -> str:
    return _FIELD.sub(lambda match: facts.get(match[1], match[0]), template)
