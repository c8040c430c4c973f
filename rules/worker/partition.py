"""One partition number of all telemetry topics, owned by one worker: an engine for each kind, and what they commit.

telemetry.<kind>/p ──▶ Engine of that kind ──▶ raised ─┐
                                      └─▶ states ──────┼──▶ one transaction
                                 sums, clocks, offsets ┘
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson
import structlog

from domain.devices import Device
from domain.telemetry import Tick
from domain.topics import Headers, Topics, is_tick
from rules.correlation.event_history import FOREVER_MS, NEVER_MS
from rules.definitions.table import RuleTable
from rules.engine.announcing import CLOCK_HEADER, Raised
from rules.engine.clock import PartitionClock
from rules.engine.engine import Engine
from rules.engine.health import Vitals
from rules.engine.plans import RuleSet
from rules.engine.published import Published
from rules.engine.snapshots import SCHEMA, decode_device_state, encode_device_state
from rules.language.rule import Mode
from rules.worker.clock_records import encode_clock
from rules.worker.partition_states import partition_key
from rules.worker.too_late import RecentFates, ReportFates
from streams.ports import Committed, Outgoing, Record, TopicPartition
from streams.reading.ticks import LATEST_MS, TickCheck

_STATE_HEADERS: Final[Headers] = (("schema", b"rule-state/1"),)
_DEVICE_PREFIX: Final = b"device/"
_NO_SUMS: Final = (0, 0, 0, 0)
_log = structlog.get_logger()


HELD_TICKS: Final = 90
"""So many ticks of a kind in a row, some more than a minute, behind which a clock must stand to have run ahead for good."""


class _NoTelemetry(Exception):
    """A record of a telemetry topic that another program wrote."""


class Outdated(NamedTuple):
    """What is known of a partition whose state must be built again: up to where it was judged, and its sums, by topic.

    `newest_ms` is when the log took the newest record of each topic: no clock before it may lie beyond.
    """

    why: str
    places: Mapping[str, int]
    sums: Mapping[str, Sequence[int]]
    newest_ms: Mapping[str, int]


PublishedByDevice = dict[str, dict[str, dict[int, Published]]]
"""Events as they were published last, by device, rule and opening time."""


class PartitionChanges(NamedTuple):
    """What one transaction of a partition holds, and the events among it."""

    raised: list[Raised]
    records: list[Outgoing]
    places: dict[TopicPartition, Committed]


class Partition:
    """The engine's state for one partition number. Pure but for the registry it looks devices up in."""

    def __init__(
        self,
        number: int,
        topics: Topics,
        rules: RuleSet,
        find_device: Callable[[str], Device | None],
        vitals: Vitals,
        tick_check: TickCheck | None = None,
    ) -> None:
        self.number = number
        self.rules = rules
        self.vitals = vitals
        self._topics = topics
        self._find_device = find_device
        self._engines = {topics.telemetry(kind): Engine(kind, rules, find_device, vitals) for kind in topics.kinds}
        self._next: dict[str, int] = {}
        self._moved = False
        self._restated = False
        self._clock_until_ms = NEVER_MS
        self._clock_published_ms: int | None = None
        self._tick_check = tick_check or TickCheck(topics, "rules worker")
        self._ticks_behind = 0
        self._recent: dict[str, RecentFates] = {}

    # Restoring

    def restore(
        self,
        records: Mapping[bytes, Record],
        table: RuleTable,
        offsets: Mapping[TopicPartition, int],
        newest_ms: Mapping[str, int] | None = None,
    ) -> Outdated | None:
        """Take up the state as it was committed, under the rules of that time. Call `set_rules` after it.

        `newest_ms` is when the log took the newest record of each topic. Returns what is known of a state that must be
        rebuilt, since it is of another release or its clock ran ahead; None if there is nothing to rebuild.
        """
        places = {tp.topic: offset for tp, offset in offsets.items()}
        own = records.get(partition_key(self.number))
        if own is None or own.value is None:
            self._next = places
            return None
        state: dict[str, Any] = orjson.loads(own.value)
        newest_ms = newest_ms or {}
        if (why := self._why_outdated(state, own.timestamp, newest_ms)) is not None:
            engine_states = state.get("lanes", {})
            judged = {topic: engine_state["offset"] for topic, engine_state in engine_states.items()}
            sums = {topic: engine_state["sums"] for topic, engine_state in engine_states.items()}
            return Outdated(why, places | judged, sums, newest_ms)
        self._next = places
        self.vitals.restore(state.get("health", {}), state["rules"])
        definitions = [table.version(name, version) for name, version in state["rules"].items()]
        rules = (definition.rule for definition in definitions if definition is not None)
        self.rules = RuleSet(rules, self.rules.calendars)
        for topic, engine_state in state["lanes"].items():
            self._next[topic] = engine_state["offset"]
            if topic in self._engines:
                self._engines[topic].restore(self.rules, engine_state)
        for key, record in records.items():
            if key.startswith(_DEVICE_PREFIX) and record.value is not None:
                self._restore_device(key[len(_DEVICE_PREFIX) :].decode(), record.value)
        return None

    def _why_outdated(self, state: Mapping[str, Any], written_ms: int, newest_ms: Mapping[str, int]) -> str | None:
        """Why a state that was written then cannot be gone on from."""
        if state["v"] != SCHEMA:
            return "it is of another release"
        for topic, engine_state in state["lanes"].items():
            latest_ms = PartitionClock.restored(engine_state["clock"]).latest_ms
            if latest_ms > self._tick_check.limit_ms(newest_ms.get(topic, written_ms)):
                return "its clock is ahead of the log"
        return None

    def rebuilt(self, published: PublishedByDevice, outdated: Outdated) -> None:
        """Everything up to the places of the outdated state is judged over again; go on from there."""
        for topic, engine in self._engines.items():
            engine.rebuilt(published, outdated.sums.get(topic, _NO_SUMS))
        self._next = dict(outdated.places)
        self._recent.clear()
        self._moved = self._restated = True

    def _restore_device(self, device_id: str, value: bytes) -> None:
        decoded = decode_device_state(device_id, value, self.rules, self._find_device(device_id))
        if decoded is not None and (engine := self._engines.get(self._topics.telemetry(decoded[0]))) is not None:
            engine.adopt(decoded[1])

    def set_rules(self, rules: RuleSet) -> None:
        """Judge by these from now on."""
        self.rules, self._restated = rules, True
        self.vitals.restart(rules)
        for engine in self._engines.values():
            engine.set_rules(rules)

    def publish_clock_until(self, until_ms: int) -> None:
        """Publish the clock to the correlation stage until it has passed that instant."""
        self._clock_until_ms = until_ms

    def refresh(self, devices: Sequence[Device]) -> None:
        """The registry changed. `devices` are those of this partition; none where no rule fires from absence."""
        for engine in self._engines.values():
            engine.refresh(devices)

    # Judging

    def judge(self, topic: str, records: Sequence[Record], newest_ms: int = FOREVER_MS) -> None:
        """Fold records of one topic in log order; those before its place were judged already.

        A tick counts only if it is not ahead of its record, nor of `newest_ms`.
        """
        engine = self._engines[topic]
        start = self._next.get(topic, 0)
        if (recent := self._recent.get(topic)) is None:
            recent = self._recent[topic] = RecentFates(_fates(engine))
        loads, report = orjson.loads, engine.report
        for record in records:
            if record.offset < start:
                continue
            value: Any = None
            try:
                value = loads(record.value or b"")
                if record.headers and len(record.headers) > 1 and is_tick(tuple(record.headers)):
                    _check_tick(value)
                    self._tick(engine, value, min(record.timestamp, newest_ms))
                else:
                    if not 0 <= value["observed_at_ms"] <= LATEST_MS:
                        raise _NoTelemetry("it was observed at no instant")
                    report(value)
            except (orjson.JSONDecodeError, _NoTelemetry, KeyError, TypeError, AttributeError) as error:
                if _is_report(value) and not isinstance(error, _NoTelemetry):
                    raise  # ours, and no fault of the record
                engine.no_rule += 1
                _log.error("a telemetry record is no report", topic=topic, offset=record.offset, error=repr(error))
        recent.note(records[-1].timestamp, _fates(engine))
        self._next[topic] = max(start, records[-1].offset + 1)
        self._moved = True

    def _tick(self, engine: Engine, tick: Tick, log_ms: int) -> None:
        if self._tick_check.counts(tick["tick_at_ms"], log_ms):
            engine.tick(tick)
        is_ahead = engine.clock.latest_ms > self._tick_check.limit_ms(log_ms)
        self._ticks_behind = self._ticks_behind + 1 if is_ahead else 0

    @property
    def has_run_ahead(self) -> bool:
        """Whether its clock has stood ahead of the log for more than a minute: the wall clock was put back."""
        return self._ticks_behind >= HELD_TICKS * len(self._engines)

    # Committing

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to commit."""
        return self._moved or self._restated or self.has_events

    @property
    def has_events(self) -> bool:
        return any(engine.raised for engine in self._engines.values())

    def take_changes(self) -> PartitionChanges:
        """Everything that changed since the last call: events, states, sums, and the group's places that go with them.

        They must be committed together. If that fails, this partition is worth nothing any more: restore another.
        """
        everything: list[Raised] = []
        states: list[Outgoing] = []
        topic, number = self._topics.rule_state, self.number
        for engine in self._engines.values():
            raised, changed = engine.take()
            everything += raised
            for one in raised:
                self.vitals.note_raised(one)
            for device_state in changed:
                key = _DEVICE_PREFIX + device_state.device_id.encode()
                states.append(
                    Outgoing(topic, key, encode_device_state(engine.kind, device_state), _STATE_HEADERS, number)
                )
        records = [self._event(raised) for raised in everything] + self._clock() + states
        records.append(Outgoing(topic, partition_key(number), orjson.dumps(self._own_state()), _STATE_HEADERS, number))
        self._moved = self._restated = False
        places = {TopicPartition(topic, number): Committed(offset) for topic, offset in self._next.items()}
        return PartitionChanges(everything, records, places)

    def _clock(self) -> list[Outgoing]:
        """The clock of the engine that is furthest behind, where it moved and somebody needs it."""
        clocks = [engine.clock.now_ms for engine in self._engines.values()]
        now_ms = min((clock_ms for clock_ms in clocks if clock_ms is not None), default=None)
        published_ms = self._clock_published_ms
        if self._clock_until_ms == NEVER_MS or now_ms is None or None in clocks:
            return []
        if published_ms is not None and (now_ms <= published_ms or published_ms >= self._clock_until_ms):
            return []
        self._clock_published_ms = now_ms
        value, headers = encode_clock(self.number, now_ms)
        return [Outgoing(self._topics.rules_raised, None, value, headers, 0)]

    def _own_state(self) -> dict[str, Any]:
        return {
            "v": SCHEMA,
            "rules": self.rules.versions(),
            "health": self.vitals.snapshot(self.rules),
            "recent": {topic: [*recent.recent()] for topic, recent in self._recent.items()},
            "lanes": {
                topic: {"offset": self._next[topic], **engine.snapshot()}
                for topic, engine in self._engines.items()
                if topic in self._next
            },
        }

    def _event(self, raised: Raised) -> Outgoing:
        topic = self._topics.rules_raised if raised.mode is Mode.LIVE else self._topics.rules_shadow
        headers = (
            ("schema", b"event/1"),
            ("type", raised.transition.value.encode()),
            (CLOCK_HEADER, str(raised.clock_ms).encode()),
        )
        return Outgoing(topic, raised.event.subject.encode(), raised.event.model_dump_json().encode(), headers)


def _fates(engine: Engine) -> ReportFates:
    return ReportFates(engine.judged + engine.duplicate + engine.too_late, engine.too_late)


def _is_report(value: Any) -> bool:
    """Whether it has the shape of a report, so that whatever failed on it is a bug."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("device_id"), str)
        and type(observed_at_ms := value.get("observed_at_ms")) is int
        and 0 <= observed_at_ms <= LATEST_MS
        and isinstance(value.get("received_at_ms"), int)
        and isinstance(value.get("readings"), dict)
        and isinstance(value.get("quality"), dict | None)
    )


def _check_tick(value: Any) -> None:
    """Raises: _NoTelemetry where it is no tick, before anything of it has reached a clock."""
    if not isinstance(value, dict) or not all(type(value.get(name)) is int for name in ("gateway", "tick_at_ms")):
        raise _NoTelemetry("no tick, though its headers call it one")
