"""State that an earlier release left on `rules.state` is read as it is, and written again in the same bytes.

`golden/rules/state_schema_2.json` was written by the release before the words of the rules' locals changed: reports of four
lamps, what their partition committed, what the correlation stage kept of it, and how both went on. `SCHEMA` 2 promises that
every release which reads and writes that schema goes on from it as if nothing had happened.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from domain.devices import Device
from domain.events import Status, Transition
from domain.topics import TELEMETRY_HEADERS, TICK_HEADERS, Headers, Topics
from rules.correlation.stage import Stage
from rules.definitions.silences import Silence
from rules.definitions.table import RuleTable
from rules.engine.health import Vitals
from rules.engine.plans import RuleSet
from rules.language.rule import Rule
from rules.worker.partition import Partition
from streams.ports import TopicPartition
from tests.rules.engines import lamp
from tests.rules.worker.test_determinism import LOG_MS, StoredRecord

TOPICS = Topics(partitions=1, kinds=("streetlight",))
TOPIC = TOPICS.telemetry("streetlight")
FOREVER_MS = 1 << 62


def test_a_partition_goes_on_from_the_state_of_an_earlier_release() -> None:
    found = golden()
    kept = {
        key.encode(): record(0, key.encode(), value and value.encode())
        for topic, key, value in found["committed"]
        if topic == TOPICS.rule_state
    }
    partition = new_partition()
    place = len(found["before"])
    assert partition.restore(kept, rule_table(), {TopicPartition(TOPIC, 0): place}) is None
    partition.set_rules(RuleSet(rules()))
    partition.publish_clock_until(FOREVER_MS)
    feed(partition, found["later"], place)
    assert committed(partition) == found["committed_later"]


def test_a_partition_commits_what_an_earlier_release_committed() -> None:
    partition = new_partition()
    partition.publish_clock_until(FOREVER_MS)
    partition.refresh(list(devices().values()))
    feed(partition, golden()["before"], 0)
    assert committed(partition) == golden()["committed"]


def test_the_correlation_stage_goes_on_from_the_state_of_an_earlier_release() -> None:
    found = golden()
    before, later = found["correlated"], found["correlated_later"]
    stage = Stage(1, registry().get)
    for key, value in before["states"].items():
        rule, _, subject = key.partition("/")
        stage.adopt_state((rule, subject), value.encode())
    stage.restore(orjson.loads(before["own"]), rules(), [silence()])
    correlate(stage, found["committed_later"])
    assert correlated(stage) == later


def test_the_correlation_stage_keeps_what_an_earlier_release_kept() -> None:
    stage = Stage(1, registry().get)
    stage.set_rules(rules())
    stage.set_silences([silence()])
    correlate(stage, golden()["committed"])
    assert correlated(stage) == golden()["correlated"]


@cache
def golden() -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads((Path(__file__).parents[2] / "golden/rules/state_schema_2.json").read_bytes())
    return found


def record(offset: int, key: bytes | None, value: bytes | None, headers: Headers = ()) -> StoredRecord:
    return StoredRecord(TOPIC, 0, offset, LOG_MS, key, value, headers)


def rule_table() -> RuleTable:
    table = RuleTable()
    for name, text in golden()["rules"].items():
        version = orjson.dumps({"rule": name, "version": 1, "text": text})
        table.apply([record(0, f"rule/{name}/1".encode(), version)])
        table.apply([record(0, f"rule/{name}".encode(), orjson.dumps({"version": 1}))])
    return table


def rules() -> list[Rule]:
    return [definition.rule for definition in rule_table().in_force()]


def devices() -> dict[str, Device]:
    return {facts["device_id"]: lamp(**facts) for facts in golden()["devices"]}


def registry() -> dict[str, Device]:
    return devices() | {"F1": Device("F1", "feeder", "feeder")}


def silence() -> Silence:
    return Silence.model_validate(golden()["silence"])


def new_partition() -> Partition:
    return Partition(0, TOPICS, RuleSet(rules()), devices().get, Vitals())


def feed(partition: Partition, inputs: Sequence[tuple[str, Any]], first: int) -> None:
    for offset, (sort, what) in enumerate(inputs, first):
        headers = TELEMETRY_HEADERS if sort == "report" else TICK_HEADERS
        partition.judge(TOPIC, [record(offset, None, orjson.dumps(what), headers)])


def committed(partition: Partition) -> list[list[str | None]]:
    """What a transaction holds: topic, key and value."""
    records = partition.take_changes().records
    return [[out.topic, (out.key or b"").decode(), without_recent_sums(out.value)] for out in records]


def without_recent_sums(value: bytes | None) -> str | None:
    """What later releases note beside the state, and do not read back."""
    if value is None or b'"recent":' not in value:
        return None if value is None else value.decode()
    state = orjson.loads(value)
    del state["recent"]
    return orjson.dumps(state).decode()


def correlate(stage: Stage, records: Sequence[tuple[str, str, str]]) -> None:
    for topic, _, value in records:
        if topic != TOPICS.rules_raised:
            continue
        content = orjson.loads(value)
        if "now_ms" in content:
            stage.clock(0, content["now_ms"])
        else:
            stage.raised(transition_of(content), value.encode(), content["opened_at_ms"])


def transition_of(event: dict[str, Any]) -> Transition:
    match Status(event["status"]):
        case Status.OPEN:
            return Transition.OPENED if event["revision"] == 1 else Transition.AMENDED
        case Status.CLEARED:
            return Transition.CLEARED
        case Status.WITHDRAWN:
            return Transition.WITHDRAWN


def correlated(stage: Stage) -> dict[str, Any]:
    outputs, states = stage.take()
    return {
        "outputs": [[output.transition.value, output.value.decode()] for output in outputs],
        "states": {"/".join(key): value and value.decode() for key, value in states.items()},
        "own": orjson.dumps(stage.snapshot()).decode(),
    }
