"""Records of every topic as they may stand on the log: no record, whoever wrote it, ends its reader.

An input is several records; the number before each chooses its key, its headers, and 255 a tombstone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from cases.intake.cloud_event import read_cloud_event
from device_registry.lookup.device_table import DeviceTable
from device_registry.pending.sightings import sighting_of
from device_registry.records.encoding import encode_device, encode_profile
from domain.cloud_events import CloudEventWriter
from domain.devices import Device, Profile
from domain.events import Event, Severity, Status, Text, event_id
from domain.topics import TELEMETRY_HEADERS, TICK_HEADERS, Headers, Topics
from ingest.ledger.counting import LogCount
from ingest.pipeline.rejection_records import decode_rejection, replay_telemetry
from ingest.recorder.recording import _events, _store_refused, to_batches
from rules.correlation.stage import Stage
from rules.definitions.silences import Matches, Silence, SilenceTable
from rules.definitions.table import RuleTable
from rules.engine.health import Vitals
from rules.engine.plans import RuleSet
from rules.language.document.reading import parse_rules
from rules.schedule.calendars import Calendars
from rules.worker.correlator import Correlator, no_device
from rules.worker.partition import Partition
from streams.ports import TopicPartition
from tests.fuzz.messages import pack, unpack
from tests.fuzz.target import Shape, Target
from timeseries.deduplication.classification import Classified, classify, screen
from timeseries.deduplication.known_reports import KnownReports
from timeseries.influxdb.points import report_line
from timeseries.ports import PartitionBatch
from web.live.feed import LiveFeed

_TOPICS: Final = Topics()
_T: Final = 1_780_318_800_123
_RULE: Final = (
    "rule: lamp-out\nkind: streetlight\nwhen: reading.active_power < 20.0\nfor: 10m\nevent: {problem: lamp-out}\n"
)


@dataclass(frozen=True)
class _Record:
    """A record as read."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp: int = _T


