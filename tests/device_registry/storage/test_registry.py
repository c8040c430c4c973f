from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from device_registry.records.problems import InvalidRecords
from device_registry.storage.device_filter import DeviceFilter
from device_registry.storage.registry import Registry
from domain.devices import Area, Device, DeviceState, FieldMapping, Profile
from domain.topics import KINDS
from tests.device_registry.samples import CABINET, LAMP, NOW_MS, lamp


def _refused(registry: Registry, *devices: Device) -> set[tuple[str, str]]:
    """(device, column) of every problem that the registry names when offered the devices."""
    with pytest.raises(InvalidRecords) as raised:
        registry.upsert_devices(devices, now_ms=NOW_MS)
    return {(problem.subject, problem.column) for problem in raised.value.problems}


def _ids(registry: Registry, wanted: DeviceFilter) -> list[str]:
    return [device.device_id for device in registry.list_devices(wanted).items]


class TestDevices:
    def test_what_was_stored_is_read_back_with_its_types(self, registry: Registry) -> None:
        changes = registry.upsert_devices([LAMP, CABINET], now_ms=NOW_MS)

        assert changes.created == ("SL-1", "CAB-1")
        stored = registry.get_device("SL-1")
        assert stored == replace(LAMP, activated_at_ms=NOW_MS, version=1)
        assert stored is not None
        assert stored.state is DeviceState.ACTIVE
        assert stored.attributes["dimmable"] is True

    def test_an_unknown_device_is_none(self, registry: Registry) -> None:
        assert registry.get_device("SL-1") is None

    def test_storing_the_same_again_changes_nothing(self, registry: Registry) -> None:
        registry.upsert_devices([CABINET, LAMP], now_ms=NOW_MS)

        changes = registry.upsert_devices([CABINET, LAMP], now_ms=NOW_MS + 1)

        assert changes == ((), (), ("CAB-1", "SL-1"))
        assert registry.get_device("SL-1") == replace(LAMP, activated_at_ms=NOW_MS, version=1)

    def test_a_change_raises_the_version_of_that_device_only(self, registry: Registry) -> None:
        registry.upsert_devices([CABINET, LAMP], now_ms=NOW_MS)

        changes = registry.upsert_devices([CABINET, replace(LAMP, name="other")], now_ms=NOW_MS + 1)

        assert changes == ((), ("SL-1",), ("CAB-1",))
        assert registry.get_device("SL-1") == replace(LAMP, name="other", activated_at_ms=NOW_MS, version=2)

    def test_a_dry_run_reports_and_writes_nothing(self, registry: Registry) -> None:
        changes = registry.upsert_devices([CABINET, LAMP], now_ms=NOW_MS, dry_run=True)

        assert changes.created == ("CAB-1", "SL-1")
        assert registry.count_devices() == 0

    def test_texts_and_the_eui_are_stored_in_one_form(self, registry: Registry) -> None:
        spaced = replace(LAMP, name=" 路灯 ", area=" 320582/110 ", parent_id=" ", dev_eui="A8-40-41-9E-DB-62-01-1C")
        registry.upsert_devices([spaced], now_ms=NOW_MS)

        stored = registry.get_device("SL-1")
        assert stored is not None
        assert (stored.name, stored.area, stored.parent_id) == ("路灯", "320582/110", None)
        assert stored.dev_eui == "a840419edb62011c"

    def test_one_bad_device_keeps_all_out_and_every_problem_is_named(self, registry: Registry) -> None:
        bad = replace(lamp(2), lon=181.0, parent_id="CAB-9")

        assert _refused(registry, CABINET, LAMP, bad) == {("SL-2", "lon"), ("SL-2", "parent_id")}
        assert registry.count_devices() == 0

    def test_references_must_lead_somewhere(self, registry: Registry) -> None:
        assert _refused(registry, LAMP) == {("SL-1", "parent_id")}
        assert _refused(registry, replace(CABINET, profile="nobody")) == {("CAB-1", "profile")}
        assert _refused(registry, replace(CABINET, profile="streetlight")) == {("CAB-1", "profile")}
        assert _refused(registry, CABINET, CABINET) == {("CAB-1", "device_id")}

    def test_parents_never_lead_in_a_circle_also_through_devices_that_are_there(self, registry: Registry) -> None:
        feeder = Device("F-1", "cabinet", "cabinet", parent_id="CAB-1")
        registry.upsert_devices([CABINET, feeder, LAMP], now_ms=NOW_MS)

        assert _refused(registry, replace(CABINET, parent_id="F-1")) == {("CAB-1", "parent_id")}

    def test_an_eui_belongs_to_one_device_that_is_not_retired(self, registry: Registry) -> None:
        registry.upsert_devices([CABINET, LAMP], now_ms=NOW_MS)
        twin = lamp(2, dev_eui=LAMP.dev_eui)

        assert _refused(registry, twin) == {("SL-2", "dev_eui")}
        assert _refused(registry, twin, replace(LAMP, name="x")) == {("SL-2", "dev_eui"), ("SL-1", "dev_eui")}
        registry.upsert_devices([twin, replace(LAMP, state=DeviceState.RETIRED)], now_ms=NOW_MS)
        assert registry.get_device("SL-2") == replace(twin, activated_at_ms=NOW_MS)

    def test_two_devices_may_exchange_their_euis(self, registry: Registry) -> None:
        one, two = lamp(1), lamp(2)
        registry.upsert_devices([CABINET, one, two], now_ms=NOW_MS)

        swapped = [replace(one, dev_eui=two.dev_eui), replace(two, dev_eui=one.dev_eui)]
        assert registry.upsert_devices(swapped, now_ms=NOW_MS).updated == ("SL-1", "SL-2")

    def test_more_devices_than_one_statement_takes(self, registry: Registry) -> None:
        many = [lamp(number) for number in range(2500)]

        assert len(registry.upsert_devices([CABINET, *many], now_ms=NOW_MS).created) == 2501
        assert len(registry.upsert_devices(many, now_ms=NOW_MS).unchanged) == 2500


