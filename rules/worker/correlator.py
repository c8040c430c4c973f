"""The correlation stage as a service: `rules.raised` in order to `city.events` as CloudEvents, each exactly once.

    take up: fence and restore ──▶ read ──▶ decide (rules.correlation) ──▶ commit: events, own state, place ──▶ read ...
This is the only writer of `city.events`. It resumes from what was committed together and from nothing else.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson
import structlog

from domain.cloud_events import CloudEventWriter
from domain.devices import Device
from domain.errors import Fenced, TransientFault
from domain.events import Transition
from domain.retry import kept_running
from domain.topics import Headers, Topics, header
from rules.correlation.event_history import RuleSubject
from rules.correlation.stage import Output, Stage
from rules.definitions.silences import Silence, SilenceTable
from rules.definitions.table import RuleTable
from rules.engine.announcing import CLOCK_HEADER
from rules.language.rule import Rule
from rules.worker.clock_records import CLOCK_TYPE, read_clock
from rules.worker.partition import HELD_TICKS
from streams.ports import Committed, Log, LogReader, Outgoing, Record, Start, TopicPartition, TransactionalWriter
from streams.reading.tables import latest_by_key, read_between
from streams.reading.ticks import TickCheck

SOURCE: Final = "/urbansense/rules"
STATE_SCHEMA: Final = 1
_STATE_PARTITION: Final = 0
_STATE_HEADERS: Final[Headers] = (("schema", b"correlation-state/1"),)
_PREFIX: Final = "correlation/"
_OWN_KEY: Final = b"correlation"
_READ_TIMEOUT_S: Final = 0.2
_LAST_RECORDS: Final = 64
_CLOUD_EVENTS: Final = CloudEventWriter(SOURCE, "event", "event/1")
_log = structlog.get_logger()


def no_device(device_id: str) -> Device | None:
    """A registry without devices: nothing has parents, and groups by what devices are have no members."""
    return None


class Correlator:
    """The one writer of `city.events`; a second one takes over from the first, which ends with Fenced.

    `find_device` is the registry as it stands when an event is first seen.
    """

    def __init__(self, log: Log, topics: Topics, find_device: Callable[[str], Device | None] = no_device) -> None:
        self._log = log
        self._topics = topics
        self._find_device = find_device
        self._group = f"{topics.prefix}correlator"
        self._table = RuleTable()
        self._silences = SilenceTable()
        self._seen = (0, 0)
        self.tick_check = TickCheck(topics, "correlator")
        self._clocks_behind = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Pass events on until `stop` is set. Waits out a log that is away. Raises: Fenced."""
        await kept_running(lambda: self._correlate(stop), stop, _log_wait)

    async def _correlate(self, stop: asyncio.Event) -> None:
        """From the committed place on; the writer is opened first, so that an earlier one can move it no more."""
        raised = TopicPartition(self._topics.rules_raised, 0)
        writer = await self._log.writer(self._group)
        try:
            definitions = await self._log.reader([self._topics.rule_definitions], start=Start.EARLIEST)
            try:
                await self._load_definitions(definitions)
                stage = await self._restored()
                reader = await self._log.reader(
                    [raised.topic], group=self._group, partitions=[raised], start=Start.EARLIEST
                )
                try:
                    while not stop.is_set():
                        records = (await reader.read(_READ_TIMEOUT_S)).get(raised, ())
                        await self._follow(definitions)
                        await self._take_in(stage, writer, raised, records)
                finally:
                    await reader.close()
            finally:
                await definitions.close()
        except Fenced:
            _log.error("another correlator has taken over")
            raise
        finally:
            await writer.close()

    async def _load_definitions(self, definitions: LogReader) -> None:
        """Everything that stands on the topic before anything is correlated."""
        ends = {tp: end for tp, (_, end) in (await self._log.bounds([self._topics.rule_definitions])).items()}
        self._table, self._silences = RuleTable(), SilenceTable()
        while any(definitions.position(tp) < end for tp, end in ends.items()):
            await self._follow(definitions, _READ_TIMEOUT_S)

    async def _follow(self, definitions: LogReader, timeout_s: float = 0) -> None:
        for records in (await definitions.read(timeout_s)).values():
            self._table.apply(records)
            self._silences.apply(records)

    async def _restored(self) -> Stage:
        """The stage as it was committed last, under the rules and silences of that time."""
        stage = Stage(self._topics.partitions, self._find_device)
        partition = TopicPartition(self._topics.rule_state, _STATE_PARTITION)
        records = await latest_by_key(self._log, partition.topic, [partition])
        self._seen = (-1, -1)
        own = records.pop(_OWN_KEY, None)
        if own is None:
            return stage
        state: dict[str, Any] = orjson.loads(own.value or b"")
        if state["v"] != STATE_SCHEMA:
            _log.warning("correlation state of another schema is left behind", schema=state["v"])
            return stage
        for key, record in records.items():
            if (about := _decode_key(key)) is not None and record.value is not None:
                stage.adopt_state(about, record.value)
        limit_ms = self.tick_check.limit_ms(await self._newest_ms(own.timestamp))
        if stage.latest_ms(state["stage"]) > limit_ms:
            _log.warning("the clock of the correlation state is ahead of the log, and is put back", to_ms=limit_ms)
        rules, silences = self._rules_of(state["rules"]), map(Silence.model_validate, state["silences"])
        stage.restore(state["stage"], rules, silences, limit_ms)
        return stage

    async def _newest_ms(self, otherwise_ms: int) -> int:
        """When the log took the newest of the last raised events and clocks."""
        bounds = await self._log.bounds([self._topics.rules_raised])
        spans = {tp: (max(first, end - _LAST_RECORDS), end) for tp, (first, end) in bounds.items()}
        taken_ms = [record.timestamp async for record in read_between(self._log, spans)]
        return max(taken_ms, default=otherwise_ms)

    def _rules_of(self, versions: dict[str, int]) -> list[Rule]:
        definitions = (self._table.version(name, version) for name, version in versions.items())
        return [definition.rule for definition in definitions if definition is not None]

    async def _take_in(
        self, stage: Stage, writer: TransactionalWriter, raised: TopicPartition, records: Sequence[Record]
    ) -> None:
        """Decide about these records by the rules as they are now, and commit what follows."""
        revisions = (self._table.revision, self._silences.revision)
        if revisions != self._seen:
            self._seen = revisions
            stage.set_rules(definition.rule for definition in self._table.in_force())
            stage.set_silences(self._silences.silences())
        elif not records:
            return
        for record in records:
            self._feed(stage, record)
        if self._clocks_behind >= HELD_TICKS * self._topics.partitions:
            self._clocks_behind = 0
            raise TransientFault("the clock went back, and what is correlated is taken up again")
        outputs, states = stage.take()
        outgoing = [self._output_record(output) for output in outputs] + [
            self._state(key, value) for key, value in states.items()
        ]
        outgoing.append(self._own_state(stage))
        places = {raised: Committed(records[-1].offset + 1)} if records else {}
        await writer.commit(outgoing, self._group, places)

    def _feed(self, stage: Stage, record: Record) -> None:
        """Hand a record to the stage; one that is neither clock nor event is passed over with a line in the log."""
        value, limit_ms = record.value or b"", self.tick_check.limit_ms(record.timestamp)
        kind = header(record.headers, "type") or b""
        try:
            if kind == CLOCK_TYPE:
                partition, now_ms = read_clock(value)
                if self.tick_check.counts(now_ms, record.timestamp):
                    stage.clock(partition, now_ms)
                self._clocks_behind = self._clocks_behind + 1 if stage.now_ms > limit_ms else 0
            else:
                clock_ms = min(int(header(record.headers, CLOCK_HEADER) or b"0"), limit_ms)
                stage.raised(Transition(kind.decode()), value, clock_ms)
        except ValueError as error:
            place = f"{record.topic}/{record.partition}/{record.offset}"
            _log.error("a record of rules.raised is neither event nor clock", record=place, error=str(error))

    def _output_record(self, output: Output) -> Outgoing:
        if output.in_shadow:
            return raised_record(self._topics.rules_shadow, output)
        return cloud_event(self._topics.events, output)

    def _state(self, key: RuleSubject, value: bytes | None) -> Outgoing:
        return Outgoing(self._topics.rule_state, _encode_key(key), value, _STATE_HEADERS, _STATE_PARTITION)

    def _own_state(self, stage: Stage) -> Outgoing:
        state = {
            "v": STATE_SCHEMA,
            "rules": {definition.name: definition.version for definition in self._table.in_force()},
            "silences": [silence.model_dump() for silence in self._silences.silences()],
            "stage": stage.snapshot(),
        }
        return Outgoing(self._topics.rule_state, _OWN_KEY, orjson.dumps(state), _STATE_HEADERS, _STATE_PARTITION)


