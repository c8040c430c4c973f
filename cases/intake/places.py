"""Where a group's event may stand that a device's event is part of."""

from collections.abc import Callable

from domain.devices import Device

_LONGEST_CHAIN = 16


def places_of(subject: str, find_device: Callable[[str], Device | None]) -> frozenset[str]:
    """Every subject that an event absorbing one of `subject` can have.

    Those are the subject itself, its parents, its areas from the widest down, its grid and its attributes' values. A
    subject that is no device (a group's own) has itself and, written as a path, what lies above it.
    """
    found = {subject, *_above(subject)}
    device = find_device(subject)
    for _ in range(_LONGEST_CHAIN):
        if device is None:
            break
        found.add(device.device_id)
        found.update(str(value) for value in device.attributes.values())
        if device.area is not None:
            found.update((device.area, *_above(device.area)))
        if device.grid is not None:
            found.add(device.grid)
        device = find_device(device.parent_id) if device.parent_id is not None else None
    return frozenset(found)


def _above(path: str) -> list[str]:
    steps = path.split("/")
    return ["/".join(steps[:count]) for count in range(1, len(steps))]
