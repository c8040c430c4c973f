"""Which dialect a device speaks, and what it must have for that."""

import pytest

from domain.devices import Device
from simulators.dialects import CannotSay, DialectName, dialect_of, dialects
from tests.simulators.dialects.spoken import LIT, report


def lamp(dialect: str | None = None, **known_by: str) -> Device:
    attributes = {} if dialect is None else {"dialect": dialect}
    return Device("SL-1", "streetlight", "streetlight", attributes=dict(attributes), **known_by)  # type: ignore[arg-type]


def test_a_device_that_names_none_speaks_natively() -> None:
    assert dialect_of(lamp()) is DialectName.NATIVE


@pytest.mark.parametrize(
    ("dialect", "known_by"),
    [
        ("native", {}),
        ("senml-json", {}),
        ("senml-cbor", {}),
        ("native-batch", {"parent_id": "GW-1"}),
        ("chirpstack", {"dev_eui": "a840419edb62011c"}),
        ("things-stack", {"dev_eui": "A8-40-41-9E-DB-62-01-1C"}),
        ("sparkplug", {"sparkplug": "group/edge/lamp"}),
        ("hj212", {"mn": "010000A8900016F000169DC0"}),
    ],
)
def test_a_device_speaks_what_its_attribute_says_and_not_without_what_that_needs(
    dialect: str, known_by: dict[str, str]
) -> None:
    assert dialect_of(lamp(dialect, **known_by)) == dialect
    for needed in known_by:
        with pytest.raises(CannotSay, match=f"SL-1: .*{needed}"):
            dialect_of(lamp(dialect))


def test_a_number_longer_than_hj_212_allows_is_none() -> None:
    assert dialect_of(lamp("hj212", mn="1" * 24)) is DialectName.HJ212
    with pytest.raises(CannotSay, match="SL-1: hj212 needs mn, up to 24 characters"):
        dialect_of(lamp("hj212", mn="1" * 25))


def test_a_dialect_that_is_none_is_answered_with_those_there_are() -> None:
    with pytest.raises(
        CannotSay, match="SL-1: there is no dialect 'klingon'; there are native, native-batch, senml-json"
    ):
        dialect_of(lamp("klingon"))


def test_every_dialect_without_a_memory_says_the_same_twice() -> None:
    device = lamp(parent_id="GW-1", dev_eui="a840419edb62011c", mn="1")
    voices = dialects(3)
    assert set(voices) == set(DialectName) - {DialectName.SPARKPLUG}
    for name, voice in voices.items():
        readings = {"ph": 7.0} if name is DialectName.HJ212 else LIT
        first = voice.encode(report(device, readings), device)
        assert first
        assert (
            voice.encode(report(device, readings), device)
            == first
            == dialects(3)[name].encode(report(device, readings), device)
        )
        assert not voice.unsayable(readings, device)
