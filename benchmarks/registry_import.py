"""How long a devices file takes into the registry, and what memory: CSV, XLSX and GeoJSON, at three sizes.

Each import is a process of its own, so that its memory is its own. The floor is the same file only read by the format's
reader, nothing kept. `URBANSENSE_TEST_POSTGRES` adds PostgreSQL: the address of a server where databases may be made.
`python -m benchmarks.registry_import csv 10000` measures one.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from benchmarks.registry import device
from device_registry.bulk.columns import COLUMNS
from device_registry.bulk.confined.limits import ReadingLimits
from device_registry.bulk.confined.reading import ConfinedReader
from device_registry.bulk.exporting import WRITERS
from device_registry.bulk.formats.contract import Format
from device_registry.bulk.importing import Options, import_file
from device_registry.bulk.rows import write_cells
from device_registry.records.entries import Details, DeviceEntry
from device_registry.storage.registry import Registry
from domain.devices import Device

Row = dict[str, Any]

_SIZES = (10_000, 100_000, 300_000)
_MOST_S, _MOST_MB = 60, 200
_PAGE = 1000


def measure() -> list[Row]:
    """Rows of {name, value, unit, bar, holds, floor, ratio}."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for to in Format:
            for devices in _SIZES if to is Format.CSV else _SIZES[1:2]:
                rows += _measure(folder, to, devices)
    return rows


def _measure(folder: str, to: Format, devices: int) -> list[Row]:
    path = str(Path(folder, f"{devices}.{to.value}"))
    _run("write", path, str(devices))
    floor = _run("read", path)
    rows: list[Row] = []
    for database, server in (("SQLite", None), ("PostgreSQL", os.environ.get("URBANSENSE_TEST_POSTGRES"))):
        if database == "PostgreSQL" and server is None:
            continue
        with ExitStack() as stack:
            url = _database(server, stack) if server else f"sqlite:///{path}.db"
            for name in ("imported", "imported again"):
                done = _run("import", path, url)
                what = f"{devices:,} devices {name}, {to.value}, {database}"
                rows.append(
                    {**_limited(what, done["seconds"], "s", _MOST_S * max(devices / 100_000, 1)),
                     "floor": floor["seconds"], "ratio": done["seconds"] / floor["seconds"]}
                )  # fmt: skip
                rows.append(_limited(f"{what}, memory", done["peak_mb"], "MB", _MOST_MB))
    return rows


def _database(server: str, stack: ExitStack) -> str:
    name = f"bench_{uuid4().hex[:12]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))

    def drop() -> None:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()

    stack.callback(drop)
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _run(*arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.registry_import", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _write(path: str, devices: int) -> None:
    """A county's file: a cabinet for each 60 lamps, at the end, so that every lamp names one that comes later."""
    with open(path, "wb") as file:
        writer = WRITERS[_format(path)](file, COLUMNS)
        for start in range(0, devices, _PAGE):
            lamps = (DeviceEntry(device(number), Details(tags=("led",))) for number in range(start, start + _PAGE))
            writer.write([list(write_cells(entry).values()) for entry in lamps])
        cabinets = (Device(f"CAB-{number:05d}", "cabinet", "cabinet") for number in range(devices // 60 + 1))
        writer.write([list(write_cells(DeviceEntry(cabinet)).values()) for cabinet in cabinets])
        writer.close()


def _import(path: str, url: str) -> None:
    registry = Registry(url)
    with open(path, "rb") as file, import_file(registry, file, Options(_format(path)), now_ms=1) as done:
        assert done.applied, list(done.errors())[:3]
    registry.close()


def _format(path: str) -> Format:
    return Format(path.rsplit(".", 1)[1])


def _limited(name: str, value: float, unit: str, at_most: float) -> Row:
    return {"name": name, "value": value, "unit": unit, "bar": f"≤ {at_most:g}", "holds": value <= at_most}


def main(how: str, path: str, *more: str) -> None:
    """Do one thing and tell how long it took and the most memory it held."""
    begun = time.perf_counter()
    if how == "write":
        _write(path, int(more[0]))
    elif how == "read":
        with open(path, "rb") as file, ConfinedReader(file, _format(path), ReadingLimits()) as reader:
            assert sum(map(len, reader.pages())) > 0
    else:
        _import(path, more[0])
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[2].isdecimal():
        with tempfile.TemporaryDirectory() as place:
            for one in _measure(place, Format(sys.argv[1]), int(sys.argv[2])):
                print(f"{one['name']:60} {one['value']:8.1f} {one['unit']}")
    else:
        main(*sys.argv[1:])
