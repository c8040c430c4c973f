import json
from typing import Any

import pytest

from domain.errors import Unreadable
from domain.rejections import Reason
from ingest.dialects.messages import Refused
from ingest.dialects.senml.cbor import decode_senml_cbor
from ingest.dialects.senml.records import SenmlRecord, is_pack, resolve_pack
from tests.golden import golden

ONE_WIRE = "urn:dev:ow:10e2073a01080063"


def pack(name: str) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads(golden(f"senml/{name}.json"))
    return loaded


def number(name: str, unit: str, time_s: float, value: float) -> SenmlRecord:
    return SenmlRecord(name, unit, time_s, "v", value)


MULTIPLE_DATAPOINTS = [
    number("urn:dev:ow:10e2073a0108006:voltage", "V", 1276020076.001, 120.1),
    number("urn:dev:ow:10e2073a0108006:current", "A", 1276020071.001, 1.2),
    number("urn:dev:ow:10e2073a0108006:current", "A", 1276020072.001, 1.3),
    number("urn:dev:ow:10e2073a0108006:current", "A", 1276020073.001, 1.4),
    number("urn:dev:ow:10e2073a0108006:current", "A", 1276020074.001, 1.5),
    number("urn:dev:ow:10e2073a0108006:current", "A", 1276020075.001, 1.6),
    number("urn:dev:ow:10e2073a0108006:current", "A", 1276020076.001, 1.7),
]
RFC_EXAMPLES = {
    "single_datapoint": [number(ONE_WIRE, "Cel", 0, 23.1)],
    "multiple_datapoints_now": [
        number(f"{ONE_WIRE}:voltage", "V", 0, 120.1),
        number(f"{ONE_WIRE}:current", "A", 0, 1.2),
    ],
    "multiple_datapoints": MULTIPLE_DATAPOINTS,
    "multiple_measurements": [  # as section 5.1.4 resolves it
        number(ONE_WIRE, "%RH", 1320067464, 20),
        number(ONE_WIRE, "lon", 1320067464, 24.30621),
        number(ONE_WIRE, "lat", 1320067464, 60.07965),
        number(ONE_WIRE, "%RH", 1320067524, 20.3),
        number(ONE_WIRE, "lon", 1320067524, 24.30622),
        number(ONE_WIRE, "lat", 1320067524, 60.07965),
        number(ONE_WIRE, "%RH", 1320067584, 20.7),
        number(ONE_WIRE, "lon", 1320067584, 24.30623),
        number(ONE_WIRE, "lat", 1320067584, 60.07966),
        number(ONE_WIRE, "%EL", 1320067614, 98),
        number(ONE_WIRE, "%RH", 1320067644, 21.2),
        number(ONE_WIRE, "lon", 1320067644, 24.30628),
        number(ONE_WIRE, "lat", 1320067644, 60.07967),
    ],
    "multiple_data_types": [
        number(f"{ONE_WIRE}:temp", "Cel", 0, 23.1),
        SenmlRecord(f"{ONE_WIRE}:label", None, 0, "vs", "Machine Room"),
        SenmlRecord(f"{ONE_WIRE}:open", None, 0, "vb", False),
        SenmlRecord(f"{ONE_WIRE}:nfv-reader", None, 0, "vd", "aGkgCg"),
    ],
    "collection_of_resources": [
        number("2001:db8::2/temperature", "Cel", 1320078429, 25.2),
        number("2001:db8::2/humidity", "%RH", 1320078429, 30),
        number("2001:db8::1/temperature", "Cel", 1320078429, 12.3),
        number("2001:db8::1/humidity", "%RH", 1320078429, 67),
    ],
    "setting_an_actuator": [
        number(f"{ONE_WIRE}:temp", "Cel", 0, 23.1),
        number(f"{ONE_WIRE}:heat", "/", 0, 1),
        number(f"{ONE_WIRE}:fan", "/", 0, 0),
    ],
}


@pytest.mark.parametrize(("name", "records"), RFC_EXAMPLES.items(), ids=RFC_EXAMPLES.keys())
def test_the_examples_of_the_rfc_resolve_as_it_says(name: str, records: list[SenmlRecord]) -> None:
    assert is_pack(pack(name))
    assert resolve_pack(pack(name)) == records


def test_the_cbor_dump_of_the_rfc_resolves_to_the_same_as_its_json() -> None:
    assert resolve_pack(decode_senml_cbor(golden("senml/multiple_datapoints.cbor.hex"))) == MULTIPLE_DATAPOINTS


def test_base_value_and_base_sum_are_added_and_stand_in_for_what_is_missing() -> None:
    records = [{"bn": "d:", "bv": 20, "n": "a", "v": 1}, {"n": "b"}, {"bs": 5, "n": "c", "s": 2}, {"n": "d", "v": 3}]
    assert resolve_pack(records) == [
        SenmlRecord("d:a", None, 0, "v", 21),
        SenmlRecord("d:b", None, 0, "v", 20),
        SenmlRecord("d:c", None, 0, "v", 20, total=7),
        SenmlRecord("d:d", None, 0, "v", 23, total=5),
    ]


def test_a_sum_may_stand_without_a_value() -> None:
    assert resolve_pack([{"n": "energy", "u": "W", "s": 7200}]) == [SenmlRecord("energy", "W", 0, None, None, 7200)]


def test_a_base_holds_until_the_next_one_and_a_base_value_touches_numbers_only() -> None:
    records = [
        {"bn": "a:", "bu": "V", "bv": 1, "n": "x", "v": 1},
        {"bn": "b:", "n": "x", "vb": True},
        {"bu": "A", "n": "y", "v": 0},
    ]
    assert resolve_pack(records) == [
        SenmlRecord("a:x", "V", 0, "v", 2),
        SenmlRecord("b:x", "V", 0, "vb", True),
        SenmlRecord("b:y", "A", 0, "v", 1),
    ]


UNTRUSTWORTHY = {
    "no array": ({"n": "a", "v": 1}, "must be an array"),
    "an empty array": ([], "at least one record"),
    "a field that must be understood": (
        [{"n": "a", "v": 1}, {"n": "b", "v": 1, "magic_": 1}],
        "'magic_' must be understood",
    ),
    "a newer version": ([{"bver": 11, "n": "a", "v": 1}], "from 1 to 10"),
    "a version that is no number": ([{"bver": "10", "n": "a", "v": 1}], "from 1 to 10"),
    "two versions": ([{"bver": 5, "n": "a", "v": 1}, {"bver": 6, "n": "a", "v": 1}], "the same version"),
    "a version told too late": ([{"n": "a", "v": 1}, {"bver": 5, "n": "a", "v": 1}], "the same version"),
    "a base time of text": ([{"bt": "now", "n": "a", "v": 1}], "`bt` must be a number"),
    "a base value of true": ([{"bv": True, "n": "a", "v": 1}], "`bv` must be a number"),
    "a base name of null": ([{"bn": None, "n": "a", "v": 1}], "`bn` must be a text"),
}


@pytest.mark.parametrize(("document", "detail"), UNTRUSTWORTHY.values(), ids=UNTRUSTWORTHY.keys())
def test_a_pack_whose_bases_or_version_cannot_be_trusted_is_refused_whole(document: object, detail: str) -> None:
    with pytest.raises(Unreadable) as caught:
        resolve_pack(document)
    assert caught.value.reason is Reason.UNPARSEABLE
    assert detail in caught.value.detail


BAD_RECORDS = {
    "no object": (7, Reason.UNPARSEABLE, "is no object"),
    "no name": ({"v": 1}, Reason.UNPARSEABLE, "no valid name"),
    "a name that begins with a colon": ({"n": ":a", "v": 1}, Reason.UNPARSEABLE, "no valid name"),
    "a name with a space": ({"n": "a b", "v": 1}, Reason.UNPARSEABLE, "no valid name"),
    "a name with a line break at its end": ({"n": "a\n", "v": 1}, Reason.UNPARSEABLE, "no valid name"),
    "a name that is a number": ({"n": 7, "v": 1}, Reason.UNPARSEABLE, "no valid name"),
    "a unit that is a number": ({"n": "a", "u": 7, "v": 1}, Reason.UNPARSEABLE, "unit"),
    "a time that is a text": ({"n": "a", "t": "now", "v": 1}, Reason.BAD_TIME, "time"),
    "two values": ({"n": "a", "v": 1, "vb": True}, Reason.UNPARSEABLE, "more than one value: v, vb"),
    "no value": ({"n": "a", "u": "V"}, Reason.UNPARSEABLE, "no value"),
}


@pytest.mark.parametrize(("record", "reason", "detail"), BAD_RECORDS.values(), ids=BAD_RECORDS.keys())
def test_a_bad_record_is_refused_alone(record: object, reason: Reason, detail: str) -> None:
    good, refused, good_too = resolve_pack([{"n": "x", "v": 1}, record, {"n": "y", "v": 2}])
    assert (good, good_too) == (SenmlRecord("x", None, 0, "v", 1), SenmlRecord("y", None, 0, "v", 2))
    assert isinstance(refused, Refused)
    assert refused.reason is reason
    assert refused.detail.startswith("SenML record 2 ")
    assert detail in refused.detail


def test_unknown_fields_are_ignored_and_values_of_a_wrong_type_are_left_to_normalising() -> None:
    records = [{"n": "a", "v": "12", "l": "[]", "ut": 60}, {"n": "b", "v": None}, {"n": "c", "v": 10**400}]
    assert resolve_pack(records) == [
        SenmlRecord("a", None, 0, "v", "12"),
        SenmlRecord("b", None, 0, "v", None),
        SenmlRecord("c", None, 0, "v", float("inf")),
    ]


@pytest.mark.parametrize(
    "document",
    [
        [{"ts": 1, "readings": {}}],
        [{"readings": {}, "n": "a"}],
        [{"n": "a"}, {"readings": {}}],
        [],
        [1],
        {"n": "a"},
        [{}],
    ],
)
def test_native_reports_are_no_pack(document: object) -> None:
    assert not is_pack(document)


def test_a_base_name_that_would_stand_before_thousands_of_names_is_refused() -> None:
    pack = [{"bn": "a" * 100_000, "n": "x", "v": 1}, *({"n": "b", "v": 1} for _ in range(9_000))]
    with pytest.raises(Unreadable, match="`bn` must be a text of at most 512 characters"):
        resolve_pack(pack)
