"""The credentials of this process: the book in the registry's database, and the broker that the settings name."""

from time import time
from uuid import uuid4

from device_registry.credentials.broker_control import BrokerControl
from device_registry.credentials.service import CredentialService
from device_registry.credentials.store import CredentialStore
from domain.mqtt import parse_mqtt_url
from urbansense.wiring.parts import Parts


def open_credentials(parts: Parts) -> CredentialService:
    """The desk; it connects to the broker at the first need, and only where URBANSENSE_MQTT_ADMIN_URL names one."""
    settings = parts.settings
    book = CredentialStore(parts.registry, settings.topic_prefix)
    if settings.mqtt_admin_url is None:
        return CredentialService(book, None, _now_ms)
    endpoint = parse_mqtt_url(settings.mqtt_admin_url.get_secret_value())
    control = BrokerControl(endpoint, f"{settings.topic_prefix}urbansense-provisioner-{uuid4().hex[:8]}")
    return CredentialService(book, control, _now_ms, (endpoint.username or "", endpoint.password or ""))


def _now_ms() -> int:
    """Credentials live by the wall clock, also where the data follow a simulated one."""
    return int(time() * 1000)
