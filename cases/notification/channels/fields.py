"""Values as a notification document writes them: durations, rates, addresses, networks, quiet hours."""

from ipaddress import ip_network
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, PlainValidator, SecretStr

from cases.deadlines import parse_week
from cases.notification.timing.rates import Rate, parse_rate
from domain.time.durations import parse_duration_ms
from domain.time.weekly_hours import Week

NO_QUIET: Final[Week] = ((),) * 7


_LONGEST_TIMEOUT_MS: Final = 30_000


def _read_duration(value: Any) -> int:
    return parse_duration_ms(str(value))


def read_rate(value: Any) -> Rate:
    return parse_rate(str(value))


def _read_week(value: Any) -> Week:
    if value in ([], None):
        return NO_QUIET
    week = parse_week([str(one) for one in (value if isinstance(value, list) else [value])])
    minutes = sum(end - begin for spans in week for begin, end in spans)
    if minutes >= 7 * 24 * 60:
        raise ValueError("no hour of the week is left to tell anything in")
    return week


def read_timeout(value: Any) -> int:
    timeout_ms = parse_duration_ms(str(value))
    if not 0 < timeout_ms <= _LONGEST_TIMEOUT_MS:
        raise ValueError("a timeout is more than nothing and at most 30s")
    return timeout_ms


def _read_url(value: Any) -> str:
    parts = urlsplit(str(value))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write a whole address: https://host/path")
    return str(value)


def _read_network(value: Any) -> str:
    try:
        return str(ip_network(str(value), strict=False))
    except ValueError as error:
        raise ValueError("write a network: 10.20.0.0/16 or 127.0.0.0/8") from error


def listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


Duration = Annotated[int, PlainValidator(_read_duration)]


Url = Annotated[str, PlainValidator(_read_url)]


Quiet = Annotated[Week, PlainValidator(_read_week)]


Networks = Annotated[tuple[Annotated[str, PlainValidator(_read_network)], ...], BeforeValidator(listed)]


Secret = Annotated[SecretStr, Field(min_length=1)]
