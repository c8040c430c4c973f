"""The oldest rows of the audit log cut off: what is left can be verified, and a cut by anybody else cannot pass."""

import asyncio

import pytest
from sqlalchemy import delete, select

from accounts.audit.log import TRIMMED, append_audit, read_audit, verify_audit
from accounts.audit.trimming import AuditKeeper, trim_audit
from accounts.storage.tables import audit
from urbansense.wiring.shared_database import SharedDatabase


@pytest.fixture
def kept(database: SharedDatabase) -> SharedDatabase:
    add(database, 100)
    return database


def add(database: SharedDatabase, rows: int) -> None:
    with database.writing() as connection:
        for n in range(rows):
            append_audit(connection, 1000 + n, "olga", "accept", f"case/{n}")


def keeper(database: SharedDatabase, most_rows: int) -> AuditKeeper:
    return AuditKeeper(database, most_rows, lambda: 9_999)


def test_up_to_its_rows_nothing_goes(kept: SharedDatabase) -> None:
    assert keeper(kept, 100).trim() == 0
    assert keeper(kept, 0).trim() == 0
    assert keeper(kept, 100).count() == 100


def test_the_oldest_rows_go_and_the_rest_holds(kept: SharedDatabase) -> None:
    assert keeper(kept, 50).trim() == 55
    with kept.reading() as connection:
        verdict = verify_audit(connection)
        [cut] = read_audit(connection, action=TRIMMED)
        oldest = connection.execute(select(audit).order_by(audit.c.sequence).limit(1)).one()
    assert (verdict.holds, verdict.rows) == (True, 46)
    assert (cut.details["rows"], cut.details["last_hash"]) == (55, oldest.previous)


def test_a_second_cut_takes_the_place_of_the_first(kept: SharedDatabase) -> None:
    for _ in range(5):
        keeper(kept, 50).trim()
        add(kept, 40)
    with kept.reading() as connection:
        assert verify_audit(connection).holds
        assert len(read_audit(connection, action=TRIMMED)) <= 2


def test_rows_that_somebody_else_takes_from_the_beginning_are_missed(kept: SharedDatabase) -> None:
    with kept.writing() as connection:
        trim_audit(connection, 50, 9_999)
        first = connection.execute(select(audit.c.sequence).order_by(audit.c.sequence).limit(1)).scalar_one()
        connection.execute(delete(audit).where(audit.c.sequence < first + 3))
        verdict = verify_audit(connection)
    assert (verdict.holds, verdict.broken_at) == (False, first + 3)


def test_a_hash_that_was_noted_before_the_cut_is_known_only_as_its_end(kept: SharedDatabase) -> None:
    with kept.writing() as connection:
        noted = connection.execute(select(audit.c.hash).order_by(audit.c.sequence)).scalars().all()
        trim_audit(connection, 50, 9_999)
        assert verify_audit(connection, noted[-1]).holds
        assert verify_audit(connection, noted[54]).holds
        assert not verify_audit(connection, noted[10]).holds


async def test_the_keeper_cuts_as_long_as_it_runs(kept: SharedDatabase) -> None:
    stop, one = asyncio.Event(), keeper(kept, 50)
    task = asyncio.create_task(one.run(stop))
    async with asyncio.timeout(10):
        while await asyncio.to_thread(one.count) > 50:
            await asyncio.sleep(0.01)
    stop.set()
    await task
