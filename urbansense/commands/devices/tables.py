"""Devices as the commands print them."""

from typing import Any, Final

from urbansense.commands.terminal.output import out, print_json, print_rows

_COLUMNS: Final = ("device_id", "kind", "name", "area", "parent_id", "state")


def print_devices(page: Any, as_json: bool) -> None:
    """A page of devices, and how many more there are."""
    if as_json:
        print_json(page)
        return
    print_rows(_COLUMNS, ([item.get(column) for column in _COLUMNS] for item in page["items"]), "no devices")
    if page["next"]:
        out.print(f"… more; total {page['total']}; go on with --cursor {page['next']}")
