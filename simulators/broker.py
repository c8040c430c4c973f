"""Where an MQTT broker is and how to speak to it, from its address."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from paho.mqtt.enums import MQTTProtocolVersion

from domain.errors import ConfigurationError

_SCHEMES = {"mqtt": 1883, "mqtts": 8883, "embedded": 1883}


@dataclass(frozen=True, slots=True)
class Broker:
    """One broker. `version` is 5, or 3.1.1 for the embedded one, which refuses an MQTT 5 CONNECT."""

    host: str
    port: int
    version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5
    tls: bool = False
    username: str | None = None
    password: str | None = None

    @classmethod
    def from_url(cls, url: str) -> "Broker":
        """The broker at `mqtt://`, `mqtts://` or `embedded://[user:password@]host[:port]`.

        Raises: ConfigurationError for any other address, without repeating the password.
        """
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES or not parts.hostname:
            address = url.rpartition("@")[2]
            raise ConfigurationError(f"{address!r} is no MQTT address; write for example mqtt://127.0.0.1:1883")
        embedded = parts.scheme == "embedded"
        return cls(
            host=parts.hostname,
            port=parts.port or _SCHEMES[parts.scheme],
            version=MQTTProtocolVersion.MQTTv311 if embedded else MQTTProtocolVersion.MQTTv5,
            tls=parts.scheme == "mqtts",
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )
