"""Any entry that the registry takes, for property tests: a device with details."""

from hypothesis import strategies as st

from device_registry.records.checks.details import normalise_details
from device_registry.records.entries import Datum, Details, DeviceEntry
from tests.device_registry.records.devices_strategy import devices

_PLAIN = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\uffff")
_TEXT = st.none() | st.text(_PLAIN | st.sampled_from("=+-@'"), max_size=20)
_TAG = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Z"), exclude_characters=",\uffff"), min_size=1, max_size=8
)
_SYSTEM = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,10}", fullmatch=True)


@st.composite
def entries(draw: st.DrawFn, with_eui: bool = True) -> DeviceEntry:
    """A valid, normalised entry."""
    source = draw(st.booleans())
    details = Details(
        owner=draw(_TEXT),
        maintainer=draw(_TEXT),
        component_scheme=draw(st.none() | st.text(_PLAIN, max_size=10)),
        source_datum=draw(st.sampled_from(Datum)) if source else Datum.WGS84,
        source_lon=draw(st.floats(-180, 180)) if source else None,
        source_lat=draw(st.floats(-90, 90)) if source else None,
        tags=tuple(draw(st.lists(_TAG, max_size=4))),
        identities=draw(st.dictionaries(_SYSTEM, st.text(_PLAIN, max_size=10), max_size=3)),
    )
    return DeviceEntry(draw(devices(with_eui)), normalise_details(details))
