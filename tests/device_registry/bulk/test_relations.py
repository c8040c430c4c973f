"""What the rows of a file refer to, in the file itself and in the registry, on each database."""

from device_registry.storage.registry import Registry
from domain.devices import DeviceState
from tests.device_registry.bulk.files import CABINET_ROW, LAMP_ROW, csv_file, ids, imported, whats, where
from tests.device_registry.samples import CABINET, NOW_MS, lamp


def test_all_errors_of_a_row_are_reported_at_once(registry: Registry) -> None:
    bad = {
        "device_id": "SL-1", "kind": "streetlight", "profile": "none", "lon": "31.9", "lat": "120.6",
        "parent_id": "CAB-9", "report_interval_s": "often", "name": "=cmd", "dev_eui": "1",
    }  # fmt: skip

    with imported(registry, csv_file(bad)) as done:
        assert sorted(where(done)) == [
            (2, column) for column in ("dev_eui", "lat", "name", "parent_id", "profile", "report_interval_s")
        ]


def test_relations_are_judged_across_pages(registry: Registry) -> None:
    """A circle, a wrong parent, an EUI given twice, a missing parent: each pair more than a page apart."""
    between = [{"device_id": f"L-{number}", "kind": "streetlight"} for number in range(1001)]
    first = [
        {"device_id": "A", "kind": "cabinet", "parent_id": "B"},
        {"device_id": "C", "kind": "streetlight", "parent_id": "D"},
        {"device_id": "E", "kind": "streetlight", "dev_eui": "00000000000000aa"},
        {"device_id": "F", "kind": "streetlight", "parent_id": "G"},
    ]
    last = [
        {"device_id": "B", "kind": "cabinet", "parent_id": "A"},
        {"device_id": "D", "kind": "water_monitor"},
        {"device_id": "H", "kind": "streetlight", "dev_eui": "00000000000000AA"},
    ]

    with imported(registry, csv_file(*first, *between, *last)) as done:
        assert where(done) == [
            (2, "parent_id"), (3, "parent_id"), (4, "dev_eui"), (5, "parent_id"), (1007, "parent_id"),
            (1009, "dev_eui"),
        ]  # fmt: skip
        assert "given to 2 devices" in whats(done)
    assert ids(registry) == []


def test_devices_may_exchange_their_euis_across_pages(registry: Registry) -> None:
    registry.upsert_devices([CABINET, lamp(1), lamp(2)], now_ms=NOW_MS)
    between = [{"device_id": f"L-{number}", "kind": "streetlight"} for number in range(1001)]
    one, two = ({"device_id": f"SL-{number}", "kind": "streetlight"} for number in (1, 2))

    data = csv_file({**one, "dev_eui": f"{2:016x}"}, *between, {**two, "dev_eui": f"{1:016x}"})
    with imported(registry, data) as done:
        assert (list(done.errors()), done.updated) == ([], 2)

    assert [registry.get_device(f"SL-{number}").dev_eui for number in (1, 2)] == [f"{2:016x}", f"{1:016x}"]  # type: ignore[union-attr]
    assert registry.history("SL-2")[0].changes["dev_eui"] == (f"{2:016x}", f"{1:016x}")


def test_who_leans_on_a_refused_row_stays_out_with_it_and_is_reported(registry: Registry) -> None:
    rows = [{**CABINET_ROW, "lon": "500"}, LAMP_ROW, {"device_id": "SL-2", "kind": "streetlight"}]

    with imported(registry, csv_file(*rows), skip_bad=True) as done:
        assert where(done) == [(2, "lon"), (3, "parent_id")]
    assert ids(registry) == ["SL-2"]


def test_a_retired_device_is_not_brought_back(registry: Registry) -> None:
    registry.upsert_devices([lamp(3, parent_id=None, state=DeviceState.RETIRED)], now_ms=NOW_MS)

    with imported(registry, csv_file({"device_id": "SL-3", "kind": "streetlight"})) as done:
        assert where(done) == [(2, "device_id")]
