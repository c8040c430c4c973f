"""What can never be true is refused with the property and the remedy; what may be true is left to be judged."""

import pytest

from web.standards.sta.query.expressions import InvalidQuery
from web.standards.sta.query.filter_parser import parse_filter
from web.standards.sta.retrieval.types import check_types

LITERALS = {
    "number": "21.5", "truth": "true", "text": "'x'", "instant": "2027-01-01T00:00:00Z", "day": "2027-01-01",
    "place": "geography'POINT (120 31)'",
}  # fmt: skip
COLUMNS: dict[str, dict[str, set[str]]] = {
    "Things": {"name": {"text"}, "description": {"text"}, "@iot.id": {"text"}, "id": {"text"},
               "properties/kind": {*LITERALS} - {"place"}},
    "Locations": {"location": set(), "encodingType": {"text"}},
    "HistoricalLocations": {"time": {"instant"}},
    "Datastreams": {"observationType": {"text"}, "unitOfMeasurement/symbol": {*LITERALS} - {"place"},
                    "unitOfMeasurement": set()},
    "Sensors": {"metadata": set(), "properties/codec": {*LITERALS} - {"place"}},
    "ObservedProperties": {"definition": {"text"}},
    "Observations": {"phenomenonTime": {"instant"}, "resultTime": {"instant"}, "result": {"number", "truth"},
                     "resultQuality": set(), "parameters/messageId": {*LITERALS} - {"place"},
                     "Datastream/name": {"text"}, "Datastream/Thing/properties/kind": {*LITERALS} - {"place"}},
    "FeaturesOfInterest": {"feature": set()},
}  # fmt: skip
CASES = [
    (entity_set, column, literal, literal in fitting)
    for entity_set, columns in COLUMNS.items()
    for column, fitting in columns.items()
    for literal in LITERALS
]


@pytest.mark.parametrize("operator", ["eq", "ne", "gt", "ge", "lt", "le"])
@pytest.mark.parametrize(("entity_set", "column", "literal", "fits"), CASES)
def test_each_column_takes_literals_of_its_own_type_alone(
    entity_set: str, column: str, literal: str, fits: bool, operator: str
) -> None:
    for condition in (f"{column} {operator} {LITERALS[literal]}", f"{LITERALS[literal]} {operator} {column}"):
        if fits:
            check_types(parse_filter(condition), entity_set)
        else:
            with pytest.raises(InvalidQuery, match=column):
                check_types(parse_filter(condition), entity_set)


@pytest.mark.parametrize(
    ("condition", "remedy"),
    [
        (
            "phenomenonTime lt '2027-01-01'",
            "phenomenonTime is an instant, and '2027-01-01' is a text; an instant stands without",
        ),
        ("phenomenonTime lt 2027-01-01", "or compare date(phenomenonTime)"),
        ("phenomenonTime lt 1798761600000", "an instant stands without quotes and with its offset"),
        ("result gt '21.5'", "result is a number, and '21.5' is a text; a number stands without quotes"),
        ("contains(result, 'x')", "contains: result is a number, not a text"),
        ("startswith(phenomenonTime, '2027')", "startswith: phenomenonTime is an instant, not a text"),
        ("year(result) eq 2027", "year: result is a number, not an instant"),
        ("year('2027-01-01') eq 2027", "year: '2027-01-01' is a text, not an instant"),
        ("round(phenomenonTime) eq 1", "round: phenomenonTime is an instant, not a number"),
        ("year(phenomenonTime) eq '2027'", "year(phenomenonTime) is a number, and '2027' is a text"),
        ("date(phenomenonTime) eq 2027-01-01T00:00:00Z", "date(phenomenonTime) is a day"),
        ("length(Datastream/name) eq 'x'", "length(Datastream/name) is a number"),
        ("tolower(Datastream/name) eq 3", "tolower(Datastream/name) is a text"),
        ("result add 'x' gt 1", "add: 'x' is a text, not a number"),
        ("phenomenonTime sub 1 gt 1", "sub: phenomenonTime is an instant"),
        ("st_within(result, geography'POINT (120 31)')", "st_within: result is a number, not a place"),
        ("geo.distance(FeatureOfInterest/feature, 'POINT (1 2)') lt 1", "geo.distance: 'POINT (1 2)' is a text"),
        ("result gt null", "null is neither less nor greater"),
        ("result gt 1 and not (phenomenonTime eq 'x' or result eq 2)", "phenomenonTime is an instant"),
    ],
)
def test_the_remedy_is_named(condition: str, remedy: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        check_types(parse_filter(condition), "Observations")
    assert remedy in str(refused.value)


@pytest.mark.parametrize(
    "condition",
    [
        "result eq null", "result ne null", "result eq true", "phenomenonTime ge 2027-01-01T00:00:00Z and result gt 2",
        "date(phenomenonTime) eq 2027-01-01", "year(phenomenonTime) eq 2027 and round(result) eq 3",
        "parameters/messageId eq 'x' or parameters/messageId eq 3", "contains(parameters/messageId, 'x') eq true",
        "result mul 2 gt 3 sub 1", "geo.distance(FeatureOfInterest/feature, geography'POINT (120 31)') lt 1",
        "contains(concat(Datastream/name, 'x'), 'y')",
    ],
)  # fmt: skip
def test_what_may_be_true_is_left_to_be_judged(condition: str) -> None:
    check_types(parse_filter(condition), "Observations")