def _encode_key(key: RuleSubject) -> bytes:
    return f"{_PREFIX}{key[0]}/{key[1]}".encode()


def _decode_key(key: bytes) -> RuleSubject | None:
    """The rule and the subject; a rule's name has no slash, a subject (an area) may."""
    text = key.decode()
    if not text.startswith(_PREFIX):
        return None
    rule, _, subject = text[len(_PREFIX) :].partition("/")
    return rule, subject


def cloud_event(topic: str, output: Output) -> Outgoing:
    """What is published as a CloudEvent.

    Time: `ce_time` is the log's clock when the transition was found, never ours, so the same input gives the same bytes.
    """
    event = output.event
    subject = event["subject"].encode()
    event_id = f"{event['event_id']}/{event['revision']}"
    headers = _CLOUD_EVENTS.headers(event_id, output.transition, subject, output.clock_ms)
    return Outgoing(topic, subject, output.value, headers)


def raised_record(topic: str, output: Output) -> Outgoing:
    """What a group rule in shadow would raise, as the device rules write theirs."""
    headers: Headers = (
        ("schema", b"event/1"),
        ("type", output.transition.value.encode()),
        (CLOCK_HEADER, str(output.clock_ms).encode()),
    )
    return Outgoing(topic, output.event["subject"].encode(), output.value, headers)


def _log_wait(fault: TransientFault, wait_s: float) -> None:
    _log.warning("correlator waits for the log", error=str(fault), again_in_s=round(wait_s, 1))
