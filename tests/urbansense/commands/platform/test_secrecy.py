"""Whether the doctor finds a broker that shows client ids, on a real Mosquitto."""

from pathlib import Path

import pytest

from device_registry.credentials.broker_file import broker_file
from device_registry.credentials.secrets import hash_secret
from device_registry.credentials.store import CredentialStore
from device_registry.storage.registry import Registry
from domain.errors import UrbansenseError
from domain.mqtt import parse_mqtt_url
from tests.ingest.installation import KEY
from tests.servers.mosquitto import ADMIN_SECRET, Mosquitto, SecuredMosquitto
from urbansense.commands.platform.secrecy import describe_secrecy

pytestmark = pytest.mark.mosquitto


def test_an_open_broker_that_publishes_its_log_is_a_problem(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path, "log_dest topic\nlog_type notice\n").start()
    try:
        with pytest.raises(UrbansenseError, match="shows client ids to anybody"):
            describe_secrecy(parse_mqtt_url(broker.url), KEY)
    finally:
        broker.stop()


def test_an_open_broker_that_does_not_is_none(mosquitto: Mosquitto) -> None:
    line = describe_secrecy(parse_mqtt_url(mosquitto.url), KEY)
    assert line == f"installation key {KEY.name}; anybody gets in without an account; no client id is shown"
    assert describe_secrecy(parse_mqtt_url(mosquitto.url), None).startswith("no installation key yet")


def test_on_a_secured_broker_the_gateways_account_sees_none_and_the_administrators_does(
    secured_mosquitto: SecuredMosquitto, tmp_path: Path
) -> None:
    """Its log is published there: the default access and the roles keep it from all but who provisions."""
    registry = Registry(f"sqlite:///{tmp_path / 'registry.db'}")
    store = CredentialStore(registry)
    gateway = store.issue(["@gateway"], now_ms=0)[0]
    standing = store.standing(0)
    registry.close()
    secured_mosquitto.stop()
    admin = ("admin", hash_secret(ADMIN_SECRET))
    secured_mosquitto.file.write_bytes(broker_file(standing.accounts, standing.hashes, admin))
    secured_mosquitto.start()
    url = secured_mosquitto.url_for(gateway.username, gateway.secret)
    assert "nobody gets in without an account" in describe_secrecy(parse_mqtt_url(url), KEY)
    with pytest.raises(UrbansenseError, match="shows client ids to every account"):
        describe_secrecy(parse_mqtt_url(secured_mosquitto.url_for("admin", ADMIN_SECRET)), KEY)
