"""Certificates: what is read from them, beside what openssl reads; and a broker that takes them."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device_registry.credentials.broker_control import BrokerControl
from device_registry.credentials.certificates import NotACertificate, read_certificate
from device_registry.credentials.service import CredentialService
from device_registry.credentials.store import CredentialStore
from device_registry.storage.registry import Registry
from domain.mqtt import parse_mqtt_url
from tests.device_registry.credentials.certificate_files import Authority
from tests.device_registry.credentials.clients import DeviceClient
from tests.device_registry.samples import NOW_MS
from tests.servers.mosquitto import SecuredMosquitto
from tests.servers.ports import free_port
from tests.servers.processes import wait_until

UP = "city/320582/streetlight/{}/up"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def test_what_is_read_is_what_openssl_reads(authority: Authority) -> None:
    for name, subject, expected in (
        ("plain", "/C=CN/O=City/CN=SL-1", "SL-1"),
        ("two", "/CN=outer/CN=inner", "inner"),
        ("chinese", "/CN=路灯-1", "路灯-1"),
    ):
        read = read_certificate("some text before\n" + authority.sign(name, subject))
        assert read.common_name == expected
        fingerprint = authority.field(name, "-fingerprint", "-sha256").split("=")[1].strip().replace(":", "").lower()
        assert read.fingerprint == fingerprint
        ends = authority.field(name, "-enddate").split("=")[1].strip()
        ends_at = datetime.strptime(ends, "%b %d %H:%M:%S %Y %Z").replace(tzinfo=UTC)
        assert read.ends_at_ms == int(ends_at.timestamp() * 1000)
        assert read.starts_at_ms < read.ends_at_ms


def test_what_is_no_certificate_is_refused(authority: Authority) -> None:
    good = authority.sign("good", "/CN=SL-1")
    der = ssl.PEM_cert_to_DER_cert(good)
    bad = ["", "hello", good.replace("CERTIFICATE", "PRIVATE KEY"), authority.sign("nameless", "/O=City")]
    bad += [ssl.DER_cert_to_PEM_cert(der[:cut]) for cut in range(0, len(der), 7)]
    for text in bad:
        with pytest.raises(NotACertificate):
            read_certificate(text)


@pytest.fixture
def certified_mosquitto(authority: Authority, tmp_path: Path) -> Iterator[tuple[SecuredMosquitto, int]]:
    """A broker with a second listener that asks for certificates; its port beside it."""
    port, folder = free_port(), authority.folder
    listener = (
        f"listener {port} 127.0.0.1\ncafile {folder}/ca.pem\ncertfile {folder}/server.pem\nkeyfile {folder}/server.key\n"
        "require_certificate true\nuse_identity_as_username true\n"
    )
    broker = SecuredMosquitto(tmp_path, listener)
    broker.start()
    yield broker, port
    broker.stop()


def come_in(authority: Authority, broker: SecuredMosquitto, port: int, name: str) -> DeviceClient:
    context = ssl.create_default_context(cafile=authority.folder / "ca.pem")
    context.load_cert_chain(authority.folder / f"{name}.pem", authority.folder / f"{name}.key")
    return DeviceClient(broker, "", "", f"by-certificate-{name}", port=port, tls=context)


@pytest.mark.mosquitto
async def test_a_device_comes_in_by_its_certificate_and_is_cut_off_when_that_is_revoked(
    authority: Authority, certified_mosquitto: tuple[SecuredMosquitto, int], city_registry: Registry
) -> None:
    broker, port = certified_mosquitto
    control = BrokerControl(parse_mqtt_url(broker.admin_url), "provisioner")
    desk = CredentialService(CredentialStore(city_registry), control, lambda: NOW_MS)
    try:
        bound = await desk.bind("SL-1", authority.sign("lamp", "/O=City/CN=lamp-1.city.example"), author="li")
        assert bound.username == "lamp-1.city.example"
        lamp = come_in(authority, broker, port, "lamp")
        assert lamp.publish(UP.format("SL-1")) != "Not authorized"
        assert lamp.publish(UP.format("SL-2")) == "Not authorized"
        assert await desk.sync() == (0, ())
        await desk.revoke([bound.username], author="li")
        wait_until(lambda: lamp.cut_off, 10, "the live connection is closed")
        lamp.close()
        again = come_in(authority, broker, port, "lamp")
        assert again.refused or again.publish(UP.format("SL-1")) == "Not authorized"
        again.close()
    finally:
        control.close()


def test_a_certificate_of_a_million_fields_is_refused_unread() -> None:
    pem = ssl.DER_cert_to_PEM_cert(b"\x30\x84" + (4_000_000).to_bytes(4, "big") + b"\x05\x00" * 2_000_000)
    with pytest.raises(NotACertificate, match="longer than 32,768 characters"):
        read_certificate(pem)
