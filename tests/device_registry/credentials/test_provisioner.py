"""The broker kept in step by a service, and what the connection to it reports when something is wrong."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from device_registry.credentials.broker_accounts import BrokerAccount
from device_registry.credentials.broker_control import BrokerControl, CommandRefused
from device_registry.credentials.provisioner import Provisioner
from device_registry.credentials.service import CredentialService
from device_registry.storage.registry import Registry
from domain.devices import DeviceState
from domain.errors import TransientFault
from domain.mqtt import parse_mqtt_url
from tests.device_registry.credentials.clients import connected
from tests.device_registry.credentials.conftest import LAMPS
from tests.device_registry.samples import NOW_MS
from tests.servers.mosquitto import SecuredMosquitto

pytestmark = pytest.mark.mosquitto

LAMP_ACCOUNT = BrokerAccount(frozenset({"urbansense/SL-1"}))


class Versions:
    """Stands for the lookup: moves when the test decides that devices have changed."""

    def __init__(self) -> None:
        self.at = 0

    def __call__(self) -> int:
        return self.at


@pytest.fixture
async def versions(desk: CredentialService) -> AsyncIterator[Versions]:
    """The provisioner runs."""
    stop, versions = asyncio.Event(), Versions()
    assert desk.control is not None
    running = asyncio.create_task(Provisioner(desk, desk.control, versions).run(stop))
    yield versions
    stop.set()
    await running


async def becomes(ask: Callable[[], Awaitable[object]], wanted: object, what: str) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                if await ask() == wanted:
                    return
            except TransientFault:
                pass
            await asyncio.sleep(0.1)


async def test_a_suspended_device_is_shut_out_without_being_asked_for(
    desk: CredentialService, versions: Versions, city_registry: Registry, secured_mosquitto: SecuredMosquitto
) -> None:
    control = desk.control
    assert control is not None

    async def account() -> object:
        return (await control.fetch_accounts()).clients.get("SL-1")

    (issued,) = await desk.issue(["SL-1"], author="li")
    await becomes(account, LAMP_ACCOUNT, "the account is there")
    city_registry.upsert_devices([replace(LAMPS[0], state=DeviceState.SUSPENDED)], now_ms=NOW_MS)
    versions.at += 1
    await becomes(account, LAMP_ACCOUNT._replace(disabled=True), "it is shut out")
    city_registry.upsert_devices([replace(LAMPS[0], state=DeviceState.RETIRED)], now_ms=NOW_MS)
    versions.at += 1
    await becomes(account, None, "a retired device has none")
    with connected(secured_mosquitto, issued.username, issued.secret) as lamp:
        assert lamp.refused == "Not authorized"


async def test_what_changed_while_the_broker_was_away_is_made_good_when_it_is_back(
    desk: CredentialService, versions: Versions, secured_mosquitto: SecuredMosquitto
) -> None:
    control = desk.control
    assert control is not None

    async def names() -> object:
        return set((await control.fetch_accounts()).clients)

    await desk.issue(["SL-1", "SL-2"], author="li")
    await becomes(names, {"admin", "SL-1", "SL-2"}, "both are there")
    secured_mosquitto.stop()
    with pytest.raises(TransientFault):
        await desk.revoke(holders=["SL-1"], author="li")
    secured_mosquitto.start()
    await becomes(names, {"admin", "SL-2"}, "the revoked one is gone")


async def test_who_may_not_provision_gets_the_reason(
    secured_mosquitto: SecuredMosquitto, desk: CredentialService
) -> None:
    (lamp,) = await desk.issue(["SL-1"], author="li")
    for username, secret, why in (
        ("admin", "wrong", "Not authorized"),
        (lamp.username, lamp.secret, "'SL-1' may not command it"),
    ):
        control = BrokerControl(parse_mqtt_url(secured_mosquitto.url_for(username, secret)), "intruder", 1.0)
        with pytest.raises(TransientFault, match=why):
            await control.check()
        control.close()


async def test_refused_commands_are_reported_and_the_others_are_done(desk: CredentialService) -> None:
    control = desk.control
    assert control is not None
    with pytest.raises(CommandRefused) as raised:
        await control.give(
            [
                {"command": "createRole", "rolename": "one"},
                {"command": "createRole", "rolename": "one"},
                {"command": "createRole", "rolename": "two"},
            ]
        )
    assert raised.value.problems == ("createRole one: Role already exists",)
    assert {"one", "two"} <= set((await control.fetch_accounts()).roles)
