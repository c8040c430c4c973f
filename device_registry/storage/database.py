"""Connections and transactions of the registry's database; its errors mapped once.

SQLite: write-ahead log, one writer at a time (`BEGIN IMMEDIATE`), which waits for another up to 30 s.
PostgreSQL: the same order by an advisory lock of the transaction, so two imports never see half of each other.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from domain.errors import ConfigurationError, TransientFault
from streams.sqlite.faults import file_fault

_WRITER_LOCK: Final = 0x75726273656E7365  # "urbsense": one registry writer at a time in a PostgreSQL database
_BUSY_TIMEOUT_S: Final = 30
_CONNECT_TIMEOUT_S: Final = 5
_PREPARATION: Final = "preparation"


def open_engine(database_url: str) -> Engine:
    """An engine for SQLite in a file or PostgreSQL; nothing connects yet. Safe from many threads.

    Raises: ConfigurationError where the address is none, or SQLite is asked to live in memory (each thread of the pool
    would see a database of its own).
    """
    url = _checked(database_url)
    sqlite = url.get_backend_name() == "sqlite"
    try:
        engine = create_engine(
            url,
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            pool_pre_ping=not sqlite,
            connect_args={"timeout": _BUSY_TIMEOUT_S} if sqlite else _server_arguments(url),
            execution_options={_PREPARATION: _Preparation()},
        )
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise ConfigurationError(
            f"URBANSENSE_DATABASE_URL: no driver for {url.drivername!r} ({error}); "
            "for PostgreSQL install urbansense[postgresql] and write postgresql+psycopg://"
        ) from error
    if sqlite:
        _use_sqlite_as_a_server(engine)
    return engine


def prepare(engine: Engine, step: Callable[[], None]) -> None:
    """Run `step`, which may read and write itself; where the database does not answer, at each use until it succeeds.

    So whatever stands on the database can be made while that is away. Raises: whatever else the step raises.
    """
    _preparation_of(engine).add(step)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection to read on. Raises: TransientFault when it does not answer."""
    with _faults_mapped(engine):
        _preparation_of(engine).finish()
        with engine.connect() as connection:
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """The one write transaction: committed at the end, rolled back by any exception.

    Raises: TransientFault when the database does not answer or another writer holds it for too long.
    """
    with _faults_mapped(engine):
        _preparation_of(engine).finish()
        with engine.connect().execution_options(writing=True) as connection, connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITER_LOCK})
            yield connection


class _Preparation:
    """What must be done to a database before its first use, once each, in order."""

    def __init__(self) -> None:
        self._steps: list[Callable[[], None]] = []
        self._turn = RLock()
        self._under_way = False

    def add(self, step: Callable[[], None]) -> None:
        with self._turn:
            self._steps.append(step)
            if len(self._steps) == 1:
                with suppress(TransientFault):
                    self.finish()

    def finish(self) -> None:
        """Raises: TransientFault where a step does, which is left for the next use, as are those behind it."""
        if not self._steps:
            return
        with self._turn:
            if self._under_way:  # a step itself, in this thread
                return
            self._under_way = True
            try:
                while self._steps:
                    step = self._steps.pop(0)
                    try:
                        step()
                    except TransientFault:
                        self._steps.insert(0, step)
                        raise
            finally:
                self._under_way = False


def _preparation_of(engine: Engine) -> _Preparation:
    preparation: _Preparation = engine.get_execution_options()[_PREPARATION]
    return preparation


def _server_arguments(url: URL) -> dict[str, Any]:
    return {} if "connect_timeout" in url.query else {"connect_timeout": _CONNECT_TIMEOUT_S}


@contextmanager
def _faults_mapped(engine: Engine) -> Iterator[None]:
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        if isinstance(error.orig, sqlite3.Error) and (fault := file_fault(Path(str(engine.url.database)), error.orig)):
            raise TransientFault(f"the database: {fault}") from error
        if not isinstance(error, OperationalError | InterfaceError):
            raise
        where = engine.url.render_as_string(hide_password=True)
        raise TransientFault(f"the registry database {where} does not answer: {error.orig}") from error


def _checked(database_url: str) -> URL:
    try:
        url = make_url(database_url)
    except ArgumentError as error:
        raise ConfigurationError(
            "URBANSENSE_DATABASE_URL is no database address; write sqlite:///file.db or postgresql+psycopg://host/name"
        ) from error
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise ConfigurationError(
            f"URBANSENSE_DATABASE_URL: {url.get_backend_name()!r} is not supported; use sqlite or postgresql+psycopg"
        )
    if url.get_backend_name() == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise ConfigurationError("URBANSENSE_DATABASE_URL: SQLite needs a file: sqlite:///data/registry.db")
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    return url


def _use_sqlite_as_a_server(engine: Engine) -> None:
    """Real transactions on SQLite: Python's own driver leaves BEGIN out before reads, and upgrades locks too late."""

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
