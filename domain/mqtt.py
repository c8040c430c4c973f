"""Where an MQTT broker is, and the topics of the platform's own clock."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

from domain.errors import ConfigurationError

CLOCK_TOPIC: Final = "urbansense/clock/{slot}"
SIMULATED_CLOCK_TOPIC: Final = "urbansense/simulated-clock"
"""Apart from the others, so that an account for these does not reach it."""

_DEFAULT_PORT: Final = {"mqtt": 1883, "mqtts": 8883, "embedded": 1883}


@dataclass(frozen=True, slots=True)
class MqttEndpoint:
    """One broker. `embedded` is the one that `up` and `demo` start themselves.

    `mqtt5` is what it is known to serve: whether an embedded broker does, only the process that started it knows, and all
    others use 3.1.1, which every broker serves.
    """

    host: str
    port: int
    tls: bool = False
    embedded: bool = False
    mqtt5: bool = True
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it under that name; of no name but `localhost` that is known."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse_mqtt_url(url: str) -> MqttEndpoint:
    """The broker that `mqtt://`, `mqtts://` or `embedded://` names: `scheme://[user:password@]host[:port]`.

    Raises: ConfigurationError naming what is wrong.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(f"the MQTT URL cannot be read: {error}") from error
    if parts.scheme not in _DEFAULT_PORT or not parts.hostname or parts.path.strip("/"):
        raise ConfigurationError("write mqtt://host:1883, mqtts://host:8883 or embedded://127.0.0.1 as the MQTT URL")
    return MqttEndpoint(
        host=parts.hostname,
        port=port if port is not None else _DEFAULT_PORT[parts.scheme],
        tls=parts.scheme == "mqtts",
        embedded=parts.scheme == "embedded",
        mqtt5=parts.scheme != "embedded",
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )
