"""The rows of a file on disk while they are judged: whatever the file's size, memory holds one page of it.

The database of the registry is no place for them: what stands there is what is registered, and a process that dies must
leave nothing behind. A scratch SQLite file without a name does that on every system that matters here.
"""

import marshal
import sqlite3
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from operator import attrgetter
from os import unlink
from typing import Any, Final, NamedTuple

from device_registry.bulk.columns import RowProblem
from device_registry.bulk.formats.contract import RawRow
from device_registry.bulk.rows import Offer
from device_registry.records.checks.references import Relative
from device_registry.records.entries import DETAIL_FIELDS, DEVICE_FIELDS, Datum, Details, DeviceEntry
from device_registry.storage.device_filter import storable
from domain.devices import Device, DeviceState
from domain.identities import SCHEMES, IdentityScheme

_CHUNK: Final = 1000
_IDENTITIES: Final = tuple(scheme.column for scheme in SCHEMES)
_MAY_LACK: Final = tuple(scheme.column for scheme in SCHEMES if not scheme.in_every_file)
_SCHEMA: Final = f"""
PRAGMA journal_mode=OFF;
PRAGMA synchronous=OFF;
CREATE TABLE rows (
    n INTEGER PRIMARY KEY, line INTEGER, device_id TEXT, kind TEXT, parent_id TEXT,
    {" ".join(f"{column} TEXT," for column in _IDENTITIES)}
    {" ".join(f"keeps_{column} INTEGER," for column in _MAY_LACK)} standing INTEGER, entry BLOB, cells BLOB
);
CREATE TABLE errors (n INTEGER, line INTEGER, column_name TEXT, what TEXT, remedy TEXT);
CREATE TABLE results (n INTEGER PRIMARY KEY, result TEXT, device_id TEXT, changes BLOB);
CREATE TABLE released (device_id TEXT PRIMARY KEY, dev_eui TEXT);
"""
_INDEXES: Final = "CREATE INDEX rows_by_id ON rows (device_id);" + "".join(
    f"CREATE INDEX rows_by_{column} ON rows ({column}) WHERE {column} IS NOT NULL;" for column in _IDENTITIES
)
_WIDTH: Final = 8 + len(_IDENTITIES) + len(_MAY_LACK)
"""Columns of `rows`."""


class Staged(NamedTuple):
    """A row that stands: nothing is wrong with it so far."""

    n: int
    line: int
    offer: Offer


class RefusedRow(NamedTuple):
    """A row that was refused, as it came, with everything that is wrong with it."""

    line: int
    cells: dict[str, str]
    extra: tuple[str, ...]
    errors: tuple[RowProblem, ...]


class Result(NamedTuple):
    """What became of a row: `created`, `updated` or `unchanged`; in a preview with (old, new) by field that differs."""

    result: str
    device_id: str
    changes: dict[str, tuple[Any, Any]]


