"""The bodies of `/api/v1/devices` have every field that the registry keeps: a patch would empty what they lack."""

from dataclasses import fields

from device_registry.records.entries import DETAIL_FIELDS
from domain.devices import Device
from web.api.devices.bodies import DeviceBody, RegisteredDevice

OF_THE_REGISTRY = {"activated_at_ms", "version"}
"""What only the registry sets."""


def test_a_device_can_be_written_with_every_field_that_is_kept() -> None:
    kept = {field.name for field in fields(Device)} | set(DETAIL_FIELDS)
    assert kept - set(DeviceBody.model_fields) == OF_THE_REGISTRY


def test_a_device_is_read_with_every_field_that_is_kept() -> None:
    kept = {field.name for field in fields(Device)} | set(DETAIL_FIELDS)
    assert kept - set(RegisteredDevice.model_fields) == set()
