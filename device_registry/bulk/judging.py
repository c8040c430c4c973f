"""What the rows of a file refer to, judged page by page: in the file itself, and behind it in the registry."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from device_registry.bulk.columns import RowProblem
from device_registry.bulk.staging import Staged, Staging
from device_registry.records.checks.references import Known, Relative, reference_problems
from device_registry.records.city_tables import CityTables
from device_registry.records.problems import RecordProblem
from device_registry.storage import device_rows, profile_rows
from device_registry.storage.device_filter import storable
from device_registry.storage.tables import devices
from domain.devices import Device, DeviceState
from domain.identities import DEV_EUI, SCHEMES, IdentityScheme


class Judge:
    """Judges the rows that stand in `staging` against the registry as this transaction sees it."""

    def __init__(self, connection: Connection, staging: Staging, tables: CityTables) -> None:
        self._connection = connection
        self._staging = staging
        self._tables = tables
        profiles = profile_rows.read_profiles(connection)
        self._profile_kinds = {name: profile.kind for name, profile in profiles.items()}

    def judge(self, page: Sequence[Staged], *, blame_parents: bool) -> None:
        """Note in the staging what is wrong with each row of the page.

        That a parent is missing because its own row was refused is no fault of the child: worth naming only where the
        rest goes in without it.
        """
        rows = {row.offer.entry.device.device_id: row for row in page}
        batch = [row.offer.entry.device for row in page]
        stored = self._stored(rows)
        problems = [*_retired(stored), *reference_problems(batch, self._known(batch, stored), self._tables)]
        missing = {_parent_id(rows[problem.subject]) for problem in problems if problem.column == "parent_id"}
        in_file = self._staging.lines_of(missing)
        standing = self._staging.relatives(in_file)
        self._staging.refuse(
            (rows[problem.subject].n, error)
            for problem in problems
            if (error := _error(rows, problem, in_file, standing, blame_parents)) is not None
        )

    def _stored(self, device_ids: Iterable[str]) -> dict[str, tuple[str, DeviceState]]:
        statement = select(devices.c.device_id, devices.c.kind, devices.c.state).where(~devices.c.removed)
        return {row[0]: (row[1], row[2]) for row in self._those(statement, device_ids)}

    def _known(self, batch: Sequence[Device], stored: Mapping[str, tuple[str, DeviceState]]) -> Known:
        mine = {device.device_id for device in batch}
        moved = [one.device_id for one in batch if one.device_id in stored and stored[one.device_id][0] != one.kind]
        children = device_rows.read_children(self._connection, moved)
        elsewhere = self._staging.relatives(children)
        holders: dict[IdentityScheme, dict[str, str]] = {}
        times: dict[IdentityScheme, dict[str, int]] = {}
        for scheme in SCHEMES:
            values = {value for value in (getattr(device, scheme.column) for device in batch) if value is not None}
            found = device_rows.read_holders(self._connection, scheme.column, values)
            leaving = self._staging.letting_go(scheme, found.values())
            if scheme is DEV_EUI:
                asked = {device.dev_eui: device.device_id for device in batch}
                self._staging.release(
                    (holder, eui) for eui, holder in found.items() if holder in leaving and asked[eui] != holder
                )
            holders[scheme] = {value: holder for value, holder in found.items() if holder not in leaving}
            times[scheme] = self._staging.times(scheme, values)
        return Known(
            profile_kinds=self._profile_kinds,
            parents=self._ancestors({one.parent_id for one in batch if one.parent_id is not None} - mine),
            children={child_id: child for child_id, child in children.items() if child_id not in elsewhere},
            holders=holders,
            times=times,
        )

    def _ancestors(self, device_ids: set[str]) -> dict[str, Relative]:
        """Those devices and all above them, as they will be: what the file holds goes before what the registry holds."""
        known: dict[str, Relative] = {}
        while device_ids:
            level = self._staging.relatives(device_ids)
            statement = select(devices.c.device_id, devices.c.kind, devices.c.parent_id).where(~devices.c.removed)
            for device_id, kind, parent_id in self._those(statement, device_ids - level.keys()):
                level[device_id] = Relative(kind, parent_id)
            known |= level
            device_ids = {one.parent_id for one in level.values() if one.parent_id is not None} - known.keys()
        return known

    def _those(self, statement: Any, device_ids: Iterable[str]) -> Iterable[Any]:
        return self._connection.execute(statement.where(devices.c.device_id.in_(list(map(storable, device_ids)))))


def _parent_id(row: Staged) -> str:
    return row.offer.entry.device.parent_id or ""


def _error(
    rows: Mapping[str, Staged],
    problem: RecordProblem,
    in_file: Mapping[str, int],
    standing: Mapping[str, Relative],
    blame_parents: bool,
) -> RowProblem | None:
    line, parent_id = rows[problem.subject].line, _parent_id(rows[problem.subject])
    if problem.column != "parent_id" or parent_id not in in_file or parent_id in standing:
        return RowProblem(line, problem.column, problem.what, problem.remedy)
    if not blame_parents:
        return None
    what = f"its parent {parent_id!r} on line {in_file[parent_id]} has errors"
    return RowProblem(line, "parent_id", what, "correct that row")


def _retired(stored: Mapping[str, tuple[str, DeviceState]]) -> Iterator[RecordProblem]:
    for device_id, (_, state) in stored.items():
        if state is DeviceState.RETIRED:
            yield RecordProblem(
                device_id, "device_id", f"{device_id!r} is retired", "activate it first, or leave it out"
            )
