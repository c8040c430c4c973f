"""The schema of the accounts: made on an empty database, adopted where the cases had made its tables."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from accounts import Bearer, LoginSessions, Scope, Session, UserService, append_audit, verify_audit
from accounts.credentials.passwords import Passwords
from accounts.sessions.authentication import Authenticator
from accounts.storage.migrations.upgrading import SCHEMA, upgrade
from accounts.storage.tables import metadata
from device_registry.storage.database import open_engine
from domain.actors import Role
from domain.errors import ConfigurationError
from tests.accounts.conftest import PASSWORD, QUICK, TERMS, counted_random
from tests.cases.workflow.acting import NOON_MS
from tests.servers.schemas import rows_of, schema_of, version_in
from urbansense.wiring.shared_database import SharedDatabase

LAST_HASH = "40058d775ba5a6d957113c7a63560772043e7344e382e77d2e3c466e0a3f9870"
SESSION = "TgdAhWK-24tgzgXB3s_jrRa3IjCWfeAfZAt-Rym0n84"
TOKEN = "us_4b227777d4dd1fc6_7y0SfeN7lCuq0GFF5UsMYZofIjJ7LrvPvsePVWSv450"
_FORKSERVER = multiprocessing.get_context("forkserver")


def open_users(url: str) -> int:
    """What another process does when it starts."""
    return len(UserService(SharedDatabase(open_engine(url))).users())


def test_the_tables_are_those_of_the_model(case_database: SharedDatabase) -> None:
    upgrade(case_database)
    ours = {*metadata.tables, SCHEMA.version_table}
    with case_database.reading() as connection:
        options = {
            "compare_type": True,
            "version_table": SCHEMA.version_table,
            "include_name": lambda name, sort, _: sort != "table" or name in ours,
        }
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
        assert {*schema_of(connection)} - {"sqlite_sequence"} == ours


def test_an_earlier_database_is_adopted_and_nothing_in_it_is_touched(earlier_database: SharedDatabase) -> None:
    with earlier_database.reading() as connection:
        schema, rows = schema_of(connection), rows_of(connection)
    assert len(rows["people_audit"]) == 13
    UserService(earlier_database)
    with earlier_database.reading() as connection:
        assert schema_of(connection, without=SCHEMA.version_table) == schema
        assert rows_of(connection, without=SCHEMA.version_table) == rows
        assert version_in(connection, SCHEMA.version_table) == "0001"
        assert version_in(connection, "cases_schema") == "0003"


def test_the_people_of_an_earlier_database_get_in_as_before(earlier_database: SharedDatabase) -> None:
    users = UserService(earlier_database)
    authenticator = Authenticator(earlier_database, TERMS)
    by_session = authenticator.caller_of(Session(SESSION), NOON_MS)
    by_token = authenticator.caller_of(Bearer(TOKEN), NOON_MS)
    assert [user.username for user in users.users()] == ["dora", "olga"]
    assert by_session is not None
    assert (by_session.name, by_session.actor.roles) == ("olga", frozenset({Role.OPERATOR}))
    assert by_token is not None
    assert (by_token.name, by_token.scopes) == ("dora", frozenset({Scope.CASES_ACT, Scope.READ}))
    random = counted_random()
    LoginSessions(earlier_database, random, Passwords(random, QUICK), TERMS).log_in("olga", PASSWORD, NOON_MS)


def test_the_audit_log_of_an_earlier_database_goes_on(earlier_database: SharedDatabase) -> None:
    upgrade(earlier_database)
    with earlier_database.writing() as connection:
        verdict = verify_audit(connection)
        assert (verdict.holds, verdict.rows, verdict.last_hash) == (True, 13, LAST_HASH)
        append_audit(connection, NOON_MS, "olga", "accept", "case/1")
        assert verify_audit(connection, LAST_HASH).rows == 14


@pytest.mark.parametrize("start", [None, "earlier_database"])
def test_opening_again_writes_nothing(
    request: pytest.FixtureRequest, case_database: SharedDatabase, start: str | None
) -> None:
    if start:
        request.getfixturevalue(start)
    upgrade(case_database)

    class ReadOnly(SharedDatabase):
        def writing(self) -> AbstractContextManager[Connection]:
            raise AssertionError("nothing is to be written")

    upgrade(ReadOnly(case_database._engine))


@pytest.mark.parametrize("start", [None, "earlier_database"])
def test_two_processes_may_open_a_database_at_once(
    request: pytest.FixtureRequest, database_url: str, case_database: SharedDatabase, start: str | None
) -> None:
    if start:
        request.getfixturevalue(start)
    with ProcessPoolExecutor(2, mp_context=_FORKSERVER) as pool:
        assert {*pool.map(open_users, [database_url] * 2)} == {2 if start else 0}
    with case_database.reading() as connection:
        assert version_in(connection, SCHEMA.version_table) == "0001"


def test_threads_may_open_a_database_at_once(database_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert {*pool.map(open_users, [database_url] * 4)} == {0}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("ALTER TABLE people_users DROP COLUMN phone", "the table people_users .* lacks phone"),
        ("ALTER TABLE people_audit ADD COLUMN ip TEXT", "the table people_audit .* has ip, which"),
    ],
)
def test_a_table_with_other_columns_is_refused_by_name_and_left_alone(
    earlier_database: SharedDatabase, change: str, problem: str
) -> None:
    with earlier_database.writing() as connection:
        connection.execute(text(change))
    with earlier_database.reading() as connection:
        before = schema_of(connection), rows_of(connection)
    with pytest.raises(ConfigurationError, match=problem):
        UserService(earlier_database)
    with earlier_database.reading() as connection:
        assert (schema_of(connection), rows_of(connection)) == before


def test_tables_that_are_absent_are_made_beside_those_that_are_there(earlier_database: SharedDatabase) -> None:
    with earlier_database.reading() as connection:
        before = schema_of(connection)
    with earlier_database.writing() as connection:
        connection.execute(text("DROP TABLE people_tokens"))
    assert len(UserService(earlier_database).users()) == 2
    with earlier_database.reading() as connection:
        assert schema_of(connection, without=SCHEMA.version_table) == before


def test_going_back_drops_no_table(earlier_database: SharedDatabase) -> None:
    upgrade(earlier_database)
    with earlier_database.reading() as connection:
        before = schema_of(connection), rows_of(connection, without=SCHEMA.version_table)
    with earlier_database.writing() as connection:
        config = SCHEMA.config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with earlier_database.reading() as connection:
        assert (schema_of(connection), rows_of(connection, without=SCHEMA.version_table)) == before
    upgrade(earlier_database)


def test_an_exception_after_a_row_of_the_audit_log_leaves_none(database: SharedDatabase) -> None:
    def fail(write: Callable[..., None]) -> None:
        with database.writing() as connection:
            write(connection, NOON_MS, "olga", "accept", "case/1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail(append_audit)
    with database.reading() as connection:
        assert verify_audit(connection).rows == 0
