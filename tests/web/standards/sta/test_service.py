"""The service as clients see it, over DuckDB always and InfluxDB where it can be had."""

from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.city import NOON_MS
from tests.web.standards.sta.conftest import Get
from tests.web.standards.sta.town import FAR_LAMP, Town
from web.standards.sta.entities.sets import ENTITY_SETS
from web.standards.sta.retrieval import collecting
from web.standards.sta.retrieval.source import reading_query

ROOT = "http://127.0.0.1:8080/sta/v1.1"


def ids(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [entity["@iot.id"] for entity in answer["value"]]


async def all_pages(client: httpx.AsyncClient, url: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    while url:
        answer = await client.get(url)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["value"]
        url = page.get("@iot.nextLink", "")
    return found


async def test_the_root_names_the_sets_and_what_of_the_standard_holds(sta: Get) -> None:
    root = await sta("")
    assert [one["name"] for one in root["value"]] == list(ENTITY_SETS)
    conformance = root["serverSettings"]["conformance"]
    assert "http://www.opengis.net/spec/iot_sensing/1.1/req/datamodel" in conformance
    assert not [one for one in conformance if "create-update-delete" in one]


async def test_a_thing_is_a_device_and_links_to_what_hangs_on_it(sta: Get) -> None:
    thing = await sta("Things('SL-1')")
    assert thing["name"] == "Lamp 1"
    assert thing["properties"]["department"] == "lighting"
    assert thing["@iot.selfLink"] == f"{ROOT}/Things('SL-1')"
    assert thing["Datastreams@iot.navigationLink"] == f"{ROOT}/Things('SL-1')/Datastreams"


async def test_a_data_stream_is_a_quantity_of_a_device_declared_or_heard(sta: Get) -> None:
    assert ids(await sta("Things('SL-1')/Datastreams")) == ["SL-1:active_power", "SL-1:voltage"]
    declared = ["WM-1:battery_level", "WM-1:distance", "WM-1:temperature", "WM-1:water_level"]
    assert ids(await sta("Things('WM-1')/Datastreams")) == declared
    stream = await sta("Datastreams('WM-1:temperature')")
    assert stream["unitOfMeasurement"]["symbol"] == "Cel"
    assert (await sta("Datastreams('WM-1:temperature')/Observations"))["value"] == []


async def test_a_truth_value_has_no_unit(sta: Get) -> None:
    stream = await sta("Datastreams('SL-2:relay_closed')")
    assert stream["unitOfMeasurement"] == {"name": None, "symbol": None, "definition": None}
    assert stream["observationType"].endswith("OM_TruthObservation")
    assert [one["result"] for one in (await sta("Datastreams('SL-2:relay_closed')/Observations"))["value"]] == [True]


async def test_a_device_without_a_place_has_no_location(sta: Get) -> None:
    assert ids(await sta("Locations")) == ["SL-1", "SL-2", "WM-1"]
    assert ids(await sta("FeaturesOfInterest")) == ["SL-1", "SL-2", "WM-1"]
    assert (await sta("Things('ZZ-1')/Locations"))["value"] == []


async def test_history_of_locations_is_not_kept_and_honestly_empty(sta: Get) -> None:
    assert await sta("HistoricalLocations", count="true") == {"@iot.count": 0, "value": []}
    assert (await sta("Things('SL-1')/HistoricalLocations"))["value"] == []


@pytest.mark.parametrize(
    ("path", "entity_id"),
    [
        ("Datastreams('SL-1:voltage')/Thing", "SL-1"),
        ("Datastreams('WM-1:distance')/Sensor", "milesight-em400-mud"),
        ("Datastreams('SL-1:voltage')/ObservedProperty", "voltage"),
        ("Observations('SL-1:voltage:1763697600000')/Datastream/Thing", "SL-1"),
        ("Observations('SL-1:voltage:1763697600000')/FeatureOfInterest", "SL-1"),
        ("Observations('SL-1:voltage:1763697600000')/Datastream/Sensor", "streetlight"),
        ("Things('SL-1')/Datastreams('SL-1:voltage')/ObservedProperty", "voltage"),
        ("Locations('SL-1')/Things('SL-1')", "SL-1"),
    ],
)
async def test_paths_lead_from_entity_to_entity(sta: Get, path: str, entity_id: str) -> None:
    assert (await sta(path))["@iot.id"] == entity_id


async def test_properties_values_and_references_can_be_asked_for(client: httpx.AsyncClient, sta: Get) -> None:
    assert await sta("Things('SL-1')/name") == {"name": "Lamp 1"}
    assert await sta("Things('SL-1')/properties/attributes/nominal_power") == {"nominal_power": 100}
    bare = await client.get("/sta/v1.1/Things('SL-1')/name/$value")
    assert (bare.text, bare.headers["content-type"].split(";")[0]) == ("Lamp 1", "text/plain")
    assert (await client.get("/sta/v1.1/Observations('SL-1:voltage:1763697600000')/validTime")).status_code == 204
    assert (await sta("Things/$ref", top=1))["value"] == [{"@iot.selfLink": f"{ROOT}/Things('SL-1')"}]
    assert await sta("Things('SL-1')/$ref") == {"@iot.selfLink": f"{ROOT}/Things('SL-1')"}


@pytest.mark.parametrize(
    ("path", "condition", "found"),
    [
        ("Things", "properties/department eq 'lighting'", ["SL-1", "SL-2"]),
        ("Things", "properties/kind eq 'water_monitor' or name eq 'Lamp 2'", ["SL-2", "WM-1"]),
        ("Things", "name eq 'Well ''north'''", ["WM-1"]),
        ("Things", "not startswith(name, 'Lamp')", ["WM-1", "ZZ-1"]),
        ("Things", "properties/state eq 'nonsense'", []),
        ("Things", "properties/attributes/nominal_power gt 50", ["SL-1"]),
        ("Things", "geo.distance(Locations/location, geography'POINT (120.55 31.87)') lt 0.02", ["SL-1", "WM-1"]),
        ("Locations", "st_within(location, geography'POLYGON ((121 31, 122 31, 122 32, 121 32, 121 31))')", ["SL-2"]),
        ("Datastreams", "Thing/name eq 'Lamp 1' and ObservedProperty/@iot.id eq 'voltage'", ["SL-1:voltage"]),
        ("Datastreams", "Sensor/@iot.id eq 'milesight-em400-mud' and unitOfMeasurement/symbol eq 'mm'", ["WM-1:distance"]),
        ("ObservedProperties", "substringof('pH', name)", ["ph"]),
        ("Sensors", "properties/kind eq 'gateway'", ["gateway"]),
        ("Observations", "result gt 2000", ["WM-1:distance:1763697630000", "WM-1:distance:1763697690000"]),
        ("Observations", "resultQuality/DQ_Status/code eq 'bad'", ["WM-1:distance:1763697690000"]),
        ("Observations", "Datastream/Thing/name eq 'Lamp 2' and result eq true", ["SL-2:relay_closed:1763697600000"]),
        ("Observations", "minute(phenomenonTime) eq 9 and result lt 200", ["SL-1:active_power:1763698140000"]),
        ("Sensors('streetlight')/Datastreams", "ObservedProperty/name eq 'Active power'",
         ["SL-1:active_power", "SL-2:active_power"]),
        ("ObservedProperties('voltage')/Datastreams", "true", ["SL-1:voltage"]),
    ],
)  # fmt: skip
async def test_filters_find_what_they_say(sta: Get, path: str, condition: str, found: list[str]) -> None:
    answer = await sta(path, filter=condition, count="true")
    assert (ids(answer), answer["@iot.count"]) == (found, len(found))


@pytest.mark.parametrize(
    "entity_set", ["Things", "Locations", "Datastreams", "Sensors", "ObservedProperties", "Observations"]
)
@pytest.mark.parametrize("options", ["$top=1", "$top=3&$skip=2", "$top=2&$filter=not endswith(@iot.id, '0')"])
async def test_following_the_links_gives_every_entity_once(
    client: httpx.AsyncClient, entity_set: str, options: str
) -> None:
    base = f"{ROOT}/{entity_set}?{options}"
    whole = base.replace("$top=1", "$top=1000").replace("$top=2", "$top=1000").replace("$top=3", "$top=1000")
    paged = await all_pages(client, base)
    assert paged == await all_pages(client, whole)
    assert len({entity["@iot.id"] for entity in paged}) == len(paged)


@pytest.mark.parametrize(
    ("entity_set", "orderby", "name"),
    [
        ("Things", "name desc", "name"),
        ("Things", "properties/area,name desc", "@iot.id"),
        ("Observations", "phenomenonTime desc", "phenomenonTime"),
        ("Observations", "result", "result"),
        ("Observations", "result desc", "result"),
        ("Datastreams", "Thing/name desc,name", "name"),
    ],
)
async def test_pages_keep_the_order(client: httpx.AsyncClient, entity_set: str, orderby: str, name: str) -> None:
    whole = await all_pages(client, f"{ROOT}/{entity_set}?$orderby={orderby}&$top=1000")
    assert await all_pages(client, f"{ROOT}/{entity_set}?$orderby={orderby}&$top=3") == whole
    if "," not in orderby:
        told = [entity[name] for entity in whole]
        assert told == sorted(told, reverse=orderby.endswith("desc"))  # type: ignore[type-var]


async def test_expansions_are_nested_selected_and_paged(client: httpx.AsyncClient, sta: Get) -> None:
    inner = "Observations($top=2;$count=true;$orderby=phenomenonTime desc;$select=result)"
    things = await sta(
        "Things", filter="@iot.id eq 'SL-1'", select="name", expand=f"Datastreams($select=@iot.id;$expand={inner})"
    )
    (thing,) = things["value"]
    assert set(thing) == {"name", "Datastreams"}
    power = thing["Datastreams"][0]
    assert power["@iot.id"] == "SL-1:active_power"
    assert power["Observations"] == [{"result": 99.0}, {"result": 98.0}]
    assert power["Observations@iot.count"] == 10
    more = (await client.get(power["Observations@iot.nextLink"])).json()
    assert more["value"] == [{"result": 97.0}, {"result": 96.0}]


async def test_an_observation_expands_to_its_device_and_place(sta: Get) -> None:
    answer = await sta(
        "Observations", top=1, filter="result eq 5.5", expand="Datastream/Thing/Locations,FeatureOfInterest"
    )
    (one,) = answer["value"]
    assert one["Datastream"]["Thing"]["Locations"][0]["location"]["coordinates"] == [121.5, 31.2]
    assert one["FeatureOfInterest"]["feature"]["type"] == "Point"


async def test_observations_of_a_device_that_is_gone_stay_and_lead_nowhere(town: Town, sta: Get) -> None:
    town.registry.remove_devices(["SL-2"], now_ms=NOON_MS)
    answer = await sta("Observations", filter="result eq 5.5", expand="Datastream")
    things = await sta("Things")
    town.registry.upsert_devices([FAR_LAMP], now_ms=NOON_MS)  # the other tests of this town count on it
    assert [one["Datastream"] for one in answer["value"]] == [None]
    assert ids(things) == ["SL-1", "WM-1", "ZZ-1"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("Things?$filter=colour eq 'red'", "no property 'colour'"),
        ("Things?$filter=name eq", "column 8"),
        ("Things?$filter=Datastreams/name eq 'x'", "many Datastreams"),
        ("Things?$filter=name/first eq 'x'", "nothing below"),
        ("Things?$expand=Owner", "not to 'Owner'"),
        ("Things?$expand=Datastreams($filter=colour eq 1)", "colour"),
        ("Things?$select=colour", "colour"),
        ("Things?$orderby=colour", "colour"),
        ("Things?$top=many", "whole number"),
        ("Things?$tip=1", "no option"),
        ("Observations?$orderby=Datastream/name", "ordered by phenomenonTime"),
        ("Observations?$skiptoken=x", "nextLink"),
        ("Observations?$skiptoken=1~nan~A~nonsense", "nextLink"),
    ],
)
async def test_what_is_unknown_is_a_bad_request_that_says_so(client: httpx.AsyncClient, query: str, words: str) -> None:
    answer = await client.get(f"/sta/v1.1/{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    ["Nothing", "Things('X')", "Things('SL-1')/Owner", "Datastreams('SL-1:colour')", "Datastreams('SL-1:frequency')",
     "Observations('SL-1:voltage:1')", "Observations('x')", "Things('SL-1')/Datastreams('SL-2:active_power')",
     "HistoricalLocations('1')", "Things/name", "Things('SL-1')name", "Things('SL-1')/$value",
     "Sensors('nothing')", "ObservedProperties('nothing')", "Things(1)", "Things('SL-1')/Locations('SL-2')"],
)  # fmt: skip
async def test_what_is_not_there_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/sta/v1.1/{path}")).status_code == 404


