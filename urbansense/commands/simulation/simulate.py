"""`urbansense simulate`: devices that are not there, over MQTT like any other."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from domain.errors import ConfigurationError
from domain.mqtt import parse_mqtt_url
from domain.time.durations import parse_duration_ms, parse_instant_ms
from simulators.cities import load_city
from simulators.city import City, map_geojson
from simulators.city.devices_file import areas_json, devices_csv
from simulators.dialects.reports import Report
from simulators.publish.clocks import SimulatedClock, WallClock
from simulators.publish.connection import Publisher
from simulators.publish.departures import Leaving, Revelation, on_time
from simulators.publish.dialect_sessions import DialectSessions, NativeSessions
from simulators.publish.driver import DriveReport, drive
from simulators.publish.replay import ReplayedDevice, fetch_series, parse_column
from simulators.publish.report_stream import ReportStream
from simulators.truth.labels import truth_lines
from urbansense.commands.terminal.output import out
from urbansense.configuration.settings import Settings, load_settings
from urbansense.running.logs import configure_logging
from urbansense.running.services import stop_on_signals


def register(app: typer.Typer) -> None:
    app.command()(simulate)


def simulate(
    city: Annotated[str, typer.Option(help="A shipped city by name, or the path of a city file.")] = "zhangjiagang",
    devices: Annotated[
        int | None, typer.Option(min=4, help="How many devices the city has; default what its file says, else 300.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The same seed gives the same city and the same day; default as devices.")
    ] = None,
    speed: Annotated[
        float | None, typer.Option(help="Simulated seconds per second, a ceiling; default unbound.")
    ] = None,
    start: Annotated[str | None, typer.Option(help="RFC 3339; default now.")] = None,
    duration: Annotated[str | None, typer.Option("--for", help="How much time to simulate: 6h, 7d.")] = None,
    devices_file: Annotated[Path | None, typer.Option(help="Write the city's devices file here and end.")] = None,
    areas_file: Annotated[
        Path | None, typer.Option(help="Write the city's areas here, for PUT /api/v1/areas, and end.")
    ] = None,
    map_file: Annotated[
        Path | None, typer.Option("--map", help="Write areas, streets and devices as GeoJSON here, and end.")
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="Write what truly goes wrong here, a label a line, as it happens.")
    ] = None,
    faults: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="The share of devices that each kind of fault befalls in a day; default 0.02."),
    ] = None,
    replay: Annotated[Path | None, typer.Option(help="Publish this recorded series (CSV) instead of a city.")] = None,
    device: Annotated[str, typer.Option(help="Replay: the device that sends it.")] = "",
    kind: Annotated[str, typer.Option(help="Replay: the device's kind.")] = "water_monitor",
    column: Annotated[list[str] | None, typer.Option(help="Replay: 'header=quantity[:unit]', repeatable.")] = None,
    time_column: Annotated[str, typer.Option(help="Replay: the header of the time column.")] = "Time",
) -> None:
    """Publish a city, each device in its own dialect, or with --replay a recorded series; say what was acknowledged."""
    settings = load_settings()
    configure_logging(settings.log_level)
    if replay is not None:
        leaving: Iterable[Leaving] = on_time(_replayed(settings, replay, device, kind, column or [], time_column))
        sessions: DialectSessions | NativeSessions = NativeSessions()
    else:
        described = load_city(city)
        town = described.city(seed, devices)
        if devices_file or areas_file or map_file:
            _write_files(town, devices_file, areas_file, map_file)
            return
        start_ms = parse_instant_ms(start) if start else int(time.time() * 1000)
        until_ms = start_ms + parse_duration_ms(duration) if duration else None
        plan = described.faults if faults is None else described.faults.model_copy(update={"share": faults})
        leaving = ReportStream(town, start_ms, plan, weather_plan=described.weather).departures(until_ms)
        sessions = DialectSessions(town.devices, town.seed, ZoneInfo(town.place.timezone))
    leaving = leaving if truth is None else _written_to(truth, leaving)
    report = asyncio.run(_publish(settings, leaving, sessions, speed))
    out.print(describe_drive(report))
    if not report.complete:
        raise typer.Exit(1)


def _write_files(city: City, devices: Path | None, areas: Path | None, map_: Path | None) -> None:
    """The files that are asked for: what an operator registers, and what shows where it all is."""
    if devices is not None:
        devices.write_text(devices_csv(city.devices, city.blueprint.owners), encoding="utf-8", newline="")
        out.print(f"{len(city.devices)} devices written to {devices}")
    if areas is not None:
        areas.write_bytes(areas_json(city.areas))
        out.print(f"{len(city.areas)} areas written to {areas}")
    if map_ is not None:
        map_.write_bytes(map_geojson(city))
        out.print(f"{len(city.plan.streets)} streets and {len(city.devices)} devices drawn in {map_}")


def describe_drive(report: DriveReport) -> str:
    """What was sent and acknowledged, and the speed that was reached, in one line."""
    line = (
        f"{report.sent} messages sent, {report.acknowledged} acknowledged; {report.distinct} distinct reports; "
        f"{report.simulated_s / 3600:.1f} h in {report.took_s:.1f} s, {report.speed_reached:.0f} times real time"
    )
    for count, what in (
        (report.unsure, "reports sent at QoS 0"),
        (report.again, "sent again on purpose"),
        (report.spoilt, "spoilt on purpose"),
        (report.labels, "labels of the truth told"),
        (report.refused, "refused by the broker"),
        (report.unheard, "heard by no subscriber"),
    ):
        line += f"; {count} {what}" if count else ""
    return line


def _replayed(
    settings: Settings, path: Path, device: str, kind: str, columns: list[str], time_column: str
) -> Iterable[Report]:
    problems = []
    if not device:
        problems.append("--replay needs --device, the registered device that sends the series")
    if not columns:
        problems.append("--replay needs --column, such as --column 'Water flow [l/s]=flow_rate:L/s'")
    if settings.clock != "simulated":
        problems.append(
            "a recorded series has its own time: set URBANSENSE_CLOCK=simulated and URBANSENSE_TOPIC_PREFIX"
        )
    if problems:
        raise ConfigurationError(problems)
    return fetch_series(path, ReplayedDevice(device, kind), [parse_column(text) for text in columns], time_column)


def _written_to(path: Path, leaving: Iterable[Leaving]) -> Iterator[Leaving]:
    """What leaves, with every label written to a truth file on its way."""
    with path.open("w", encoding="utf-8", newline="", buffering=1) as file:
        for departure in leaving:
            if isinstance(departure, Revelation):
                file.writelines(truth_lines([departure.label]))
            yield departure


async def _publish(
    settings: Settings, leaving: Iterable[Leaving], sessions: DialectSessions | NativeSessions, speed: float | None
) -> DriveReport:
    stop = asyncio.Event()
    stop_on_signals(stop)
    clock = SimulatedClock(speed) if settings.clock == "simulated" else WallClock()
    client_id = f"{settings.topic_prefix}simulator-{time.time_ns()}"
    async with AsyncExitStack() as stack:
        publisher = await _connected(stack, Publisher(parse_mqtt_url(settings.mqtt_url), client_id), stop)
        publisher.listen(sessions.commands, sessions.receive)
        return await drive(leaving, publisher, clock, stop, sessions=sessions)


async def _connected(stack: AsyncExitStack, publisher: Publisher, stop: asyncio.Event) -> Publisher:
    """The publisher once the broker has answered; a broker that is away is waited for until somebody stops it."""
    connecting = asyncio.create_task(stack.enter_async_context(publisher))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({connecting, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if connecting.done():
        return await connecting
    connecting.cancel()
    await asyncio.gather(connecting, return_exceptions=True)
    raise ConfigurationError("stopped before the broker answered: nothing was sent")
