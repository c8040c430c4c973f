"""A rule test as it is written: rules, devices, series in, and the events expected out."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError

from documents.located_yaml.problems import LocatedProblem
from documents.located_yaml.reading import BadYaml, LocatedValue, load_yaml
from domain.devices import DEVICE_ID, Device
from domain.quantities.catalogue import CATALOGUE
from domain.telemetry import Quality, Reading
from domain.time.durations import parse_duration_ms, parse_instant_ms
from domain.time.units import MINUTE_MS
from rules.definitions.silences import Silence
from rules.language.document.problems import BadRules
from rules.language.document.reading import load_documents, read_documents
from rules.language.rule import Rule
from rules.schedule.calendars import DEFAULT_TIMEZONE, Calendar, Calendars
from rules.testing.series import SeriesReading, parse_series

_ENTRIES: Final = (
    "rules", "start", "every", "timezone", "devices", "series", "arrivals", "silences", "until", "expect"
)  # fmt: skip
_DEVICE_FIELDS: Final = {field.name for field in fields(Device)} - {"device_id", "state", "version", "activated_at_ms"}
_TIMES: Final = ("since", "opened", "cleared")
_EXPECTED: Final = (
    *_TIMES,
    "rule",
    "subject",
    "severity",
    "withdrawn",
    "stale",
    "unstable",
    "absorbed_by",
    "silenced_by",
    "problem",
    "department",
)

_MOST_TIMES: Final = 10_000
"""How often one report of a test may arrive."""

_Report = tuple[dict[str, Reading], dict[str, Quality]]
"""Readings, and the quality of those that are not good."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One report on its way: it arrives at `at_ms`, `times` times over."""

    at_ms: int
    times: int
    device_id: str
    observed_at_ms: int
    readings: dict[str, Reading]
    quality: dict[str, Quality]


@dataclass(frozen=True, slots=True)
class RuleTest:
    """One test. `arrivals` stand in order of arrival; `expect` maps field names to values, times as epoch ms."""

    path: str
    rules: list[Rule]
    calendars: Calendars
    start_ms: int
    devices: dict[str, Device]
    arrivals: list[Arrival]
    silences: list[Silence]
    until_ms: int
    expect: list[dict[str, Any]]


def load_rule_test(path: Path) -> RuleTest:
    """The test in a file. Raises: BadRules with every problem of the test and of its rules."""
    try:
        documents = load_yaml(path.read_text(encoding="utf-8"), str(path))
    except BadYaml as error:
        raise BadRules(error.problems) from error
    except UnicodeDecodeError as error:
        raise BadRules([LocatedProblem(str(path), 1, 1, "the file is not UTF-8")]) from error
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        raise BadRules(
            [LocatedProblem(str(path), 1, 1, "a rule test is one mapping with rules, start, every, series and expect")]
        )
    reader = _Reader(path, documents[0])
    test = reader.read()
    if reader.problems:
        raise BadRules(reader.problems)
    return test


class _Reader:
    """One test being read; problems are collected."""

    def __init__(self, path: Path, document: LocatedValue) -> None:
        self._path = path
        self._document = document
        self._entries: dict[str, LocatedValue] = document.value
        self.problems: list[LocatedProblem] = []

    def read(self) -> RuleTest:
        for name, entry in self._entries.items():
            if name not in _ENTRIES:
                self._refuse(entry.key or entry, f"unknown entry `{name}`; known are {', '.join(_ENTRIES)}")
        for name in ("rules", "start", "every", "devices", "series", "expect"):
            if name not in self._entries:
                self._refuse(self._document, f"`{name}` is missing")
        start_ms = self._start()
        every_ms = self._offset(self._entries.get("every"), "every") or MINUTE_MS
        devices = self._devices(start_ms)
        arrivals = self._arrivals(start_ms, every_ms, devices)
        last_ms = max((arrival.at_ms for arrival in arrivals), default=start_ms)
        until = self._offset(self._entries.get("until"), "until")
        rules, calendars = self._documents()
        return RuleTest(
            str(self._path), rules, calendars, start_ms, devices, arrivals, self._silences(start_ms),
            last_ms if until is None else max(start_ms + until, last_ms), self._expect(start_ms),
        )  # fmt: skip

    def _refuse(self, where: LocatedValue, message: str) -> None:
        self.problems.append(where.problem(str(self._path), message))

    def _list(self, name: str) -> list[LocatedValue]:
        entry = self._entries.get(name)
        if entry is None:
            return []
        if not isinstance(entry.value, list):
            self._refuse(entry, f"`{name}` must be a list")
            return []
        return entry.value

    def _mapping(self, entry: LocatedValue | None, name: str) -> dict[str, LocatedValue]:
        if entry is None:
            return {}
        if not isinstance(entry.value, dict):
            self._refuse(entry, f"`{name}` must be a mapping")
            return {}
        return entry.value

    def _start(self) -> int:
        entry = self._entries.get("start")
        try:
            return parse_instant_ms(str(entry.value)) if entry else 0
        except ValueError as error:
            self._refuse(entry or self._document, f"`start`: {error}")
            return 0

    def _offset(self, entry: LocatedValue | None, name: str) -> int | None:
        if entry is None:
            return None
        try:
            return parse_duration_ms("0s" if entry.value in (0, "0") else str(entry.value))
        except ValueError as error:
            self._refuse(entry, f"`{name}`: {error}")
            return None

    def _documents(self) -> tuple[list[Rule], Calendars]:
        """The rules, and the calendars that stand beside them."""
        rules: list[Rule] = []
        calendars: list[Calendar] = []
        inline: list[LocatedValue] = []
        for entry in self._list("rules"):
            if isinstance(entry.value, dict):
                inline.append(entry)
                continue
            try:
                read = load_documents(self._path.parent / str(entry.value))
                rules, calendars = rules + read.rules, calendars + read.calendars
            except OSError as error:
                self._refuse(entry, f"cannot read {entry.value}: {error.strerror}")
            except BadRules as error:
                self.problems += error.found
        read = read_documents(inline, str(self._path), self.problems)
        return rules + read.rules, Calendars(self._timezone(), calendars + read.calendars)

    def _timezone(self) -> str:
        entry = self._entries.get("timezone")
        if entry is None:
            return DEFAULT_TIMEZONE
        try:
            return ZoneInfo(str(entry.value)).key
        except (ZoneInfoNotFoundError, ValueError):
            self._refuse(entry, f"`timezone`: unknown time zone {entry.value!r}; write for example Asia/Shanghai")
            return DEFAULT_TIMEZONE

    def _devices(self, start_ms: int) -> dict[str, Device]:
        devices: dict[str, Device] = {}
        for device_id, entry in self._mapping(self._entries.get("devices"), "devices").items():
            facts = {name: fact.plain() for name, fact in self._mapping(entry, device_id).items()}
            unknown = facts.keys() - _DEVICE_FIELDS
            if not DEVICE_ID.match(device_id) or unknown or not isinstance(facts.get("kind"), str):
                what = f"unknown {', '.join(sorted(unknown))}" if unknown else "a device needs an id and a kind"
                self._refuse(
                    entry.key or entry, f"device {device_id!r}: {what}; fields are {', '.join(sorted(_DEVICE_FIELDS))}"
                )
                continue
            facts.setdefault("profile", facts["kind"])
            devices[device_id] = Device(device_id=device_id, activated_at_ms=start_ms, **facts)
        return devices

    def _arrivals(self, start_ms: int, every_ms: int, devices: dict[str, Device]) -> list[Arrival]:
        reports = self._reports(devices)
        moved: dict[tuple[str, int], list[tuple[int, int]]] = {}
        for entry in self._list("arrivals"):
            given = self._mapping(entry, "arrivals")
            values: dict[str, Any] = {name: value.plain() for name, value in given.items()}
            device_id, reading, times = values.get("device", ""), values.get("reading", ""), values.get("times", 1)
            named = isinstance(device_id, str) and type(reading) is int and (device_id, reading) in reports
            if not named or given.keys() - {"device", "reading", "arrives", "times"}:
                self._refuse(
                    entry, "an arrival names the device and reading (from 0) of the series, and arrives or times"
                )
                continue
            offset = self._offset(given.get("arrives"), "arrives")
            if type(times) is not int or not 1 <= times <= _MOST_TIMES:
                self._refuse(given["times"], f"`times` must be a whole number from 1 to {_MOST_TIMES}")
                continue
            at_ms = start_ms + (reading * every_ms if offset is None else offset)
            moved.setdefault((device_id, reading), []).append((at_ms, times))
        arrivals = [
            Arrival(at_ms, times, device_id, start_ms + i * every_ms, *report)
            for (device_id, i), report in reports.items()
            for at_ms, times in moved.get((device_id, i), [(start_ms + i * every_ms, 1)])
        ]
        return sorted(arrivals, key=lambda arrival: arrival.at_ms)

    def _silences(self, start_ms: int) -> list[Silence]:
        """Silences as on the log, but `starts` and `ends` from the test's start; author and reason may be left out."""
        silences = []
        for entry in self._list("silences"):
            entries = self._mapping(entry, "silences")
            starts, ends = (self._offset(entries.get(name), name) or 0 for name in ("starts", "ends"))
            given = {name: value.plain() for name, value in entries.items() if name not in ("starts", "ends")}
            given = {"author": "test", "reason": "test", **given}
            try:
                times = {"starts_at_ms": start_ms + starts, "ends_at_ms": start_ms + ends}
                silences.append(Silence.model_validate(given | times))
            except ValidationError as error:
                for problem in error.errors():
                    self._refuse(entry, f"silences: {'.'.join(map(str, problem['loc']))}: {problem['msg']}")
        return silences

    def _reports(self, devices: dict[str, Device]) -> dict[tuple[str, int], _Report]:
        """The quantities of a device that have a value at one instant are one report."""
        reports: dict[tuple[str, int], _Report] = {}
        for device_id, entry in self._mapping(self._entries.get("series"), "series").items():
            if device_id not in devices:
                self._refuse(entry.key or entry, f"{device_id!r} is not among the devices")
            for quantity, series in self._mapping(entry, device_id).items():
                if quantity not in CATALOGUE:
                    self._refuse(series.key or series, f"unknown quantity {quantity!r}")
                for i, reading in enumerate(self._values(series)):
                    if reading.value is None:
                        continue
                    readings, marks = reports.setdefault((device_id, i), ({}, {}))
                    readings[quantity] = reading.value
                    if reading.quality is not None:
                        marks[quantity] = reading.quality
        return dict(sorted(reports.items(), key=lambda item: item[0][1]))

    def _values(self, series: LocatedValue) -> list[SeriesReading]:
        try:
            text = str(series.value).lower() if isinstance(series.value, bool) else str(series.value)
            return parse_series(text)
        except ValueError as error:
            self._refuse(series, str(error))
            return []

    def _expect(self, start_ms: int) -> list[dict[str, Any]]:
        expected = []
        for entry in self._list("expect"):
            event: dict[str, Any] = {}
            for name, value in self._mapping(entry, "expect").items():
                if name not in _EXPECTED:
                    self._refuse(
                        value.key or value, f"unknown field `{name}`; known are {', '.join(sorted(_EXPECTED))}"
                    )
                elif name in _TIMES and value.value is not None:
                    event[name] = start_ms + (self._offset(value, name) or 0)
                else:
                    event[name] = value.plain()
            expected.append(event)
        return expected
