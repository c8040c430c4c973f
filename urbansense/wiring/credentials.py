"""The credentials wired: their tables in the registry's database, and the broker that the settings name."""

from uuid import uuid4

from device_registry.credentials.broker_control import BrokerControl
from device_registry.credentials.service import CredentialService
from device_registry.credentials.store import CredentialStore
from device_registry.storage.registry import Registry
from domain.mqtt import parse_mqtt_url
from urbansense.configuration.settings import Settings
from urbansense.wiring.clock import wall_ms


def open_credentials(settings: Settings, registry: Registry) -> CredentialService:
    """The credentials; the broker is connected to at the first need, where URBANSENSE_MQTT_ADMIN_URL names one.

    They live by the wall clock, also where the data follow a simulated one.
    """
    store = CredentialStore(registry, settings.topic_prefix)
    if settings.mqtt_admin_url is None:
        return CredentialService(store, None, wall_ms)
    endpoint = parse_mqtt_url(settings.mqtt_admin_url.get_secret_value())
    control = BrokerControl(endpoint, f"{settings.topic_prefix}urbansense-provisioner-{uuid4().hex[:8]}")
    return CredentialService(store, control, wall_ms, (endpoint.username or "", endpoint.password or ""))
