"""Several `urbansense rules-worker` processes on Kafka: killed by turns, or put to sleep and woken as a zombie."""

from pathlib import Path

import pytest

from tests.e2e.disturbed.witness import until
from tests.e2e.processes.platform import log_lines, platform
from tests.e2e.rules_killed.judging import Left, assert_the_same, fetch_left
from tests.e2e.rules_killed.lives import SEED, deaths, kafka_lives, live_and_die, settle
from tests.e2e.rules_killed.prepared import INSTANTS, records_before

pytestmark = [pytest.mark.long, pytest.mark.kafka, pytest.mark.timeout(300)]

DEATHS = deaths(SEED + 1, 4)


async def test_workers_that_share_the_partitions_and_die_by_turns_raise_the_same_events(
    judged_undisturbed: Left, kafka_bootstrap: str, topic_prefix: str, tmp_path: Path
) -> None:
    with platform(tmp_path, log_url=f"kafka://{kafka_bootstrap}", topic_prefix=topic_prefix) as running:
        async with running.last_words(f"URBANSENSE_TEST_SEED={SEED}", *DEATHS):
            async with kafka_lives(running, kafka_bootstrap, workers=2) as lives:
                await live_and_die(lives, DEATHS)
            assert_the_same(await fetch_left(running.settings), judged_undisturbed)


async def test_a_worker_that_wakes_up_after_another_took_over_writes_nothing_more(
    judged_undisturbed: Left, kafka_bootstrap: str, topic_prefix: str, tmp_path: Path
) -> None:
    """It stands still in the middle of a transaction, as a machine does that swaps or is suspended."""
    first, second, third = INSTANTS // 3, 2 * INSTANTS // 3, INSTANTS
    with platform(tmp_path, log_url=f"kafka://{kafka_bootstrap}", topic_prefix=topic_prefix) as running:
        async with running.last_words(), kafka_lives(running, kafka_bootstrap, workers=2) as lives:
            sleeper, successor = lives.workers
            sleeper.start()
            await lives.feed(first)

            async def in_a_transaction() -> bool:
                return await lives.progress.raised() > 0

            await until(in_a_transaction, 30, "the worker writes events", every_s=0.001)
            with sleeper.asleep():
                await lives.dismiss()
                successor.start()
                await lives.feed(second)
                fed = records_before(lives.topics, second)

                async def taken_over() -> bool:
                    return await lives.progress.judged() == fed

                await until(taken_over, 60, "the successor has judged everything")
            await lives.feed(third)
            await settle(lives)
            words = {line["event"] for line in log_lines(sleeper)}
        assert words & {"a partition went to another worker", "a partition is released uncommitted"}
        assert_the_same(await fetch_left(running.settings), judged_undisturbed)
