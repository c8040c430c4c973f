"""What a page of the console is: a path, a title, and a function that builds it for one browser."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from web.http.language import Language
from web.live.city_snapshot import CitySnapshots
from web.ports import Services

Refresh = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ConsoleContext:
    """What every page may use. `tiles_url` is a Leaflet template of map tiles; None draws only what urbansense knows."""

    services: Services
    snapshots: CitySnapshots
    zone: ZoneInfo
    tiles_url: str | None


@dataclass(frozen=True, slots=True)
class ConsolePage:
    """`build` lays the page out for one browser, still empty, and returns what brings it up to date, again and again.

    `path` is `/` or stands below `/console/`: the access table has a line for these.
    """

    path: str
    title: str
    build: Callable[[ConsoleContext, Language], Refresh]
