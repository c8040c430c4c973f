"""The audit log: what can be proved of it, and what cannot be hidden."""

import pytest
from sqlalchemy import delete, insert, select, update

from accounts.audit.log import BEGINNING, append_audit, read_audit, seal, verify_audit
from accounts.storage.tables import audit
from urbansense.wiring.shared_database import SharedDatabase


@pytest.fixture
def kept(database: SharedDatabase) -> SharedDatabase:
    with database.writing() as connection:
        for n in range(5):
            append_audit(connection, 1000 + n, "olga", "accept", f"case/{n}", {"n": n, "note": "行"})
    return database


def test_an_untouched_log_holds(kept: SharedDatabase) -> None:
    with kept.reading() as connection:
        verdict = verify_audit(connection)
    assert verdict.holds
    assert verdict.rows == 5


def test_an_empty_log_holds(database: SharedDatabase) -> None:
    with database.reading() as connection:
        verdict = verify_audit(connection)
    assert (verdict.holds, verdict.rows, verdict.last_hash) == (True, 0, BEGINNING)


@pytest.mark.parametrize(
    "change",
    [{"at_ms": 7}, {"actor": "eve"}, {"action": "close"}, {"subject": "case/9"}, {"details": '{"n":3}'}],
)
def test_a_changed_row_is_found(kept: SharedDatabase, change: dict[str, object]) -> None:
    with kept.writing() as connection:
        connection.execute(update(audit).where(audit.c.sequence == 3).values(**change))
        verdict = verify_audit(connection)
    assert (verdict.broken_at, verdict.rows) == (3, 2)
    assert "changed" in verdict.why


def test_a_row_that_was_changed_and_sealed_again_breaks_the_next_one(kept: SharedDatabase) -> None:
    with kept.writing() as connection:
        row = connection.execute(select(audit).where(audit.c.sequence == 3)).one()
        again = seal(row.previous, row.at_ms, "eve", row.action, row.subject, row.details)
        connection.execute(update(audit).where(audit.c.sequence == 3).values(actor="eve", hash=again))
        verdict = verify_audit(connection)
    assert verdict.broken_at == 4


@pytest.mark.parametrize("sequence", [1, 3])
def test_a_row_that_was_taken_out_is_found(kept: SharedDatabase, sequence: int) -> None:
    with kept.writing() as connection:
        connection.execute(delete(audit).where(audit.c.sequence == sequence))
        assert verify_audit(connection).broken_at == sequence + 1


def test_a_row_that_was_put_in_is_found(kept: SharedDatabase) -> None:
    with kept.writing() as connection:
        row = dict(connection.execute(select(audit).where(audit.c.sequence == 5)).one()._mapping)
        connection.execute(insert(audit).values({**row, "sequence": 6}))
        assert verify_audit(connection).broken_at == 6


def test_a_cut_end_is_found_by_who_kept_the_last_hash(kept: SharedDatabase) -> None:
    with kept.writing() as connection:
        last = verify_audit(connection).last_hash
        append_audit(connection, 2000, "olga", "close", "case/1")
        assert verify_audit(connection, last).holds
        connection.execute(delete(audit).where(audit.c.sequence >= 5))
        assert verify_audit(connection).holds
        assert not verify_audit(connection, last).holds


def test_the_newest_rows_come_first_and_can_be_asked_for_by_actor_and_subject(kept: SharedDatabase) -> None:
    with kept.writing() as connection:
        append_audit(connection, 3000, "dima", "dispatch", "case/1")
        newest = read_audit(connection, limit=2)
        assert [entry.sequence for entry in newest] == [6, 5]
        assert [entry.sequence for entry in read_audit(connection, before=5, limit=2)] == [4, 3]
        assert [entry.sequence for entry in read_audit(connection, subject="case/1")] == [6, 2]
        assert [entry.details for entry in read_audit(connection, actor="olga", limit=1)] == [{"n": 4, "note": "行"}]
