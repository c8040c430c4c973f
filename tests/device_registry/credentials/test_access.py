from dataclasses import replace

from paho.mqtt.client import topic_matches_sub

from device_registry.credentials.access import SERVICES, Access, Grants, device_grants, service_grants
from device_registry.credentials.broker_accounts import BrokerAccount, BrokerAccounts, plan_repairs
from device_registry.credentials.provisioner import connected_user
from domain.devices import Device

LAMP = Device("SL-1", "streetlight", "streetlight")


def may_send(grants: Grants, topic: str) -> bool:
    return any(grant.access is Access.SEND and topic_matches_sub(grant.topic, topic) for grant in grants)


def topics(device: Device, *, publishes_for_others: bool = False) -> set[str]:
    return {grant.topic for grant in device_grants(device, publishes_for_others=publishes_for_others)}


def test_a_device_speaks_on_its_own_topics_only() -> None:
    assert topics(LAMP) == {"city/+/streetlight/SL-1/up"}
    assert topics(replace(LAMP, mn="0100")) == {"city/+/streetlight/SL-1/up", "hj212/0100/up"}
    assert topics(LAMP, publishes_for_others=True) == {"city/+/streetlight/SL-1/up", "city-gateway/SL-1/up"}
    assert all(grant.access is Access.SEND for grant in device_grants(LAMP, publishes_for_others=True))


def test_an_edge_node_speaks_for_itself_and_what_is_behind_it() -> None:
    grants = device_grants(replace(LAMP, sparkplug="city/edge-1"), publishes_for_others=False)
    for topic in ("spBv1.0/city/NBIRTH/edge-1", "spBv1.0/city/NDEATH/edge-1", "spBv1.0/city/DDATA/edge-1/lamp-7"):
        assert may_send(grants, topic), topic
    for topic in ("spBv1.0/city/NBIRTH/edge-2", "spBv1.0/city/NCMD/edge-1", "spBv1.0/town/DDATA/edge-1/lamp-7"):
        assert not may_send(grants, topic), topic
    behind = device_grants(replace(LAMP, sparkplug="city/edge-1/lamp-7"), publishes_for_others=False)
    assert may_send(behind, "spBv1.0/city/DDATA/edge-1/lamp-7")
    assert not may_send(behind, "spBv1.0/city/NDATA/edge-1")


def test_an_edge_node_hears_what_hosts_say_to_it_and_nothing_else() -> None:
    grants = device_grants(replace(LAMP, sparkplug="city/edge-1"), publishes_for_others=False)
    for access in (Access.RECEIVE, Access.SUBSCRIBE):
        heard = {grant.topic for grant in grants if grant.access is access}
        assert heard == {"spBv1.0/city/NCMD/edge-1/#", "spBv1.0/city/DCMD/edge-1/#", "spBv1.0/STATE/+"}
    behind = device_grants(replace(LAMP, sparkplug="city/edge-1/lamp-7"), publishes_for_others=False)
    assert all(grant.access is Access.SEND for grant in behind)


def test_the_gateways_command_nothing_but_births() -> None:
    grants = service_grants("gateway")
    assert may_send(grants, "spBv1.0/city/NCMD/edge-1")
    assert not may_send(grants, "spBv1.0/city/DCMD/edge-1/lamp-7")
    assert not may_send(grants, "city/a/streetlight/SL-1/up")


def test_an_identity_with_a_wildcard_grants_nothing() -> None:
    assert topics(replace(LAMP, mn="+", sparkplug="#/edge")) == {"city/+/streetlight/SL-1/up"}


def test_no_service_but_the_gateways_reads_reports_and_none_commands_the_broker() -> None:
    for service in SERVICES:
        grants = service_grants(service, "test.")
        assert not may_send(grants, "$CONTROL/dynamic-security/v1")
        heard = {grant.topic for grant in grants if grant.access is not Access.SEND}
        if service == "simulator":
            assert heard == {"spBv1.0/+/NCMD/+/#", "spBv1.0/+/DCMD/+/#", "spBv1.0/STATE/+"}
        else:
            assert bool(heard) == (service == "gateway")
    literal = {g.topic for g in service_grants("gateway", "test.") if g.access is Access.SUBSCRIBE_LITERAL}
    assert "$share/test.urbansense/city/+/+/+/up" in literal


def test_equal_accounts_need_no_command() -> None:
    role = frozenset({("publishClientSend", "a/b")})
    accounts = BrokerAccounts({"urbansense/A": role}, {"A": BrokerAccount(frozenset({"urbansense/A"}))})
    assert plan_repairs(accounts, accounts) == ([], [])


def test_what_is_missing_is_made_role_first_and_told_lost_without_a_secret() -> None:
    role = frozenset({("publishClientSend", "a/b")})
    wanted = BrokerAccounts(
        {"urbansense/A": role},
        {name: BrokerAccount(frozenset({"urbansense/A"}), name == "D") for name in ("A", "B", "C", "D")},
    )
    repairs = plan_repairs(wanted, BrokerAccounts(), {"A": "s", "D": "t"}, ["C"])
    done = [(one["command"], one.get("username"), one.get("password")) for one in repairs.commands]
    assert done == [
        ("createRole", None, None),
        ("createClient", "A", "s"),
        ("createClient", "C", None),
        ("createClient", "D", "t"),
        ("disableClient", "D", None),
    ]
    assert repairs.lost == ["B"]


def test_the_brokers_line_tells_who_connected_and_a_client_id_cannot_forge_it() -> None:
    line = "1795329016: New client connected from 127.0.0.1:35307 as {} (p5, c1, k60{})."
    assert connected_user(line.format("cid", ", u'SL-1/2'")) == ("SL-1/2", 1_795_329_016_000)
    forged = "x (p5, c1, k60, u'SL-1')."
    assert connected_user(line.format(forged, ", u'SL-2'")) == ("SL-2", 1_795_329_016_000)
    assert connected_user(line.format(forged, "")) is None
    assert connected_user("1795329016: Client <unknown> disconnected, not authorised.") is None
