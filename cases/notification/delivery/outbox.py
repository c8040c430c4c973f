"""The outbox of messages in the database.

waiting ──▶ claimed (a delivery id, one try more, a lease) ──▶ sent
   ▲                    └──▶ failed: waits for its next try ──▶ dead ──▶ retried by somebody ─┐
   └──────────────────────────────────────────────────────────────────────────────────────────┘
A message whose case is merged before it was tried is withdrawn.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import Connection, func, insert, select, update

from cases.notification.messages.message import Content, Delivery, Notification
from cases.notification.timing.scheduling import Batch, Waiting
from cases.storage.tables import notify_buckets as buckets
from cases.storage.tables import notify_messages as messages

Recipient = tuple[str, str]
"""Channel and address."""

_MOST_IDS_AT_ONCE: Final = 500


class MessageStatus(StrEnum):
    """What became of a message."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Posted:
    """A message as the outbox has it, for people to look at. `next_try_at_ms` is None once it is over."""

    sequence: int
    message_id: UUID
    channel: str
    address: str
    person: str | None
    standing: MessageStatus
    tries: int
    created_at_ms: int
    next_try_at_ms: int | None
    ended_at_ms: int | None
    reason: str
    content: Content


def post(connection: Connection, new: Iterable[Notification], now_ms: int) -> int:
    """How many were new: a message that the outbox has already, in whatever state, is left as it is."""
    posted = 0
    for message in new:
        known = select(messages.c.sequence).where(messages.c.message_id == str(message.message_id))
        if connection.execute(known).one_or_none() is not None:
            continue
        connection.execute(
            insert(messages).values(
                message_id=str(message.message_id),
                case_id=str(message.content.case_id),
                occasion=message.content.occasion.value,
                critical=message.critical,
                channel=message.channel,
                address=message.address,
                person=message.person,
                body=message.content.model_dump_json(),
                created_at_ms=now_ms,
                state=MessageStatus.WAITING.value,
                not_before_ms=message.not_before_ms,
                tries=0,
                reason="",
            )
        )
        posted += 1
    return posted


def withdraw(connection: Connection, case_id: UUID, now_ms: int) -> None:
    """Send nothing more about a merged case but what was tried already: the case that it is part of has messages."""
    mine = (
        messages.c.case_id == str(case_id),
        messages.c.state == MessageStatus.WAITING,
        messages.c.delivery_id.is_(None),
    )
    values = {"state": MessageStatus.WITHDRAWN.value, "ended_at_ms": now_ms, "reason": "its case was merged"}
    connection.execute(update(messages).where(*mine).values(values))


def recipients(connection: Connection) -> dict[Recipient, tuple[int, int]]:
    """Everybody for whom something waits, with how many messages and the newest: what changes when more is posted."""
    found = select(messages.c.channel, messages.c.address, func.count(), func.max(messages.c.sequence))
    grouped = found.where(messages.c.state == MessageStatus.WAITING).group_by(messages.c.channel, messages.c.address)
    return {(channel, address): (count, newest) for channel, address, count, newest in connection.execute(grouped)}


def waiting_for(connection: Connection, recipient: Recipient) -> tuple[list[Waiting], str | None]:
    """What waits for a recipient, in order, and the user name behind the address, if there is one."""
    wanted = select(messages).where(
        messages.c.state == MessageStatus.WAITING,
        messages.c.channel == recipient[0],
        messages.c.address == recipient[1],
    )
    rows = connection.execute(wanted.order_by(messages.c.sequence)).all()
    found = [
        Waiting(
            row.sequence,
            UUID(row.message_id),
            UUID(row.case_id),
            row.critical,
            row.not_before_ms,
            row.delivery_id and UUID(row.delivery_id),
        )
        for row in rows
    ]
    return found, rows[-1].person if rows else None


def full_at_ms(connection: Connection, recipient: Recipient) -> int:
    """When the recipient's bucket is full."""
    wanted = select(buckets.c.full_at_ms).where(_is_bucket_of(recipient))
    return connection.execute(wanted).scalar_one_or_none() or 0


def keep_bucket(connection: Connection, recipient: Recipient, at_ms: int) -> None:
    """Keep when the recipient's bucket is full again."""
    found = update(buckets).where(_is_bucket_of(recipient)).values(full_at_ms=at_ms)
    if not connection.execute(found).rowcount:
        row = {"channel": recipient[0], "address": recipient[1], "full_at_ms": at_ms}
        connection.execute(insert(buckets).values(row))


