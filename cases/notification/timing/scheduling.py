"""What goes out to one recipient by one channel now, and when to look again. Pure.

waiting ──▶ critical ──────────────────────────────▶ rate ──▶ delivery
       └──▶ not in quiet hours ──▶ grouped for a while ┘
A delivery that failed is tried again whole, under its id. Messages of one case never overtake each other.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from cases.notification.timing.quiet_hours import QuietHours
from cases.notification.timing.rates import Rate


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits for one recipient. `sequence` is the order; `delivery_id` is given with its first try.

    `not_before_ms` is when it may be sent at all, or tried again.
    """

    sequence: int
    message_id: UUID
    case_id: UUID
    critical: bool
    not_before_ms: int
    delivery_id: UUID | None = None


Batch = tuple[Waiting, ...]


@dataclass(frozen=True, slots=True)
class DeliveryPreference:
    """How a recipient is notified: what waits that long together is one digest, of at most `digest_size` messages."""

    quiet: QuietHours
    rate: Rate
    group_for_ms: int
    digest_size: int


@dataclass(frozen=True, slots=True)
class DeliverySchedule:
    """The batches to send now, each in order, the bucket after them, and when something may change next, if ever."""

    batches: tuple[Batch, ...]
    full_at_ms: int
    look_again_ms: int | None


def schedule_deliveries(
    waiting: Collection[Waiting], wanted: DeliveryPreference, full_at_ms: int, now_ms: int
) -> DeliverySchedule:
    """What to send now. In quiet hours only batches with a critical message, and what waits of its case before it.

    Every batch takes one token; at most two of them are new. What is critical is not grouped, and first in line.
    """
    ordered = sorted(waiting, key=lambda one: one.sequence)
    urgent = frozenset(
        one.case_id for one in ordered if one.critical and (one.delivery_id is not None or one.not_before_ms <= now_ms)
    )
    calm_ms = max([wanted.quiet.end_ms(now_ms), *(one.not_before_ms for one in ordered if one.delivery_id is not None)])
    batches: list[Batch] = []
    nexts = [one.not_before_ms for one in ordered if one.delivery_id is None and one.not_before_ms > now_ms]
    for batch, is_urgent, more in _candidates(ordered, urgent, wanted.digest_size, now_ms):
        ready_ms = _ready_ms(batch, is_urgent, more, wanted)
        ready_ms = ready_ms if is_urgent else max(ready_ms, calm_ms)
        if ready_ms > now_ms:
            nexts.append(ready_ms)
        elif not wanted.rate.tokens(full_at_ms, now_ms):
            nexts.append(wanted.rate.next_ms(full_at_ms, now_ms))
        else:
            full_at_ms = wanted.rate.take(full_at_ms, now_ms)
            batches.append(batch)
            nexts += [now_ms + 1] if more else []
    return DeliverySchedule(tuple(batches), full_at_ms, min(nexts, default=None))


def _candidates(
    ordered: Sequence[Waiting], urgent: Collection[UUID], digest_size: int, now_ms: int
) -> Iterator[tuple[Batch, bool, bool]]:
    """What could go out together, first in line first: the batch, whether it is urgent, whether more stands behind it.

    Old deliveries stay as they were. New messages of a case that an old one holds, or that are not to be sent yet, wait.
    """
    old: dict[UUID, list[Waiting]] = {}
    held: set[UUID] = set()
    for one in ordered:
        if one.delivery_id is not None:
            old.setdefault(one.delivery_id, []).append(one)
        if one.delivery_id is not None or one.not_before_ms > now_ms:
            held.add(one.case_id)
    free = [one for one in ordered if one.delivery_id is None and one.case_id not in held]
    for wanted in (True, False):
        for batch in old.values():
            if any(one.case_id in urgent for one in batch) is wanted:
                yield tuple(batch), wanted, False
        new = [one for one in free if (one.case_id in urgent) is wanted]
        if new:
            yield tuple(new[:digest_size]), wanted, len(new) > digest_size


def _ready_ms(batch: Batch, is_urgent: bool, more: bool, wanted: DeliveryPreference) -> int:
    """When its back-off is over, or it has waited long enough for others to join."""
    if is_urgent or more or len(batch) >= wanted.digest_size or batch[0].delivery_id is not None:
        return max(one.not_before_ms for one in batch)
    return min(one.not_before_ms for one in batch) + wanted.group_for_ms
