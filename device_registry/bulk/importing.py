"""A devices file into the registry: read, judged and written in one transaction, with one page of it in memory.

    file ──confined──▶ rows ──read_row──▶ staging on disk ──┬──judged──▶ errors by row
                                                          └──planned──▶ registry, audit, outbox (one transaction)

One transaction, whichever rows go in: a killed import leaves nothing, and running it again does all of it. In pieces it
would leave states that no file describes, for rows lean on one another: parents, EUIs that change hands.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from os import SEEK_END
from typing import BinaryIO, Final

import orjson
from sqlalchemy import Connection, bindparam, update

from device_registry.bulk.columns import DATUM, SOURCE, RowProblem, UnreadableFile
from device_registry.bulk.confined.limits import ReadingLimits
from device_registry.bulk.confined.reading import BoundMet, ConfinedReader
from device_registry.bulk.formats.contract import Format, RawRow
from device_registry.bulk.judging import Judge
from device_registry.bulk.rows import Offer, ReadRow, Terms, read_row
from device_registry.bulk.staging import RefusedRow, Result, Staged, Staging
from device_registry.records.changes import Stored, next_entry
from device_registry.records.checks.details import detail_problems, normalise_details
from device_registry.records.checks.validation import device_problems, normalise_device
from device_registry.records.entries import Datum, DeviceEntry, entry_facts
from device_registry.storage import device_rows
from device_registry.storage.audit import UNNAMED, device_note, differences, write_notes
from device_registry.storage.database import reading, writing
from device_registry.storage.registry import Registry
from device_registry.storage.tables import devices

Progress = Callable[[str, int, int], None]
"""Called with the stage (`reading`, `checking`, `writing`), and how much of how much of it is done: bytes, then rows."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to import. `datum` is that of rows without one of their own; a preview writes nothing."""

    format: Format = Format.CSV
    datum: Datum = Datum.WGS84
    skip_bad: bool = False
    preview: bool = False
    limits: ReadingLimits = field(default_factory=ReadingLimits)


