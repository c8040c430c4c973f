"""Both embedded brokers, each on a loop of its own in a thread, so that clients of theirs may block."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from domain.mqtt import MqttEndpoint
from tests.servers.absence import absent
from tests.servers.mosquitto import BINARY
from tests.servers.ports import free_port
from urbansense.broker.embedded import EmbeddedBroker, open_broker
from urbansense.configuration.settings import Settings

KEEPER = "the-gateway"


def settings_for(choice: str, folder: Path, port: int | None = None) -> Settings:
    if choice != "amqtt" and BINARY is None:
        absent("mosquitto", "mosquitto is not installed (Debian: apt-get install mosquitto)")
    return Settings(mqtt_url=f"embedded://127.0.0.1:{port or free_port()}", embedded_broker=choice, data_dir=folder)  # type: ignore[arg-type]


@contextmanager
def opened(settings: Settings, keeper: str | None = KEEPER) -> Iterator[EmbeddedBroker]:
    """The broker, open; entrusted to a gateway of that name that subscribes to `kept/#` and need not be there."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        manager = open_broker(settings)
        broker = loop.run_until_complete(manager.__aenter__())
        if keeper is not None:
            loop.run_until_complete(broker.entrust(keeper, ["kept/#"]))
        stop = asyncio.Event()
        thread = threading.Thread(target=loop.run_until_complete, args=(broker.run(stop),))
        thread.start()
        try:
            yield broker
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
            loop.run_until_complete(manager.__aexit__(None, None, None))


@pytest.fixture(params=["amqtt", pytest.param("mosquitto", marks=pytest.mark.mosquitto)])
def choice(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def broker(choice: str, tmp_path: Path) -> Iterator[MqttEndpoint]:
    with opened(settings_for(choice, tmp_path)) as broker:
        yield broker.endpoint


@pytest.fixture
def amqtt(tmp_path: Path) -> Iterator[MqttEndpoint]:
    with opened(settings_for("amqtt", tmp_path)) as broker:
        yield broker.endpoint
