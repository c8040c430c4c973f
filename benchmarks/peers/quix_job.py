"""The one-rule job in Quix Streams: python quix_job.py BOOTSTRAP TOPIC REPORTS [exactly-once].

Prints {reports, events, took_s, cpu_s} as JSON. Runs in the peers' venv. State in RocksDB, events into a topic, a
checkpoint each second; with `exactly-once`, in transactions and with a changelog topic, else neither. Three dead reports in
a row are an event.
"""

import sys
import tempfile
import time
from typing import Any

import orjson
from quixstreams import Application, State

_QUIET_S = 15.0


Instant = tuple[float, float]


class Job:
    def __init__(self, reports: int) -> None:
        self.reports = reports
        self.judged = self.events = 0
        self.began: Instant | None = None
        self.ended: Instant = (0.0, 0.0)

    def judge(self, report: dict[str, Any], state: State) -> bool:
        self.began = self.began or now()
        self.judged += 1
        readings = report["readings"]
        opened = False
        if readings["dimming_level"] > 0 and readings["active_power"] < 5:
            count = state.get("dead", 0) + 1
            state.set("dead", count)
            opened = count == 3
        elif state.get("dead", 0):
            state.set("dead", 0)
        self.events += opened
        if self.judged == self.reports:
            self.ended = now()
        return opened


def now() -> Instant:
    """Wall and CPU time, in seconds."""
    return time.perf_counter(), time.process_time()


def main(bootstrap: str, topic: str, reports: int, guarantee: str = "at-least-once") -> None:
    job, run = Job(reports), f"quix-{time.time_ns()}"
    with tempfile.TemporaryDirectory() as folder:
        app = Application(
            broker_address=bootstrap, consumer_group=run, auto_offset_reset="earliest", state_dir=folder,
            commit_interval=1.0, loglevel="ERROR", processing_guarantee=guarantee,
            use_changelog_topics=guarantee == "exactly-once",
        )  # fmt: skip
        frame = app.dataframe(app.topic(topic, value_deserializer="json"))
        frame = frame[frame.apply(lambda value: "readings" in value)]
        frame.filter(job.judge, stateful=True).to_topic(app.topic(f"{run}-events", value_serializer="json"))
        app.run(timeout=_QUIET_S)
    took_s, cpu_s = (ended - began for ended, began in zip(job.ended, job.began or now(), strict=True))
    told = {"reports": job.judged, "events": job.events, "took_s": took_s, "cpu_s": cpu_s}
    sys.stdout.buffer.write(orjson.dumps(told) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
