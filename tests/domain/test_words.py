"""Events, topics, ids, addresses, waits, the ledger."""

from itertools import islice
from random import Random
from uuid import UUID

import pytest

from domain.devices import DEVICE_ID
from domain.errors import ConfigurationError
from domain.events import Transition, event_id
from domain.ledger import RulesLedger, StoreLedger
from domain.mqtt import parse_mqtt_url
from domain.retry import backoff_s
from domain.topics import KINDS, TICK_HEADERS, Cleanup, Topics, is_tick


def test_an_event_has_one_identity_on_any_machine() -> None:
    assert event_id("lamp-out", "L1", 1_780_000_000_000) == UUID("3c2b3c5c-46de-5f0f-9b67-6c770f519654")
    assert event_id("lamp-out", "L1", 1_780_000_000_001) != event_id("lamp-out", "L1", 1_780_000_000_000)


def test_a_transition_names_its_cloud_event() -> None:
    assert Transition.CLEARED.cloud_event_type == "urbansense.event.cleared.v1"


def test_every_topic_takes_the_prefix_and_is_specified_once() -> None:
    topics = Topics(prefix="sim.", partitions=3)
    specs = topics.specs()
    assert len({spec.name for spec in specs}) == len(specs) == len(KINDS) + 8
    assert all(spec.name.startswith("sim.") for spec in specs)
    compacted = {spec.name for spec in specs if spec.cleanup is Cleanup.COMPACT}
    assert compacted == {topics.registry, topics.rule_definitions, topics.rule_state}


def test_a_tick_is_known_by_its_header() -> None:
    assert is_tick(TICK_HEADERS)
    assert is_tick(list(TICK_HEADERS))
    assert not is_tick((("schema", b"telemetry/1"),))
    assert not is_tick((("type", b"tick-tock"), ("x", b"")))


@pytest.mark.parametrize("device_id", ["L1", "SL-320582-000123", "a840419edb62011c", "x" * 64, "a.b:c_d"])
def test_an_id_is_one_topic_level(device_id: str) -> None:
    assert DEVICE_ID.match(device_id)


@pytest.mark.parametrize("device_id", ["", "a/b", "a+b", "#", "-a", "a b", "x" * 65, "L1\n", "路灯"])
def test_what_is_no_id(device_id: str) -> None:
    assert not DEVICE_ID.match(device_id)


def test_an_mqtt_address_is_read() -> None:
    endpoint = parse_mqtt_url("mqtts://us%40er:p%2Fw@broker.example:9999")
    assert (endpoint.host, endpoint.port, endpoint.tls) == ("broker.example", 9999, True)
    assert (endpoint.username, endpoint.password) == ("us@er", "p/w")
    assert "p/w" not in repr(endpoint)
    assert parse_mqtt_url("mqtt://h").port == 1883
    assert parse_mqtt_url("embedded://127.0.0.1").embedded


@pytest.mark.parametrize(
    "url", ["", "h:1883", "http://h", "mqtt://", "mqtt://h:port", "mqtt://h/path", "mqtt://h:99999"]
)
def test_a_wrong_mqtt_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_mqtt_url(url)


def test_waits_grow_to_a_ceiling_and_never_vanish() -> None:
    waits = list(islice(backoff_s(0.2, 15.0, Random(1)), 20))
    assert all(0.1 <= wait <= 15.0 for wait in waits)
    assert waits[0] <= 0.2
    assert all(wait >= 7.5 for wait in waits[-5:])


def test_a_ledger_that_misses_a_report_does_not_balance() -> None:
    assert StoreLedger(10, stored=6, duplicate=2, refused=1, pending=1).balances
    assert not StoreLedger(10, stored=6, duplicate=2, refused=1).balances
    assert RulesLedger(4, judged=1, duplicate=1, too_late=1, no_rule=1).balances
    assert not RulesLedger(4, judged=5).balances
