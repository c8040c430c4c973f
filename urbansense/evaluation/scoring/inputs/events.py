"""Where events come from to be scored: a file, or the platform through its API."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import ValidationError

from domain.errors import ConfigurationError
from domain.events import Event
from domain.time.durations import format_instant, parse_instant_ms
from urbansense.api_client.api import Api
from urbansense.evaluation.scoring.grading import ScoredEvent

_PAGE: Final = 1_000


async def fetch_platform_events(api: Api, from_ms: int, to_ms: int, with_shadow: bool) -> list[ScoredEvent]:
    """Every event that opened in [from_ms, to_ms), page by page; when they were published is not in it."""
    found: list[ScoredEvent] = []
    for shadow in (None, True) if with_shadow else (None,):
        cursor = None
        while True:
            query = {"from": from_ms, "to": to_ms, "limit": _PAGE, "cursor": cursor, "shadow": shadow}
            page = await api.get("/api/v1/events", **query)
            found += [ScoredEvent(Event.model_validate(item)) for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
    return found


async def fetch_clock_ms(api: Api) -> int:
    """The clock that the platform's data follow, simulated or not: what lies after it nobody has lived to see."""
    return int((await api.get("/api/v1/silences"))["now_ms"])


async def fetch_group_rules(api: Api) -> frozenset[str]:
    """The names of the rules in force that make one event of many."""
    page = await api.get("/api/v1/rules")
    return frozenset(status["rule"] for status in page["items"] if not status["kind"])


def fetch_events_file(path: Path) -> list[ScoredEvent]:
    """The events of a file: what `events list --json` prints, a JSON array, or JSON lines.

    Shape: each is an event, or a CloudEvent of `city.events` in JSON (`time` and `data`; the time is that of publication).
    An event may stand there at several revisions: the highest counts, and the earliest time.
    Raises: ConfigurationError with every event that cannot be read.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    newest: dict[str, ScoredEvent] = {}
    problems: list[str] = []
    for where, document in _documents(path, text, problems):
        try:
            scored = _scored(document)
        except ValidationError as error:
            problems += [f"{path}:{where}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        except (ValueError, TypeError) as error:
            problems.append(f"{path}:{where}: {error}")
        else:
            known = newest.get(str(scored.event.event_id))
            newest[str(scored.event.event_id)] = scored if known is None else _joined(known, scored)
    if problems:
        raise ConfigurationError(problems)
    return list(newest.values())


def event_lines(scored: Iterable[ScoredEvent]) -> Iterator[bytes]:
    """An events file: one CloudEvent a line, at its last revision, its time the clock when it was first published."""
    for one in scored:
        content: dict[str, Any] = {"data": one.event.model_dump(mode="json")}
        if one.published_ms is not None:
            content["time"] = format_instant(one.published_ms)
        yield orjson.dumps(content) + b"\n"


def _documents(path: Path, text: bytes, problems: list[str]) -> Iterator[tuple[str, Any]]:
    """(where, the JSON of one event), from one JSON document or from lines."""
    try:
        whole = orjson.loads(text) if text.strip() else []
    except orjson.JSONDecodeError:
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                try:
                    yield f"{number}", orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    problems.append(f"{path}:{number}: no JSON: {error}")
        return
    items = whole.get("items", [whole]) if isinstance(whole, dict) else whole
    for number, item in enumerate(items if isinstance(items, list) else [items], start=1):
        yield f"item {number}", item


def _scored(document: Any) -> ScoredEvent:
    if not isinstance(document, dict):
        raise TypeError("no event: a JSON object is needed")
    if "data" not in document:
        return ScoredEvent(Event.model_validate(document))
    time = document.get("time")
    return ScoredEvent(Event.model_validate(document["data"]), None if time is None else parse_instant_ms(time))


def _joined(one: ScoredEvent, other: ScoredEvent) -> ScoredEvent:
    """An event at the higher of two revisions, published as early as either of them."""
    newer = one if one.event.revision > other.event.revision else other
    return ScoredEvent(
        newer.event, min((ms for ms in (one.published_ms, other.published_ms) if ms is not None), default=None)
    )
