"""Each service alone, for scale-out, and `up`: all of them in one process."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import typer
import uvloop

from domain.errors import ConfigurationError, TransientFault
from urbansense.configuration.settings import PREFIX, Settings, load_settings
from urbansense.running.logs import configure_logging
from urbansense.running.services import stop_on_signals
from urbansense.wiring import stages


def register(app: typer.Typer) -> None:
    for command in (up, gateway, recorder, correlator, desk, api):
        app.command()(command)
    app.command("rules-worker")(rules_worker)


def up() -> None:
    """The platform in one process, without the simulator."""
    run_until_stopped(load_settings(), stages.run_up)


def gateway(
    slot: Annotated[int | None, typer.Option(help="The slot to hold; default URBANSENSE_GATEWAY_SLOT.")] = None,
    retire: Annotated[
        bool, typer.Option(help="On stop give the slot up for good: take no more, drain, end the session.")
    ] = False,
) -> None:
    """From MQTT to the log: one slot."""
    settings = _alone(load_settings() if slot is None else load_settings(gateway_slot=slot), "MQTT_URL", "LOG_URL")
    run_until_stopped(settings, lambda s, stop: stages.run_gateway(s, stop, end_session=retire))


def recorder() -> None:
    """From the log to the store."""
    run_until_stopped(_alone(load_settings(), "LOG_URL", "STORE_URL"), stages.run_recorder)


def rules_worker() -> None:
    """From telemetry to raised events."""
    run_until_stopped(_alone(load_settings(), "LOG_URL"), stages.run_rules_worker)


def correlator() -> None:
    """From raised events to city events."""
    run_until_stopped(_alone(load_settings(), "LOG_URL"), stages.run_correlator)


def desk() -> None:
    """From city events to cases, and from cases to their topic."""
    run_until_stopped(_alone(load_settings(), "LOG_URL"), stages.run_desk)


def api() -> None:
    """The HTTP API and the live page."""
    run_until_stopped(_alone(load_settings(), "LOG_URL", "STORE_URL"), stages.run_api)


def run_until_stopped(settings: Settings, run: Callable[[Settings, asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Run with uvloop until SIGINT or SIGTERM; a service that still waits for its servers then is done, too."""
    configure_logging(settings.log_level)

    async def main() -> None:
        stop = asyncio.Event()
        stop_on_signals(stop)
        try:
            await run(settings, stop)
        except TransientFault:
            if not stop.is_set():
                raise

    uvloop.run(main())


def _alone(settings: Settings, *parts: str) -> Settings:
    """Settings for one service of several processes, which stands on `parts`.

    Raises: ConfigurationError where one of these serves one process only.
    """
    embedded = [name for name in settings.embedded_parts() if name.removeprefix(PREFIX) in parts]
    if embedded:
        raise ConfigurationError(
            [f"{name} is embedded:, which serves one process only; name a real server or use up" for name in embedded]
        )
    return settings
