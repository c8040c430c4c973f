"""A report from what was done, seen and used; no clock is read and nothing asked here."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulators.fleet.histogram import LatencyHistogram
from simulators.fleet.plan import LoadOutcome, LoadPlan
from simulators.fleet.schedule import PlannedOutage, per_second
from urbansense.evaluation.load.observations import Observations, tripping_messages
from urbansense.evaluation.load.report import Asked, Events, Latency, LoadReport, Messages, OnTheLog, Second, ServiceUse
from urbansense.evaluation.load.usage import BucketQuantiles, Sample

_QUANTILES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
RECOVERED_BELOW_MS: Final = 1000.0


def build_report(
    plan: LoadPlan,
    rate: float,
    start_ms: int,
    outcome: LoadOutcome,
    observations: Observations,
    *,
    sees_log: bool,
    ages: BucketQuantiles,
    ledgers: tuple[Mapping[str, Any], Mapping[str, Any]],
    samples: Mapping[str, Sequence[Sample]],
    left_out: Sequence[str] = (),
) -> LoadReport:
    """The report, not judged yet. `ledgers` are the statements before and after."""
    schedule = plan.profile.schedule
    acknowledged = np.unpackbits(outcome.acknowledged_bits, count=schedule.total)
    tripping = tripping_messages(plan)
    services = [use for name, taken in samples.items() if (use := service_use(name, taken)) is not None]
    return LoadReport(
        began_ms=start_ms,
        asked=_asked(plan, rate),
        achieved_per_s=outcome.acknowledged / max(outcome.took_s, schedule.duration_s),
        took_s=outcome.took_s,
        messages=_messages(plan, outcome),
        log=_on_the_log(observations, acknowledged, ledgers) if sees_log else _by_ledger(outcome, ledgers),
        events=Events(int(acknowledged[tripping].sum()), len(observations.opened), observations.withdrawn),
        latency={
            "log": _latency(observations.log.whole),
            "store": _store_latency(ages),
            "event": _latency(observations.event.whole),
            "driver": _latency(outcome.lag),
            "send": _latency(outcome.send_lag),
        },
        recovery_s=recovery_s(plan.outage, observations.log.by_second, RECOVERED_BELOW_MS) if plan.outage else None,
        ledger=ledgers[1],
        services=services,
        timeline=_timeline(plan, outcome, observations, sees_log),
        usage={name: _cores_over_time(taken, start_ms / 1000) for name, taken in samples.items()},
        left_out=left_out,
    )


def recovery_s(outage: PlannedOutage, by_second: Mapping[int, LatencyHistogram], below_ms: float) -> float | None:
    """Seconds from the end of an outage until the p99 of each later second is below `below_ms`.

    None where the last second that anything arrived in is still above it, or nothing arrived afterwards.
    """
    later = {second: ages for second, ages in by_second.items() if second >= int(outage.end_s)}
    if not later:
        return None
    late = [second for second, ages in later.items() if (ages.quantile(0.99) or 0.0) >= below_ms]
    if not late:
        return 0.0
    return None if max(late) == max(later) else max(late) + 1 - outage.end_s


def service_use(name: str, samples: Sequence[Sample]) -> ServiceUse | None:
    """What a service used between its first and its last sample; None of fewer than two."""
    if len(samples) < 2:
        return None
    first, last = samples[0], samples[-1]
    cpu_s = last.cpu_s - first.cpu_s
    return ServiceUse(name, cpu_s, cpu_s / (last.at_s - first.at_s), max(sample.memory_mb for sample in samples))


def _asked(plan: LoadPlan, rate: float) -> Asked:
    schedule, outage = plan.profile.schedule, plan.outage
    return Asked(
        profile=plan.profile.name.value,
        kind=plan.kind.kind,
        devices=plan.devices,
        connections=plan.connections,
        processes=plan.processes,
        rate_per_s=rate,
        offered_per_s=schedule.mean_rate,
        duration_s=schedule.duration_s,
        qos=1,
        mqtt_version="5.0" if plan.endpoint.mqtt5 else "3.1.1",
        outage_s=(outage.start_s, outage.end_s) if outage else None,
    )


def _messages(plan: LoadPlan, outcome: LoadOutcome) -> Messages:
    return Messages(
        offered=plan.profile.schedule.total,
        sent=outcome.sent,
        acknowledged=outcome.acknowledged,
        refused=outcome.refused,
        unheard=outcome.unheard,
        unanswered=outcome.sent - outcome.acknowledged - outcome.refused,
        resent=outcome.resent,
        held=outcome.held,
        reconnects=outcome.reconnects,
    )


def _on_the_log(
    observations: Observations,
    acknowledged: npt.NDArray[np.uint8],
    ledgers: tuple[Mapping[str, Any], Mapping[str, Any]],
) -> OnTheLog:
    lost = int(np.count_nonzero((acknowledged == 1) & (observations.seen == 0)))
    return OnTheLog(
        observations.distinct, lost, observations.duplicates, observations.strange, "distinct reports on the log"
    )


def _by_ledger(outcome: LoadOutcome, ledgers: tuple[Mapping[str, Any], Mapping[str, Any]]) -> OnTheLog:
    before, after = (int(ledger["store"]["accepted"]) for ledger in ledgers)
    lost = max(0, outcome.acknowledged - (after - before))
    return OnTheLog(None, lost, None, None, "the ledger's accepted reports, of all devices")


def _latency(histogram: LatencyHistogram) -> Latency:
    return Latency(histogram.count, **{name: _round(histogram.quantile(q)) for name, q in _QUANTILES.items()})


def _store_latency(ages: BucketQuantiles) -> Latency:
    return Latency(ages.count, **{name: _round(ages.quantile_ms(q)) for name, q in _QUANTILES.items()})


def _timeline(plan: LoadPlan, outcome: LoadOutcome, observations: Observations, sees_log: bool) -> list[Second]:
    offered = per_second(plan.profile.schedule)
    last = max(len(offered), len(outcome.sent_by_second), *(s + 1 for s in (*observations.log.by_second, 0)))
    none = LatencyHistogram()
    rows = []
    for second in range(last):
        log, event = observations.log.by_second.get(second, none), observations.event.by_second.get(second, none)
        rows.append(
            Second(
                second=second,
                offered=_at(offered, second),
                sent=_at(outcome.sent_by_second, second),
                acknowledged=_at(outcome.acknowledged_by_second, second),
                arrived=log.count if sees_log else None,
                log_p50=_round(log.quantile(0.5)),
                log_p99=_round(log.quantile(0.99)),
                event_p99=_round(event.quantile(0.99)),
            )
        )
    return rows


def _cores_over_time(samples: Sequence[Sample], start_s: float) -> list[tuple[float, float]]:
    """(second of the run, cores in use since the sample before)."""
    return [
        (round(b.at_s - start_s, 1), round((b.cpu_s - a.cpu_s) / max(b.at_s - a.at_s, 1e-3), 3))
        for a, b in pairwise(samples)
    ]


def _at(counts: Sequence[int], second: int) -> int:
    return counts[second] if second < len(counts) else 0


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
