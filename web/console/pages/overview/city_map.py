"""The map of the devices, drawn by Leaflet from NiceGUI's wheel; without tiles it asks nothing of another host."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nicegui
from nicegui.element import Element

from domain.devices import Device
from web.console.pages.overview.outlines import area_outlines

_LEAFLET = Path(nicegui.__file__).parent / "elements" / "leaflet" / "dist"

Drawn = tuple[str, str, str, float, float, str]


@dataclass(frozen=True, slots=True)
class PlacedDevice:
    """A device that can be drawn: its index in the city's devices, and where it is in WGS 84."""

    index: int
    lon: float
    lat: float


class CityMap(Element, component="city_map.js", esm={"nicegui-leaflet": str(_LEAFLET)}):
    """Circles for devices on one canvas. The city is sent once; after that only the conditions that changed."""

    def __init__(
        self,
        colours: Mapping[str, str],
        words: Mapping[str, str],
        tiles_url: str | None,
        on_ready: Callable[[], Any],
        on_device: Callable[[str], Any],
    ) -> None:
        super().__init__()
        self.add_resource(_LEAFLET)
        self._props["colours"] = dict(colours)
        self._props["words"] = dict(words)
        self._props["tiles-url"] = tiles_url
        self._props["not-drawn"] = 0
        self._ready = False
        self._devices: tuple[Device, ...] | None = None
        self._drawn: tuple[int, ...] = ()
        self._conditions: tuple[str, ...] = ()
        self.on("ready", self._make_ready)
        self.on("ready", on_ready)
        self.on("device", lambda e: on_device(e.args["id"]))

    def show(self, devices: tuple[Device, ...], conditions: tuple[str, ...], total: int) -> None:
        """Draw the devices that have a place, and show how many of `total` are not drawn.

        The same devices again cost only what changed.
        """
        if not self._ready:
            return
        if devices is self._devices:
            changes = changed_conditions(self._drawn, self._conditions, conditions)
            if changes:
                self.run_method("change_conditions", changes)
        else:
            placed = placed_devices(devices)
            self._drawn = tuple(place.index for place in placed)
            self._props["not-drawn"] = total - len(placed)
            drawn = [_drawn(place, devices[place.index], conditions[place.index]) for place in placed]
            outlines = [(outline.path, outline.ring) for outline in area_outlines(devices)]
            self.run_method("show_city", drawn, outlines)
        self._devices, self._conditions = devices, conditions

    def select(self, device_id: str | None) -> None:
        """Ring that device, or none."""
        self.run_method("select_device", device_id)

    def _make_ready(self) -> None:
        self._ready = True
        self._devices = None


def changed_conditions(drawn: Sequence[int], old: Sequence[str], new: Sequence[str]) -> list[tuple[int, str]]:
    """(place among the drawn, new condition) of each drawn device whose condition changed."""
    return [(place, new[i]) for place, i in enumerate(drawn) if new[i] != old[i]]


def placed_devices(devices: Sequence[Device]) -> list[PlacedDevice]:
    """The devices whose place is known, in order."""
    return [
        PlacedDevice(index, device.lon, device.lat)
        for index, device in enumerate(devices)
        if device.lon is not None and device.lat is not None
    ]


def _drawn(place: PlacedDevice, device: Device, condition: str) -> Drawn:
    return device.device_id, device.name, device.kind, place.lat, place.lon, condition
