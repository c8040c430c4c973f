"""What the services of this process count, as Prometheus metrics."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ingest.dialects.state import SessionCount
from ingest.gateway.claim import ClaimFault
from ingest.gateway.slot import Gateway
from ingest.pipeline.message_to_records import Pipeline
from ingest.pipeline.refusals import Refusals
from ingest.recorder.place import sum_up
from ingest.recorder.recording import Recorder
from rules.worker.correlator import Correlator
from rules.worker.worker import RulesWorker
from urbansense.broker.mosquitto.child import MosquittoChild
from urbansense.running.disk import DiskSpace
from urbansense.running.states import ServiceStates
from web.api.operations.readiness import ReadinessWatch
from web.live.feed import LiveFeed
from web.serving.service import WebServer


class ServiceMetrics(Collector):
    """The families of the services that run here; what has no numbers of its own gives none."""

    def __init__(self, services: Mapping[str, object]) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        yield from _of_readers(self._services)
        is_served = any(isinstance(service, WebServer) for service in self._services.values())
        for service in self._services.values():
            match service:
                case Gateway():
                    yield from _of_gateway(service)
                case Recorder():
                    yield from _of_recorder(service)
                case WebServer():
                    yield from _of_server(service)
                case MosquittoChild():
                    yield CounterMetricFamily(
                        "urbansense_embedded_broker_restarts", "How often it ended on its own.", service.restarts
                    )
                case RulesWorker():
                    yield from _of_rules(service, shown_by_api=is_served)
                case ReadinessWatch() | ServiceStates() | DiskSpace():
                    yield from service.collect()


def _of_readers(services: Mapping[str, object]) -> Iterator[Metric]:
    """What those ignored that follow the clock on the log."""
    ignored = CounterMetricFamily(
        "urbansense_clocks_ignored", "Clocks on the log that were ahead of their own record.", labels=["reader"]
    )
    for name, service in services.items():
        if isinstance(service, RulesWorker | Correlator | LiveFeed):
            ignored.add_metric([name], service.tick_check.ignored)
    if ignored.samples:
        yield ignored


def _of_server(server: WebServer) -> Iterator[Metric]:
    yield GaugeMetricFamily("urbansense_http_connections", "Open connections.", len(server.connections))
    ended = CounterMetricFamily(
        "urbansense_http_connections_ended", "Connections that kept the server waiting, or were too many.",
        labels=["why"],
    )  # fmt: skip
    for why, count in server.connections.ended.items():
        ended.add_metric([why], count)
    yield ended


def _of_gateway(gateway: Gateway) -> Iterator[Metric]:
    counters = gateway.counters
    messages = CounterMetricFamily("urbansense_gateway_messages", "MQTT messages.", labels=["step"])
    messages.add_metric(["received"], counters.received)
    messages.add_metric(["acknowledged"], counters.acknowledged)
    yield messages
    yield GaugeMetricFamily("urbansense_gateway_connected", "Whether the broker is there.", int(gateway.connected))
    yield GaugeMetricFamily("urbansense_gateway_last_tick_seconds", "The last tick.", counters.last_tick_ms / 1000)
    yield CounterMetricFamily(
        "urbansense_gateway_reconnects", "Connections after the first.", max(counters.reconnects, 0)
    )
    yield GaugeMetricFamily(
        "urbansense_gateway_former_sessions",
        "Sessions of former client ids whose queue is not received to the end.",
        counters.former_sessions,
    )
    ignored_clocks = CounterMetricFamily(
        "urbansense_gateway_clock_ignored", "Messages on the clock's topic that did not count.", labels=["reason"]
    )
    for why, number in gateway.clock.ignored.items():
        ignored_clocks.add_metric([why.value], number)
    yield ignored_clocks
    yield CounterMetricFamily("urbansense_gateway_clock_jumps", "Jumps of the wall clock.", gateway.clock.jumps)
    ignored = CounterMetricFamily("urbansense_gateway_claims_ignored", "Claims that do not count.", labels=["reason"])
    for fault in ClaimFault:
        ignored.add_metric([fault.value], counters.claims_ignored[fault])
    yield ignored
    if isinstance(gateway.decoder, Pipeline):
        pipeline = gateway.decoder
        reports = CounterMetricFamily("urbansense_gateway_reports", "Reports by what became of them.", labels=["fate"])
        reports.add_metric(["accepted"], pipeline.accepted)
        for reason, count in pipeline.rejected.items():
            reports.add_metric([reason.value], count)
        yield reports
        yield from _of_refusals(pipeline.refusals)
        yield from _of_sessions(pipeline)


def _of_refusals(refusals: Refusals) -> Iterator[Metric]:
    """What is refused and only counted, and the room for what is kept whole, of this slot."""
    help_text = "Refused reports, or parts of them, without a record of their own."
    yield CounterMetricFamily("urbansense_gateway_rejections_counted", help_text, refusals.counted)
    yield GaugeMetricFamily("urbansense_gateway_held", "Messages whose count is to be written.", len(refusals.held))
    if refusals.room is not None:
        room = GaugeMetricFamily("urbansense_gateway_rejected_room_bytes", "Room for rejections.", labels=["is"])
        room.add_metric(["left"], refusals.room.total.left)
        room.add_metric(["most"], refusals.room.total.most)
        yield room


def _of_sessions(pipeline: Pipeline) -> Iterator[Metric]:
    """What the stateful dialects leave no record of."""
    help_text = "Messages and parts of them that were understood and hold no report."
    ignored = CounterMetricFamily("urbansense_gateway_asides", help_text, labels=["what"])
    for what, number in pipeline.ignored.items():
        ignored.add_metric([what], number)
    yield ignored
    for session in pipeline.sessions.values():
        yield from map(_family, session.counts())


def _family(count: SessionCount) -> Metric:
    sort = CounterMetricFamily if count.kind == "counter" else GaugeMetricFamily
    family = sort(count.name, count.help, labels=[count.label] if count.label else [])
    for value, number in count.values.items():
        family.add_metric([value] if count.label else [], number)
    return family


def _of_recorder(recorder: Recorder) -> Iterator[Metric]:
    sums = sum_up(recorder.progress)
    reports = CounterMetricFamily("urbansense_recorder_reports", "Reports by what became of them.", labels=["fate"])
    for fate in ("stored", "duplicate", "refused"):
        reports.add_metric([fate], getattr(sums, fate))
    yield reports
    conflicts = sum(recorder.conflicts.values())
    yield CounterMetricFamily("urbansense_recorder_conflicts", "Readings told twice with two values.", conflicts)
    ages = HistogramMetricFamily("urbansense_recorder_report_age_seconds", "From observation to the store's commit.")
    ages.add_metric([], recorder.ages.buckets(), recorder.ages.sum_s)
    yield ages


def _of_rules(worker: RulesWorker, *, shown_by_api: bool) -> Iterator[Metric]:
    """Of this worker's own partitions; where the API is in the same process it shows all."""
    judged = CounterMetricFamily("urbansense_rule_judged", "Reports judged by a rule.", labels=["rule"])
    healthy = GaugeMetricFamily("urbansense_rule_healthy", "Whether a rule's conditions hold.", labels=["rule"])
    opened = GaugeMetricFamily("urbansense_rule_opened", "Events opened by a rule.", labels=["rule"])
    for health in worker.health():
        judged.add_metric([health.rule], health.judged)
        healthy.add_metric([health.rule], int(health.healthy))
        opened.add_metric([health.rule], health.opened)
    yield judged
    if not shown_by_api:
        yield from (healthy, opened)
