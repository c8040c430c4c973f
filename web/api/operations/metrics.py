"""The ledger and the rules as Prometheus metrics, beside whatever the process counts on its own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from cases.service.services import DeskBacklog
from cases.workflow.states import ENDED, State
from domain.ledger import Ledger
from rules.service.statuses import RuleStatus
from web.ports import QuotaUse


class LedgerMetrics(Collector):
    """The families of one ledger.

    `urbansense_reports_total{stage,fate}`, `urbansense_reports_pending{stage}`, `urbansense_rejected_total{reason,partial}`
    and `urbansense_ledger_balances` (1 or 0).
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def collect(self) -> Iterator[Metric]:
        ledger = self._ledger
        reports = CounterMetricFamily("urbansense_reports", "Reports by what became of them.", labels=["stage", "fate"])
        pending = GaugeMetricFamily("urbansense_reports_pending", "Reports still in the log.", labels=["stage"])
        for stage, sums in (("store", asdict(ledger.store)), ("rules", asdict(ledger.rules))):
            pending.add_metric([stage], sums.pop("pending"))
            for fate, count in sums.items():
                reports.add_metric([stage, fate], count)
        rejected = CounterMetricFamily(
            "urbansense_rejected", "Rejections by reason; partial ones left readings out of an accepted report.",
            labels=["reason", "partial"],
        )  # fmt: skip
        _add_rejections(rejected, ledger.rejected, "false")
        _add_rejections(rejected, ledger.rejected_in_part, "true")
        yield from (reports, pending, rejected)
        yield GaugeMetricFamily("urbansense_ledger_balances", "Whether the ledger's sums agree.", int(ledger.balances))


class RuleMetrics(Collector):
    """The families of the rules in force, over all workers.

    `urbansense_rule_healthy{rule,version,mode}` (1 or 0), and since the version was taken up `urbansense_rule_errors{rule}`
    and `urbansense_rule_opened{rule}`.
    """

    def __init__(self, rules: Sequence[RuleStatus]) -> None:
        self._rules = rules

    def collect(self) -> Iterator[Metric]:
        healthy = GaugeMetricFamily(
            "urbansense_rule_healthy", "Whether a rule's conditions hold.", labels=["rule", "version", "mode"]
        )
        errors = GaugeMetricFamily("urbansense_rule_errors", "Failures of a rule's conditions.", labels=["rule"])
        opened = GaugeMetricFamily("urbansense_rule_opened", "Events opened by a rule.", labels=["rule"])
        for rule in self._rules:
            healthy.add_metric([rule.rule, str(rule.version), rule.mode], int(not rule.problems))
            errors.add_metric([rule.rule], rule.errors)
            opened.add_metric([rule.rule], rule.opened)
        yield from (healthy, errors, opened)


class CaseMetrics(Collector):
    """`urbansense_cases_open{state}`, `urbansense_cases_unpublished` revisions, `urbansense_desk_behind` events."""

    def __init__(self, backlog: DeskBacklog) -> None:
        self._backlog = backlog

    def collect(self) -> Iterator[Metric]:
        opened = GaugeMetricFamily("urbansense_cases_open", "Cases that somebody must act on.", labels=["state"])
        for state in sorted(set(State) - ENDED):
            opened.add_metric([state.value], self._backlog.by_state.get(state.value, 0))
        yield opened
        waiting = "Revisions of cases that their topic does not hold yet."
        yield GaugeMetricFamily("urbansense_cases_unpublished", waiting, self._backlog.revisions)
        yield GaugeMetricFamily(
            "urbansense_desk_behind", "Events that the desk has not taken in.", self._backlog.events
        )


class QuotaMetrics(Collector):
    """`urbansense_quota_used{what,unit}` and `urbansense_quota_limit{what,unit}`; a limit of 0 is none."""

    def __init__(self, uses: Sequence[QuotaUse]) -> None:
        self._uses = uses

    def collect(self) -> Iterator[Metric]:
        used = GaugeMetricFamily("urbansense_quota_used", "How much of a quota is used.", labels=["what", "unit"])
        limit = GaugeMetricFamily("urbansense_quota_limit", "The quota; 0 is none.", labels=["what", "unit"])
        for use in self._uses:
            used.add_metric([use.what, use.unit], use.used)
            limit.add_metric([use.what, use.unit], use.limit)
        yield from (used, limit)


class LoginMetrics(Collector):
    """`urbansense_login_failures_total{why}` of this process: logins and tokens that were refused."""

    def __init__(self, failures: Mapping[str, int]) -> None:
        self._failures = failures

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily("urbansense_login_failures", "Refused logins and tokens.", labels=["why"])
        for why, count in sorted(self._failures.items()):
            family.add_metric([why], count)
        yield family


class FileMetrics(Collector):
    """`urbansense_files_unread_total{bound}`: devices files whose reading was ended, by what it would have exceeded."""

    def __init__(self, bounds_met: Mapping[str, int]) -> None:
        self._bounds_met = bounds_met

    def collect(self) -> Iterator[Metric]:
        help_text = "Devices files whose reading was ended, by what it would have exceeded."
        unread = CounterMetricFamily("urbansense_files_unread", help_text, labels=["bound"])
        for bound, count in sorted(self._bounds_met.items()):
            unread.add_metric([bound], count)
        yield unread


def _add_rejections(family: CounterMetricFamily, rejected: Mapping[str, int], partial: str) -> None:
    for reason, count in sorted(rejected.items()):
        family.add_metric([str(reason), partial], count)


def render_metrics(registry: CollectorRegistry, of_platform: Iterable[Collector]) -> bytes:
    """The exposition text of `registry`, and of what the whole platform counts."""
    collected = CollectorRegistry()
    for collector in of_platform:
        collected.register(collector)
    return generate_latest(registry) + generate_latest(collected)
