"""What Kafka's errors mean to us, mapped in one place, and how an outage is waited out and logged once."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import structlog
from aiokafka import errors as kafka

from domain.errors import ConfigurationError, Fenced, TransientFault
from domain.retry import backoff_s
from streams.limits.records import RecordRefused, RecordTooLarge

_LOG = structlog.get_logger()
_T = TypeVar("_T")

_FENCED: Final = (
    kafka.ProducerFenced,
    kafka.InvalidProducerEpoch,
    kafka.CommitFailedError,
    kafka.IllegalGenerationError,
    kafka.UnknownMemberIdError,
)
_TOO_LARGE: Final = (kafka.MessageSizeTooLargeError, kafka.RecordListTooLargeError)
_CONFIGURATION: Final = (
    kafka.AuthenticationFailedError,
    kafka.AuthenticationMethodNotSupported,
    kafka.ClusterAuthorizationFailedError,
    kafka.GroupAuthorizationFailedError,
    kafka.IncompatibleBrokerVersion,
    kafka.InvalidTransactionTimeout,
    kafka.SaslAuthenticationFailed,
    kafka.TopicAuthorizationFailedError,
    kafka.TransactionalIdAuthorizationFailed,
    kafka.UnsupportedSaslMechanismError,
    kafka.UnsupportedVersionError,
)
_REFUSED: Final = (
    kafka.CorruptRecordException,
    kafka.InvalidTimestampError,
    kafka.InvalidTopicError,
    kafka.PolicyViolationError,
)


def meaning(error: BaseException, doing: str) -> Exception:
    """The error of ours for one of Kafka's; its class is what the caller should do about it.

    Whatever is not known to be final is a TransientFault: a broker that answers strangely may answer better later.
    """
    chain = [error]
    while chain[-1].__cause__ is not None:  # aiokafka wraps what its background tasks die of
        chain.append(chain[-1].__cause__)
    message = f"{doing}: {'; '.join(f'{type(link).__name__} {link}' for link in chain)}"
    for kinds, ours in (
        (_FENCED, Fenced),
        (_CONFIGURATION, ConfigurationError),
        (_TOO_LARGE, RecordTooLarge),
        (_REFUSED, RecordRefused),
    ):
        if any(isinstance(link, kinds) for link in chain):
            return ours(message)
    return TransientFault(message)


@contextmanager
def kafka_errors(doing: str) -> Iterator[None]:
    """Kafka's and the network's errors, raised as ours; `doing` begins the message."""
    try:
        yield
    except (kafka.KafkaError, OSError, TimeoutError) as error:
        raise meaning(error, doing) from error


async def until_answered(doing: str, attempt: Callable[[], Awaitable[_T]]) -> _T:
    """What `attempt` returns, tried again for as long as it meets a TransientFault; one line per outage."""
    outage = BrokerOutage(doing)
    for wait_s in backoff_s():
        try:
            with kafka_errors(doing):
                result = await attempt()
        except TransientFault as fault:
            outage.begun(str(fault))
            await asyncio.sleep(wait_s)
        else:
            outage.over()
            return result
    raise AssertionError("the waits are endless")


class BrokerOutage:
    """One line when something stops working, one when it works again."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._since_s: float | None = None

    def begun(self, error: str) -> None:
        if self._since_s is None:
            self._since_s = time.monotonic()
            _LOG.warning("Kafka does not answer, waiting for it", doing=self._doing, error=error)

    def over(self) -> None:
        if self._since_s is not None:
            _LOG.info("Kafka answers again", doing=self._doing, after_s=round(time.monotonic() - self._since_s, 1))
            self._since_s = None


class OncePerOutage(logging.Filter):
    """Lets each message of aiokafka through once in 30 s: it logs the same ten times a second while a broker is away."""

    def __init__(self, every_s: float = 30.0) -> None:
        super().__init__()
        self._every_s = every_s
        self._logged_s: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now_s = time.monotonic()
        if now_s - self._logged_s.get(record.msg, -self._every_s) < self._every_s:
            return False
        self._logged_s[record.msg] = now_s
        return True


def calm_aiokafka() -> None:
    """Thin out aiokafka's own warnings and hide its every-day news. A filter on a logger does not reach its children."""
    for name in (
        "aiokafka",
        "aiokafka.cluster",
        "aiokafka.conn",
        "aiokafka.consumer.consumer",
        "aiokafka.consumer.fetcher",
        "aiokafka.consumer.group_coordinator",
        "aiokafka.producer.producer",
        "aiokafka.producer.sender",
    ):
        logger = logging.getLogger(name)
        if not any(isinstance(known, OncePerOutage) for known in logger.filters):
            logger.addFilter(OncePerOutage())
            logger.setLevel(logging.WARNING)
