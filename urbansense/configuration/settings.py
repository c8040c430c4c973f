"""All settings, from `URBANSENSE_*` in the environment or `urbansense.toml`; one frozen object, read in one place."""

import os
import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from domain.actors import Role
from domain.errors import ConfigurationError
from domain.mqtt import parse_mqtt_url
from domain.topics import KINDS, Topics
from ingest.gateway.installation_key import InstallationKey

PREFIX: Final = "URBANSENSE_"
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_PASSWORD: Final = re.compile(r"//[^@/]*@")
_SECRET_NAMES: Final = ("TOKEN", "SECRET", "KEY", "KEY_PREVIOUS")
_NOT_OURS: Final = f"{PREFIX}TEST_"


class Settings(BaseSettings):
    """Every setting; each is `URBANSENSE_<NAME>` in the environment, or `<name>` in `urbansense.toml`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", toml_file="urbansense.toml", env_ignore_empty=True
    )

    mqtt_url: str = "embedded://127.0.0.1:1883"
    embedded_broker: Literal["auto", "mosquitto", "amqtt"] = "auto"
    mqtt_admin_url: SecretStr | None = None
    log_url: str = "embedded:"
    store_url: str = "embedded:"
    store_token: Annotated[SecretStr | None, Field(validate_default=True)] = None
    database_url: str = ""
    data_dir: Path = Path("data")
    disk_reserve_mb: Annotated[int, Field(ge=0)] = 256
    installation_key: SecretStr | None = None
    installation_key_previous: SecretStr | None = None
    city_tables: Path | None = None
    case_policy: Path | None = None
    http_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    login: Literal["off", "required"] = "off"
    http_host: Annotated[str, Field(pattern=r"^[0-9A-Za-z.:-]+$", validate_default=True)] = "127.0.0.1"
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    public_url: Annotated[str, Field(pattern=r"^(https?://[^/?#]+)?/?$")] = ""
    oidc_issuer: str = ""
    oidc_client_id: Annotated[str, Field(validate_default=True)] = ""
    oidc_client_secret: SecretStr | None = None
    oidc_roles: Annotated[dict[str, Role], NoDecode, Field(validate_default=True)] = Field(default_factory=dict)
    oidc_roles_claim: Annotated[str, Field(min_length=1)] = "groups"
    oidc_username_claim: Annotated[str, Field(min_length=1)] = "preferred_username"
    oidc_title: str = ""
    api_url: str = ""
    api_token: SecretStr | None = None
    clock: Literal["wall", "simulated"] = "wall"
    topic_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]*$", validate_default=True)] = ""
    partitions: Annotated[int, Field(ge=1, le=1024)] = 12
    kinds: Annotated[tuple[str, ...], NoDecode] = KINDS
    gateway_slots: Annotated[int, Field(ge=1, le=10_000)] = 1
    gateway_slot: Annotated[int, Field(ge=0, le=9999)] = 0
    receive_maximum: Annotated[int, Field(ge=1, le=65535)] = 2000
    report_quota: Annotated[float, Field(ge=0)] = 50.0
    rejected_quota_mb: Annotated[int, Field(ge=1)] = 1024
    photo_quota_mb: Annotated[int, Field(ge=1)] = 51_200
    photo_quota_person_mb: Annotated[int, Field(ge=1)] = 1024
    audit_quota_rows: Annotated[int, Field(ge=0)] = 2_000_000
    notify: Path | None = None
    timezone: str = "Asia/Shanghai"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @field_validator("kinds", "allowed_hosts", "trusted_proxies", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        return tuple(filter(None, (name.strip() for name in value.split(",")))) if isinstance(value, str) else value

    @field_validator("http_host")
    @classmethod
    def _check_http_host(cls, value: str, others: ValidationInfo) -> str:
        if value not in LOOPBACK and others.data.get("login", "required") != "required":
            raise ValueError("others than this machine reach that: it needs URBANSENSE_LOGIN=required")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _check_trusted_proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in value:
            try:
                ip_network(proxy)
            except ValueError as error:
                raise ValueError(f"{proxy!r} is no address or network such as 10.0.0.7 or 10.0.0.0/24") from error
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _check_oidc_issuer(cls, value: str) -> str:
        parts = urlsplit(value)
        private = parts.scheme == "http" and parts.hostname in LOOPBACK
        if value and not (parts.hostname and (parts.scheme == "https" or private)):
            raise ValueError(
                "write the provider's issuer exactly as it tells it, such as https://login.example/realms/city"
            )
        return value

    @field_validator("oidc_client_id")
    @classmethod
    def _check_oidc_client_id(cls, value: str, others: ValidationInfo) -> str:
        if not value and others.data.get("oidc_issuer"):
            raise ValueError("with URBANSENSE_OIDC_ISSUER goes the id by which the provider knows urbansense")
        return value

    @field_validator("oidc_roles", mode="before")
    @classmethod
    def _split_oidc_roles(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [pair.rpartition("=") for pair in value.split(",") if pair.strip()]
        if not all(name.strip() and role.strip() for name, _, role in pairs):
            raise ValueError("write group=role, separated by commas: city-admins=administrator,*=viewer")
        return {name.strip(): role.strip() for name, _, role in pairs}

    @field_validator("oidc_roles")
    @classmethod
    def _check_oidc_roles(cls, value: dict[str, Role], others: ValidationInfo) -> dict[str, Role]:
        if not value and others.data.get("oidc_issuer"):
            raise ValueError(
                "with URBANSENSE_OIDC_ISSUER goes what its groups mean: city-admins=administrator,*=viewer"
            )
        if Role.SYSTEM in value.values():
            raise ValueError("nobody but urbansense itself is system")
        return value

    @field_validator("mqtt_url")
    @classmethod
    def _check_mqtt_url(cls, value: str) -> str:
        try:
            parse_mqtt_url(value)
        except ConfigurationError as error:
            raise ValueError(str(error)) from error
        return value

    @field_validator("mqtt_admin_url")
    @classmethod
    def _check_mqtt_admin_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            endpoint = parse_mqtt_url(cls._check_mqtt_url(value.get_secret_value()))
            if endpoint.embedded or not (endpoint.username and endpoint.password):
                raise ValueError("write mqtt://user:password@host of who may command the broker's dynamic security")
        return value

    @field_validator("installation_key", "installation_key_previous")
    @classmethod
    def _check_installation_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            InstallationKey(value.get_secret_value())
        return value

    @field_validator("log_url")
    @classmethod
    def _check_log_url(cls, value: str) -> str:
        if value != "embedded:" and not (value.startswith("kafka://") and len(value) > len("kafka://")):
            raise ValueError("write embedded: or kafka://host:9092[,host2:9092]")
        return value

    @field_validator("store_url")
    @classmethod
    def _check_store_url(cls, value: str) -> str:
        parts = urlsplit(value)
        whole = parts.scheme in ("influxdb", "influxdbs") and parts.hostname and parts.path.count("/") == 2
        if value != "embedded:" and not whole:
            raise ValueError("write embedded: or influxdb://host:8086/org/bucket")
        return value

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("write sqlite:///path or postgresql+psycopg://user:password@host/database")
        return value

    @field_validator("timezone")
    @classmethod
    def _check_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is no time zone name such as Asia/Shanghai") from error
        return value

    @field_validator("store_token")
    @classmethod
    def _check_store_token(cls, value: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        if value is None and str(others.data.get("store_url", "")).startswith("influxdb"):
            raise ValueError("InfluxDB needs a token")
        return value

    @field_validator("gateway_slot")
    @classmethod
    def _check_gateway_slot(cls, value: int, others: ValidationInfo) -> int:
        slots = others.data.get("gateway_slots", value + 1)
        if value >= slots:
            raise ValueError(f"slots count from 0, and URBANSENSE_GATEWAY_SLOTS={slots}: set it to how many there are")
        return value

    @field_validator("topic_prefix")
    @classmethod
    def _check_topic_prefix(cls, value: str, others: ValidationInfo) -> str:
        if not value and others.data.get("clock") == "simulated":
            raise ValueError("a simulated clock needs a prefix of its own, such as sim.")
        return value

    @property
    def topics(self) -> Topics:
        is_simulated = self.clock == "simulated"
        return Topics(self.topic_prefix, self.partitions, self.kinds, is_simulated, self.rejected_quota_bytes)

    @property
    def rejected_quota_bytes(self) -> int:
        return self.rejected_quota_mb * 1024 * 1024

    @property
    def registry_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'registry.db'}"

    @property
    def client_api_url(self) -> str:
        host = "127.0.0.1" if self.http_host in ("0.0.0.0", "::", "localhost") else self.http_host
        return (self.api_url or f"http://{f'[{host}]' if ':' in host else host}:{self.http_port}").rstrip("/")

    @property
    def host_names(self) -> tuple[str, ...]:
        """The host names that the listener answers to: its own, the public one, those of the settings; `*` is any."""
        public = urlsplit(self.public_url).hostname
        return (*LOOPBACK, self.http_host, *((public,) if public else ()), *self.allowed_hosts)

    def embedded_parts(self) -> tuple[str, ...]:
        """The settings that name an embedded adapter, which serves one process only."""
        named = {"MQTT_URL": self.mqtt_url, "LOG_URL": self.log_url, "STORE_URL": self.store_url}
        return tuple(PREFIX + name for name, url in named.items() if url.startswith("embedded:"))


def load_settings(environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """The settings in force. Raises: ConfigurationError with every problem at once, secrets never shown."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    given = os.environ if environment is None else environment
    problems = [
        f"{name}: there is no such setting"
        for name in sorted(given)
        if name.startswith(PREFIX) and name not in known and not name.startswith(_NOT_OURS)
    ]
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        problems += [_sentence(detail) for detail in error.errors()]
    except ValueError as error:
        problems.append(f"urbansense.toml: {error}")
    if problems:
        raise ConfigurationError(problems)
    return settings


def environment() -> dict[str, str]:
    """The environment as it is, for documents that name secrets of it."""
    return dict(os.environ)


def _sentence(detail: Any) -> str:
    if detail["type"] == "extra_forbidden":
        return f"urbansense.toml: {detail['loc'][0]}: there is no such setting"
    words = detail["msg"].removeprefix("Value error, ")
    name = PREFIX + str(detail["loc"][0]).upper()
    value = "***" if name.endswith(_SECRET_NAMES) else _PASSWORD.sub("//***@", repr(detail["input"]))
    return f"{name}={value}: {words}"
