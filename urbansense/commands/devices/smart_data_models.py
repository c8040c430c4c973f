"""`urbansense devices ngsi-ld`: devices as FIWARE Smart Data Models, for a context broker."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import click
import orjson
import typer

from urbansense.api_client.api import Api
from urbansense.api_client.opening import with_api
from urbansense.commands.terminal.output import err
from web.standards.ngsi_ld.smart_data_models import EntityType

_A_PAGE = 1000


def register(app: typer.Typer) -> None:
    app.command("ngsi-ld")(export_entities)


def export_entities(
    file: Annotated[Path | None, typer.Argument(help="Where to write; standard output without it.")] = None,
    entity_type: Annotated[EntityType, typer.Option("--type", help="The Smart Data Model.")] = EntityType.STREETLIGHT,
    area: Annotated[str | None, typer.Option(help="Only this area and below.")] = None,
) -> None:
    """Export devices and their newest readings as a JSON array of NGSI-LD entities."""

    async def act(api: Api) -> int:
        written = 0
        with click.open_file(str(file or "-"), "wb") as sink, err.status("reading entities …") as status:
            sink.write(b"[")
            async for entity in _entities(api, entity_type, area):
                sink.write((b",\n" if written else b"\n") + orjson.dumps(entity))
                written += 1
                if written % _A_PAGE == 0:
                    status.update(f"{written} entities …")
            sink.write(b"\n]\n")
        return written

    written = with_api(act)
    err.print(f"{written} entities of type {entity_type.value}")


async def _entities(api: Api, entity_type: EntityType, area: str | None) -> AsyncIterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        page = await api.get(
            "/api/v1/ngsi-ld/entities", type=entity_type.value, area=area, limit=_A_PAGE, cursor=cursor
        )
        for entity in page["items"]:
            yield entity
        cursor = page["next"]
        if cursor is None:
            return
