"""JSON Schemas of what stands on the log, generated from the models.

Run as: python -m urbansense.documentation.schemas FOLDER
"""

import sys
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import TypeAdapter

from cases.workflow.case import Case
from cases.workflow.report import Report
from domain.devices import Device, Profile
from domain.events import Event
from domain.rejections import Rejection
from domain.telemetry import Telemetry, Tick
from rules.definitions.silences import Silence
from rules.worker.clock_records import Clock

MODELS: Final[dict[str, Any]] = {
    "telemetry": Telemetry,
    "tick": Tick,
    "rejection": Rejection,
    "device": Device,
    "profile": Profile,
    "event": Event,
    "clock": Clock,
    "silence": Silence,
    "case": Case,
    "report": Report,
}
"""The model of each record, by the name in its `schema` header (`<name>/1`); and of a report, from which a case is made."""


def schema_of(name: str) -> bytes:
    """The JSON Schema (2020-12) of one record, as it stands in `docs/schemas/<name>.json`."""
    schema = TypeAdapter(MODELS[name]).json_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:urbansense:schema:{name}:1"}
    return orjson.dumps({**head, **schema}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in MODELS:
        (folder / f"{name}.json").write_bytes(schema_of(name))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
