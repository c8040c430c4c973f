"""The desk over real tables and a real broker."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from device_registry.credentials.broker_control import BrokerControl
from device_registry.credentials.service import CredentialService
from device_registry.credentials.store import CredentialStore
from device_registry.storage.registry import Registry
from domain.devices import Device
from domain.mqtt import parse_mqtt_url
from tests.device_registry.samples import NOW_MS
from tests.servers.mosquitto import ADMIN_SECRET, SecuredMosquitto


class HandClock:
    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


LAMPS = [Device(f"SL-{n}", "streetlight", "streetlight", parent_id="CAB-1") for n in (1, 2)]
CABINETS = [Device(f"CAB-{n}", "cabinet", "cabinet") for n in (1, 2)]


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOW_MS)


@pytest.fixture
def book(registry: Registry) -> CredentialStore:
    """On each database, with two lamps on the first of two cabinets."""
    registry.upsert_devices([*CABINETS, *LAMPS], now_ms=NOW_MS)
    return CredentialStore(registry)


@pytest.fixture
def city_registry(tmp_path: Path) -> Iterator[Registry]:
    """The same devices on SQLite."""
    opened = Registry(f"sqlite:///{tmp_path / 'city.db'}")
    opened.upsert_devices([*CABINETS, *LAMPS], now_ms=NOW_MS)
    yield opened
    opened.close()


@pytest.fixture
async def desk(
    city_registry: Registry, secured_mosquitto: SecuredMosquitto, clock: HandClock
) -> AsyncIterator[CredentialService]:
    control = BrokerControl(parse_mqtt_url(secured_mosquitto.admin_url), "provisioner", patience_s=1.0)
    yield CredentialService(CredentialStore(city_registry), control, clock, admin=("admin", ADMIN_SECRET))
    control.close()
