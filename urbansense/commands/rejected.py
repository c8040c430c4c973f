"""`urbansense rejected`: what was refused, and trying it again."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from domain.rejections import Reason, Rejection
from ingest.pipeline import Pipeline
from ingest.rejected import decode_rejection, replay_message, replay_telemetry
from streams.ports import Outgoing
from streams.tables import read_to_end
from urbansense.commands.devices import local_time
from urbansense.commands.output import JsonFlag, complain, out, print_json, print_rows
from urbansense.parts import Parts, open_parts
from urbansense.settings import Settings, load_settings

app = typer.Typer(help="Look at rejected messages and replay them.", no_args_is_help=True)

ReasonOption = Annotated[Reason | None, typer.Option(help="Only this reason.")]


@app.command("list")
def list_rejected(
    reason: ReasonOption = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    as_json: JsonFlag = False,
) -> None:
    """List what was refused, newest last. With an embedded log, while nothing else runs on it."""
    settings = load_settings()

    async def act() -> list[tuple[str, Rejection]]:
        async with open_parts(settings, asyncio.Event()) as parts:
            found = [pair async for pair in _rejections(parts, reason)]
        return sorted(found, key=lambda pair: pair[1]["received_at_ms"])[-limit:]

    found = asyncio.run(act())
    if as_json:
        print_json([{"id": place, **rejection} for place, rejection in found])
        return
    zone = ZoneInfo(settings.timezone)
    rows = [
        (place, local_time(r["received_at_ms"], zone), r["reason"] + (" (in part)" if r.get("partial") else ""),
         r.get("device_id", r["topic"]), r["detail"])
        for place, r in found
    ]  # fmt: skip
    print_rows(("id", "received", "reason", "from", "detail"), rows, "nothing was rejected")


@app.command("replay")
def replay_rejected(
    ids: Annotated[list[str] | None, typer.Argument(help="The ids that `list` shows; all without any.")] = None,
    reason: ReasonOption = None,
) -> None:
    """Put rejected messages through again, after the registry or a profile was put right.

    What was accepted the first time comes out as a duplicate and changes nothing; what is still wrong is rejected again.
    """
    settings = load_settings()
    replayed, accepted, problems = asyncio.run(_replay(settings, set(ids or ()), reason))
    complain(problems)
    out.print(f"{replayed} messages replayed, {accepted} reports accepted")
    if problems:
        raise typer.Exit(1)


async def _replay(settings: Settings, ids: set[str], reason: Reason | None) -> tuple[int, int, list[str]]:
    problems: list[str] = []
    replayed = 0
    async with open_parts(settings, asyncio.Event()) as parts:
        await parts.lookup.load(parts.log)
        pipeline = Pipeline(parts.topics, parts.lookup)
        found = [pair async for pair in _rejections(parts, reason) if not ids or pair[0] in ids]
        refused_by_store = 0
        for place, rejection in found:
            try:
                records = _records_of(place, rejection, pipeline, parts)
            except ValueError as error:
                problems.append(str(error))
                continue
            refused_by_store += rejection["reason"] is Reason.STORE_REFUSED
            replayed += 1
            await parts.log.append(records)
    return replayed, pipeline.accepted + refused_by_store, problems


def _records_of(place: str, rejection: Rejection, pipeline: Pipeline, parts: Parts) -> list[Outgoing]:
    if rejection["reason"] is Reason.STORE_REFUSED:
        return [replay_telemetry(rejection, place, parts.topics)]
    return pipeline.records(replay_message(rejection, place))


async def _rejections(parts: Parts, reason: Reason | None) -> AsyncIterator[tuple[str, Rejection]]:
    """(id, rejection) of all that the log still holds; the id is topic/partition/offset."""
    async for record in read_to_end(parts.log, [parts.topics.rejected]):
        rejection = decode_rejection(record.value or b"")
        if reason is None or rejection["reason"] is reason:
            yield f"{record.topic}/{record.partition}/{record.offset}", rejection
