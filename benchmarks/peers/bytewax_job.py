"""The one-rule job in Bytewax: python bytewax_job.py BOOTSTRAP TOPIC REPORTS.

Prints {reports, events, took_s, cpu_s} as JSON. Runs in the peers' venv.
No recovery store, events into a list: at most once. Three dead reports in a row are an event.
"""

import sys
import time
from typing import Any

import bytewax.operators as op
import orjson
from bytewax.connectors.kafka import KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main

Readings = dict[str, Any]
Instant = tuple[float, float]


class Job:
    def __init__(self, reports: int) -> None:
        self.reports = reports
        self.judged = 0
        self.began: Instant | None = None
        self.ended: Instant = (0.0, 0.0)

    def parse(self, message: KafkaSourceMessage) -> tuple[str, Readings] | None:
        """(device id, readings); nothing for a tick."""
        self.began = self.began or now()
        if message.key is None:
            return None
        return message.key.decode(), orjson.loads(message.value)["readings"]

    def judge(self, count: int | None, readings: Readings) -> tuple[int | None, bool]:
        self.judged += 1
        if self.judged == self.reports:
            self.ended = now()
        if readings["dimming_level"] > 0 and readings["active_power"] < 5:
            count = (count or 0) + 1
            return count, count == 3
        return None, False


def now() -> Instant:
    """Wall and CPU time, in seconds."""
    return time.perf_counter(), time.process_time()


def main(bootstrap: str, topic: str, reports: int) -> None:
    job, events = Job(reports), list[tuple[str, bool]]()
    flow = Dataflow("lamp_dead")
    messages = op.input("read", flow, KafkaSource([bootstrap], [topic], tail=False, batch_size=5000))
    keyed = op.filter_map("parse", messages, job.parse)
    judged = op.stateful_map("judge", keyed, job.judge)
    op.output("events", op.filter("opened", judged, lambda event: event[1]), TestingSink(events))
    run_main(flow)
    took_s, cpu_s = (ended - began for ended, began in zip(job.ended, job.began or now(), strict=True))
    told = {"reports": job.judged, "events": len(events), "took_s": took_s, "cpu_s": cpu_s}
    sys.stdout.buffer.write(orjson.dumps(told) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
