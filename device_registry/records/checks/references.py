"""What devices refer to: profiles, parents, identities; judged against the registry as it stands in the transaction."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from device_registry.records.city_tables import CITY_TABLES, CityTables
from device_registry.records.problems import RecordProblem
from domain.devices import Device, DeviceState
from domain.identities import SCHEMES, IdentityScheme


class Relative(NamedTuple):
    """A device outside the batch, as far as its relations go."""

    kind: str
    parent_id: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """What the registry holds that a batch of devices may refer to.

    `profile_kinds` is complete. `parents` holds every device outside the batch that the batch's parent chains reach,
    `children` those outside it that hang on one of the batch whose kind changes. `holders` names by scheme
    who outside the batch holds a value that the batch asks for. Where the batch is a part of a larger offer, `times`
    holds by scheme how many devices of the whole offer ask for a value, of those that more than one asks for.
    """

    profile_kinds: Mapping[str, str]
    parents: Mapping[str, Relative] = field(default_factory=dict)
    children: Mapping[str, Relative] = field(default_factory=dict)
    holders: Mapping[IdentityScheme, Mapping[str, str]] = field(default_factory=dict)
    times: Mapping[IdentityScheme, Mapping[str, int]] = field(default_factory=dict)


def reference_problems(batch: Sequence[Device], known: Known, tables: CityTables) -> Iterator[RecordProblem]:
    """Everything the batch refers to that is missing, of the wrong kind, taken, or a circle. Ids in it are distinct."""
    for device in batch:
        kind = known.profile_kinds.get(device.profile)
        if kind is None:
            remedy = f"use a known one, or leave it empty for {device.kind!r}"
            yield RecordProblem(device.device_id, "profile", f"profile {device.profile!r} is not known", remedy)
        elif kind != device.kind:
            what = f"profile {device.profile!r} is for kind {kind!r}, the device is a {device.kind!r}"
            yield RecordProblem(device.device_id, "profile", what, "change one of them")
    yield from _parent_problems(batch, known, tables)
    yield from _child_problems(batch, known, tables)
    yield from _identity_problems(batch, known)


def _parent_problems(batch: Sequence[Device], known: Known, tables: CityTables) -> Iterator[RecordProblem]:
    mine = {device.device_id: Relative(device.kind, device.parent_id) for device in batch}
    relatives = {**known.parents, **mine}
    in_circle = _members_of_circles({device_id: relative.parent_id for device_id, relative in relatives.items()})
    for device in batch:
        if device.parent_id is None or device.parent_id == device.device_id:
            continue
        parent = relatives.get(device.parent_id)
        if parent is None:
            what = f"parent {device.parent_id!r} is neither in the registry nor among these devices"
            yield RecordProblem(device.device_id, "parent_id", what, "register it first, or in the same file")
        elif not tables.may_hang(device.kind, parent.kind):
            what = f"parent {device.parent_id!r} is a {parent.kind!r}, on which no {device.kind!r} hangs"
            parents = " or ".join(_parents_of(device.kind, tables))
            remedy = f"name a {parents}, or add {parent.kind!r} to `parents` in {CITY_TABLES}"
            yield RecordProblem(device.device_id, "parent_id", what, remedy)
        elif device.device_id in in_circle:
            what = f"the parents of {device.device_id!r} lead back to it"
            yield RecordProblem(device.device_id, "parent_id", what, "break the circle")


def _child_problems(batch: Sequence[Device], known: Known, tables: CityTables) -> Iterator[RecordProblem]:
    kinds = {device.device_id: device.kind for device in batch}
    for child_id, child in known.children.items():
        kind = kinds.get(child.parent_id or "")
        if kind is not None and not tables.may_hang(child.kind, kind):
            what = f"{child_id!r} hangs on it, and no {child.kind!r} hangs on a {kind!r}"
            yield RecordProblem(str(child.parent_id), "kind", what, "give that device another parent first")


def _parents_of(kind: str, tables: CityTables) -> list[str]:
    return sorted(parent for parent in tables.parents if tables.may_hang(kind, parent)) or ["known parent"]


def _members_of_circles(parent_of: Mapping[str, str | None]) -> set[str]:
    members: set[str] = set()
    settled: set[str] = set()
    for start in parent_of:
        path: dict[str, None] = {}
        at: str | None = start
        while at is not None and at not in settled and at not in path:
            path[at] = None
            at = parent_of.get(at)
        if at is not None and at in path:
            steps = list(path)
            members.update(steps[steps.index(at) :])
        settled.update(path)
    return members


def _identity_problems(batch: Sequence[Device], known: Known) -> Iterator[RecordProblem]:
    in_service = [device for device in batch if device.state is not DeviceState.RETIRED]
    for scheme in SCHEMES:
        column, name = scheme.column, scheme.label
        wanted = [device for device in in_service if getattr(device, column) is not None]
        times = known.times.get(scheme) or Counter(getattr(device, column) for device in wanted)
        for device in wanted:
            value = getattr(device, column)
            holder = known.holders.get(scheme, {}).get(value)
            if holder is not None:
                what = f"{name} {value} belongs to {holder!r}"
                yield RecordProblem(device.device_id, column, what, "correct it, or retire the other device")
            elif times.get(value, 1) > 1:
                what = f"{name} {value} is given to {times[value]} devices"
                yield RecordProblem(device.device_id, column, what, "give it to one of them")