class TestLife:
    def test_a_device_is_activated_when_it_becomes_active(self, registry: Registry) -> None:
        waiting = replace(CABINET, state=DeviceState.REGISTERED)
        registry.upsert_devices([waiting], now_ms=NOW_MS)
        stored = registry.get_device("CAB-1")
        assert stored is not None
        assert stored.activated_at_ms == 0

        registry.upsert_devices([replace(stored, state=DeviceState.ACTIVE)], now_ms=NOW_MS + 5)
        registry.upsert_devices([replace(CABINET, name="renamed")], now_ms=NOW_MS + 9)

        stored = registry.get_device("CAB-1")
        assert stored is not None
        assert stored.activated_at_ms == NOW_MS + 5

    def test_a_device_that_comes_back_is_activated_anew(self, registry: Registry) -> None:
        registry.upsert_devices([CABINET], now_ms=NOW_MS)
        stored = registry.get_device("CAB-1")
        assert stored is not None
        registry.upsert_devices([replace(stored, state=DeviceState.SUSPENDED)], now_ms=NOW_MS + 1)
        registry.upsert_devices([stored], now_ms=NOW_MS + 2)

        back = registry.get_device("CAB-1")
        assert back is not None
        assert (back.state, back.activated_at_ms, back.version) == (DeviceState.ACTIVE, NOW_MS + 2, 3)

    def test_an_activation_that_is_given_is_kept(self, registry: Registry) -> None:
        registry.upsert_devices([replace(CABINET, activated_at_ms=77)], now_ms=NOW_MS)

        stored = registry.get_device("CAB-1")
        assert stored is not None
        assert stored.activated_at_ms == 77

    def test_a_removed_device_is_gone_and_may_come_again(self, registry: Registry) -> None:
        registry.upsert_devices([CABINET, LAMP], now_ms=NOW_MS)

        assert registry.remove_devices(["SL-1", "nobody"], now_ms=NOW_MS) == 1

        assert registry.get_device("SL-1") is None
        assert registry.count_devices() == 1
        assert registry.remove_devices(["SL-1"], now_ms=NOW_MS) == 0
        assert registry.upsert_devices([LAMP], now_ms=NOW_MS).created == ("SL-1",)
        stored = registry.get_device("SL-1")
        assert stored is not None
        assert stored.version == 3

    def test_a_parent_is_removed_only_together_with_its_children(self, registry: Registry) -> None:
        registry.upsert_devices([CABINET, LAMP], now_ms=NOW_MS)

        with pytest.raises(InvalidRecords, match="SL-1"):
            registry.remove_devices(["CAB-1"], now_ms=NOW_MS)
        assert registry.remove_devices(["CAB-1", "SL-1"], now_ms=NOW_MS) == 2


