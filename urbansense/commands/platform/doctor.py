"""`urbansense doctor`: is everything there that the settings name, and what is exposed when it is not."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from secrets import token_hex
from typing import Final
from zoneinfo import ZoneInfo

import httpx
import typer

from cases.deadlines import CityTimes
from cases.desk.backlog import desk_backlog
from cases.policy import load_policy
from cases.storage import CaseStore
from cases.storage.counting import newest_step_ms
from device_registry.storage.registry import Registry
from domain.actors import SYSTEM
from domain.errors import UrbansenseError
from domain.mqtt import parse_mqtt_url
from domain.time.durations import format_duration
from ingest.gateway.mqtt.session import MqttSession, SessionSettings
from rules.definitions.table import read_definitions
from streams.opening.by_url import open_log
from timeseries.opening.by_url import open_store
from urbansense.api_client.opening import bearer
from urbansense.broker.embedded import describe_broker
from urbansense.commands.platform.secrecy import describe_secrecy
from urbansense.commands.terminal.output import JsonFlag, print_json, print_rows
from urbansense.commands.terminal.times import local_time
from urbansense.configuration.installation import known_installation_key
from urbansense.configuration.place import data_dir, make_data_dir
from urbansense.configuration.settings import Settings, load_settings
from urbansense.running.logs import configure_logging
from urbansense.wiring.shared_database import SharedDatabase

_TIMEOUT_S: Final = 10.0
_EXPOSURE: Final = (
    "a broker that crashes (not one that is stopped) loses what it took since its last autosave: "
    "keep autosave_interval at seconds, as deploy/mosquitto/mosquitto.conf does"
)
_SHARED_EXPOSURE: Final = (
    "; Mosquitto forgets the shared subscriptions of several gateway slots over its own restart, "
    "and loses what is published before they are back"
)

_NAMES: Final = {"database": "registry"}

Check = Callable[[Settings], Awaitable[str]]


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(as_json: JsonFlag = False) -> None:
    """Check the settings against the real servers; exit code 0 only if all is well."""
    settings = load_settings()
    configure_logging("error")
    with data_dir(settings):
        results = asyncio.run(_examine(settings))
    if as_json:
        print_json([{"check": name, "ok": ok, "detail": detail} for name, ok, detail in results])
    else:
        print_rows(("check", "", "detail"), [(n, "ok" if ok else "PROBLEM", d) for n, ok, d in results], "")
    if not all(ok for _, ok, _ in results):
        raise typer.Exit(1)


async def _examine(settings: Settings) -> list[tuple[str, bool, str]]:
    running = await _ask_running(settings)
    checks: dict[str, Check] = {
        "data folder": _check_folder,
        "MQTT broker": _check_broker,
        "client ids": _check_client_ids,
        "log": _check_log,
        "store": _check_store,
        "registry": _check_registry,
        "case desk": _check_desk,
    }
    answers = "something runs and answers" if running is not None else "nothing runs: no answer"
    results = [("platform", True, f"{answers} at {settings.client_api_url}")]
    running = running or {}
    for name, check in checks.items():
        if name in running:
            results.append((name, *running[name]))
            continue
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                results.append((name, True, await check(settings)))
        except TimeoutError:
            results.append((name, False, f"no answer within {_TIMEOUT_S:.0f} s"))
        except (UrbansenseError, OSError) as error:
            results.append((name, False, str(error)))
    if "embedded broker" in running:
        results.append(("embedded broker", *running["embedded broker"]))
    return results


async def _ask_running(settings: Settings) -> dict[str, tuple[bool, str]] | None:
    """What an urbansense that runs already reports of the parts that are files of its own; None if none answers."""
    files = {
        "log": settings.log_url.startswith("embedded:"),
        "store": settings.store_url.startswith("embedded:"),
        "registry": settings.registry_url.startswith("sqlite:"),
        "case desk": settings.log_url.startswith("embedded:"),
        "embedded broker": settings.mqtt_url.startswith("embedded:"),
    }
    mine = [name for name, is_file in files.items() if is_file]
    try:
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False, headers=bearer(settings)) as client:
            answer = (await client.get(f"{settings.client_api_url}/readyz")).json()
        checks = {_NAMES.get(check["name"], check["name"]): check for check in answer.get("checks") or ()}
        if not checks:
            whole = f"{'ready' if answer['ready'] else 'NOT ready'} as a whole"
            detail = f"{whole}; for each part set URBANSENSE_API_TOKEN, with scope read"
            return dict.fromkeys(mine, (answer["ready"], detail))
        return {
            name: (checks[name]["ready"], f"{checks[name]['detail']} (says the urbansense that runs)")
            for name in mine
            if name in checks
        }
    except (httpx.HTTPError, ValueError, KeyError):
        return None


async def _check_folder(settings: Settings) -> str:
    await asyncio.to_thread(_write_probe, Path(settings.data_dir, ".doctor"))
    if problems := await asyncio.to_thread(make_data_dir, settings):
        raise UrbansenseError("; ".join(problems))
    return f"{settings.data_dir} can be written, and only its owner reads it"


def _write_probe(path: Path) -> None:
    path.write_bytes(b"")
    path.unlink()


async def _check_broker(settings: Settings) -> str:
    endpoint = parse_mqtt_url(settings.mqtt_url)
    if endpoint.embedded:
        return f"{describe_broker(settings)}; whoever is on this machine may publish"
    stop = asyncio.Event()
    connected = asyncio.Event()
    client_id = f"{settings.topic_prefix}urbansense-doctor-{token_hex(8)}"
    session = MqttSession(
        SessionSettings(endpoint, client_id, "doctor", ["urbansense/doctor"], lasting=False),
        lambda publishes: None,
        connected.set,
    )
    running = asyncio.create_task(session.run(stop))
    try:
        await connected.wait()
    finally:
        stop.set()
        await session.close(end_session=True)
        await running
    shared = _SHARED_EXPOSURE if settings.gateway_slots > 1 else ""
    return f"{endpoint.host}:{endpoint.port} speaks MQTT 5; {_EXPOSURE}{shared}"


async def _check_client_ids(settings: Settings) -> str:
    key, endpoint = known_installation_key(settings), parse_mqtt_url(settings.mqtt_url)
    if endpoint.embedded:
        return "no installation key yet: the first start makes it" if key is None else f"installation key {key.name}"
    return await asyncio.to_thread(describe_secrecy, endpoint, key)


async def _check_log(settings: Settings) -> str:
    log = await open_log(settings.log_url, settings.data_dir)
    try:
        topics = settings.topics
        await log.ensure_topics(topics.specs())
        needed_ms = max((rule.needed_history_ms for rule in await read_definitions(log, topics)), default=0)
        kept_ms = next(spec.retention_ms for spec in topics.specs() if spec.name == topics.all_telemetry[0]) or 0
        if needed_ms > kept_ms:
            raise UrbansenseError(
                f"telemetry is kept for {format_duration(kept_ms)}, but a rule looks back {format_duration(needed_ms)}"
            )
        return f"{settings.log_url}, {topics.partitions} partitions, telemetry kept for {format_duration(kept_ms)}"
    finally:
        await log.close()


async def _check_store(settings: Settings) -> str:
    token = settings.store_token.get_secret_value() if settings.store_token else None
    store = await open_store(settings.store_url, settings.data_dir, token)
    try:
        return await store.check()
    finally:
        await store.close()


async def _check_desk(settings: Settings) -> str:
    policy = load_policy(settings.case_policy, settings.timezone)
    registry = await asyncio.to_thread(Registry, settings.registry_url, settings.kinds)
    log = await open_log(settings.log_url, settings.data_dir)
    try:
        book = await asyncio.to_thread(CaseStore, SharedDatabase(registry.engine), CityTimes(policy.calendar))
        words = (await desk_backlog(log, settings.topics, book)).words
        newest = await asyncio.to_thread(newest_step_ms, book.database, SYSTEM.name)
        last = "" if newest is None else f"; it last did something at {local_time(newest, ZoneInfo(settings.timezone))}"
        return words + last
    finally:
        await log.close()
        registry.close()


async def _check_registry(settings: Settings) -> str:
    registry = await asyncio.to_thread(Registry, settings.registry_url, settings.kinds)
    count = await asyncio.to_thread(registry.count_devices)
    registry.close()
    return f"{count} devices"
