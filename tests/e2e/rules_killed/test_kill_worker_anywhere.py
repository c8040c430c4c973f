"""Kill -9 of a rules worker at twenty random points of its work, on Kafka and on the embedded log: the same events.

The input is the prepared log of `prepared`, whose RULES may grow. Every life of the worker gets a stretch of it, and ends
when one of the counts of `Progress` has passed a random point of that stretch: while it is fed, as its places are
committed, as its events are written (on Kafka inside the transaction that is not committed yet), as they are passed on.
"""

from pathlib import Path

import pytest

from tests.e2e.processes.platform import platform
from tests.e2e.rules_killed.judging import Left, assert_the_same, fetch_left
from tests.e2e.rules_killed.lives import SEED, deaths, embedded_lives, kafka_lives, live_and_die
from tests.e2e.rules_killed.prepared import RAISED

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

DEATHS = deaths(SEED, 20)


@pytest.mark.kafka
async def test_a_worker_killed_at_twenty_points_on_kafka_raises_the_same_events(
    judged_undisturbed: Left, kafka_bootstrap: str, topic_prefix: str, tmp_path: Path
) -> None:
    with platform(tmp_path, log_url=f"kafka://{kafka_bootstrap}", topic_prefix=topic_prefix) as running:
        async with running.last_words(f"URBANSENSE_TEST_SEED={SEED}", *DEATHS):
            async with kafka_lives(running, kafka_bootstrap) as lives:
                await live_and_die(lives, DEATHS)
                print(f"{await lives.progress.undone()} events were written in transactions that a death undid")
            assert_the_same(await fetch_left(running.settings), judged_undisturbed)


async def test_a_worker_killed_at_twenty_points_on_the_embedded_log_raises_the_same_events(
    judged_undisturbed: Left, tmp_path: Path
) -> None:
    with platform(tmp_path, topic_prefix="kill.") as running:
        async with running.last_words(f"URBANSENSE_TEST_SEED={SEED}", *DEATHS):
            async with embedded_lives(running) as lives:
                await live_and_die(lives, DEATHS)
            assert_the_same(await fetch_left(running.settings), judged_undisturbed)


def test_the_prepared_log_has_what_a_death_could_spoil(judged_undisturbed: Left) -> None:
    left = judged_undisturbed
    assert {rule: left.transitions[rule] & raised for rule, raised in RAISED.items()} == RAISED
    assert left.sums.judged > 10_000
    assert min(left.sums.duplicate, left.sums.too_late) > 100