class TestListing:
    def test_pages_follow_one_another_without_gap_or_repetition(self, registry: Registry) -> None:
        registry.upsert_devices([CABINET, *(lamp(number) for number in range(10))], now_ms=NOW_MS)

        seen, after, pages = [], None, 0
        while True:
            page = registry.list_devices(after=after, limit=4)
            seen += [device.device_id for device in page.items]
            pages, after = pages + 1, page.next
            if after is None:
                break
        assert seen == sorted(["CAB-1", *(f"SL-{number}" for number in range(10))])
        assert pages == 3

    def test_ids_are_in_the_order_of_code_points_on_every_database(self, registry: Registry) -> None:
        ids = ["B", "a", "A", "a.b", "a-b", "a_b", "a:b", "Z1", "z0"]
        registry.upsert_devices([replace(CABINET, device_id=device_id) for device_id in ids], now_ms=NOW_MS)

        assert _ids(registry, DeviceFilter()) == sorted(ids)

    def test_an_area_includes_what_is_below_it_and_nothing_beside(self, registry: Registry) -> None:
        areas = {"A": "320582/11", "B": "320582/110", "C": "320582/110/152", "D": None, "E": "3205820110"}
        registry.upsert_devices([replace(CABINET, device_id=i, area=a) for i, a in areas.items()], now_ms=NOW_MS)

        assert _ids(registry, DeviceFilter(area="320582/110")) == ["B", "C"]
        assert _ids(registry, DeviceFilter(area="320582")) == ["A", "B", "C"]
        assert _ids(registry, DeviceFilter(area="32058_")) == []

    def test_text_is_looked_for_in_id_name_code_and_eui(self, registry: Registry) -> None:
        registry.upsert_devices([CABINET, LAMP, lamp(2, component_code=None, name="50%_off")], now_ms=NOW_MS)

        assert _ids(registry, DeviceFilter(text="sl-")) == ["SL-1", "SL-2"]
        assert _ids(registry, DeviceFilter(text="配电")) == ["CAB-1"]
        assert _ids(registry, DeviceFilter(text="0118000001")) == ["SL-1"]
        assert _ids(registry, DeviceFilter(text="A840")) == ["SL-1"]
        assert _ids(registry, DeviceFilter(text="%_")) == ["SL-2"]

    def test_conditions_narrow_one_another_and_count_agrees(self, registry: Registry) -> None:
        sleeping = lamp(2, state=DeviceState.SUSPENDED)
        registry.upsert_devices([CABINET, LAMP, sleeping], now_ms=NOW_MS)

        for wanted, ids in [
            (DeviceFilter(kind="streetlight"), ["SL-1", "SL-2"]),
            (DeviceFilter(kind="streetlight", state=DeviceState.ACTIVE), ["SL-1"]),
            (DeviceFilter(parent_id="CAB-1", state=DeviceState.SUSPENDED), ["SL-2"]),
            (DeviceFilter(department="lighting", profile="cabinet"), []),
        ]:
            assert _ids(registry, wanted) == ids
            assert registry.count_devices(wanted) == len(ids)


class TestProfiles:
    def test_every_kind_has_a_profile_of_its_name_that_maps_nothing(self, registry: Registry) -> None:
        for kind in KINDS:
            assert registry.profiles()[kind] == Profile(kind, kind)

    def test_the_tilt_sensor_maps_the_fields_of_its_decoder(self, registry: Registry) -> None:
        tilt = registry.profiles()["milesight-em310-tilt"]

        assert tilt.kind == "manhole_cover"
        assert FieldMapping("angle_x", "angle_x", "deg") in tilt.fields
        assert FieldMapping("battery", "battery_level", "%") in tilt.fields
        assert "threhold_x" in tilt.ignore

    def test_a_built_in_profile_that_was_changed_stays_changed(self, database_url: str) -> None:
        first = Registry(database_url)
        first.upsert_profiles([Profile("streetlight", "streetlight", report_interval_s=60)], now_ms=NOW_MS)
        first.close()

        again = Registry(database_url)
        assert again.profiles()["streetlight"].report_interval_s == 60
        again.close()

    def test_a_kind_that_settings_add_gets_its_profile(self, database_url: str) -> None:
        registry = Registry(database_url, kinds=(*KINDS, "bench"))

        assert registry.profiles()["bench"].kind == "bench"
        registry.upsert_devices([Device("B-1", "bench", "bench")], now_ms=NOW_MS)
        registry.close()

    def test_a_profile_is_stored_as_it_was_given(self, registry: Registry) -> None:
        fields = (FieldMapping("batV", "battery_voltage", "mV", scale=0.5, offset=-1.0),)
        profile = Profile("lht65n", "cabinet", fields, ("hash",), 1200, {"height_m": 2.5})

        assert registry.upsert_profiles([profile], now_ms=NOW_MS).created == ("lht65n",)
        assert registry.upsert_profiles([profile], now_ms=NOW_MS).unchanged == ("lht65n",)
        assert registry.profiles()["lht65n"] == profile

    def test_a_profile_with_an_unknown_quantity_or_unit_is_refused(self, registry: Registry) -> None:
        fields = (FieldMapping("a", "happiness", "%"), FieldMapping("b", "voltage", "Cel"))
        with pytest.raises(InvalidRecords) as raised:
            registry.upsert_profiles([Profile("odd one", "boat", fields, report_interval_s=0)], now_ms=NOW_MS)

        columns = {problem.column for problem in raised.value.problems}
        assert columns == {"name", "kind", "report_interval_s", "fields.a", "fields.b"}

    def test_a_profile_in_use_keeps_its_kind_and_stays(self, registry: Registry) -> None:
        registry.upsert_profiles([Profile("acme", "cabinet")], now_ms=NOW_MS)
        registry.upsert_devices([replace(CABINET, profile="acme")], now_ms=NOW_MS)

        with pytest.raises(InvalidRecords, match="1 devices of kind 'cabinet'"):
            registry.upsert_profiles([Profile("acme", "gateway")], now_ms=NOW_MS)
        with pytest.raises(InvalidRecords, match="1 devices use it"):
            registry.remove_profile("acme", now_ms=NOW_MS)
        registry.remove_devices(["CAB-1"], now_ms=NOW_MS)
        assert registry.remove_profile("acme", now_ms=NOW_MS)
        assert not registry.remove_profile("acme", now_ms=NOW_MS)
        assert "acme" not in registry.profiles()


