"""Whether others can learn client ids from the broker, with which anybody takes a gateway's session."""

import threading
from dataclasses import replace
from secrets import token_hex
from typing import Any, Final

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from domain.errors import TransientFault, UrbansenseError
from domain.mqtt import MqttEndpoint
from ingest.gateway.installation_key import InstallationKey

_ANSWER_WITHIN_S: Final = 5.0
_LINE_WITHIN_S: Final = 2.0
_WHERE_BROKERS_LIST_THEM: Final = ("$SYS/broker/log/#", "$SYS/brokers/+/clients/#")
"""Mosquitto with `log_dest topic`; EMQX."""


def describe_secrecy(endpoint: MqttEndpoint, key: InstallationKey | None) -> str:
    """One line on the installation's key, and on who gets to see client ids.

    Raises: UrbansenseError where strangers do, or whoever has an account; TransientFault where the broker does not answer.
    """
    words = "no installation key yet: the first gateway makes it" if key is None else f"installation key {key.name}"
    stranger = _sees_client_ids(replace(endpoint, username=None, password=None))
    if stranger or (endpoint.username and _sees_client_ids(endpoint)):
        whom = "anybody" if stranger else "every account"
        raise UrbansenseError(
            f"the broker shows client ids to {whom}, and whoever knows a gateway's takes its session: "
            "leave out `log_dest topic`, or let only the administrator read $SYS"
        )
    entry = "nobody gets in without an account" if stranger is None else "anybody gets in without an account"
    return f"{words}; {entry}; no client id is shown"


def _sees_client_ids(endpoint: MqttEndpoint) -> bool | None:
    """Whether who connects so is shown that somebody else has connected; None where it is not let in."""
    seen, witness_id = threading.Event(), f"urbansense-doctor-{token_hex(8)}"

    def look(payload: str) -> None:
        if witness_id in payload:
            seen.set()

    watcher = _Visitor(endpoint, f"urbansense-doctor-{token_hex(8)}", look)
    try:
        if not watcher.is_let_in:
            return None
        witness = _Visitor(endpoint, witness_id, look)
        try:
            return seen.wait(_LINE_WITHIN_S)
        finally:
            witness.close()
    finally:
        watcher.close()


class _Visitor:
    """One connection without a lasting session, subscribed to where brokers list their clients."""

    def __init__(self, endpoint: MqttEndpoint, client_id: str, look: Any) -> None:
        self.is_let_in = False
        self._answered = threading.Event()
        self._client = client = Client(
            CallbackAPIVersion.VERSION2, client_id, protocol=MQTTv5, reconnect_on_failure=False
        )
        if endpoint.username:
            client.username_pw_set(endpoint.username, endpoint.password)
        if endpoint.tls:
            client.tls_set()
        client.on_connect = self._on_connect
        client.on_subscribe = lambda *_: self._answered.set()
        client.on_message = lambda _client, _data, message: look(
            f"{message.topic} {message.payload.decode(errors='replace')}"
        )
        client.connect(endpoint.host, endpoint.port)
        client.loop_start()
        if not self._answered.wait(_ANSWER_WITHIN_S):
            self.close()
            raise TransientFault(f"{endpoint.host}:{endpoint.port} does not answer")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: Client, data: object, flags: object, reason: Any, properties: object) -> None:
        self.is_let_in = not reason.is_failure
        if reason.is_failure:
            self._answered.set()
        else:
            client.subscribe([(one, 0) for one in _WHERE_BROKERS_LIST_THEM])
