"""What the services count, as Prometheus reads it."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, generate_latest

from domain.mqtt import MqttEndpoint
from domain.topics import Topics
from ingest.dialects.messages import MqttMessage
from ingest.gateway.settings import GatewaySettings
from ingest.gateway.slot import Gateway
from ingest.pipeline.message_to_records import Pipeline
from ingest.recorder.recording import Recorder
from rules.worker.worker import RulesWorker
from tests.ingest.installation import KEY
from tests.ingest.lookup import lookup_of
from tests.rules.stages import Registry
from timeseries.ports import PartitionProgress, Sums
from urbansense.broker.mosquitto.child import MosquittoChild
from urbansense.running.metrics import ServiceMetrics
from web.live.feed import LiveFeed
from web.serving.service import WebServer

NOTHING: Any = None
"""In the place of a log or a store: nothing here is run."""


def exposition(**services: object) -> str:
    registry = CollectorRegistry()
    registry.register(ServiceMetrics(services))
    return generate_latest(registry).decode()


def test_a_gateway_tells_what_it_received_and_why_it_rejected() -> None:
    pipeline = Pipeline(Topics(), lookup_of())
    gateway = Gateway(GatewaySettings(0, MqttEndpoint("127.0.0.1", 1), Topics(), KEY), log=NOTHING, decoder=pipeline)
    gateway.counters.received = 3
    pipeline.records(MqttMessage("city/a/streetlight/L1/up", b'{"readings":{"voltage":1}}', 1_780_000_000_000))
    text = exposition(gateway=gateway)
    assert 'urbansense_gateway_messages_total{step="received"} 3.0' in text
    assert 'urbansense_gateway_reports_total{fate="unknown_device"} 1.0' in text
    assert "urbansense_gateway_connected 0.0" in text


def test_a_gateway_tells_what_it_understood_without_a_report_in_it() -> None:
    pipeline = Pipeline(Topics(), lookup_of())
    gateway = Gateway(GatewaySettings(0, MqttEndpoint("127.0.0.1", 1), Topics(), KEY), log=NOTHING, decoder=pipeline)
    pipeline.records(MqttMessage("spBv1.0/STATE/scada", b"{}", 1_780_000_000_000))
    text = exposition(gateway=gateway)
    assert 'urbansense_gateway_asides_total{what="sparkplug state of a host"} 1.0' in text
    assert "urbansense_gateway_rebirths_total 0.0" in text
    assert "urbansense_gateway_hj212_parts 0.0" in text


def test_a_broker_of_our_own_gives_how_often_it_ended() -> None:
    broker = MosquittoChild(Path("mosquitto"), Path(), 0, MqttEndpoint("127.0.0.1", 1))
    broker.restarts = 2
    assert "urbansense_embedded_broker_restarts_total 2.0" in exposition(broker=broker)


def test_a_recorder_tells_its_sums() -> None:
    recorder = Recorder(
        NOTHING,
        NOTHING,
        Topics(),
        progress={("t", 0): PartitionProgress(9, Sums(5, 2, 1)), ("t", 1): PartitionProgress(1)},
    )
    text = exposition(recorder=recorder)
    assert 'urbansense_recorder_reports_total{fate="stored"} 5.0' in text
    assert 'urbansense_recorder_reports_total{fate="duplicate"} 2.0' in text


def test_services_without_numbers_add_none() -> None:
    assert exposition(web=object(), rules=RulesWorker(NOTHING, Topics(), Registry([]))).count("urbansense_gateway") == 0


def test_a_workers_process_tells_health_itself_and_leaves_it_to_the_api_where_that_runs_beside_it() -> None:
    worker, web = RulesWorker(NOTHING, Topics(), Registry([])), WebServer(FastAPI(), 0)
    assert "urbansense_rule_healthy" in exposition(rules=worker)
    assert "urbansense_rule_healthy" not in exposition(rules=worker, web=web)
    assert "urbansense_rule_judged" in exposition(rules=worker, web=web)


def test_who_follows_the_clock_tells_what_of_it_was_ignored() -> None:
    worker, feed = RulesWorker(NOTHING, Topics(), Registry([])), LiveFeed(NOTHING, Topics())
    worker.tick_check.counts(2_000_000, 1_000_000)
    text = exposition(**{"rules worker": worker, "live feed": feed})
    assert 'urbansense_clocks_ignored_total{reader="rules worker"} 1.0' in text
    assert 'urbansense_clocks_ignored_total{reader="live feed"} 0.0' in text


def test_a_gateway_tells_what_its_clock_ignored_and_how_often_the_walls_jumped() -> None:
    gateway = Gateway(
        GatewaySettings(0, MqttEndpoint("127.0.0.1", 1), Topics(), KEY), NOTHING, Pipeline(Topics(), lookup_of())
    )
    gateway.clock.count(b'{"sent_at_ms":1}', is_assured=True)
    text = exposition(gateway=gateway)
    assert 'urbansense_gateway_clock_ignored_total{reason="unreadable"} 1.0' in text
    assert "urbansense_gateway_clock_jumps_total 0.0" in text