class Import(AbstractContextManager["Import"]):
    """What an import did, to be looked through until it is closed. `columns` is empty where the file was unreadable.

    `bound` names what reading the file would have exceeded, where that is why it is unreadable.
    `applied` is whether the rows without errors are in the registry now. `created`, `updated` and `unchanged` count
    them; in a preview what they would be, and otherwise 0 where errors forbade all.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.staging = Staging()
        self.columns: tuple[str, ...] = ()
        self.unreadable: tuple[RowProblem, ...] = ()
        self.bound: str | None = None
        self.applied = False
        self.created = self.updated = self.unchanged = 0

    @property
    def rows(self) -> int:
        """How many rows were read: those with any cell filled."""
        return self.staging.rows

    @property
    def refused_rows(self) -> int:
        return self.staging.refused_rows()

    def errors(self) -> Iterator[RowProblem]:
        """Everything wrong, in the order of the lines; first what kept the file from being read."""
        yield from self.unreadable
        yield from self.staging.errors()

    def refused(self) -> Iterator[RefusedRow]:
        return self.staging.refused()

    def results(self) -> Iterator[Result]:
        """What became of each row that was not refused, in the order of the file."""
        for result, device_id, changes in self.staging.results():
            yield Result(result, device_id, orjson.loads(changes) if changes else {})

    def __exit__(self, *_: object) -> None:
        self.staging.close()


def import_file(
    registry: Registry,
    file: BinaryIO,
    options: Options,
    *,
    now_ms: int,
    author: str = UNNAMED,
    progress: Progress = lambda stage, done, of: None,
) -> Import:
    """Bring every row of the file into the registry, or with any error none; with `skip_bad` those without one.

    Idempotent: a row with what the registry holds changes nothing. A known device keeps its state (the file has
    none), and a retired one is an error. A file that is not of its format is refused whole. `file` can be sought.
    Raises: domain.errors.TransientFault when the database does not answer; then nothing was written.
    """
    done = Import(options)
    try:
        _read(registry, file, done, progress)
        if not done.unreadable:
            _take(registry, done, now_ms, author, progress)
    except BaseException:
        done.staging.close()
        raise
    return done


def _read(registry: Registry, file: BinaryIO, done: Import, progress: Progress) -> None:
    size = file.seek(0, SEEK_END)
    file.seek(0)
    terms = Terms(registry.profiles(), done.options.datum, done.options.format.guarded)

    def reached(position: int) -> None:
        progress("reading", position, size)

    try:
        with ConfinedReader(file, done.options.format, done.options.limits, reached) as reader:
            done.columns = reader.columns
            for page in reader.pages():
                done.staging.add((raw, *_offered(registry, raw, terms)) for raw in page)
                reached(reader.position)
    except UnreadableFile as error:
        done.unreadable = error.errors
        done.bound = error.bound if isinstance(error, BoundMet) else None
    done.staging.index()


def _offered(registry: Registry, raw: RawRow, terms: Terms) -> ReadRow:
    """The normalised offer of a row, and everything that is wrong with the row by itself."""
    if any(not error.column for error in raw.errors):
        return ReadRow(None, list(raw.errors))
    read = read_row(raw.line, raw.cells, terms)
    faulty = {error.column for error in raw.errors}
    errors = [*raw.errors, *(error for error in read.errors if error.column not in faulty)]
    if read.offer is None:
        return ReadRow(None, errors)
    entry = DeviceEntry(normalise_device(read.offer.entry.device), normalise_details(read.offer.entry.details))
    faulty |= {error.column for error in errors}
    unread = faulty | _PLACE if faulty & {*_PLACE, DATUM, "geometry"} else faulty
    problems = [
        *device_problems(entry.device, registry.kinds, registry.tables.bounds),
        *detail_problems(entry, registry.tables),
    ]
    errors += (RowProblem(raw.line, one.column, one.what, one.remedy) for one in problems if one.column not in unread)
    return ReadRow(Offer(entry, read.offer.keep), errors)


def _take(registry: Registry, done: Import, now_ms: int, author: str, progress: Progress) -> None:
    """Judge the rows, and write those that may go in, or note what writing them would change."""
    options, staging = done.options, done.staging
    with (reading if options.preview else writing)(registry.engine) as connection:
        _judge(Judge(connection, staging, registry.tables), done, progress)
        if done.refused_rows and not options.skip_bad and not options.preview:
            return
        _release(connection, staging, options.preview)
        written, of = 0, staging.standing()
        for page in staging.pages():
            _write(connection, staging, page, options.preview, now_ms, author)
            written += len(page)
            progress("comparing" if options.preview else "writing", written, of)
    tally = staging.tally()
    done.created, done.updated, done.unchanged = (tally.get(name, 0) for name in ("created", "updated", "unchanged"))
    done.applied = not options.preview


def _judge(judge: Judge, done: Import, progress: Progress) -> None:
    """Judge all rows at once; where the good ones go in without the bad, again until nothing leans on a bad one."""
    staging = done.staging
    while True:
        staging.forget_released()
        judged, of = 0, staging.standing()
        for page in staging.pages():
            judge.judge(page, blame_parents=done.options.skip_bad)
            judged += len(page)
            progress("checking", judged, of)
        if not staging.settle() or not done.options.skip_bad:
            return


def _release(connection: Connection, staging: Staging, preview: bool) -> None:
    """EUIs that change hands are let go of first: the index looks at each row, and its taker may be written before."""
    held = [{"key": device_id} for device_id in staging.released()]
    if held and not preview:
        connection.execute(update(devices).where(devices.c.device_id == bindparam("key")).values(dev_eui=None), held)


def _write(
    connection: Connection, staging: Staging, page: Sequence[Staged], preview: bool, now_ms: int, author: str
) -> None:
    ids = [row.offer.entry.device.device_id for row in page]
    stored = device_rows.read_stored(connection, ids)
    for device_id, dev_eui in staging.released(ids).items():
        held = stored[device_id]
        stored[device_id] = held._replace(device=replace(held.device, dev_eui=dev_eui))
    changed: list[DeviceEntry] = []
    results: list[tuple[int, str, str, bytes | None]] = []
    for row, device_id in zip(page, ids, strict=True):
        before = stored.get(device_id)
        after = next_entry(before, row.offer.entry, now_ms, _kept(row.offer, before))
        if after is None:
            results.append((row.n, "unchanged", device_id, None))
            continue
        changed.append(after)
        known = before is not None and not before.removed
        changes = _changes(before if known else None, after) if preview else None
        results.append((row.n, "updated" if known else "created", device_id, changes))
    staging.note(results)
    if not preview:
        device_rows.write_entries(connection, changed, stored, now_ms)
        write_notes(connection, [device_note(_before(stored, entry), entry, now_ms, author) for entry in changed])


def _kept(offer: Offer, held: Stored | None) -> frozenset[str]:
    """What a known device keeps; the source of its location only as long as it stays where it is."""
    if held is None or not offer.keep.issuperset(SOURCE):
        return offer.keep
    here, there = offer.entry.device, held.device
    return offer.keep if (here.lon, here.lat) == (there.lon, there.lat) else offer.keep.difference(SOURCE)


def _before(stored: Mapping[str, Stored], entry: DeviceEntry) -> DeviceEntry | None:
    held = stored.get(entry.device.device_id)
    return DeviceEntry(held.device, held.details) if held is not None and not held.removed else None


def _changes(before: Stored | None, after: DeviceEntry) -> bytes:
    old = entry_facts(DeviceEntry(before.device, before.details)) if before is not None else {}
    changes = differences(old, entry_facts(after))
    changes.pop("activated_at_ms", None)
    return orjson.dumps(changes)


_PLACE: Final = frozenset({"lon", "lat"})
