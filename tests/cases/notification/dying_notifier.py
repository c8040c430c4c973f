"""A notifier as a process of its own, for tests that kill it: `python dying_notifier.py <database> <webhook>`."""

import asyncio
import sys
import time

from cases.notification import Notifier
from cases.storage import CaseStore
from device_registry.storage.database import open_engine
from tests.cases.notification.office import TIMES, WEBHOOK, document
from urbansense.wiring.shared_database import SharedDatabase


async def main(database: str, url: str) -> None:
    book = CaseStore(SharedDatabase(open_engine(database)), TIMES)
    wanted = document(WEBHOOK.format(url=url))
    clock = lambda: time.time_ns() // 1_000_000  # noqa: E731
    notifier = Notifier(book, wanted, TIMES, lambda case: (), clock, poll_s=0.02, lease_ms=1_500)
    await notifier.run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
