"""Documents that people write: rules, rule tests, policies, notification, calendars, city tables, cities, settings.

Each is read, or refused by the error its loader declares, with every problem at a place.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from cases.notification.document.loading import read_notification
from cases.policy.loading import load_policy, read_document
from device_registry.records.city_tables import load_city_tables
from documents.located_yaml.document import load_document, load_typed_document
from documents.located_yaml.reading import BadYaml, load_yaml
from domain.errors import ConfigurationError
from rules.language.document.checking import CheckContext, check_text
from rules.language.document.problems import BadRules
from rules.language.document.reading import parse_documents
from rules.testing.files import load_rule_test
from simulators.cities.loading import read_city
from tests.fuzz.target import Shape, Target

ROOT: Final = Path(__file__).parents[3]
_FOLDER: Final = Path(tempfile.mkdtemp(prefix="urbansense-fuzz-"))
_WATER_LEVEL: Final = CheckContext(kinds=("streetlight", "manhole_cover"), complete=True)


def _text(read: Callable[[str], Any], *refusals: type[Exception]) -> Callable[[bytes], None]:
    """A reader of text: what is not UTF-8 is not its business."""

    def check(data: bytes) -> None:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return
        try:
            read(text)
        except refusals:
            pass  # as declared

    return check


def _file(read: Callable[[Path], Any], *refusals: type[Exception]) -> Callable[[bytes], None]:
    """A reader of a file, which answers for its encoding too."""

    def check(data: bytes) -> None:
        path = _FOLDER / "document.yaml"
        path.write_bytes(data)
        try:
            read(path)
        except refusals:
            pass  # as declared

    return check


def _rules(text: str) -> None:
    """What is read can be checked; its own text gives the same rule again."""
    documents = parse_documents(text)
    check_text(text, "<rules>", _WATER_LEVEL)
    for rule in documents.rules:
        (again,) = parse_documents(rule.text).rules
        assert (again.name, again.text) == (rule.name, rule.text)


def _files(*patterns: str) -> Callable[[], Sequence[bytes]]:
    return lambda: [path.read_bytes() for pattern in patterns for path in sorted(ROOT.glob(pattern))][:40]


_CALENDAR: Final = b"""calendar: school
title: {en: School, zh: "\xe5\xad\xa6\xe6\xa0\xa1"}
hours: [Mon-Fri 08:00-16:00]
closed: [2026-10-01, 2026-07-01..2026-08-31]
open: [2026-10-10 08:00-12:00]
timezone: Asia/Shanghai
"""
_RULE_TEST: Final = b"""rules:
  - {rule: lamp-out, kind: streetlight, when: reading.active_power < 20.0, for: 10m, event: {problem: lamp-out}}
start: 2026-06-01T21:00:00+08:00
every: 1m
devices:
  L1: {kind: streetlight, lon: 120.55, lat: 31.87, report_interval_s: 60, attributes: {nominal_power: 100}}
series:
  L1: {dimming_level: 80x30, active_power: 96x10 2x15 96x5}
arrivals:
  - {device: L1, reading: 12, arrives: 15m}
  - {device: L1, reading: 13, times: 2}
silences:
  - {id: s1, author: a, reason: b, starts_at_ms: 0, ends_at_ms: 5, matches: {rule: lamp-out}}
until: 45m
expect:
  - {rule: lamp-out, subject: L1, since: 10m, opened: 20m, severity: major, cleared: 30m}
"""
_CITY_TABLES: Final = b"""bounds: [120.0, 31.0, 121.0, 32.5]
divisions: ["320582"]
parents: {cabinet: [streetlight], gateway: any}
component_classes:
  "01": {zh: a, en: b, open: true, subclasses: {"02": {zh: c}}}
"""

TARGETS: Final = (
    Target("located-yaml", _text(lambda text: load_yaml(text, "x"), BadYaml), _files("rules/library/*.yaml"), Shape.YAML),
    Target(
        "plain-yaml", _text(lambda text: load_document(text, "x"), BadYaml), _files("cases/policy/policy.yaml"), Shape.YAML
    ),
    Target(
        "typed-yaml", _text(lambda text: load_typed_document(text, "x"), BadYaml),
        lambda: [_CITY_TABLES, b"a: 2026-06-01\nb: [1, 0x1f, 1_0, 1.5e3, .inf, yes, ~]\nc: &x {d: !!binary YQ==}\ne: *x\n"],
        Shape.YAML,
    ),
    Target("rules", _text(_rules, BadRules), _files("rules/library/*.yaml", "examples/rules/*.yaml"), Shape.YAML),
    Target("calendar", _text(_rules, BadRules), lambda: [_CALENDAR], Shape.YAML),
    Target("rule-test", _file(load_rule_test, BadRules), lambda: [_RULE_TEST], Shape.YAML),
    Target("case-policy", _text(lambda text: read_document(text, "x"), ConfigurationError), _files("cases/policy/*.yaml"),
           Shape.YAML),
    Target("case-policy-file", _file(load_policy, ConfigurationError), _files("cases/policy/*.yaml"), Shape.YAML),
    Target(
        "notify", _text(lambda text: read_notification(text, "x", {"HOME": "h"}), ConfigurationError),
        _files("cases/notification/*.yaml"), Shape.YAML,
    ),
    Target("city-tables", _file(load_city_tables, ConfigurationError), lambda: [_CITY_TABLES], Shape.YAML),
    Target(
        "simulated-city", _text(lambda text: read_city(text, "x"), ConfigurationError), _files("simulators/cities/*.yaml"),
        Shape.YAML,
    ),
)  # fmt: skip
