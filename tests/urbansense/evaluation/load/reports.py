"""A run as it could have been, for tests of what is made of it."""

from typing import Any

import numpy as np

from domain.mqtt import parse_mqtt_url
from simulators.fleet.histogram import LatencyHistogram
from simulators.fleet.kinds import KINDS, device_id
from simulators.fleet.packets import FIRST_SEQ
from simulators.fleet.plan import LoadOutcome, LoadPlan
from simulators.fleet.schedule import ProfileName, profile_of
from urbansense.evaluation.load.build_report import build_report
from urbansense.evaluation.load.observations import Observations, tripping_messages
from urbansense.evaluation.load.report import LoadReport
from urbansense.evaluation.load.usage import BucketQuantiles, Sample

START_MS = 1_763_772_000_000
BALANCED: dict[str, Any] = {"store": {"accepted": 0}, "store_balances": True, "rules_balance": True}


def plan(profile: ProfileName = ProfileName.STEADY, duration_s: float = 10.0) -> LoadPlan:
    """Ten devices, ten messages a second, every fifth device a probe."""
    return LoadPlan(
        endpoint=parse_mqtt_url("mqtt://127.0.0.1"),
        kind=KINDS["streetlight"],
        profile=profile_of(profile, 10, duration_s),
        devices=10,
        connections=10,
        processes=1,
        probe_every=5,
        client_prefix="t-",
    )


def reports_of(of: LoadPlan, messages: list[int]) -> list[dict[str, Any]]:
    """The messages as the gateway would have written them."""
    at_ms = of.profile.schedule.intended_ms(np.array(messages, dtype=np.int64), START_MS).tolist()
    return [
        {"device_id": device_id(m % of.devices), "message_id": str(FIRST_SEQ + m), "observed_at_ms": ms}
        for m, ms in zip(messages, at_ms, strict=True)
    ]


def outcome_of(of: LoadPlan, acknowledged: list[int]) -> LoadOutcome:
    total = of.profile.schedule.total
    marks = np.zeros(total, np.uint8)
    marks[acknowledged] = 1
    lag = LatencyHistogram()
    lag.add(np.full(total, 2.0))
    return LoadOutcome(
        sent=total,
        acknowledged=len(acknowledged),
        connections=of.connections,
        sent_by_second=[10] * 10,
        acknowledged_by_second=[10] * 10,
        lag=lag,
        send_lag=lag,
        acknowledged_bits=np.packbits(marks),
        took_s=of.profile.schedule.duration_s,
    )


def report_of(of: LoadPlan, acknowledged: list[int], seen: list[int], late_ms: float = 40.0) -> LoadReport:
    """A report of a run in which each of `seen` was seen `late_ms` after it was meant, and its event with it."""
    observations = Observations(of, START_MS)
    for report in reports_of(of, seen):
        observations.take_reports([report], report["observed_at_ms"] + late_ms)
    for message in set(tripping_messages(of).tolist()) & set(seen):
        told = reports_of(of, [message])[0]
        event = {"subject": told["device_id"], "opened_at_ms": told["observed_at_ms"], "status": "open"}
        observations.take_event(event, told["observed_at_ms"] + late_ms * 2)
    start_s = START_MS / 1000
    return build_report(
        of, 10.0, START_MS, outcome_of(of, acknowledged), observations, sees_log=True,
        ages=BucketQuantiles([(0.1, 50.0), (0.2, 100.0), (float("inf"), 100.0)]), ledgers=(BALANCED, BALANCED),
        samples={"gateway": [Sample(start_s, 1.0, 90.0), Sample(start_s + 10, 3.5, 95.0)]},
    )  # fmt: skip
