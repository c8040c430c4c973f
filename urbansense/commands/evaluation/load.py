"""`urbansense load`: thousands of devices at a rate, and whether the platform keeps up."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from domain.errors import ConfigurationError
from domain.mqtt import parse_mqtt_url
from domain.time.durations import parse_duration_ms
from simulators.fleet.kinds import kind_named
from simulators.fleet.schedule import PlannedOutage, ProfileName
from urbansense.commands.evaluation.load_report import print_runs, progress_of
from urbansense.configuration.settings import Settings, load_settings
from urbansense.evaluation.load.judging import Thresholds
from urbansense.evaluation.load.page import report_page
from urbansense.evaluation.load.report import LoadReport, encode_report
from urbansense.evaluation.load.requested import RequestedLoad
from urbansense.evaluation.load.session import Session, Wanted, run_session
from urbansense.evaluation.load.usage import parse_service
from urbansense.running.logs import configure_logging
from urbansense.running.services import stop_on_signals

_PROBE = "Every so many devices one opens an event with every other report; 0 for none."


def register(app: typer.Typer) -> None:
    app.command()(load)


def load(
    devices: Annotated[int, typer.Option(min=1, help="How many devices send.")] = 1000,
    rate: Annotated[float, typer.Option(min=0.001, help="Messages a second of all devices together.")] = 1000.0,
    duration: Annotated[str, typer.Option(help="How long: 60s, 5m.")] = "60s",
    qos: Annotated[int, typer.Option(min=1, max=1, help="MQTT quality of service; 1 only.")] = 1,
    profile: Annotated[ProfileName, typer.Option(help="The shape of the load.")] = ProfileName.STEADY,
    kind: Annotated[str, typer.Option(help="streetlight, manhole_cover or water_monitor.")] = "streetlight",
    connections: Annotated[int, typer.Option(min=0, help="MQTT connections; 0 is one for each device.")] = 0,
    processes: Annotated[int, typer.Option(min=1, help="Processes that send.")] = 1,
    window: Annotated[int, typer.Option(min=1, max=30_000, help="Unacknowledged messages a connection.")] = 1000,
    outage: Annotated[str | None, typer.Option(help="Of the outage profile: start+length, as 20s+10s.")] = None,
    outage_share: Annotated[float, typer.Option(min=0.01, max=1.0, help="Share of connections it takes.")] = 1.0,
    probe_every: Annotated[int, typer.Option(min=0, help=_PROBE)] = 100,
    service: Annotated[list[str] | None, typer.Option(help="name=URL of its /metrics, or name=pid.")] = None,
    max_loss: Annotated[int, typer.Option(help="Acknowledged reports that may be missing.")] = 0,
    min_achieved: Annotated[float, typer.Option(help="Share of the offered rate to be acknowledged.")] = 0.99,
    max_log_p99: Annotated[str | None, typer.Option(help="Device to log, as 500ms.")] = None,
    max_store_p99: Annotated[str | None, typer.Option(help="Device to store, as 2s.")] = None,
    max_event_p99: Annotated[str | None, typer.Option(help="Device to event; default 1s, but for an outage.")] = None,
    max_driver_p99: Annotated[str | None, typer.Option(help="The driver's own lag, as 50ms.")] = None,
    max_recovery: Annotated[str | None, typer.Option(help="After an outage, as 30s.")] = None,
    find_limit: Annotated[bool, typer.Option(help="Find the highest rate that passes, from --rate upwards.")] = False,
    json: Annotated[Path | None, typer.Option(dir_okay=False, help="Write the report here as JSON.")] = None,
    html: Annotated[Path | None, typer.Option(dir_okay=False, help="Write the report here as a page.")] = None,
    keep: Annotated[bool, typer.Option(help="Leave the load's devices and rule on the platform.")] = False,
) -> None:
    """Send by a schedule and measure what comes out. Exit code 1 if a threshold is missed."""
    settings = load_settings()
    configure_logging(settings.log_level)
    _check(settings, outage, profile)
    limits = Thresholds(
        max_loss=max_loss,
        min_achieved=min_achieved,
        max_log_p99_ms=_ms(max_log_p99),
        max_store_p99_ms=_ms(max_store_p99),
        max_event_p99_ms=_ms(max_event_p99) or (1000.0 if probe_every and profile is not ProfileName.OUTAGE else None),
        max_driver_p99_ms=_ms(max_driver_p99),
        max_recovery_s=_s(max_recovery),
    )
    requested = RequestedLoad(
        parse_mqtt_url(settings.mqtt_url), kind_named(kind), profile, _duration_ms(duration) / 1000,
        _outage(outage, outage_share), devices, connections, processes, probe_every, window, settings.topic_prefix,
    )  # fmt: skip
    requested.plan_for(rate)
    services = [parse_service(text) for text in service or []]
    with progress_of() as on_progress:
        wanted = Wanted(requested.plan_for, rate, limits, services, find_limit, keep, on_progress)
        session = uvloop.run(_run(settings, wanted))
    print_runs(session)
    _write(session, json, html)
    if session.best is None or not session.best.passed:
        raise typer.Exit(1)


async def _run(settings: Settings, wanted: Wanted) -> Session:
    stop = asyncio.Event()
    stop_on_signals(stop)
    return await run_session(settings, wanted, stop)


def _write(session: Session, json: Path | None, html: Path | None) -> None:
    report: LoadReport | None = session.decisive
    if report is None:
        return
    if json is not None:
        json.write_bytes(encode_report(report))
    if html is not None:
        html.write_text(report_page(report), encoding="utf-8")


def _check(settings: Settings, outage: str | None, profile: ProfileName) -> None:
    problems = []
    if parse_mqtt_url(settings.mqtt_url).tls:
        problems.append("load speaks no TLS: give it a listener without, on loopback or in a closed network")
    if settings.clock == "simulated":
        problems.append("load measures real time: unset URBANSENSE_CLOCK=simulated")
    if outage is not None and profile is not ProfileName.OUTAGE:
        problems.append("--outage needs --profile outage")
    if problems:
        raise ConfigurationError(problems)


def _outage(text: str | None, share: float) -> PlannedOutage | None:
    if text is None:
        return None
    start, plus, length = text.partition("+")
    if not plus:
        raise ConfigurationError(f"--outage {text!r}: write when it begins and how long it lasts, as 20s+10s")
    start_s = _duration_ms(start) / 1000
    return PlannedOutage(start_s, start_s + _duration_ms(length) / 1000, share)


def _ms(text: str | None) -> float | None:
    return None if text is None else float(_duration_ms(text))


def _s(text: str | None) -> float | None:
    return None if text is None else _duration_ms(text) / 1000


def _duration_ms(text: str) -> int:
    try:
        return parse_duration_ms(text)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
