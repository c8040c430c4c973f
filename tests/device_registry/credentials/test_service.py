"""Credentials on a real Mosquitto with dynamic security, anonymous access off."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from device_registry.credentials.service import CredentialService
from device_registry.records.problems import InvalidRecords
from device_registry.storage.registry import Registry
from domain.devices import DeviceState
from domain.errors import TransientFault
from tests.device_registry.credentials.clients import connected
from tests.device_registry.credentials.conftest import LAMPS, HandClock
from tests.device_registry.samples import NOW_MS
from tests.servers.mosquitto import SecuredMosquitto

pytestmark = pytest.mark.mosquitto

UP = "city/320582/streetlight/{}/up"
DENIED = "Not authorized"


async def soon(condition: Callable[[], object], what: str) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.02)


async def test_nobody_gets_in_without_a_credential(secured_mosquitto: SecuredMosquitto) -> None:
    with connected(secured_mosquitto, "SL-1", "guessed") as nobody:
        assert nobody.refused == DENIED


async def test_device_a_cannot_publish_as_device_b(
    desk: CredentialService, secured_mosquitto: SecuredMosquitto
) -> None:
    first, _second, gateway = await desk.issue(["SL-1", "SL-2", "@gateway"], author="li")
    with (
        connected(secured_mosquitto, gateway.username, gateway.secret) as listener,
        connected(secured_mosquitto, first.username, first.secret) as lamp,
    ):
        assert listener.subscribe("city/+/+/+/up") == "Granted QoS 1"
        for forbidden in (
            UP.format("SL-2"), "city/320582/cabinet/SL-1/up", "city-gateway/SL-1/up", "city-gateway/CAB-1/up",
            "urbansense/clock/0", "$CONTROL/dynamic-security/v1", "application/1/device/00/event/up",
        ):  # fmt: skip
            assert lamp.publish(forbidden) == DENIED, forbidden
        assert lamp.subscribe("city/#") == DENIED
        assert lamp.publish(UP.format("SL-1")) == "Success"
        await soon(lambda: listener.received, "its own report")
        assert listener.received == [UP.format("SL-1")]


async def test_a_bound_account_is_let_in_under_its_client_id_only(
    desk: CredentialService, secured_mosquitto: SecuredMosquitto
) -> None:
    (first,) = await desk.issue(["SL-1"], author="li", client_ids={"SL-1": "lamp-1"})
    (new,) = await desk.rotate(["SL-1"], overlap_ms=60_000, until_used=False, author="li")

    def are_bound() -> None:
        for login in (first, new):
            with connected(secured_mosquitto, login.username, login.secret, "urbansense-0") as thief:
                assert thief.refused == DENIED
            with connected(secured_mosquitto, login.username, login.secret, "lamp-1") as lamp:
                assert lamp.refused is None

    are_bound()
    assert (await desk.sync()).commands == 0
    secured_mosquitto.stop()
    secured_mosquitto.file.write_bytes(await desk.export())
    secured_mosquitto.start()
    are_bound()


async def test_sync_binds_what_lost_its_client_id_and_leaves_what_was_bound_by_hand(
    desk: CredentialService, secured_mosquitto: SecuredMosquitto
) -> None:
    first, second = await desk.issue(["SL-1", "SL-2"], author="li", client_ids={"SL-1": "lamp-1"})
    assert desk.control is not None
    by_hand = {"SL-1": "", "SL-2": "lamp-2"}
    await desk.control.give(
        [{"command": "modifyClient", "username": name, "clientid": one} for name, one in by_hand.items()]
    )
    assert (await desk.sync()).commands == 1
    for login in (first, second):
        with connected(secured_mosquitto, login.username, login.secret, "another") as thief:
            assert thief.refused == DENIED


async def test_a_revoked_credential_is_cut_off_at_once_and_cannot_return(
    desk: CredentialService, secured_mosquitto: SecuredMosquitto
) -> None:
    (issued,) = await desk.issue(["SL-1"], author="li")
    with connected(secured_mosquitto, issued.username, issued.secret) as lamp:
        assert lamp.publish(UP.format("SL-1")) != DENIED
        (revoked,) = await desk.revoke(holders=["SL-1"], author="li")
        assert revoked.username == "SL-1"
        await soon(lambda: lamp.cut_off, "the live connection is closed")
        assert lamp.cut_off == "Administrative action"
    with connected(secured_mosquitto, issued.username, issued.secret) as lamp:
        assert lamp.refused == DENIED


async def test_after_a_rotation_both_secrets_hold_until_the_moment_given(
    desk: CredentialService, secured_mosquitto: SecuredMosquitto, clock: HandClock
) -> None:
    (old,) = await desk.issue(["SL-1"], author="li")
    (new,) = await desk.rotate(["SL-1"], overlap_ms=60_000, until_used=False, author="li")
    assert new.username == "SL-1/2"
    clock.now_ms += 59_999
    assert await desk.end_due() == []
    with (
        connected(secured_mosquitto, old.username, old.secret) as before,
        connected(secured_mosquitto, new.username, new.secret) as after,
    ):
        assert {one.publish(UP.format("SL-1")) for one in (before, after)} <= {"Success", "No matching subscribers"}
        clock.now_ms += 1
        assert [ended.username for ended in await desk.end_due()] == ["SL-1"]
        await soon(lambda: before.cut_off, "the old one is cut off")
        assert after.publish(UP.format("SL-1")) != DENIED
        assert after.cut_off is None


async def test_a_suspended_device_is_shut_out_and_let_in_again(
    desk: CredentialService, city_registry: Registry, secured_mosquitto: SecuredMosquitto
) -> None:
    (issued,) = await desk.issue(["SL-1"], author="li")
    with connected(secured_mosquitto, issued.username, issued.secret) as lamp:
        city_registry.upsert_devices([replace(LAMPS[0], state=DeviceState.SUSPENDED)], now_ms=NOW_MS)
        assert (await desk.sync()).commands == 2
        await soon(lambda: lamp.cut_off, "the live connection is closed")
    with connected(secured_mosquitto, issued.username, issued.secret) as lamp:
        assert lamp.refused == DENIED
    city_registry.upsert_devices([replace(LAMPS[0], state=DeviceState.ACTIVE)], now_ms=NOW_MS)
    await desk.sync()
    with connected(secured_mosquitto, issued.username, issued.secret) as lamp:
        assert lamp.publish(UP.format("SL-1")) != DENIED


async def test_sync_repairs_drift_and_leaves_what_is_right_or_not_ours_alone(
    desk: CredentialService, secured_mosquitto: SecuredMosquitto
) -> None:
    control = desk.control
    assert control is not None
    first, second = await desk.issue(["SL-1", "SL-2"], author="li")
    assert await desk.sync() == (0, ())
    anything = {"acltype": "publishClientSend", "topic": "#", "allow": True}
    await control.give(
        [
            {"command": "addRoleACL", "rolename": "urbansense/SL-1", **anything},
            {"command": "disableClient", "username": "SL-2"},
            {"command": "createRole", "rolename": "urbansense/gone"},
            {"command": "createClient", "username": "gone", "password": "x", "roles": [{"rolename": "urbansense/gone"}]},
            {"command": "createClient", "username": "somebody", "password": "x", "roles": [{"rolename": "admin"}]},
            {"command": "addClientRole", "username": "SL-1", "rolename": "admin"},
            {"command": "setDefaultACLAccess", "acls": [{"acltype": "publishClientSend", "allow": True}]},
        ]
    )  # fmt: skip
    assert (await desk.sync()).commands == 6
    assert await desk.sync() == (0, ())
    with (
        connected(secured_mosquitto, first.username, first.secret) as lamp,
        connected(secured_mosquitto, second.username, second.secret) as other,
        connected(secured_mosquitto, "gone", "x") as stray,
        connected(secured_mosquitto, "somebody", "x") as foreign,
    ):
        assert lamp.publish(UP.format("SL-2")) == DENIED
        assert other.publish(UP.format("SL-2")) != DENIED
        assert stray.refused == DENIED
        assert foreign.refused is None


async def test_a_broker_rebuilt_from_nothing_gets_its_accounts_by_the_exported_file(
    desk: CredentialService, secured_mosquitto: SecuredMosquitto
) -> None:
    first, second = await desk.issue(["SL-1", "SL-2"], author="li")
    await desk.revoke(holders=["SL-2"], author="li")
    secured_mosquitto.stop()
    secured_mosquitto.wipe()
    secured_mosquitto.start()
    async with asyncio.timeout(20):
        while True:
            try:
                assert (await desk.sync()).lost == ("SL-1",)
                break
            except TransientFault:
                continue
    secured_mosquitto.stop()
    secured_mosquitto.file.write_bytes(await desk.export())
    secured_mosquitto.start()
    with (
        connected(secured_mosquitto, first.username, first.secret) as lamp,
        connected(secured_mosquitto, second.username, second.secret) as revoked,
    ):
        assert lamp.publish(UP.format("SL-1")) != DENIED
        assert lamp.publish(UP.format("SL-2")) == DENIED
        assert revoked.refused == DENIED
    async with asyncio.timeout(20):
        while True:
            try:
                assert await desk.sync() == (0, ())
                break
            except TransientFault:
                continue


async def test_nothing_is_issued_while_the_broker_is_away(
    desk: CredentialService, secured_mosquitto: SecuredMosquitto
) -> None:
    secured_mosquitto.stop()
    with pytest.raises(TransientFault, match="cannot be provisioned"):
        await desk.issue(["SL-1"], author="li")
    assert await desk.page(holder=None, state=None, after=None, limit=10) == ([], None)


async def test_what_the_registry_does_not_know_gets_no_credential(desk: CredentialService) -> None:
    with pytest.raises(InvalidRecords, match="'SL-9' is not registered"):
        await desk.issue(["SL-1", "SL-9"], author="li")
    with pytest.raises(InvalidRecords, match="no service '@cat'"):
        await desk.issue(["@cat"], author="li")
    assert (await desk.sync()).commands == 0
