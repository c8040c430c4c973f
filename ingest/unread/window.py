"""One look at everything that a broker carries: `#` at QoS 0, in a clean session of its own, for a moment."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from paho.mqtt.client import (
    MQTT_CLEAN_START_FIRST_ONLY,
    Client,
    ConnectFlags,
    DisconnectFlags,
    MQTTMessage,
    MQTTv5,
    MQTTv311,
)
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from domain.ledger import Sampling
from domain.mqtt import MqttEndpoint
from domain.retry import pause
from ingest.unread.patterns import collapse, is_read, pattern_of

EVERYTHING: Final = "#"
_ANSWER_WITHIN_S: Final = 10.0
_KEEPALIVE_S: Final = 30


class Window(NamedTuple):
    """What was seen: messages in all, and of the unread topics by pattern. `seconds` is how long was looked."""

    state: Sampling
    seconds: float = 0.0
    messages: int = 0
    patterns: Mapping[str, int] = MappingProxyType({})


class BrokerSample:
    """The session. Use once. paho runs in a thread of its own, which alone counts until `close`."""

    def __init__(self, endpoint: MqttEndpoint, client_id: str, most_messages: int) -> None:
        self.messages = 0
        self.patterns: Counter[str] = Counter()
        self.over = asyncio.Event()
        self._most = most_messages
        self._endpoint = endpoint
        self._loop = asyncio.get_running_loop()
        self._granted: asyncio.Future[bool] = self._loop.create_future()
        self._client = self._new_client(client_id)

    def _new_client(self, client_id: str) -> Client:
        is_5 = self._endpoint.mqtt5
        client = Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTv5 if is_5 else MQTTv311,
            clean_session=None if is_5 else True, reconnect_on_failure=False,
        )  # fmt: skip
        if self._endpoint.username:
            client.username_pw_set(self._endpoint.username, self._endpoint.password)
        if self._endpoint.tls:
            client.tls_set()
        client.disable_logger()  # its thread may note that we disconnected as an error
        client.on_connect = self._handle_connack
        client.on_subscribe = self._handle_suback
        client.on_message = self._handle_message
        client.on_disconnect = self._handle_disconnect
        return client

    async def open(self) -> bool:
        """Whether the broker grants it everything. Raises: OSError, TimeoutError where it does not answer."""
        endpoint = self._endpoint
        is_clean = True if endpoint.mqtt5 else MQTT_CLEAN_START_FIRST_ONLY
        connect = partial(self._client.connect, endpoint.host, endpoint.port, _KEEPALIVE_S, clean_start=is_clean)
        await asyncio.to_thread(connect)
        self._client.loop_start()
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            return await self._granted

    async def close(self) -> None:
        """Disconnect; nothing is counted afterwards."""
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def _handle_connack(
        self, client: Client, userdata: Any, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._answer(ConnectionError(f"the broker refused the connection: {reason}"))
        elif self._endpoint.mqtt5:
            client.subscribe(EVERYTHING, options=SubscribeOptions(qos=0, retainHandling=2))
        else:
            client.subscribe(EVERYTHING, 0)

    def _handle_suback(self, client: Client, userdata: Any, mid: int, reasons: list[ReasonCode], *_: Any) -> None:
        self._answer(not any(reason.is_failure for reason in reasons))

    def _handle_message(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        """Of a kept message nobody knows when it was published. Payloads are never looked at."""
        if message.retain or self.messages >= self._most:
            return
        self.messages += 1
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        if not is_read(topic):
            self.patterns[pattern_of(topic)] += 1
        if self.messages >= self._most:
            self._loop.call_soon_threadsafe(self.over.set)

    def _handle_disconnect(
        self, client: Client, userdata: Any, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self._loop.call_soon_threadsafe(self.over.set)
        self._answer(ConnectionError(f"the broker closed the connection: {reason}"))

    def _answer(self, answer: bool | Exception) -> None:
        self._loop.call_soon_threadsafe(self._settle, answer)

    def _settle(self, answer: bool | Exception) -> None:
        if self._granted.done():
            return
        if isinstance(answer, Exception):
            self._granted.set_exception(answer)
        else:
            self._granted.set_result(answer)


async def until_over(sample: BrokerSample, seconds: float) -> None:
    """Wait so long, or until enough messages came or the connection is lost."""
    await pause(sample.over, seconds)


WaitWindow = Callable[[BrokerSample, float], Awaitable[None]]


async def take_window(
    endpoint: MqttEndpoint,
    client_id: str,
    seconds: float,
    most_messages: int,
    wait: WaitWindow,
    now_s: Callable[[], float],
) -> Window:
    """Look for so long, or until so many messages came. Raises: nothing where the broker is away or refuses."""
    sample = BrokerSample(endpoint, client_id, most_messages)
    try:
        if not await sample.open():
            return Window(Sampling.REFUSED)
        began_s = now_s()
        await wait(sample, seconds)
        lasted_s, is_over = now_s() - began_s, sample.over.is_set()
    except (OSError, TimeoutError):
        return Window(Sampling.NO_BROKER)
    finally:
        await sample.close()
    if sample.messages >= most_messages:
        return Window(Sampling.ABOVE_RATE, lasted_s, sample.messages)
    if is_over:
        return Window(Sampling.NO_BROKER)
    return Window(Sampling.SAMPLED, lasted_s, sample.messages, collapse(sample.patterns))
