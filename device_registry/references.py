"""What devices refer to: profiles, parents and EUIs, judged against the registry as it stands inside the transaction."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from device_registry.problems import Problem
from domain.devices import Device, DeviceState


@dataclass(frozen=True, slots=True)
class Known:
    """What the registry holds that a batch of devices may refer to.

    `profile_kinds` is complete. `parents` holds every device outside the batch that the batch's parent chains reach,
    with its own parent. `eui_holders` tells who outside the batch holds an EUI that the batch asks for.
    """

    profile_kinds: Mapping[str, str]
    parents: Mapping[str, str | None]
    eui_holders: Mapping[str, str]


def reference_problems(batch: Sequence[Device], known: Known) -> Iterator[Problem]:
    """Everything the batch refers to that is missing, of the wrong kind, taken, or a circle. Ids in it are distinct."""
    for device in batch:
        kind = known.profile_kinds.get(device.profile)
        if kind is None:
            remedy = f"use a known one, or leave it empty for {device.kind!r}"
            yield Problem(device.device_id, "profile", f"profile {device.profile!r} is not known", remedy)
        elif kind != device.kind:
            what = f"profile {device.profile!r} is for kind {kind!r}, the device is a {device.kind!r}"
            yield Problem(device.device_id, "profile", what, "change one of them")
    yield from _parent_problems(batch, known)
    yield from _eui_problems(batch, known)


def _parent_problems(batch: Sequence[Device], known: Known) -> Iterator[Problem]:
    parent_of = {**known.parents, **{device.device_id: device.parent_id for device in batch}}
    in_circle = _members_of_circles(parent_of)
    for device in batch:
        if device.parent_id is None or device.parent_id == device.device_id:
            continue
        if device.parent_id not in parent_of:
            what = f"parent {device.parent_id!r} is neither in the registry nor among these devices"
            yield Problem(device.device_id, "parent_id", what, "register it first, or in the same file")
        elif device.device_id in in_circle:
            what = f"the parents of {device.device_id!r} lead back to it"
            yield Problem(device.device_id, "parent_id", what, "break the circle")


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


def _eui_problems(batch: Sequence[Device], known: Known) -> Iterator[Problem]:
    wanted = [d for d in batch if d.dev_eui is not None and d.state is not DeviceState.RETIRED]
    times = Counter(device.dev_eui for device in wanted)
    for device in wanted:
        holder = known.eui_holders.get(device.dev_eui or "")
        if holder is not None:
            what = f"EUI {device.dev_eui} belongs to {holder!r}"
            yield Problem(device.device_id, "dev_eui", what, "correct it, or retire the other device")
        elif times[device.dev_eui] > 1:
            what = f"EUI {device.dev_eui} is given to {times[device.dev_eui]} devices"
            yield Problem(device.device_id, "dev_eui", what, "give it to one of them")
