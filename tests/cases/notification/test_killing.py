"""kill -9 at any moment: every message arrives, and what arrives twice has the same id."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from cases.notification import MessageStatus, NotificationService
from cases.storage import CaseStore
from device_registry.storage.database import open_engine
from tests.cases.intake.lamps import Desk, lamp_out
from tests.cases.notification.office import TIMES
from tests.cases.notification.receivers import OK, Answer, Got, receiving
from tests.cases.notification.test_notifier import until
from urbansense.wiring.shared_database import SharedDatabase

ROOT = Path(__file__).parents[3]


@contextmanager
def process(database: str, url: str) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "tests.cases.notification.dying_notifier", database, url]
    running = subprocess.Popen(command, cwd=ROOT)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


@pytest.mark.timeout(90)
async def test_killed_while_it_sends_and_while_it_reads_nothing_is_lost(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'cases.db'}"
    engine = open_engine(database)
    book = CaseStore(SharedDatabase(engine), TIMES)
    desk, mailroom, chance = Desk(book), NotificationService(book), Random(6)

    def dawdle(got: Got) -> Answer:
        time.sleep(0.1)
        return OK

    with receiving(dawdle) as receiver:
        for kill in range(2):
            with process(database, receiver.url):
                desk.now_ms = time.time_ns() // 1_000_000
                desk.tell(*(lamp_out(f"L{kill}-{n}", kill * 100 + n) for n in range(1, 6)))
                came = len(receiver.got)
                await until(lambda came=came: len(receiver.got) > came)  # type: ignore[misc]
                await asyncio.sleep(chance.uniform(0, 0.2))
        with process(database, receiver.url):
            await until(lambda: mailroom.counts()[MessageStatus.SENT] == 10)
    engine.dispose()
    bodies: dict[str, bytes] = {}
    for got in receiver.got:
        assert bodies.setdefault(got.json["delivery_id"], got.body) == got.body
    told = {one["message_id"]: one["number"] for got in receiver.got for one in got.json["messages"]}
    assert len(told) == len(set(told.values())) == 10