def _records(data: bytes, topic: str, keys: Sequence[bytes | None], headers: Sequence[Headers]) -> list[_Record]:
    return [
        _Record(topic, 0, offset, keys[n % len(keys)], None if n == 255 else value, headers[n // 16 % len(headers)])
        for offset, (n, value) in enumerate(unpack(data))
    ]


def _definitions(data: bytes) -> None:
    """Rules and calendars that cannot be read are out of force; all others stay."""
    keys = (b"rule/lamp-out/1", b"rule/lamp-out", b"calendar/school", b"silence/s1", b"rule/lamp-out/x", b"\xff", None)
    table, silences = RuleTable(), SilenceTable()
    records = _records(data, _TOPICS.rule_definitions, keys, ((),))
    table.apply(records)
    silences.apply(records)
    table.in_force()
    table.calendars()
    silences.silences()


def _registry(data: bytes) -> None:
    keys = (b"SL-1", b"profile/streetlight", b"GW-1", b"\xff", None)
    headers = ((("schema", b"device/1"),), (("schema", b"profile/1"),), (("schema", b"x"),))
    table = DeviceTable()
    table.apply(_records(data, _TOPICS.registry, keys, headers))
    for device in table.devices():
        assert table.device(device.device_id) == device


def _telemetry(data: bytes) -> None:
    """What the rules worker, the recorder and the live feed make of telemetry and ticks."""
    topic = _TOPICS.telemetry("streetlight")
    records = _records(data, topic, (b"SL-1", None), (TELEMETRY_HEADERS, TICK_HEADERS, ()))
    if not records:
        return
    rules = RuleSet(parse_rules(_RULE), Calendars())
    partition = Partition(0, _TOPICS, rules, {"SL-1": _DEVICE}.get, Vitals())
    partition.judge(topic, records)
    partition.take_changes()
    batch = {TopicPartition(topic, 0): records}
    _screened(to_batches(batch))
    LiveFeed(None, _TOPICS).take(batch)  # type: ignore[arg-type]  # it reads no log here


def _screened(batches: list[PartitionBatch]) -> None:
    """Every report is one that a store takes, or its rejection stands on the log; a replay of it is a ValueError."""
    classified, known = Classified(), KnownReports()
    sound = screen(batches, classified)
    classify(sound, known, classified)
    for fresh in classified.fresh:
        report_line(fresh)
    assert len(sound) + len(classified.refused) == sum(len(batch.reports) for batch in batches)
    for _, refusal in classified.refused:
        rejection = decode_rejection(_store_refused(refusal, _TOPICS, _T).value or b"")
        try:
            replay_telemetry(rejection, "r/0/0", _TOPICS)
        except ValueError:
            pass


def _events_and_cases(data: bytes) -> None:
    """What recorder, case desk and live feed make of `city.events` and `city.cases`."""
    for topic, noun in ((_TOPICS.events, "event"), (_TOPICS.cases, "case")):
        whole = CloudEventWriter("urn:x", noun, f"{noun}/1").headers("1", "opened", b"SL-1", _T)
        late = ("ce_time", b"9999-12-31T23:59:59-14:00")
        headers = (whole, (("ce_type", b"urbansense.event.opened.v1"),), (*whole[:6], late), ())
        records = _records(data, topic, (b"SL-1", None), headers)
        if not records:
            continue
        _events(records)
        LiveFeed(None, _TOPICS).take({TopicPartition(topic, 0): records})  # type: ignore[arg-type]  # as above
        for record in records:
            try:
                read_cloud_event(record)
            except ValueError:
                pass  # as declared


def _raised(data: bytes) -> None:
    """What the correlation stage makes of `rules.raised`."""
    kinds = (b"opened", b"clock", b"cleared", b"withdrawn", b"amended", b"x")
    headers = [
        (("schema", b"event/1"), ("type", kind), ("clock_ms", clock)) for kind in kinds for clock in (b"5", b"x")
    ]
    correlator = Correlator(None, _TOPICS)  # type: ignore[arg-type]  # it reads no log here
    stage = Stage(1, no_device)
    stage.set_rules(parse_rules(_RULE))
    for record in _records(data, _TOPICS.rules_raised, (b"SL-1",), headers):
        correlator._feed(stage, record)
    stage.take()


def _rejections(data: bytes) -> None:
    """What the ledger makes of `telemetry.rejected`: every record counts, under one reason."""
    counted = LogCount(None, _TOPICS)  # type: ignore[arg-type]  # it reads no log here
    records = _records(data, _TOPICS.rejected, (b"SL-1",), ((),))
    for record in records:
        counted._count(record)
    whole, partial = counted.rejected(partial=False), counted.rejected(partial=True)
    assert sum(whole.values()) + sum(partial.values()) >= len(records) or '"count"' in repr(data)


def _sightings(data: bytes) -> None:
    try:
        sighting_of(orjson.loads(data))
    except (ValueError, KeyError, TypeError, AttributeError):
        return  # as its one caller passes over what is no rejection


_DEVICE: Final = Device("SL-1", "streetlight", "streetlight", area="a", report_interval_s=60)
_EVENT: Final = Event(
    event_id=event_id("lamp-out", "SL-1", _T), revision=1, rule="lamp-out", rule_version=1, subject="SL-1",
    kind="streetlight", problem="lamp-out", severity=Severity.MAJOR, status=Status.OPEN, since_ms=_T - 5, opened_at_ms=_T,
    summary=Text(en="Lamp out", zh="路灯不亮"),
)  # fmt: skip
_REPORT: Final = orjson.dumps(
    {"device_id": "SL-1", "kind": "streetlight", "area": "a", "observed_at_ms": _T, "received_at_ms": _T + 5,
     "readings": {"active_power": 5.0, "mains_present": True}, "codec": "json", "message_id": "1", "quality": {}}
)  # fmt: skip
_TICK: Final = orjson.dumps({"gateway": 0, "tick_at_ms": _T + 60_000})
_SILENCE: Final = Silence(
    id="s1", author="a", reason="b", starts_at_ms=0, ends_at_ms=5, matches=Matches(rule="lamp-out")
)
_VERSION: Final = orjson.dumps({"rule": "lamp-out", "version": 1, "text": _RULE, "author": "a", "applied_at_ms": 5})
_CALENDAR: Final = orjson.dumps({"calendar": "school", "version": 1, "text": "calendar: school\ndays: {}\n"})


def _seeds(*messages: tuple[int, bytes]) -> Callable[[], Sequence[bytes]]:
    return lambda: [pack(messages), *(pack([one]) for one in messages)]


def _rejection() -> list[bytes]:
    rejected = {"reason": "unknown_device", "detail": "x", "topic": "city/a/streetlight/SL-9/up", "payload": "e30=",
                "device_id": "SL-9", "received_at_ms": _T}  # fmt: skip
    lora = {
        "topic": "v3/a@b/devices/c/up",
        "payload": "eyJlbmRfZGV2aWNlX2lkcyI6eyJkZXZfZXVpIjoiMDEwMTAxMDEwMTAxMDEwMSJ9fQ==",
    }
    return [orjson.dumps(rejected), orjson.dumps(rejected | lora)]


TARGETS: Final = (
    Target(
        "log-definitions", _definitions,
        _seeds((0, _VERSION), (1, b'{"version": 1, "author": "a"}'), (2, _CALENDAR),
               (3, _SILENCE.model_dump_json().encode()), (255, b"")),
        Shape.JSON, messages=True,
    ),
    Target(
        "log-registry", _registry,
        _seeds((0, encode_device(_DEVICE)), (61, encode_profile(Profile("streetlight", "streetlight"))), (255, b"")),
        Shape.JSON, messages=True,
    ),
    Target("log-telemetry", _telemetry, _seeds((0, _REPORT), (16, _TICK), (0, _REPORT)), Shape.JSON, messages=True),
    Target("log-events", _events_and_cases, _seeds((0, _EVENT.model_dump_json().encode())), Shape.JSON, messages=True),
    Target(
        "log-raised", _raised,
        _seeds((0, _EVENT.model_dump_json().encode()), (32, b'{"partition": 0, "now_ms": 1780318900123}')),
        Shape.JSON, messages=True,
    ),
    Target(
        "log-rejections", _rejections, lambda: [pack((0, one) for one in _rejection())], Shape.JSON, messages=True
    ),
    Target("log-sightings", _sightings, _rejection, Shape.JSON),
)  # fmt: skip
