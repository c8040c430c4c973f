"""`urbansense cases`: what is reported, who has it, and the next step."""

from typing import Annotated, Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

import typer
from rich.markup import escape
from rich.table import Table

from cases.workflow.states import STATE_ZH, State
from cases.workflow.table import TRANSITIONS
from domain.errors import ConfigurationError
from domain.time.durations import parse_instant_ms
from domain.time.instants import in_zone
from domain.time.units import HOUR_MS, MINUTE_MS
from urbansense.api_client.api import Api, ApiRefused
from urbansense.api_client.opening import with_api
from urbansense.commands.terminal.author import author
from urbansense.commands.terminal.output import JsonFlag, complain, out, print_json, print_rows
from urbansense.commands.terminal.times import local_time
from urbansense.configuration.settings import load_settings

app = typer.Typer(help="Cases: list, look at, move on, report.", no_args_is_help=True)

_PATH: Final = "/api/v1/cases"
_DATES: Final = (
    "occurred_at_ms", "reported_at_ms", "filed_at_ms", "dispatched_at_ms", "handled_at_ms", "closed_at_ms",
)  # fmt: skip
_FACTS: Final = (
    "severity", "source", "reporter", "class_code", "component_code", "subject", "area", "address", "description",
    "department", "proposed_department", "handler", "dispatches", "returns", "reworks", "urges", "extensions",
)  # fmt: skip
Number = Annotated[str, typer.Argument(help="The case's number, such as 2026-000017, or its id.")]