def claim(connection: Connection, recipient: Recipient, batch: Batch, lease_until_ms: int, now_ms: int) -> Delivery:
    """The delivery of a batch, one try more: nobody else tries it before the lease is over.

    Its id follows from the first try's messages, and stays.
    """
    ids = [str(one.message_id) for one in batch]
    delivery_id = batch[0].delivery_id or uuid5(batch[0].message_id, "\n".join(ids))
    mine = messages.c.message_id.in_(ids)
    first = func.coalesce(messages.c.first_tried_at_ms, now_ms)
    connection.execute(
        update(messages)
        .where(mine)
        .values(
            delivery_id=str(delivery_id),
            tries=messages.c.tries + 1,
            first_tried_at_ms=first,
            not_before_ms=lease_until_ms,
        )
    )
    rows = connection.execute(select(messages).where(mine).order_by(messages.c.sequence)).all()
    contents = tuple((UUID(row.message_id), Content.model_validate_json(row.body)) for row in rows)
    return Delivery(delivery_id, *recipient, contents)


def tried(connection: Connection, delivery: Delivery) -> tuple[int, int]:
    """How often a delivery was tried, and when first, epoch ms."""
    wanted = select(func.max(messages.c.tries), func.min(messages.c.first_tried_at_ms)).where(_is_of(delivery))
    tries, first_ms = connection.execute(wanted).one()
    return int(tries), int(first_ms)


def settle(connection: Connection, delivery: Delivery, standing: MessageStatus, reason: str, now_ms: int) -> None:
    """It is over with a delivery: sent, or dead."""
    values = {"state": standing.value, "ended_at_ms": now_ms, "reason": reason}
    connection.execute(update(messages).where(_is_of(delivery)).values(values))


def postpone(connection: Connection, delivery: Delivery, until_ms: int, reason: str) -> None:
    """Try a delivery again then."""
    connection.execute(update(messages).where(_is_of(delivery)).values(not_before_ms=until_ms, reason=reason))


def revive(connection: Connection, ids: Collection[UUID] | None, now_ms: int) -> int:
    """How many dead letters wait anew, as if never tried; None is all of them. A merged case's too: somebody asked."""
    dead = messages.c.state == MessageStatus.DEAD
    values = {
        "state": MessageStatus.WAITING.value, "tries": 0, "first_tried_at_ms": None, "ended_at_ms": None,
        "delivery_id": None, "not_before_ms": now_ms,
    }  # fmt: skip
    if ids is None:
        return connection.execute(update(messages).where(dead).values(values)).rowcount
    texts, count = sorted(map(str, ids)), 0
    for start in range(0, len(texts), _MOST_IDS_AT_ONCE):
        some = messages.c.message_id.in_(texts[start : start + _MOST_IDS_AT_ONCE])
        count += connection.execute(update(messages).where(dead, some).values(values)).rowcount
    return count


def read_posted(
    connection: Connection,
    *,
    standing: MessageStatus | None = None,
    case_id: UUID | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Posted]:
    """Messages, the newest first; `before` is the sequence that an earlier page ended with."""
    wanted = select(messages).order_by(messages.c.sequence.desc()).limit(limit)
    if standing is not None:
        wanted = wanted.where(messages.c.state == standing.value)
    if case_id is not None:
        wanted = wanted.where(messages.c.case_id == str(case_id))
    if before is not None:
        wanted = wanted.where(messages.c.sequence < before)
    return [_posted(row) for row in connection.execute(wanted)]


def counts(connection: Connection) -> dict[MessageStatus, int]:
    """How many messages there are of each standing."""
    rows: Sequence[Any] = connection.execute(select(messages.c.state, func.count()).group_by(messages.c.state)).all()
    return dict.fromkeys(MessageStatus, 0) | {MessageStatus(state): count for state, count in rows}


def _posted(row: Any) -> Posted:
    return Posted(
        row.sequence,
        UUID(row.message_id),
        row.channel,
        row.address,
        row.person,
        MessageStatus(row.state),
        row.tries,
        row.created_at_ms,
        row.not_before_ms if row.state == MessageStatus.WAITING else None,
        row.ended_at_ms,
        row.reason,
        Content.model_validate_json(row.body),
    )


def _is_of(delivery: Delivery) -> Any:
    return (messages.c.delivery_id == str(delivery.delivery_id)) & (messages.c.state == MessageStatus.WAITING)


def _is_bucket_of(recipient: Recipient) -> Any:
    return (buckets.c.channel == recipient[0]) & (buckets.c.address == recipient[1])
