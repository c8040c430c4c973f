"""A simulated clock is moved by whoever reaches a broker on loopback, and elsewhere by the simulator's account alone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from device_registry.credentials.broker_control import BrokerControl
from device_registry.credentials.service import CredentialService
from device_registry.credentials.store import CredentialStore
from device_registry.storage.registry import Registry
from domain.errors import ConfigurationError
from domain.mqtt import SIMULATED_CLOCK_TOPIC, parse_mqtt_url
from simulators.dialects.reports import MqttMessage
from simulators.publish.connection import PublishCounts, Publisher
from tests.servers.mosquitto import ADMIN_SECRET, SecuredMosquitto
from urbansense.configuration.settings import load_settings
from urbansense.wiring.simulated_clock import others_who_may_set_it, refuse_open_clock

SIMULATED = {"clock": "simulated", "topic_prefix": "sim."}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.8.9.1", "[::1]"])
async def test_a_broker_on_loopback_is_taken_as_it_is(host: str) -> None:
    await refuse_open_clock(load_settings({}, mqtt_url=f"mqtt://{host}:1", **SIMULATED), asyncio.Event())


async def test_the_walls_clock_asks_nobody() -> None:
    await refuse_open_clock(load_settings({}, mqtt_url="mqtt://192.0.2.1"), asyncio.Event())


@pytest.mark.parametrize("url", ["mqtt://192.0.2.1", "mqtts://broker.example", "mqtt://0.0.0.0", "embedded://0.0.0.0"])
async def test_a_broker_beyond_loopback_whose_accounts_are_not_ours_is_refused(url: str) -> None:
    settings = load_settings({}, mqtt_url=url, **SIMULATED)
    with pytest.raises(ConfigurationError, match="anybody there could set the clock"):
        await refuse_open_clock(settings, asyncio.Event())


@pytest.fixture
async def control(secured_mosquitto: SecuredMosquitto) -> AsyncIterator[BrokerControl]:
    control = BrokerControl(parse_mqtt_url(secured_mosquitto.admin_url), "asks", patience_s=5.0)
    yield control
    control.close()


@pytest.fixture
async def accounts(
    secured_mosquitto: SecuredMosquitto, control: BrokerControl, tmp_path: Path
) -> AsyncIterator[dict[str, str]]:
    """A broker whose accounts urbansense keeps; the secrets of the services by holder."""
    registry = Registry(f"sqlite:///{tmp_path / 'city.db'}")
    service = CredentialService(CredentialStore(registry), control, lambda: 0, admin=("admin", ADMIN_SECRET))
    issued = await service.issue(["@gateway", "@simulator"], author="test")
    yield {one.holder: one.secret for one in issued}
    registry.close()


async def test_accounts_of_ours_let_only_the_simulator(
    accounts: dict[str, str], control: BrokerControl, secured_mosquitto: SecuredMosquitto
) -> None:
    assert others_who_may_set_it(await control.fetch_accounts()) == []
    for holder, refused in (("@gateway", 1), ("@simulator", 0)):
        counts = PublishCounts()
        endpoint = parse_mqtt_url(secured_mosquitto.url_for(holder, accounts[holder]))
        async with Publisher(endpoint, holder.strip("@")) as publisher:
            await publisher.publish(MqttMessage(SIMULATED_CLOCK_TOPIC, b"{}"), counts)
            await publisher.drain()
        assert counts.refused == refused


@pytest.mark.parametrize("topic", [SIMULATED_CLOCK_TOPIC, "#", "urbansense/+"])
async def test_another_role_that_may_set_it_is_named(
    accounts: dict[str, str], control: BrokerControl, topic: str
) -> None:
    rule = {"acltype": "publishClientSend", "topic": topic, "priority": 5, "allow": True}
    await control.give([{"command": "createRole", "rolename": "lax", "acls": [rule]}])
    assert others_who_may_set_it(await control.fetch_accounts()) == ["lax"]


async def test_a_broker_where_anybody_may_is_named(accounts: dict[str, str], control: BrokerControl) -> None:
    access = [{"acltype": "publishClientSend", "allow": True}]
    await control.give([{"command": "setDefaultACLAccess", "acls": access}])
    assert others_who_may_set_it(await control.fetch_accounts()) == ["anybody"]
