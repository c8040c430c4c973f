"""The shape of a notification document: channels, whom to tell what, and when to leave them alone."""

from ipaddress import ip_network
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FilePath, PlainValidator, SecretStr, field_validator

from cases.deadlines import parse_week
from cases.notification.message import Language, Occasion
from cases.notification.rates import Rate, parse_rate
from cases.notification.wording import unknown_fields
from cases.policy.conditions import Words, is_named, lies_in
from cases.workflow import Case, Role
from domain.durations import parse_duration_ms
from domain.events import Severity, Text
from domain.time_units import HOUR_MS, MINUTE_MS
from domain.weekly_hours import Week

WECOM_URL: Final = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"
DINGTALK_URL: Final = "https://oapi.dingtalk.com/robot/send"
NO_QUIET: Final[Week] = ((),) * 7
AUDIENCES: Final = {
    "viewers": Role.VIEWER,
    "operators": Role.OPERATOR,
    "dispatchers": Role.DISPATCHER,
    "administrators": Role.ADMINISTRATOR,
}
_LONGEST_TIMEOUT_MS: Final = 30_000


def _read_duration(value: Any) -> int:
    return parse_duration_ms(str(value))


def _read_rate(value: Any) -> Rate:
    return parse_rate(str(value))


def _read_week(value: Any) -> Week:
    if value in ([], None):
        return NO_QUIET
    week = parse_week([str(one) for one in (value if isinstance(value, list) else [value])])
    minutes = sum(end - begin for spans in week for begin, end in spans)
    if minutes >= 7 * 24 * 60:
        raise ValueError("no hour of the week is left to tell anything in")
    return week


def _read_audience(value: Any) -> str:
    text = str(value)
    kind, colon, name = text.partition(":")
    if text == "department" or text in AUDIENCES or (colon and name and kind in ("department", "user")):
        return f"role:{AUDIENCES[text].value}" if text in AUDIENCES else text
    raise ValueError(f"{text!r} is nobody; write department, {', '.join(AUDIENCES)}, department:lighting or user:olga")


def _read_timeout(value: Any) -> int:
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


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


Duration = Annotated[int, PlainValidator(_read_duration)]
Url = Annotated[str, PlainValidator(_read_url)]
Quiet = Annotated[Week, PlainValidator(_read_week)]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Networks = Annotated[tuple[Annotated[str, PlainValidator(_read_network)], ...], BeforeValidator(_listed)]
Secret = Annotated[SecretStr, Field(min_length=1)]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class ChannelPart(Part):
    """What every channel may say. `rate` counts tries for each recipient; None of the others means as for everybody."""

    rate: Annotated[Rate, PlainValidator(_read_rate)] = Rate(30, MINUTE_MS)
    group_for: Duration | None = None
    quiet_hours: Quiet | None = None
    digest_size: Annotated[int, Field(ge=1, le=200)] = 50
    language: Language | None = None
    timeout: Annotated[int, PlainValidator(_read_timeout)] = 10_000


class WebhookPart(ChannelPart):
    """Another system. `allow` names the private networks it may be in; public addresses are always taken."""

    type: Literal["webhook"]
    url: Url
    secret: Secret
    allow: Networks = ()
    ca_file: FilePath | None = None


class EmailPart(ChannelPart):
    type: Literal["email"]
    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: Secret | None = None
    sender: Annotated[str, Field(alias="from", pattern=r"^[^\s@<>]+@[^\s@<>]+$")]
    ca_file: FilePath | None = None


class RobotPart(ChannelPart):
    """A robot in a group: 20 messages a minute is what both houses allow; more, and they lock it for a while."""

    rate: Annotated[Rate, PlainValidator(_read_rate)] = Rate(20, MINUTE_MS)
    digest_size: Annotated[int, Field(ge=1, le=20)] = 10
    allow: Networks = ()
    ca_file: FilePath | None = None
    mention: bool = False


class WecomPart(RobotPart):
    type: Literal["wecom"]
    url: Url = WECOM_URL
    key: Secret


class DingtalkPart(RobotPart):
    type: Literal["dingtalk"]
    url: Url = DINGTALK_URL
    access_token: Secret
    secret: Secret | None = None


AnyChannel = Annotated[WebhookPart | EmailPart | WecomPart | DingtalkPart, Field(discriminator="type")]
SECRETS: Final = ("secret", "password", "key", "access_token")


class DepartmentPart(Part):
    """What is particular to a department: its rooms, and when its people are left alone."""

    channels: Names = ()
    quiet_hours: Quiet | None = None
    language: Language | None = None


class RulePart(Part):
    """On which occasion whom to tell by which channels. Every rule that holds tells; nobody is told twice.

    Without `by` it is the department's channels and those for everybody.
    """

    on: Annotated[tuple[Occasion, ...], BeforeValidator(_listed)]
    to: Annotated[tuple[Annotated[str, PlainValidator(_read_audience)], ...], BeforeValidator(_listed)] = ()
    by: Names = ()
    severity: Annotated[tuple[Severity, ...], BeforeValidator(_listed)] = ()
    problem: Words = ()
    area: Words = ()

    def holds(self, occasion: Occasion, case: Case) -> bool:
        """Whether it is about that occasion of that case."""
        return (
            occasion in self.on
            and (not self.severity or case.severity in self.severity)
            and (not self.problem or is_named(case.problem, self.problem))
            and (not self.area or any(lies_in(case.area, area) for area in self.area))
        )


class GiveUpPart(Part):
    """When a message becomes a dead letter: after that many tries, or that long after the first."""

    tries: Annotated[int, Field(ge=1, le=10_000)] = 100
    after: Duration = 24 * HOUR_MS


class NotifyDocument(Part):
    """One city's notification. `console` is the address that links begin with; empty gives none."""

    channels: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")], AnyChannel]
    by: Names = ()
    console: Url | Literal[""] = ""
    language: Language = "both"
    group_for: Duration = MINUTE_MS
    quiet_hours: Quiet = NO_QUIET
    departments: dict[str, DepartmentPart] = {}
    rules: tuple[RulePart, ...] | None = None
    templates: dict[Occasion, Text] = {}
    give_up: GiveUpPart = GiveUpPart()

    @field_validator("templates")
    @classmethod
    def _can_be_filled(cls, templates: dict[Occasion, Text]) -> dict[Occasion, Text]:
        unknown = [name for text in templates.values() for one in (text.en, text.zh) for name in unknown_fields(one)]
        if unknown:
            raise ValueError(f"no message knows {', '.join(sorted({f'{{{name}}}' for name in unknown}))}")
        return templates

    def rules_in_force(self) -> tuple[RulePart, ...]:
        """The city's rules, or those that urbansense ships."""
        return DEFAULT_RULES if self.rules is None else self.rules


def _rule(on: str, to: str) -> RulePart:
    return RulePart.model_validate({"on": on.split(), "to": to.split()})


DEFAULT_RULES: Final = (
    _rule("dispatched urged check_failed extension_decided due_soon overdue repeatedly_overdue", "department"),
    _rule("filed returned extension_asked reopened repeatedly_overdue", "dispatchers"),
    _rule("reported", "operators"),
    RulePart(on=(Occasion.ESCALATED,)),
)
