"""Whether a load's report is good enough: each threshold a line that holds or is missed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from urbansense.evaluation.load.report import LoadReport, ThresholdVerdict


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a run must keep; None asks nothing. Latencies in ms at p99, loss in reports, `min_achieved` a share of offered.

    The ledger must always balance, and no connection may refuse a message.
    """

    max_loss: int | None = 0
    min_achieved: float | None = 0.99
    max_log_p99_ms: float | None = None
    max_store_p99_ms: float | None = None
    max_event_p99_ms: float | None = 1000.0
    max_driver_p99_ms: float | None = None
    max_recovery_s: float | None = None


def judge(report: LoadReport, asked: Thresholds) -> Sequence[ThresholdVerdict]:
    """One verdict for each threshold that is asked; what was not measured does not hold."""
    return tuple(_verdicts(report, asked))


def _verdicts(report: LoadReport, asked: Thresholds) -> Iterator[ThresholdVerdict]:
    if asked.max_loss is not None:
        lost = report.log.lost
        yield ThresholdVerdict(
            "loss", f"at most {asked.max_loss}", _text(lost), lost is not None and lost <= asked.max_loss
        )
        missing = report.events.expected - report.events.seen
        if report.latency["event"].count or report.events.expected:
            reached = f"{missing} of {report.events.expected}"
            yield ThresholdVerdict("events missing", f"at most {asked.max_loss}", reached, missing <= asked.max_loss)
    if asked.min_achieved is not None:
        share = report.achieved_per_s / report.asked.offered_per_s
        yield ThresholdVerdict(
            "achieved", f"at least {asked.min_achieved:g}", f"{share:.4f}", share >= asked.min_achieved
        )
    for name, limit_ms in (
        ("log", asked.max_log_p99_ms),
        ("store", asked.max_store_p99_ms),
        ("event", asked.max_event_p99_ms),
        ("driver", asked.max_driver_p99_ms),
    ):
        if limit_ms is not None:
            p99 = report.latency[name].p99
            reached = "not measured" if p99 is None else f"{p99:,.0f} ms"
            yield ThresholdVerdict(
                f"{name} p99", f"at most {limit_ms:,.0f} ms", reached, p99 is not None and p99 <= limit_ms
            )
    if asked.max_recovery_s is not None:
        took_s = report.recovery_s
        reached = "not within the run" if took_s is None else f"{took_s:.0f} s"
        holds = took_s is not None and took_s <= asked.max_recovery_s
        yield ThresholdVerdict("recovery", f"at most {asked.max_recovery_s:g} s", reached, holds)
    refused = report.messages.refused
    yield ThresholdVerdict("refused", "none", str(refused), not refused)
    balances = bool(report.ledger.get("store_balances") and report.ledger.get("rules_balance"))
    yield ThresholdVerdict("ledger", "balances", "balances" if balances else "DOES NOT BALANCE", balances)


def _text(count: int | None) -> str:
    return "not measured" if count is None else str(count)