class TestAreas:
    def test_areas_are_stored_changed_and_listed_as_a_tree(self, registry: Registry) -> None:
        city, street = Area("320582", "张家港市", "city"), Area("320582/110", "杨舍镇", "street")
        beside = Area("32058", "elsewhere")
        assert registry.upsert_areas([street, city, beside], now_ms=NOW_MS).created == ("320582/110", "320582", "32058")

        changes = registry.upsert_areas([city, Area("320582/110", "塘桥镇", "street")], now_ms=NOW_MS)

        assert changes == ((), ("320582/110",), ("320582",))
        assert registry.areas(below="320582") == [city, Area("320582/110", "塘桥镇", "street")]
        assert len(registry.areas()) == 3

    def test_a_path_with_an_empty_step_is_refused(self, registry: Registry) -> None:
        with pytest.raises(InvalidRecords):
            registry.upsert_areas([Area("320582//110", "x")], now_ms=NOW_MS)


def test_two_imports_at_once_leave_each_change_once(database_url: str) -> None:
    """Both write the same hundred devices: one creates each, the other finds it; no update is lost or doubled."""
    first, second = Registry(database_url), Registry(database_url)
    batches = [[lamp(number) for number in range(start, start + 10)] for start in range(0, 100, 10)]
    first.upsert_devices([CABINET], now_ms=NOW_MS)

    def write(registry: Registry) -> list[int]:
        changes = [registry.upsert_devices(batch, now_ms=NOW_MS) for batch in batches]
        return [sum(len(change.created) for change in changes), sum(len(change.unchanged) for change in changes)]

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(write, [first, second]))

    assert sum(created for created, _ in done) == 100
    assert sum(unchanged for _, unchanged in done) == 100
    assert first.count_devices() == 101
    assert all(device.version == 1 for device in first.list_devices(limit=200).items)
    first.close()
    second.close()


def test_two_writers_at_once_cannot_give_one_eui_to_two_devices(database_url: str) -> None:
    first, second = Registry(database_url), Registry(database_url)
    first.upsert_devices([CABINET], now_ms=NOW_MS)

    def write(registry: Registry, number: int) -> bool:
        try:
            registry.upsert_devices([lamp(number, dev_eui="a840419edb62011c")], now_ms=NOW_MS)
        except InvalidRecords:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        took = list(pool.map(write, [first, second], [1, 2]))

    assert sorted(took) == [False, True]
    first.close()
    second.close()


def test_what_no_database_holds_is_looked_for_and_not_found(registry: Registry) -> None:
    registry.upsert_devices([CABINET], now_ms=NOW_MS)

    assert registry.get_device("CAB\x00-1") is None
    for wanted in (DeviceFilter(text="\x00"), DeviceFilter(area="32\x00"), DeviceFilter(kind="a\x00")):
        assert registry.list_devices(wanted).items == ()
    assert len(registry.list_devices(after="A\x00").items) == 1


def test_a_problem_of_the_parent_is_not_reported_as_one_of_the_child(registry: Registry) -> None:
    assert _refused(registry, replace(CABINET, lon=500.0), LAMP) == {("CAB-1", "lon")}
