"""Any device that the registry takes, for property tests."""

from hypothesis import strategies as st

from device_registry.records.checks.validation import normalise_device
from domain.devices import AttributeValue, Device
from domain.topics import KINDS

_ID = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,20}", fullmatch=True)
_PLAIN = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\uffff")
_WILD = st.sampled_from("=+-@'\"',;\t \n").filter(lambda character: character not in "\t\n")
_TEXT = st.text(_PLAIN | _WILD, max_size=30)
_AREA = st.lists(st.from_regex(r"[0-9A-Za-z_%=+-]{1,6}", fullmatch=True), min_size=1, max_size=4).map("/".join)
_VALUE: st.SearchStrategy[AttributeValue] = st.one_of(
    _TEXT, st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False)
)


@st.composite
def devices(draw: st.DrawFn, with_eui: bool = True) -> Device:
    """A valid, normalised device without a parent; its profile is the built-in one of its kind."""
    kind = draw(st.sampled_from(KINDS))
    located = draw(st.booleans())
    device = Device(
        device_id=draw(_ID),
        kind=kind,
        profile=kind,
        name=draw(_TEXT),
        area=draw(st.none() | _AREA),
        lon=draw(st.floats(-180, 180)) if located else None,
        lat=draw(st.floats(-90, 90)) if located else None,
        component_code=draw(st.none() | st.text(_PLAIN, min_size=1, max_size=32)),
        department=draw(st.none() | st.text(_PLAIN | _WILD, max_size=20)),
        report_interval_s=draw(st.integers(1, 86_400)),
        dev_eui=draw(st.none() | st.from_regex(r"[0-9a-f]{16}", fullmatch=True)) if with_eui else None,
        mn=draw(st.none() | st.from_regex(r"[0-9A-Z]{1,24}", fullmatch=True)),
        attributes=draw(st.dictionaries(st.from_regex(r"a_[A-Za-z0-9_]{0,8}", fullmatch=True), _VALUE, max_size=4)),
    )
    return normalise_device(device)
