"""What must stand at the broker, from the credentials and the devices they belong to. Pure."""

from collections.abc import Callable, Iterable
from typing import Final

from device_registry.credentials.access import Grants, device_grants, service_grants
from device_registry.credentials.broker_accounts import BrokerAccount, BrokerAccounts, grants_as_rules, role_of
from device_registry.credentials.credential import SERVICE_MARK, Credential
from domain.devices import Device, DeviceState

_IN_SERVICE: Final = (DeviceState.REGISTERED, DeviceState.ACTIVE)


def wanted_accounts(
    credentials: Iterable[Credential],
    device_of: Callable[[str], Device | None],
    *,
    publishes_for_others: Callable[[str], bool],
    prefix: str,
    now_ms: int,
) -> BrokerAccounts:
    """The accounts of every credential that holds at `now_ms`.

    A device that is gone or retired has none. A suspended one has an account that lets nobody in and allows nothing.
    `publishes_for_others` is whether devices of a kind have children; `prefix` is that of the log's topics.
    """
    roles, clients = {}, {}
    for credential in credentials:
        if not credential.holds_at(now_ms):
            continue
        granted = _granted(credential.holder, device_of, publishes_for_others, prefix)
        if granted is None:
            continue
        grants, disabled = granted
        roles[role_of(credential.holder)] = grants_as_rules(grants)
        clients[credential.username] = BrokerAccount(
            frozenset([role_of(credential.holder)]), disabled, credential.client_id
        )
    return BrokerAccounts(roles, clients)


def _granted(
    holder: str, device_of: Callable[[str], Device | None], publishes_for_others: Callable[[str], bool], prefix: str
) -> tuple[Grants, bool] | None:
    """What the holder may do, and whether it is shut out; None where it is to have no account."""
    if holder.startswith(SERVICE_MARK):
        return service_grants(holder.removeprefix(SERVICE_MARK), prefix), False
    device = device_of(holder)
    if device is None or device.state is DeviceState.RETIRED:
        return None
    if device.state not in _IN_SERVICE:
        return frozenset(), True
    return device_grants(device, publishes_for_others=publishes_for_others(device.kind)), False