class Staging:
    """One file's rows. Not safe from several threads at once; `close` forgets everything."""

    def __init__(self) -> None:
        with tempfile.NamedTemporaryFile(prefix="urbansense-import-", delete=False) as file:
            self._path: str | None = file.name
        self._base = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        with suppress(OSError):  # where an open file cannot be unlinked, `close` does it
            unlink(self._path)
            self._path = None
        self._base.executescript(_SCHEMA)
        self._base.execute("BEGIN")
        self.rows = 0

    def add(self, rows: Iterable[tuple[RawRow, Offer | None, Sequence[RowProblem]]]) -> None:
        """Take rows in the order of the file. One without an offer never stands, one with errors until `settle`."""
        kept: list[tuple[Any, ...]] = []
        errors: list[tuple[Any, ...]] = []
        for raw, offer, wrong in rows:
            self.rows += 1
            kept.append((self.rows, raw.line, *_staged(raw, offer), marshal.dumps((raw.cells, raw.extra))))
            errors += ((self.rows, *_parts(error)) for error in wrong)
        self._base.executemany(f"INSERT INTO rows VALUES ({','.join('?' * _WIDTH)})", kept)
        self._base.executemany(_ADD_ERROR, errors)

    def index(self) -> None:
        """All rows are there. Those that share an id are refused: which of them is meant nobody knows."""
        self._base.executescript(f"{_INDEXES} BEGIN;")  # which commits first
        twice = "SELECT device_id FROM rows WHERE device_id != '' GROUP BY device_id HAVING count(*) > 1"
        for (device_id,) in self._base.execute(twice).fetchall():
            same = self._base.execute(
                "SELECT n, line FROM rows WHERE device_id = ? ORDER BY n", (device_id,)
            ).fetchall()
            lines = ", ".join(str(line) for _, line in same[:20]) + (" …" if len(same) > 20 else "")
            what = f"{device_id!r} is on lines {lines}"
            self.refuse((n, RowProblem(line, "device_id", what, "leave all but one out")) for n, line in same)
        self._base.execute(f"UPDATE rows SET standing = 0 WHERE device_id IN ({twice})")

    def pages(self) -> Iterator[list[Staged]]:
        """The rows that stand, in the order of the file, so many at a time that one statement can name them all."""
        after = 0
        statement = "SELECT n, line, entry FROM rows WHERE n > ? AND standing = 1 ORDER BY n LIMIT ?"
        while True:
            found = self._base.execute(statement, (after, _CHUNK)).fetchall()
            if not found:
                return
            yield [Staged(n, line, _offer(entry)) for n, line, entry in found]
            after = found[-1][0]

    def settle(self) -> int:
        """What has errors stands no longer. Returns how many rows that were."""
        fall = "UPDATE rows SET standing = 0 WHERE standing = 1 AND n IN (SELECT n FROM errors)"
        return self._base.execute(fall).rowcount

    def refuse(self, errors: Iterable[tuple[int, RowProblem]]) -> None:
        """Note errors of rows, which stand until `settle`."""
        self._base.executemany(_ADD_ERROR, [(n, *_parts(error)) for n, error in errors])

    def standing(self) -> int:
        return int(self._one("SELECT count(*) FROM rows WHERE standing = 1"))

    def refused_rows(self) -> int:
        return int(self._one("SELECT count(DISTINCT n) FROM errors"))

    def relatives(self, device_ids: Iterable[str]) -> dict[str, Relative]:
        """The standing rows of those ids."""
        statement = "SELECT device_id, kind, parent_id FROM rows WHERE standing = 1 AND device_id IN"
        return {row[0]: Relative(row[1], row[2]) for row in self._among(statement, device_ids)}

    def lines_of(self, device_ids: Iterable[str]) -> dict[str, int]:
        """Where the file names those ids, refused rows included."""
        statement = "SELECT device_id, line FROM rows WHERE device_id IN"
        return dict(self._among(statement, device_ids))

    def letting_go(self, scheme: IdentityScheme, device_ids: Iterable[str]) -> set[str]:
        """Which of those devices stand in the file with their identity of that scheme, or with none from now on."""
        given = "" if scheme.in_every_file else f" AND keeps_{scheme.column} = 0"
        statement = f"SELECT device_id FROM rows WHERE standing = 1{given} AND device_id IN"
        return {row[0] for row in self._among(statement, device_ids)}

    def times(self, scheme: IdentityScheme, values: Iterable[str]) -> dict[str, int]:
        """How many standing rows ask for each of those values of an identity; only what more than one asks for."""
        column = scheme.column
        counted: dict[str, int] = {}
        for value, count in self._among(f"SELECT {column}, 1 FROM rows WHERE standing = 1 AND {column} IN", values):
            counted[value] = counted.get(value, 0) + count
        return {value: count for value, count in counted.items() if count > 1}

    def release(self, held: Iterable[tuple[str, str]]) -> None:
        """Remember (device, EUI) where another row of the file takes what the device holds until its own is written."""
        self._base.executemany("INSERT OR IGNORE INTO released VALUES (?, ?)", held)

    def forget_released(self) -> None:
        self._base.execute("DELETE FROM released")

    def released(self, device_ids: Iterable[str] | None = None) -> dict[str, str]:
        """The EUI by device, of those or of all."""
        if device_ids is None:
            return dict(self._base.execute("SELECT device_id, dev_eui FROM released").fetchall())
        return dict(self._among("SELECT device_id, dev_eui FROM released WHERE device_id IN", device_ids))

    def note(self, results: Iterable[tuple[int, str, str, bytes | None]]) -> None:
        """Keep what became of rows: (n, result, device id, changes as orjson wrote them)."""
        self._base.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)", results)

    def tally(self) -> dict[str, int]:
        """How many rows had each result."""
        return dict(self._base.execute("SELECT result, count(*) FROM results GROUP BY result").fetchall())

    def results(self) -> Iterator[tuple[str, str, bytes | None]]:
        """(result, device id, changes) in the order of the file."""
        yield from self._base.execute("SELECT result, device_id, changes FROM results ORDER BY n")

    def errors(self) -> Iterator[RowProblem]:
        """Every error, in the order of the lines."""
        statement = "SELECT line, column_name, what, remedy FROM errors ORDER BY line, n, rowid"
        yield from (RowProblem(*row) for row in self._base.execute(statement))

    def refused(self) -> Iterator[RefusedRow]:
        """The rows that were refused, in the order of the file."""
        statement = "SELECT n, line, cells FROM rows WHERE n IN (SELECT n FROM errors) ORDER BY n"
        of_row = "SELECT line, column_name, what, remedy FROM errors WHERE n = ? ORDER BY rowid"
        self._base.execute("CREATE INDEX IF NOT EXISTS errors_by_row ON errors (n)")
        for n, line, came in self._base.execute(statement):
            cells, extra = marshal.loads(came)
            errors = tuple(RowProblem(*row) for row in self._base.execute(of_row, (n,)))
            yield RefusedRow(line, cells, extra, errors)

    def close(self) -> None:
        self._base.close()
        if self._path is not None:
            unlink(self._path)

    def _one(self, statement: str) -> Any:
        return self._base.execute(statement).fetchone()[0]

    def _among(self, statement: str, values: Iterable[str]) -> Iterator[Any]:
        wanted = [storable(value) for value in values]
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            yield from self._base.execute(f"{statement} ({','.join('?' * len(chunk))})", chunk)


