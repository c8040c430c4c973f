from dataclasses import replace
from pathlib import Path

import pytest

from device_registry.records.city_tables import GB_T_30428_2, load_city_tables
from device_registry.records.entries import Details, DeviceEntry
from device_registry.records.problems import InvalidRecords
from device_registry.storage.registry import Registry
from domain.devices import Device
from domain.errors import ConfigurationError
from domain.topics import KINDS
from tests.device_registry.samples import CABINET, LAMP, NOW_MS, lamp

OWN = """\
component_scheme: GB/T 30428.2
divisions: ["320582"]
bounds: [120.3, 31.7, 120.9, 32.1]
parents:
  streetlight: [manhole_cover]
  gateway: null
component_classes:
  "01": {subclasses: {"50": {zh: 智能灯杆, en: Smart pole}, "25": null}}
  "21": null
  "31": {zh: 本地, open: true}
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "city.yaml"
    path.write_text(OWN, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("3205820118000001", None),
        ("3205820102048188", None),
        ("3205080101000001", None),
        ("3205820699000001", None),
        ("320582011800001", "16 digits"),
        ("32058201180000011", "16 digits"),
        ("３２０５８２０１１８０００００１", "16 digits"),
        ("32058201180000a1", "16 digits"),
        ("3205820199000001", "subclass 0199"),
        ("3205829901000001", "class 99"),
    ],
)
def test_a_code_is_looked_up_by_its_class(code: str, expected: str | None) -> None:
    problem = load_city_tables().component_problem(code)

    assert (problem is None) if expected is None else (problem is not None and expected in problem)


def test_a_city_lays_its_own_file_over_the_shipped_one(own: Path) -> None:
    tables = load_city_tables(own)

    assert tables.component_scheme == GB_T_30428_2
    assert tables.component_problem("3205820150000001") is None
    assert tables.component_names("3205820150000001") == {"zh": "智能灯杆", "en": "Smart pole"}
    assert tables.component_names("3205820118000001")["en"] == "Street lamp"
    assert tables.component_problem("3205823199000001") is None
    for code, expected in [
        ("3205820125000001", "subclass"), ("3205822101000001", "class 21"), ("3205080101000001", "division 320508"),
    ]:  # fmt: skip
        assert expected in (tables.component_problem(code) or "")
    assert tables.may_hang("manhole_cover", "streetlight")
    assert not tables.may_hang("streetlight", "streetlight")
    assert not tables.may_hang("streetlight", "gateway")
    assert tables.may_hang("streetlight", "cabinet")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("colour: red", "no part 'colour'"),
        ("- a", "mapping of parts"),
        ("{", "cannot be read"),
        ("bounds: [1, 2, 3]", "bounds"),
        ("bounds: [120.9, 31.7, 120.3, 32.1]", "bounds"),
        ("divisions: [320582]", "divisions"),
        ("parents: {cabinet: some}", "parents"),
        ("parents: [cabinet]", "parents"),
        ('component_classes: {"1": {zh: x}}', "component_classes"),
        ('component_classes: {"01": {subclasses: {118: {zh: x}}}}', "component_classes"),
        ("component_scheme: 5", "component_scheme"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "city.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError, match=expected):
        load_city_tables(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="URBANSENSE_CITY_TABLES"):
        load_city_tables(tmp_path / "nowhere.yaml")


class TestInTheRegistry:
    @pytest.fixture
    def strict(self, database_url: str, own: Path) -> Registry:
        return Registry(database_url, KINDS, load_city_tables(own))

    def _refused(self, registry: Registry, *offered: Device | DeviceEntry) -> dict[str, str]:
        with pytest.raises(InvalidRecords) as raised:
            registry.upsert_devices(offered, now_ms=NOW_MS)
        return {problem.column: problem.what for problem in raised.value.problems}

    def test_codes_are_judged_where_a_scheme_is_named(self, registry: Registry) -> None:
        odd = replace(CABINET, component_code="510100-井盖-0001")
        registry.upsert_devices(
            [odd, DeviceEntry(replace(odd, device_id="C-2"), Details(component_scheme="Sichuan"))], now_ms=1
        )

        named = DeviceEntry(replace(odd, device_id="C-3"), Details(component_scheme=GB_T_30428_2))
        assert "16 digits" in self._refused(registry, named)["component_code"]

    def test_the_citys_scheme_holds_for_codes_that_name_none(self, strict: Registry) -> None:
        assert (
            "subclass" in self._refused(strict, replace(CABINET, component_code="3205820199000001"))["component_code"]
        )
        other = DeviceEntry(replace(CABINET, component_code="X-1"), Details(component_scheme="own"))
        strict.upsert_devices([other], now_ms=NOW_MS)
        strict.close()

    def test_places_outside_the_city_and_swapped_ones_are_kept_apart(self, strict: Registry) -> None:
        assert "outside the city" in self._refused(strict, replace(CABINET, lon=121.5))["lon"]
        assert "wrong order" in self._refused(strict, replace(CABINET, lon=31.87, lat=120.55))["lat"]
        strict.close()

    def test_only_kinds_of_the_table_are_parents(self, registry: Registry, strict: Registry) -> None:
        registry.upsert_devices([CABINET, LAMP], now_ms=NOW_MS)
        below_a_lamp = lamp(2, parent_id="SL-1")
        assert "on which no 'streetlight' hangs" in self._refused(registry, below_a_lamp)["parent_id"]
        cover = Device("MC-1", "manhole_cover", "manhole_cover", parent_id="SL-1")
        assert "parent_id" in self._refused(registry, cover)
        strict.upsert_devices([cover], now_ms=NOW_MS)
        strict.close()

    def test_a_device_with_children_keeps_a_kind_that_may_have_them(self, registry: Registry) -> None:
        registry.upsert_devices([CABINET, LAMP], now_ms=NOW_MS)

        as_gateway = replace(CABINET, kind="gateway", profile="gateway")
        as_lamp = replace(CABINET, kind="streetlight", profile="streetlight")
        assert "'SL-1' hangs on it" in self._refused(registry, as_lamp)["kind"]
        assert registry.upsert_devices([as_gateway], now_ms=NOW_MS).updated == ("CAB-1",)
