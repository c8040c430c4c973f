"""One written evening of two lamps in a data folder, as docs/rules/backtest.md and explain.md tell it."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from domain.telemetry import Telemetry
from domain.time.durations import parse_instant_ms
from rules.backtest.preparing import BacktestRequest
from rules.service.history import RuleHistoryService
from timeseries.ports import PartitionBatch
from urbansense.commands.cli import app
from urbansense.configuration.settings import load_settings
from urbansense.wiring.parts import open_platform_parts

PAGES = Path(__file__).parents[2] / "docs/rules"
DEVICES = """\
device_id,kind,profile,name,area,lon,lat,parent_id,component_code,department,report_interval_s,dev_eui,mn,attributes
SL-0001,streetlight,,Lamp 1,320582/110/152/102,120.55,31.87,,,lighting,60,,,"{""nominal_power"": 100}"
SL-0002,streetlight,,Lamp 2,320582/110/152/102,120.56,31.87,,,lighting,60,,,"{""nominal_power"": 60}"
"""
EVENING_MS = parse_instant_ms("2026-11-01T18:00:00+08:00")
MINUTES = 360
DARK = {"SL-0001": [(30, 70), (180, 184)], "SL-0002": [(120, 140)]}
SILENT = {"SL-0001": [], "SL-0002": [(240, 300)]}


def rules_of(page: str) -> list[str]:
    """The rule documents of a page."""
    return re.findall(r"```yaml\n(rule: .*?)```", (PAGES / f"{page}.md").read_text(encoding="utf-8"), re.DOTALL)


def reports() -> list[Telemetry]:
    """A report a minute of each lamp; the ones after half past seven of lamp 1 come an hour late, for ten minutes."""
    told: list[Telemetry] = []
    for device_id, power in (("SL-0001", 96.0), ("SL-0002", 58.0)):
        for minute in range(MINUTES):
            if any(first <= minute < last for first, last in SILENT[device_id]):
                continue
            is_dark = any(first <= minute < last for first, last in DARK[device_id])
            at_ms = EVENING_MS + minute * 60_000
            late_ms = 3_600_000 if device_id == "SL-0001" and 90 <= minute < 100 else 400
            readings: dict[str, Any] = {"dimming_level": 80.0, "active_power": 1.5 if is_dark else power}
            told.append({
                "device_id": device_id, "kind": "streetlight", "observed_at_ms": at_ms, "received_at_ms": at_ms + late_ms,
                "codec": "json", "message_id": str(minute), "readings": readings,
            })  # fmt: skip
    return told


@pytest.fixture(scope="session")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after that evening: the page's first rule in force, its events as the live run told them."""
    place = tmp_path_factory.mktemp("evening")
    first, second = rules_of("backtest")[:2]
    (place / "lamp-dark.yaml").write_text(first, encoding="utf-8")
    (place / "lamp-dark-later.yaml").write_text(second, encoding="utf-8")
    (place / "devices.csv").write_text(DEVICES, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        go_to(place, patch)
        for command in ("devices import devices.csv", "rules apply lamp-dark.yaml"):
            assert CliRunner().invoke(app, command.split()).exit_code == 0
        asyncio.run(_live_through_it())
    return place


def go_to(place: Path, patch: pytest.MonkeyPatch) -> None:
    patch.chdir(place)
    patch.setenv("URBANSENSE_HTTP_PORT", "1")  # nothing answers there
    patch.setenv("URBANSENSE_PARTITIONS", "2")


async def _live_through_it() -> None:
    settings = load_settings()
    async with open_platform_parts(settings, asyncio.Event()) as parts:
        await parts.lookup.load(parts.log)
        await parts.store.write_telemetry([PartitionBatch("telemetry.streetlight", 0, 1, reports())], {})
        history = RuleHistoryService(parts.log, parts.topics, parts.store, parts.lookup, settings.timezone)
        request = BacktestRequest("lamp-dark", EVENING_MS, EVENING_MS + MINUTES * 60_000)
        result = await history.backtest(request, await history.prepare(request), lambda progress: None)
        await parts.store.write_events(result.candidate.events)
