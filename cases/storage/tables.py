"""The tables of the cases, beside the registry's in the same database; kept equal to the migrations by a test.

`cases` holds every case whole, as JSON, with the columns that lists ask for beside it. `cases_history` holds every revision
as it was, in the order of `sequence`: it is the history that people read and the outbox of `city.cases` in one, so that no
crash can part a change from its record.
"""

from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text, text

from accounts.storage.columns import SEQUENCE, key_text

metadata: Final = MetaData()

cases: Final = Table(
    "cases",
    metadata,
    Column("case_id", key_text(36), primary_key=True),
    Column("number", key_text(16), nullable=False, unique=True),
    Column("revision", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("ended", Boolean, nullable=False),
    Column("source", String(16), nullable=False),
    Column("problem", String(64), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("department", String(64)),
    Column("area", key_text(64)),
    Column("subject", String(128)),
    Column("reported_at_ms", BigInteger, nullable=False),
    Column("due_at_ms", BigInteger),
    Column("closed_at_ms", BigInteger),
    Column("words", Text, nullable=False),
    Column("body", Text, nullable=False),
)
Index(
    "ix_cases_open_by_reported",
    cases.c.ended,
    cases.c.reported_at_ms,
    cases.c.case_id,
    cases.c.area,
    cases.c.severity,
    cases.c.problem,
    cases.c.words,
)
Index("ix_cases_open_by_due", cases.c.ended, cases.c.due_at_ms, cases.c.case_id)
Index("ix_cases_state", cases.c.state, cases.c.reported_at_ms, cases.c.case_id)
Index("ix_cases_department", cases.c.department, cases.c.ended, cases.c.reported_at_ms, cases.c.case_id)
Index("ix_cases_problem", cases.c.problem, cases.c.reported_at_ms)
"""`due_at_ms` is empty while no clock runs; `words` is what a text search looks into, in lower case.

The first index holds what lists ask for, so that a search reads narrow entries and not whole cases."""

history: Final = Table(
    "cases_history",
    metadata,
    Column("sequence", SEQUENCE, primary_key=True, autoincrement=True),
    Column("case_id", key_text(36), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("transition", String(32), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("published", Boolean, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_cases_history_case", history.c.case_id, history.c.revision, unique=True)
Index("ix_cases_history_steps", history.c.case_id, history.c.revision, history.c.transition, history.c.at_ms)
Index(
    "ix_cases_history_unpublished",
    history.c.sequence,
    sqlite_where=text("published = 0"),
    postgresql_where=text("published = false"),
)

events: Final = Table(
    "cases_events",
    metadata,
    Column("event_id", key_text(36), primary_key=True),
    Column("case_id", key_text(36), nullable=False),
)
Index("ix_cases_events_case", events.c.case_id)
"""Which case an event belongs to, for ever: an event published again makes no second one."""

held: Final = Table(
    "cases_held",
    metadata,
    Column("event_id", key_text(36), primary_key=True),
    Column("until_ms", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)
Index("ix_cases_held_until", held.c.until_ms)
"""Events that a group may still absorb: they become cases when their hold is over."""

absorbed: Final = Table(
    "cases_absorbed",
    metadata,
    Column("event_id", key_text(36), primary_key=True),
    Column("rule", String(64), nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)
Index("ix_cases_absorbed_rule", absorbed.c.rule)
"""Events that are part of a group event which has not arrived yet, by the group's rule, and how long they wait for it."""

keys: Final = Table(
    "cases_keys",
    metadata,
    Column("reporter", key_text(100), primary_key=True),
    Column("key", key_text(200), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("case_id", key_text(36), nullable=False),
)
"""Idempotency keys of reports, each reporter's own."""

numbers: Final = Table(
    "cases_numbers",
    metadata,
    Column("year", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
)

positions: Final = Table(
    "cases_positions",
    metadata,
    Column("follower", key_text(100), primary_key=True),
    Column("topic", key_text(200), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, nullable=False),
)
"""How far a follower of the log has come, committed with what it made of it."""

attachments: Final = Table(
    "cases_attachments",
    metadata,
    Column("attachment_id", key_text(36), primary_key=True),
    Column("case_id", key_text(36), nullable=False),
    Column("name", String(200), nullable=False),
    Column("media_type", String(32), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("content", String(64), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)
Index("ix_cases_attachments_case", attachments.c.case_id, attachments.c.content, unique=True)
"""Photos by the SHA-256 of their content, under which the data folder has them."""

# Notification: what is sent, to whom, and how far it came (cases/notification).

notify_messages: Final = Table(
    "notify_messages",
    metadata,
    Column("sequence", SEQUENCE, primary_key=True, autoincrement=True),
    Column("message_id", key_text(36), nullable=False, unique=True),
    Column("case_id", key_text(36), nullable=False),
    Column("occasion", String(32), nullable=False),
    Column("critical", Boolean, nullable=False),
    Column("channel", key_text(64), nullable=False),
    Column("address", key_text(320), nullable=False),
    Column("person", String(64)),
    Column("body", Text, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("not_before_ms", BigInteger, nullable=False),
    Column("delivery_id", key_text(36)),
    Column("tries", Integer, nullable=False),
    Column("first_tried_at_ms", BigInteger),
    Column("ended_at_ms", BigInteger),
    Column("reason", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_notify_messages_state", notify_messages.c.state, notify_messages.c.channel, notify_messages.c.address)
Index("ix_notify_messages_case", notify_messages.c.case_id)
Index("ix_notify_messages_delivery", notify_messages.c.delivery_id)
Index("ix_notify_messages_ended", notify_messages.c.state, notify_messages.c.ended_at_ms)
"""The outbox: waiting, sent, dead or withdrawn. `not_before_ms` is when it may be sent at all, then when to try again;
`delivery_id` is given with the first try, the same for all messages of one digest."""

notify_buckets: Final = Table(
    "notify_buckets",
    metadata,
    Column("channel", key_text(64), primary_key=True),
    Column("address", key_text(320), primary_key=True),
    Column("full_at_ms", BigInteger, nullable=False),
)
"""The token bucket of each recipient, see cases/notification/timing/rates.py."""

notify_watches: Final = Table(
    "notify_watches",
    metadata,
    Column("case_id", key_text(36), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("since_revision", Integer, nullable=False),
    Column("steps_told", Integer, nullable=False),
    Column("deadline_told", String(200), nullable=False),
    Column("next_ms", BigInteger),
)
Index("ix_notify_watches_next", notify_watches.c.next_ms)
"""Which notices of waiting or of its deadline each open case has had, and when to look at it again."""

notify_preferences: Final = Table(
    "notify_preferences",
    metadata,
    Column("username", key_text(64), primary_key=True),
    Column("body", Text, nullable=False),
)


def columns_of(row: Any) -> dict[str, Any]:
    """A row as a dict by column name."""
    return dict(row._mapping)
