"""`urbansense demo`: the whole platform and a small city, in one process."""

from typing import Annotated

import typer
import uvloop

from domain.time.durations import parse_duration_ms
from urbansense.commands.simulation.demonstration import DemoOptions, run_demo
from urbansense.configuration.settings import load_settings
from urbansense.running.logs import configure_logging


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    devices: Annotated[int, typer.Option(min=4, max=100_000, help="How many devices the city has.")] = 300,
    speed: Annotated[float, typer.Option(min=0.01, help="Simulated seconds per second, a ceiling.")] = 120.0,
    duration: Annotated[str | None, typer.Option("--for", help="Stop after this long: 60s, 5m.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same city and the same faults.")] = 1,
) -> None:
    """Run everything on a throw-away folder, with a simulated city; Ctrl-C ends it with a summary.

    Exit code 0 only if the ledger balances and holds every report that the broker acknowledged.
    """
    settings = load_settings()
    configure_logging("warning" if settings.log_level == "info" else settings.log_level)
    for_s = parse_duration_ms(duration) / 1000 if duration else None
    if not uvloop.run(run_demo(settings, DemoOptions(devices, speed, seed, for_s))):
        raise typer.Exit(1)
