"""The rules on the prepared log: how it is fed, worker and correlator in a process, and what they leave behind."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from domain.retry import pause
from domain.topics import header, is_tick
from rules.definitions.lifecycle import apply_rules
from rules.worker.clock_records import is_clock
from rules.worker.correlator import Correlator
from rules.worker.sums import RuleSums, read_rule_sums, rules_group
from rules.worker.worker import RulesWorker
from streams.opening.by_url import open_log
from streams.ports import Record, TopicPartition
from streams.reading.tables import read_to_end
from tests.e2e.rules_killed.prepared import CORRELATED, RULES, registered, telemetry
from urbansense.commands.platform.services import run_until_stopped
from urbansense.configuration.settings import Settings, load_settings
from urbansense.running.services import Service, run_services
from urbansense.wiring.parts import Parts, open_parts


async def prepare(settings: Settings) -> None:
    """Devices and rules on a log that has none."""
    log = await open_log(settings.log_url, settings.data_dir)
    try:
        await log.ensure_topics(settings.topics.specs())
        await log.append(registered(settings.topics))
        await apply_rules(log, settings.topics, RULES, now_ms=0)
    finally:
        await log.close()


def judge_in_one_process(last: int, ahead: int) -> None:
    """Worker and correlator on the embedded log as `up` wires them, and what feeds them in the place of the gateway.

    Everything before the instant `last` is fed that the log does not have yet, up to `ahead` records ahead of what the
    worker has committed; an instant is appended all or nothing.
    """

    async def run(settings: Settings, stop: asyncio.Event) -> None:
        async with open_parts(settings, stop) as parts:
            await parts.lookup.load(parts.log)
            services: dict[str, Service] = {
                "lookup": parts.lookup,
                "rules worker": RulesWorker(parts.log, parts.topics, parts.lookup, timezone=parts.settings.timezone),
                "correlator": Correlator(parts.log, parts.topics, parts.lookup.device),
                "feeder": _Feeder(parts, last, ahead),
            }
            await run_services(services, stop)

    run_until_stopped(load_settings(), run)


class _Feeder:
    def __init__(self, parts: Parts, last: int, ahead: int) -> None:
        self._log, self._topics = parts.log, parts.topics
        self._last, self._ahead = last, ahead

    async def run(self, stop: asyncio.Event) -> None:
        fed = sum(end for _, end in (await self._log.bounds(self._topics.all_telemetry)).values())
        passed = 0
        for records in telemetry(self._topics, 0, self._last):
            passed += len(records)
            if passed <= fed:
                continue
            while passed - await self._judged() > self._ahead and not stop.is_set():
                await pause(stop, 0.005)
            if stop.is_set():
                return
            await self._log.append(records)
        await stop.wait()

    async def _judged(self) -> int:
        partitions = sorted(await self._log.bounds(self._topics.all_telemetry))
        places = await self._log.committed(rules_group(self._topics), partitions)
        return sum(place.offset for place in places.values())


class Left(NamedTuple):
    """What the rules have left behind."""

    raised: Mapping[str, bytes]
    """Every event of rules.raised and rules.shadow, by `<event id>/<revision>`."""
    transitions: Mapping[str, set[str]]
    """What happened to events, by rule."""
    final: Mapping[str, Any]
    """The last that city.events says of each event, by event id."""
    twice: list[str]
    """What stands more than once on a topic."""
    sums: RuleSums
    reports: int
    pending: int
    """Telemetry records that the sums do not account for, ticks among them."""


async def fetch_left(settings: Settings) -> Left:
    """Everything there is, once nothing runs any more that holds the log."""
    log, topics = await open_log(settings.log_url, settings.data_dir), settings.topics
    try:
        told = [record async for record in read_to_end(log, [topics.rules_raised, topics.rules_shadow])]
        raised = [record for record in told if not is_clock(record.headers)]
        announced = [record async for record in read_to_end(log, [topics.events])]
        reports = [r async for r in read_to_end(log, topics.all_telemetry) if not is_tick(r.headers)]
        sums = await read_rule_sums(log, topics)
        ends = {tp: end for tp, (_, end) in (await log.bounds(topics.all_telemetry)).items()}
    finally:
        await log.close()
    transitions: dict[str, set[str]] = defaultdict(set)
    for record in raised + announced:
        transitions[orjson.loads(record.value or b"")["rule"]].add(_transition(record))
    ids = Counter([f"{record.topic} {_revision(record)}" for record in raised + announced])
    return Left(
        raised={_revision(record): record.value or b"" for record in raised},
        transitions=transitions,
        final={(event := orjson.loads(record.value or b""))["event_id"]: event for record in announced},
        twice=[one for one, times in ids.items() if times > 1],
        sums=sums,
        reports=len(reports),
        pending=sum(end - sums.offsets.get(TopicPartition(*tp), 0) for tp, end in ends.items()),
    )


def _transition(record: Record) -> str:
    """What it says happened: in one header on rules.raised, in another as a CloudEvent."""
    said = header(record.headers, "type") or header(record.headers, "ce_type") or b""
    return said.decode().removeprefix("urbansense.event.").removesuffix(".v1")


def _revision(record: Any) -> str:
    event = orjson.loads(record.value)
    return f"{event['event_id']}/{event['revision']}"


def assert_the_same(left: Left, undisturbed: Left) -> None:
    """Every event, to the byte, once; and every report is accounted for, in the same way.

    How the records of the partitions interleave on rules.raised is not the same in two runs. What follows from that is how
    often events of correlated rules are amended on their way, and so the number of their last revision, no more.
    """
    assert left.twice == []
    assert _differing(left.raised, undisturbed.raised) == {}
    assert _differing(_standing(left), _standing(undisturbed)) == {}
    assert (left.reports, left.pending) == (undisturbed.reports, 0)
    assert sums_of(left) == sums_of(undisturbed)
    assert sum(sums_of(left)) == left.reports


def _standing(left: Left) -> Mapping[str, Any]:
    """The events of city.events that were not withdrawn, those of correlated rules without what depends on interleaving."""
    return {
        name: {**event, "revision": None, "replaces": None} if event["rule"] in CORRELATED else event
        for name, event in left.final.items()
        if event["status"] != "withdrawn" or event["rule"] not in CORRELATED
    }


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What either of them has under a key, or None, where it is not the same."""
    both = {key: (one.get(key), other.get(key)) for key in one.keys() | other.keys()}
    return {key: (here, there) for key, (here, there) in both.items() if here != there}


def sums_of(left: Left) -> tuple[int, ...]:
    sums = left.sums
    return sums.judged, sums.duplicate, sums.too_late, sums.no_rule
