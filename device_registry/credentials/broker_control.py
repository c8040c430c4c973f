"""Mosquitto's dynamic security over MQTT: commands out on `$CONTROL/dynamic-security/v1`, answers back by their numbers."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Final

import orjson
import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from device_registry.credentials.broker_accounts import BrokerAccounts, Command, found_accounts
from domain.errors import TransientFault, UrbansenseError
from domain.mqtt import MqttEndpoint

CONTROL: Final = "$CONTROL/dynamic-security/v1"
RESPONSE: Final = f"{CONTROL}/response"
CONNECTIONS: Final = "$SYS/broker/log/N"
"""Where a broker with `log_dest topic` reports who connected."""
_BATCH: Final = 10
"""Commands a message. The broker works them off without looking up: at 10,000 accounts each holds it for some 50 ms."""
_ANSWER_WITHIN_S: Final = 60.0
_RECONNECT_S: Final = (1, 15)

_log = structlog.get_logger()


class CommandRefused(UrbansenseError):
    """The broker answered commands with errors; those beside them were done."""

    def __init__(self, errors: Sequence[str]) -> None:
        self.problems = tuple(errors)
        super().__init__("the broker refused: " + "; ".join(errors))


class BrokerControl:
    """The connection of who provisions. It connects at the first need or at `start`, and again whenever it is lost.

    Use from one event loop. `on_connected` is called there after every connection, `on_connection_line` with each line
    in which the broker reports who connected. A call waits at most `patience_s` for the connection. paho runs in a
    thread of its own.
    """

    def __init__(self, endpoint: MqttEndpoint, client_id: str, patience_s: float = 5.0) -> None:
        self.on_connected: Callable[[], None] = lambda: None
        self.on_connection_line: Callable[[str], None] = lambda _: None
        self._where = f"{endpoint.host}:{endpoint.port}"
        self._endpoint = endpoint
        self._patience_s = patience_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = asyncio.Event()
        self._turn = asyncio.Lock()
        self._numbers = count(1)
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._refusal = ""
        self._client = self._new_client(client_id)

    def start(self) -> None:
        """Begin to connect, in the running event loop. Doing so twice does nothing."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._client.connect_async(self._endpoint.host, self._endpoint.port, keepalive=30)
            self._client.loop_start()

    def close(self) -> None:
        """Disconnect. May be called twice, and without a start."""
        if self._loop is not None:
            self._client.disconnect()
            self._client.loop_stop()
            self._loop = None

    @property
    def connected(self) -> bool:
        return self._ready.is_set()

    async def check(self) -> None:
        """The broker answers commands. Raises: TransientFault; CommandRefused."""
        (answer,) = await self._ask([{"command": "getDefaultACLAccess"}])
        if "error" in answer:
            raise CommandRefused([f"{answer['command']}: {answer['error']}"])

    async def fetch_accounts(self) -> BrokerAccounts:
        """Everything the broker has, ours and others'. Raises: TransientFault."""
        clients, roles, access = await self._ask(
            [
                {"command": "listClients", "verbose": True, "count": -1, "offset": 0},
                {"command": "listRoles", "verbose": True, "count": -1, "offset": 0},
                {"command": "getDefaultACLAccess"},
            ]
        )
        if errors := [f"{one['command']}: {one['error']}" for one in (clients, roles, access) if "error" in one]:
            raise CommandRefused(errors)
        return found_accounts(clients["data"]["clients"], roles["data"]["roles"], access["data"]["acls"])

    async def give(self, commands: Sequence[Command], tolerate: Sequence[str] = ()) -> None:
        """Have the commands done, in this order; the errors in `tolerate` count as done.

        Raises: CommandRefused once all were answered; TransientFault where the broker does not answer: then some may have
        been done, and a later reconcile finds out.
        """
        errors = []
        for start in range(0, len(commands), _BATCH):
            batch = commands[start : start + _BATCH]
            for command, answer in zip(batch, await self._ask(batch), strict=True):
                if "error" in answer and answer["error"] not in tolerate:
                    subject = command.get("username") or command.get("rolename") or ""
                    errors.append(f"{command['command']} {subject}: {answer['error']}")
        if errors:
            raise CommandRefused(errors)

    async def _ask(self, commands: Sequence[Command]) -> list[dict[str, Any]]:
        self.start()
        async with self._turn:
            await self._connected()
            loop = asyncio.get_running_loop()
            numbers = [str(next(self._numbers)) for _ in commands]
            answers = {number: loop.create_future() for number in numbers}
            self._waiting.update(answers)
            try:
                numbered = [{**command, "correlationData": n} for n, command in zip(numbers, commands, strict=True)]
                self._client.publish(CONTROL, orjson.dumps({"commands": numbered}), qos=1)
                async with asyncio.timeout(_ANSWER_WITHIN_S):
                    return list(await asyncio.gather(*answers.values()))
            except TimeoutError as error:
                raise TransientFault(f"the broker {self._where} does not answer commands") from error
            finally:
                for number in numbers:
                    self._waiting.pop(number, None)

    async def _connected(self) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                await self._ready.wait()
        except TimeoutError as error:
            why = self._refusal or "no connection"
            raise TransientFault(f"the broker {self._where} cannot be provisioned: {why}") from error

    def _new_client(self, client_id: str) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTv5)
        client.username_pw_set(self._endpoint.username, self._endpoint.password)
        client.reconnect_delay_set(*_RECONNECT_S)
        if self._endpoint.tls:
            client.tls_set()
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _on_connect(
        self, client: Client, data: Any, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            if self._refusal != str(reason):
                _log.warning("the broker refuses who provisions it", broker=self._where, reason=str(reason))
            self._refusal = str(reason)
            return
        client.subscribe([(RESPONSE, 1), (CONNECTIONS, 0)])

    def _on_subscribe(self, client: Client, data: Any, mid: int, reasons: list[ReasonCode], *_: Any) -> None:
        if reasons[0].is_failure:
            self._refusal = f"{client.username!r} may not command it"
            return
        self._refusal = ""
        self._call(self._ready.set)
        self._call(lambda: self.on_connected())

    def _on_disconnect(
        self, client: Client, data: Any, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self._call(self._lost)

    def _on_message(self, client: Client, data: Any, message: MQTTMessage) -> None:
        payload = bytes(message.payload)
        if message.topic == RESPONSE:
            self._call(lambda: self._take_answers(payload))
        else:
            line = payload.decode(errors="replace")
            self._call(lambda: self.on_connection_line(line))

    def _take_answers(self, payload: bytes) -> None:
        """Answers to numbers that nobody waits for any more are let go."""
        for answer in orjson.loads(payload).get("responses", ()):
            waiting = self._waiting.pop(answer.get("correlationData", ""), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)

    def _lost(self) -> None:
        self._ready.clear()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(TransientFault(f"the broker {self._where} went away"))

    def _call(self, act: Callable[[], None]) -> None:
        """Do it in the event loop, if that still runs."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act)