async def test_a_page_that_took_too_long_to_judge_ends_with_a_link_and_loses_nothing(
    client: httpx.AsyncClient, sta: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged_one_by_one = "length(@iot.id) gt 26"
    whole = (await sta("Observations", filter=judged_one_by_one))["value"]
    monkeypatch.setattr(collecting, "MOST_JUDGED", 1)
    monkeypatch.setattr(collecting, "reading_query", lambda bounds: reading_query(bounds, limit=5))
    first = await sta("Observations", filter=judged_one_by_one)
    assert len(first["value"]) < len(whole)
    assert await all_pages(client, f"{ROOT}/Observations?$filter={judged_one_by_one}") == whole
    assert await all_pages(client, f"{ROOT}/Observations?$filter={judged_one_by_one}&$skip=7") == whole[7:]


async def test_a_count_that_would_take_too_long_is_refused_in_words(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "MOST_COUNTED", 10)
    path = f"{ROOT}/Observations?$count=true"
    assert (await client.get(path)).json()["@iot.count"] == 24
    refused = await client.get(f"{path}&$filter=length(@iot.id) gt 26")
    assert refused.status_code == 400
    assert "bound phenomenonTime" in refused.json()["detail"]


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
async def test_nothing_can_be_written(client: httpx.AsyncClient, method: str) -> None:
    assert (await client.request(method, "/sta/v1.1/Things('SL-1')")).status_code == 405


_NASTY = st.text("'()/$,;= @%\x00Things路灯", max_size=30) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=30
)
_OPTIONS = ["$filter", "$expand", "$orderby", "$skiptoken", "$select"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(list(ENTITY_SETS)),
    _NASTY,
    st.sampled_from(["$filter", "$expand", "$orderby", "$skiptoken", "$select"]),
    _NASTY,
)
async def test_whatever_is_asked_the_answer_is_never_a_failure(
    client: httpx.AsyncClient, entity_set: str, key: str, option: str, text: str
) -> None:
    for path in (entity_set, f"{entity_set}('{quote(key)}')", f"{entity_set}('SL-1')"):
        answer = await client.get(f"/sta/v1.1/{path}", params={option: text})
        assert answer.status_code < 500, answer.text
