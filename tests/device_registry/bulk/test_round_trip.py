"""What is exported comes back as it was, in each format."""

import io
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from device_registry.bulk.exporting import export_file
from device_registry.bulk.formats.contract import Format
from device_registry.records.entries import Details, DeviceEntry
from device_registry.storage.registry import Registry
from tests.device_registry.bulk.entries_strategy import entries
from tests.device_registry.bulk.files import ids, imported
from tests.device_registry.samples import CABINET, LAMP, NOW_MS, lamp

_MANY = st.lists(
    entries(with_eui=False),
    max_size=6,
    unique_by=(lambda entry: entry.device.device_id, lambda entry: entry.device.mn or entry.device.device_id),
)
_NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # each try opens databases


def _exported(registry: Registry, to: Format) -> bytes:
    file = io.BytesIO()
    export_file(registry, file, to)
    return file.getvalue()


@pytest.mark.parametrize("to", Format)
@settings(max_examples=10, deadline=None, phases=_NO_SHRINKING)
@given(some=_MANY)
def test_any_registry_is_the_same_after_export_and_import(
    empty_database: Path, to: Format, some: list[DeviceEntry]
) -> None:
    with TemporaryDirectory() as folder:
        for name in ("here", "there"):
            shutil.copy(empty_database, Path(folder) / f"{name}.db")
        here, there = (Registry(f"sqlite:///{Path(folder) / name}.db") for name in ("here", "there"))
        here.upsert_devices(some, now_ms=NOW_MS)
        data = _exported(here, to)

        with imported(here, data, to) as again, imported(there, data, to) as first:
            assert (list(again.errors()), again.unchanged) == ([], len(some))
            assert (list(first.errors()), first.created) == ([], len(some))
        assert there.list_entries(limit=100) == here.list_entries(limit=100)
        here.close()
        there.close()


@pytest.mark.parametrize("to", Format)
def test_importing_an_export_writes_nothing(registry: Registry, to: Format) -> None:
    bare = DeviceEntry(
        lamp(2, attributes={}, name="=1+1", department="'-x"), Details(owner="@home", tags=("led", "新"))
    )
    registry.upsert_devices([CABINET, LAMP, bare], now_ms=NOW_MS)
    before = registry.list_entries(), len(registry.history())

    with imported(registry, _exported(registry, to), to) as done:
        assert (done.unchanged, list(done.errors())) == (3, [])

    assert (registry.list_entries(), len(registry.history())) == before


@pytest.mark.parametrize("to", Format)
def test_more_devices_than_a_page_are_all_there(quick_registry: Registry, to: Format) -> None:
    registry = quick_registry
    registry.upsert_devices([CABINET, *(lamp(number) for number in range(1100))], now_ms=NOW_MS)

    with imported(registry, _exported(registry, to), to) as done:
        assert done.unchanged == 1101
    assert len(ids(registry)) == 1000
