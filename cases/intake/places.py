"""Where a group's event may stand that a device's event is part of."""

from domain.hierarchy import FindDevice, parent_chain


def places_of(subject: str, find_device: FindDevice) -> frozenset[str]:
    """Every subject that an event absorbing one of `subject` can have.

    Those are the subject itself, its parents, its areas from the widest down, its grid and its attributes' values. A
    subject that is no device (a group's own) has itself and, written as a path, what lies above it.
    """
    found = {subject, *_above(subject)}
    for device_id in parent_chain(subject, find_device):
        found.add(device_id)
        device = find_device(device_id)
        if device is None:
            continue
        found.update(str(value) for value in device.attributes.values())
        if device.area is not None:
            found.update((device.area, *_above(device.area)))
        if device.grid is not None:
            found.add(device.grid)
    return frozenset(found)


def _above(path: str) -> list[str]:
    steps = path.split("/")
    return ["/".join(steps[:count]) for count in range(1, len(steps))]
