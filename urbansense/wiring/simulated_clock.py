"""Who may move a simulated clock: whoever reaches a broker on loopback, elsewhere the account `@simulator` alone."""

import asyncio
from uuid import uuid4

import structlog
from paho.mqtt.client import topic_matches_sub

from device_registry.credentials.access import Access
from device_registry.credentials.broker_accounts import BrokerAccounts, role_of
from device_registry.credentials.broker_control import BrokerControl, CommandRefused
from device_registry.credentials.credential import SERVICE_MARK
from domain.errors import ConfigurationError
from domain.mqtt import SIMULATED_CLOCK_TOPIC, parse_mqtt_url
from domain.retry import Outage, retried
from urbansense.configuration.settings import Settings

_log = structlog.get_logger()
_SIMULATOR: str = role_of(f"{SERVICE_MARK}simulator")


async def refuse_open_clock(settings: Settings, stop: asyncio.Event) -> None:
    """Ask a broker beyond loopback who may publish the simulated clock; it is waited for where it is down.

    Raises: ConfigurationError where that is anybody but the simulator, or cannot be known; TransientFault once `stop` is
    set meanwhile.
    """
    if settings.clock != "simulated" or (endpoint := parse_mqtt_url(settings.mqtt_url)).is_loopback:
        return
    where = f"URBANSENSE_CLOCK=simulated, and {endpoint.host} is not this machine"
    if settings.mqtt_admin_url is None:
        raise ConfigurationError(
            f"{where}: anybody there could set the clock. Use a broker on loopback, or one whose accounts urbansense keeps"
            " (URBANSENSE_MQTT_ADMIN_URL), with `urbansense devices credentials` for the simulator"
        )
    admin = parse_mqtt_url(settings.mqtt_admin_url.get_secret_value())
    control = BrokerControl(admin, f"{settings.topic_prefix}urbansense-clock-{uuid4().hex[:8]}")
    outage = Outage(lambda fault: _log.warning("waits for the broker, to ask who may set the clock", error=str(fault)))
    try:
        accounts = await retried(control.fetch_accounts, stop, outage)
    except CommandRefused as refused:
        raise ConfigurationError(f"{where}, which does not say who may set the clock: {refused}") from refused
    finally:
        control.close()
    if others := others_who_may_set_it(accounts):
        raise ConfigurationError(f"{where}, where others than @simulator may set the clock: {', '.join(others)}")


def others_who_may_set_it(accounts: BrokerAccounts) -> list[str]:
    """The roles at the broker, but the simulator's, that may publish the simulated clock; `anybody` by its default."""
    allowed = [
        name
        for name, rules in sorted(accounts.roles.items())
        if name != _SIMULATOR
        and any(sort.endswith(Access.SEND) and topic_matches_sub(topic, SIMULATED_CLOCK_TOPIC) for sort, topic in rules)
    ]
    return [*(["anybody"] if accounts.default_access.get(Access.SEND, True) else []), *allowed]