_ADD_ERROR: Final = "INSERT INTO errors VALUES (?, ?, ?, ?, ?)"


def _parts(error: RowProblem) -> tuple[int, str, str, str]:
    return error.line, error.column, storable(error.what), storable(error.remedy)


def _staged(raw: RawRow, offer: Offer | None) -> tuple[Any, ...]:
    if offer is None:
        return (storable(raw.cells.get("device_id", "").strip()), *_NOTHING)
    device, details = offer.entry
    texts = (device.device_id, device.kind, device.parent_id, *_identities_of(device))
    facts = list(_facts_of(device))
    facts[_STATE] = device.state.value
    more = list(_details_of(details))
    more[_DATUM] = details.source_datum.value
    entry = marshal.dumps((facts, more, tuple(offer.keep)))
    kept = (column in offer.keep for column in _MAY_LACK)
    return (*(None if one is None else storable(one) for one in texts), *kept, 1, entry)


def _offer(entry: bytes) -> Offer:
    facts, more, keep = marshal.loads(entry)
    facts[_STATE] = _STATES[facts[_STATE]]
    more[_DATUM] = _DATUMS[more[_DATUM]]
    return Offer(DeviceEntry(Device(*facts), Details(*more)), _KEEPS.setdefault(keep, frozenset(keep)))


_NOTHING: Final = (None, None, *(None for _ in _IDENTITIES), *(0 for _ in _MAY_LACK), 0, None)
_identities_of: Final = attrgetter(*_IDENTITIES)
_facts_of: Final = attrgetter(*DEVICE_FIELDS)
_details_of: Final = attrgetter(*DETAIL_FIELDS)
_STATE: Final = DEVICE_FIELDS.index("state")
_DATUM: Final = DETAIL_FIELDS.index("source_datum")
_STATES: Final = {state.value: state for state in DeviceState}
_DATUMS: Final = {datum.value: datum for datum in Datum}
_KEEPS: Final[dict[Collection[str], frozenset[str]]] = {}