@app.command("list")
def list_cases(
    state: Annotated[list[State] | None, typer.Option(help="Only this state; may be repeated.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Ended ones, too.")] = False,
    department: Annotated[str | None, typer.Option(help="Only this department's.")] = None,
    area: Annotated[str | None, typer.Option(help="Only this area and below.")] = None,
    severity: Annotated[str | None, typer.Option(help="Only this severity.")] = None,
    problem: Annotated[str | None, typer.Option(help="Only this problem.")] = None,
    source: Annotated[str | None, typer.Option(help="Only what these reported: sensor, inspector, hotline …")] = None,
    text: Annotated[str | None, typer.Option(help="Only where number, title, address or subject contain this.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those whose department is late.")] = False,
    due: Annotated[bool, typer.Option("--by-due", help="The most urgent first, of those whose clock runs.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: JsonFlag = False,
) -> None:
    """List open cases, the newest first."""
    query: dict[str, Any] = {
        "state": [one.value for one in state or ()] or None, "open": None if everything or state else True,
        "department": department, "area": area, "severity": severity, "problem": problem, "source": source,
        "text": text, "overdue": overdue or None, "order": "due" if due else None, "limit": limit, "total": True,
    }  # fmt: skip
    page = with_api(lambda api: api.get(_PATH, **query))
    if as_json:
        print_json(page)
        return
    zone = ZoneInfo(load_settings().timezone)
    table = Table("number", "state", "severity", "problem", "subject", "department", "due", "age", box=None,
                  pad_edge=False, header_style="bold")  # fmt: skip
    for case in page["items"]:
        late = (case["deadline_status"] or {}).get("standing", "") in ("overdue", "repeatedly_overdue")
        cells = (
            case["number"], state_words(case["state"]), case["severity"], case["problem"], case["subject"] or "",
            case["department"] or "", _due(case, zone), _age(case, page["now_ms"]),
        )  # fmt: skip
        table.add_row(*(escape(cell) for cell in cells), style="red" if late else None)
    out.print(table if table.row_count else "no cases")
    if page["next"]:
        out.print(f"… {page['total']} in all; raise --limit or narrow the list")


@app.command("show")
def show_case(number: Number, as_json: JsonFlag = False) -> None:
    """One case: what it is about, its deadline, everything that was done, and what you may do now."""

    async def act(api: Api) -> Any:
        case = await api.get(_path(number))
        return case, await api.get(f"{_path(number)}/transitions")

    case, choices = with_api(act)
    if as_json:
        print_json({**case, "transitions": choices["items"]})
        return
    zone = ZoneInfo(load_settings().timezone)
    out.print(f"[bold]{escape(case['number'])}[/]  {state_words(case['state'])}  {escape(_title(case['title']))}")
    facts = [(name, case[name]) for name in _FACTS] + [(name[:-6], local_time(case[name], zone)) for name in _DATES]
    facts += [("due", _due(case, zone)), ("standing", (case["deadline_status"] or {}).get("standing"))]
    print_rows(("fact", "value"), [(name.replace("_", " "), value) for name, value in facts if value], "")
    steps = [
        (
            local_time(step["at_ms"], zone), _step_words(step["transition"]), state_words(step["state"]), step["actor"],
            step["note"],
        )
        for step in case["history"]
    ]  # fmt: skip
    print_rows(("at", "step", "then", "by", "note"), steps, "")
    if case["events"]:
        rows = [(event["rule"], event["subject"], "open" if event["open"] else "over") for event in case["events"]]
        print_rows(("event of rule", "subject", ""), rows, "")
    if case["attachments"]:
        print_rows(("photo", "bytes", "by"), [(p["name"], p["size"], p["actor"]) for p in case["attachments"]], "")
    _print_choices(choices["items"])


@app.command("do")
def do_transition(
    number: Number,
    transition: Annotated[str, typer.Argument(help="What to do, such as take; `cases show` lists it.")],
    note: Annotated[str, typer.Option(help="Why, or what was done.")] = "",
    department: Annotated[str | None, typer.Option(help="Whom to dispatch or hand over to; else the policy's.")] = None,
    term: Annotated[str | None, typer.Option(help="How long they have, such as '4 working hours'.")] = None,
    more: Annotated[str | None, typer.Option(help="How much more time to ask for, such as '1 working day'.")] = None,
    into: Annotated[str | None, typer.Option(help="The case to merge into.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Do one step. A step that was done meanwhile by somebody else is never overwritten: the command reports it."""
    body: dict[str, Any] = {"transition": transition, "note": note, "department": department, "into": into}
    body |= {"term": _term(term), "more": _term(more)}

    async def act(api: Api) -> Any:
        choices = await api.get(f"{_path(number)}/transitions")
        proposal = next(iter(choices["proposals"]), None)
        if transition == "dispatch" and proposal is not None:
            body["department"] = department or proposal["department"]
            body["term"] = body["term"] or proposal["term"]
        headers = {**author(), "if-match": f'"{choices["revision"]}"'}
        return await api.post_json(f"{_path(number)}/transitions", body, headers=headers)

    try:
        case = with_api(act)
    except ApiRefused as refused:
        complain(refused.problems)
        _print_legal(refused.problem.get("legal") or ())
        raise typer.Exit(1) from None
    if as_json:
        print_json(case)
        return
    due = _due(case, ZoneInfo(load_settings().timezone))
    with_whom = f", with {case['department']}" if case["department"] else ""
    line = f"{case['number']} is {state_words(case['state'])}{with_whom}{f', due {due}' if due else ''}"
    out.print(line, markup=False)


@app.command("report")
def report_case(
    problem: Annotated[str, typer.Argument(help="What is wrong, as the policy names it: cover-open, ponding …")],
    title: Annotated[str, typer.Option(help="A few words for people.")],
    source: Annotated[
        str, typer.Option(help="inspector, hotline, video, leadership, media or other_system.")
    ] = "hotline",
    severity: Annotated[str, typer.Option(help="critical, major, minor, warning or info.")] = "minor",
    area: Annotated[str | None, typer.Option(help="Where: the area's path.")] = None,
    address: Annotated[str, typer.Option(help="Where, in words.")] = "",
    lon: Annotated[float | None, typer.Option(help="WGS 84, degrees.")] = None,
    lat: Annotated[float | None, typer.Option(help="WGS 84, degrees.")] = None,
    subject: Annotated[str | None, typer.Option(help="The device, if it is one.")] = None,
    description: Annotated[str, typer.Option(help="More words.")] = "",
    reporter: Annotated[str, typer.Option(help="Who reported it.")] = "",
    seen: Annotated[str | None, typer.Option(help="When: RFC 3339 with an offset; now if left out.")] = None,
    key: Annotated[
        str | None, typer.Option(help="Idempotency key: the same report again makes no second case.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Report a problem."""
    try:
        seen_ms = None if seen is None else parse_instant_ms(seen)
    except ValueError as error:
        raise ConfigurationError(f"--seen: {error}") from error
    language = "zh" if any("\u4e00" <= character <= "\u9fff" for character in title) else "en"
    body = {
        "source": source, "problem": problem, "title": {language: title}, "severity": severity, "area": area,
        "address": address, "lon": lon, "lat": lat, "subject": subject, "description": description,
        "reporter": reporter, "occurred_at_ms": seen_ms,
    }  # fmt: skip
    headers = {**author(), **({"idempotency-key": key} if key else {})}
    case = with_api(lambda api: api.post_json(_PATH, body, headers=headers))
    if as_json:
        print_json(case)
        return
    out.print(f"{case['number']} is {state_words(case['state'])}", markup=False)


def state_words(state: str) -> str:
    """A state in both languages: `dispatched 派遣`."""
    return f"{state} {STATE_ZH[State(state)]}"


def _step_words(transition: str) -> str:
    known = TRANSITIONS.get(transition)
    return f"{transition} {known.title_zh if known else '上报'}"


def _print_choices(choices: list[Any]) -> None:
    rows = [(one["transition"], one["title"]["zh"], ", ".join(one["needs"])) for one in choices]
    print_rows(("you may", "", "needs"), rows, "nothing for you to do")


def _print_legal(legal: list[str] | tuple[str, ...]) -> None:
    known = [TRANSITIONS[name] for name in legal if name in TRANSITIONS]
    people = [one for one in known if set(one.by) != {"system"}]
    if people:
        rows = [(one.name, one.title_zh, ", ".join(one.needs), ", ".join(sorted(one.by))) for one in people]
        print_rows(("from here", "", "needs", "by"), rows, "")


def _path(number: str) -> str:
    return f"{_PATH}/{quote(number, safe='')}"


def _term(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    from cases.policy.terms import parse_term

    try:
        return parse_term(text).model_dump(mode="json")
    except ValueError as error:
        raise ConfigurationError(str(error)) from error


def _due(case: Any, zone: ZoneInfo) -> str:
    deadline, status = case["deadline"], case["deadline_status"]
    if deadline is None or status is None:
        return ""
    if status["standing"] == "suspended":
        return "stopped"
    late = f" ({status['overdue_ms'] // HOUR_MS} h late)" if status["overdue_ms"] >= HOUR_MS else ""
    return f"{in_zone(deadline['due_at_ms'], zone):%m-%d %H:%M}{late}"


def _age(case: Any, now_ms: int) -> str:
    minutes = max(0, now_ms - case["reported_at_ms"]) // MINUTE_MS
    if minutes < 120:
        return f"{minutes}m"
    return f"{minutes // 60}h" if minutes < 48 * 60 else f"{minutes // 1440}d"


def _title(title: Any) -> str:
    return str(title["en"]) if title["en"] == title["zh"] else f"{title['en']} {title['zh']}"
