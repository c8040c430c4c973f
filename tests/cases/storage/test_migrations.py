"""The schema of the cases beside that of the accounts, from every database that there can be."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from accounts.audit.log import read_audit, verify_audit
from accounts.storage.migrations.upgrading import SCHEMA as ACCOUNTS
from accounts.storage.tables import metadata as accounts_metadata
from cases.storage import CaseQuery, CaseStore
from cases.storage.migrations.upgrading import SCHEMA, upgrade
from cases.storage.tables import metadata
from cases.workflow.performing import Act
from cases.workflow.states import State
from device_registry.storage.database import open_engine
from tests.cases.storage.test_store import a_report
from tests.cases.workflow.acting import DRAINAGE, NOON_MS, OPERATOR, TIMES
from tests.servers.schemas import rows_of, schema_of, version_in
from urbansense.wiring.shared_database import SharedDatabase

LAST_HASH = "40058d775ba5a6d957113c7a63560772043e7344e382e77d2e3c466e0a3f9870"
OURS = {*metadata.tables, *accounts_metadata.tables}


def stopped_at(database: SharedDatabase, version: str) -> None:
    with database.writing() as connection:
        config = SCHEMA.config()
        config.attributes["connection"] = connection
        command.upgrade(config, version)


def assert_newest(database: SharedDatabase) -> None:
    """Both rooms' tables are those of their models, at their newest versions."""
    with database.reading() as connection:
        assert version_in(connection, ACCOUNTS.version_table) == "0001"
        assert version_in(connection, SCHEMA.version_table) == "0003"
        for schema, model in ((SCHEMA, metadata), (ACCOUNTS, accounts_metadata)):
            ours = {*model.tables, schema.version_table}
            options = {
                "compare_type": True,
                "version_table": schema.version_table,
                "include_name": lambda name, sort, _, ours=ours: sort != "table" or name in ours,
            }
            assert compare_metadata(MigrationContext.configure(connection, opts=options), model) == []


@pytest.mark.parametrize("version", [None, "0001", "0002"])
def test_every_database_is_brought_to_the_same_tables(case_database: SharedDatabase, version: str | None) -> None:
    if version:
        stopped_at(case_database, version)
    CaseStore(case_database, TIMES)
    CaseStore(case_database, TIMES)
    assert_newest(case_database)
    assert len(OURS) == 18


def test_an_earlier_database_opens_with_everything_as_it_was(earlier_database: SharedDatabase) -> None:
    with earlier_database.reading() as connection:
        schema, rows = schema_of(connection), rows_of(connection)
    store = CaseStore(earlier_database, TIMES)
    with earlier_database.reading() as connection:
        assert schema_of(connection, without=ACCOUNTS.version_table) == schema
        assert rows_of(connection, without=ACCOUNTS.version_table) == rows
        assert verify_audit(connection).last_hash == LAST_HASH
    assert_newest(earlier_database)
    states = {case.number: case.state for case in store.find(CaseQuery()).items}
    assert states == {"2026-000001": State.IN_PROGRESS, "2026-000002": State.REPORTED}


def test_work_in_an_earlier_database_goes_on(earlier_database: SharedDatabase) -> None:
    store = CaseStore(earlier_database, TIMES)
    case = store.get("2026-000001")
    assert case is not None
    store.act(case.case_id, Act("handle", DRAINAGE, NOON_MS + 2000, note="cover put back"), expected_revision=6)
    again = store.report(a_report(events=case.events), OPERATOR, NOON_MS, key="a1")
    assert (again.created, again.case.number) == (False, "2026-000001")
    assert store.report(a_report(), OPERATOR, NOON_MS).case.number == "2026-000003"
    assert [publication.sequence for publication in store.pending(100)] == list(range(1, 10))
    with earlier_database.reading() as connection:
        assert verify_audit(connection, LAST_HASH).rows == 15
        assert read_audit(connection, subject="case/2026-000001")[0].actor == "dora"


def test_a_new_database_is_one_that_the_earlier_version_opens_too(
    case_database: SharedDatabase, request: pytest.FixtureRequest
) -> None:
    """Its version of `cases_schema` is the head of that time, and each table is as it made it."""
    upgrade(case_database)
    with case_database.writing() as connection:
        assert version_in(connection, SCHEMA.version_table) == "0003"
        made = schema_of(connection, without=ACCOUNTS.version_table)
        for model in (metadata, accounts_metadata):
            model.drop_all(connection)
        for table in (SCHEMA.version_table, ACCOUNTS.version_table):
            connection.exec_driver_sql(f"DROP TABLE {table}")
    earlier: SharedDatabase = request.getfixturevalue("earlier_database")
    with earlier.reading() as connection:
        then = schema_of(connection)
    assert made == {table: then[table] for table in made}
    assert {*made} - {"sqlite_sequence"} == {*OURS, SCHEMA.version_table}


@pytest.mark.parametrize("prepare", [lambda _: None, lambda database: stopped_at(database, "0001")])
def test_a_database_may_be_opened_by_several_at_once(
    database_url: str, case_database: SharedDatabase, prepare: Callable[[SharedDatabase], None]
) -> None:
    prepare(case_database)
    with ThreadPoolExecutor(4) as pool:
        for start in [pool.submit(CaseStore, SharedDatabase(open_engine(database_url)), TIMES) for _ in range(4)]:
            start.result()
    assert_newest(case_database)


def test_an_exception_leaves_neither_the_case_nor_its_row_of_the_audit_log(book: CaseStore) -> None:
    def fail() -> None:
        with book.transaction() as transaction:
            transaction.report(a_report(), OPERATOR, NOON_MS)
            assert verify_audit(transaction.connection).rows == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with book.database.reading() as connection:
        assert verify_audit(connection).rows == 0
    assert book.find(CaseQuery()).items == ()
