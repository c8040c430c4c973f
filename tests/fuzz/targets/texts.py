"""Short texts that people and programs write: conditions, filters, durations, instants, cursors, URLs.

Each is read or refused by the error its reader declares; what was read can be written again and means the same.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

from cases.policy.terms import format_term, parse_term
from cases.storage.finding import Order, _place
from domain.devices import DerivedReading
from domain.errors import ConfigurationError
from domain.mqtt import parse_mqtt_url
from domain.quantities.derivations import compile_derivation
from domain.quantities.units import compile_conversion
from domain.time.durations import format_duration, format_instant, parse_duration_ms, parse_instant_ms
from domain.time.weekly_hours import parse_weekly_hours
from rules.language.conditions.condition import Condition
from rules.language.conditions.errors import BadExpression, ConditionError
from rules.language.conditions.parser import parse_expression
from rules.language.conditions.tree import to_cel
from rules.testing.series import parse_series
from tests.fuzz.target import Target
from timeseries.queries.paging import parse_cursor
from web.http.headers import etag, expected_version
from web.http.language import preferred_language
from web.http.parameters import parse_time_ms
from web.http.problems import Refused
from web.standards.sta.query.evaluation import holds
from web.standards.sta.query.expressions import InvalidQuery, paths_of, render
from web.standards.sta.query.filter_parser import parse_filter
from web.standards.sta.query.options import parse_options
from web.standards.sta.query.resource_path import parse_path


def _text(read: Callable[[str], Any], *refusals: type[Exception]) -> Callable[[bytes], None]:
    """A reader of one text, which refuses by `refusals` and nothing else."""

    def check(data: bytes) -> None:
        try:
            read(data.decode(errors="surrogatepass") if _is_utf8(data) else data.decode("latin-1"))
        except refusals:
            return

    return check


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode(errors="surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _seeds(*texts: str) -> Callable[[], Sequence[bytes]]:
    return lambda: [text.encode() for text in texts]


def _condition(text: str) -> None:
    tree = parse_expression(text, ("power",))
    again = parse_expression(to_cel(tree), ("power",))
    assert to_cel(again) == to_cel(tree)


def _compiled(text: str) -> None:
    """A condition that compiles is judged or fails as declared, and its closure agrees with CEL."""
    condition = Condition(text)
    readings = dict.fromkeys(condition.quantities, 1.5)
    facts: dict[str, Any] = {key: _FACTS.get(kind.name, 2.0) for key, kind in condition.facts.items()}
    more = {"sun.elevation": -3.0}
    try:
        verdict = condition.evaluate(readings, facts, more)
    except ConditionError:
        return
    assert verdict == condition.ask_cel(readings, facts, more)


_FACTS: Final = {"TEXT": "lighting", "STRING": "lighting", "TRUTH": True, "BOOL": True}


def _filter(text: str) -> None:
    parsed = parse_filter(text)
    written = render(parsed)
    assert render(parse_filter(written)) == written
    for values in (dict.fromkeys(paths_of(parsed), 1), dict.fromkeys(paths_of(parsed), "x")):
        try:
            holds(parsed, values)
        except InvalidQuery:
            pass


def _query(text: str) -> None:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        return
    parse_options(pairs).next_query(skip=3)


def _duration(text: str) -> None:
    duration_ms = parse_duration_ms(text)
    assert parse_duration_ms(format_duration(duration_ms)) == duration_ms


def _instant(text: str) -> None:
    instant_ms = parse_instant_ms(text)
    assert parse_instant_ms(format_instant(instant_ms)) == instant_ms


def _term(text: str) -> None:
    parse_term(format_term(parse_term(text)))


def _version(text: str) -> None:
    version = expected_version(text)
    assert version is None or expected_version(etag(version)) == version


def _derivation(text: str) -> None:
    compile_derivation(DerivedReading("voltage", text))


def _case_cursor(text: str) -> None:
    for order in Order:
        at_ms, _ = _place(text, order)
        assert -(2**63) <= at_ms < 2**63, "a number that no database takes"


def _event_cursor(text: str) -> None:
    assert -(2**63) <= parse_cursor(text).opened_at_ms < 2**63, "a number that no store takes"


def _query_time(text: str) -> None:
    """Whatever is read is an instant that stores and databases take."""
    assert -(2**63) <= parse_time_ms(text) < 2**63, "a number that no store takes"


TARGETS: Final = (
    Target(
        "condition", _text(_condition, BadExpression),
        _seeds(
            "reading.dimming_level > 0.0 && power < 0.2 * device.nominal_power", 'device.department == "lighting"',
            'device.area.startsWith("3205") ? power in [1.0, 2.0] : !(reading.a[0] >= -1e3 || "x" != device["y"])',
            "has(reading.voltage) && size(device.tags) > 1",
        ),
    ),
    Target(
        "compiled-condition", _text(_compiled, BadExpression),
        _seeds(
            "reading.voltage > 0.0 && reading.current < 0.2 * device.nominal_power", 'device.department == "lighting"',
            "sun.elevation < -6.0 || !(reading.mains_present)", "reading.voltage / reading.current >= 2.0 ? true : false",
        ),
    ),
    Target(
        "odata-filter", _text(_filter, InvalidQuery),
        _seeds(
            "result gt 20.5 and phenomenonTime ge 2026-06-01T00:00:00Z", "not (name eq 'L''1') or substringof('a',name)",
            "st_within(location, geography'POLYGON((30 10, 40 40, 20 40, 30 10))')", "result mod 5 add -2 le 1e3 div 2",
            "geo.distance(location, geography'POINT(1 2)') lt 3", "year(phenomenonTime) eq 2026 and round(result) ne 1",
            "phenomenonTime add duration'P1DT2H' gt now()",
        ),
    ),
    Target(
        "sta-query", _text(_query, InvalidQuery),
        _seeds(
            "$top=3&$skip=2&$count=true&$orderby=result desc,@iot.id&$select=id,name",
            "$expand=Datastreams($top=3;$expand=Sensor),Locations&$filter=name eq 'a'", "$expand=Datastreams/Sensor",
            "$skiptoken=abc&$resultFormat=x",
        ),
    ),
    Target("sta-path", _text(parse_path, ValueError), _seeds("Things('L1')/Datastreams(3)/name/$value", "Things/$ref")),
    Target("duration", _text(_duration, ValueError), _seeds("250ms", "90s", "10m", "2.5h", "7d")),
    Target(
        "instant", _text(_instant, ValueError), _seeds("2026-06-01T21:00:00+08:00", "2026-06-01T13:00:00.123456Z"),
    ),
    Target("query-time", _text(_query_time, ValueError), _seeds("2026-06-01T21:00:00 08:00", "1763772000123", "-5")),
    Target(
        "weekly-hours", _text(lambda text: parse_weekly_hours(text.split(";")), ValueError),
        _seeds("Mon-Fri 08:30-12:00 14:00-17:30;Sat,Sun 22:00-06:00", "daily", "Mon"),
    ),
    Target(
        "term", _text(_term, ValueError), _seeds("6 hours", "4 working hours", "30 minutes", "5 working days"),
    ),
    Target("series", _text(parse_series, ValueError), _seeds("80x30 _x5 1.0..1.5x6 true falsex3 12?bad")),
    Target("unit", _text(lambda text: compile_conversion(text, "V"), ConfigurationError), _seeds("mV", "kW.h", "m/s2")),
    Target(
        "derivation", _text(_derivation, ConfigurationError),
        _seeds("voltage * current", "min(1.5, voltage - 2) / 3.0", "sqrt(abs(tilt_angle)) ** 2"),
    ),
    Target("mqtt-url", _text(parse_mqtt_url, ConfigurationError), _seeds("mqtts://u:p@h:1883", "embedded://127.0.0.1")),
    Target("etag", _text(_version, Refused), _seeds('"7"', 'W/"12"', "*")),
    Target(
        "event-cursor", _text(_event_cursor, ValueError), _seeds("1763772000123_123e4567-e89b-42d3-a456-426614174000"),
    ),
    Target(
        "case-cursor", _text(_case_cursor, ValueError),
        lambda: [b'["due",1763772000123,"c-1"]'.hex().encode(), b'["reported",5,"c"]'.hex().encode()],
    ),
    Target("language", _text(lambda text: preferred_language(None, text)), _seeds("zh-CN,zh;q=0.9,en;q=0.8", "*;q=0")),
)  # fmt: skip
