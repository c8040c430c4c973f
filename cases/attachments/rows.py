"""Which photos belong to which case."""

from typing import Any, Final
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, func, insert, select

from cases.attachments.formats import ImageFormat, safe_name
from cases.attachments.room import TooMuchInADay
from cases.attachments.store import StoredPhoto
from cases.storage.tables import attachments
from domain.errors import UrbansenseError

MOST_PER_CASE: Final = 50


class TooMany(UrbansenseError):
    """The case has as many photos as one may have."""


class Attachment(BaseModel):
    """One photo of a case. Units: `size` in bytes. Time: `at_ms` is when it came, by our clock. `content`: its SHA-256."""

    model_config = ConfigDict(frozen=True)

    attachment_id: UUID
    case_id: UUID
    name: str
    media_type: ImageFormat
    size: int
    content: str
    actor: str
    at_ms: int


def add_attachment(
    connection: Connection, case_id: UUID, photo: StoredPhoto, name: str, actor: str, at_ms: int
) -> tuple[Attachment, bool]:
    """The photo's row, and whether it is new: a case has each content once. Raises: TooMany."""
    known = attachments_of(connection, case_id)
    for one in known:
        if one.content == photo.content:
            return one, False
    if len(known) >= MOST_PER_CASE:
        raise TooMany(f"a case has at most {MOST_PER_CASE} photos")
    added = Attachment(
        attachment_id=uuid4(),
        case_id=case_id,
        name=safe_name(name, photo.photo),
        media_type=photo.photo,
        size=photo.size,
        content=photo.content,
        actor=actor,
        at_ms=at_ms,
    )
    connection.execute(insert(attachments).values(added.model_dump(mode="json")))
    return added, True


def check_room(connection: Connection, case_id: UUID, actor: str, since_ms: int, most_bytes: int) -> None:
    """Raises: TooMany where the case takes no further photo; TooMuchInADay where the actor has sent so many bytes since."""
    table = attachments.c
    held = connection.execute(select(func.count()).where(table.case_id == str(case_id))).scalar_one()
    if held >= MOST_PER_CASE:
        raise TooMany(f"a case has at most {MOST_PER_CASE} photos")
    mine = select(func.coalesce(func.sum(table.size), 0)).where(table.actor == actor, table.at_ms >= since_ms)
    if connection.execute(mine).scalar_one() >= most_bytes:
        raise TooMuchInADay(f"{actor} has sent {most_bytes} bytes of photos within a day, and may send no more")


def attachments_of(connection: Connection, case_id: UUID) -> tuple[Attachment, ...]:
    """Every photo of a case, the first one first."""
    wanted = select(attachments).where(attachments.c.case_id == str(case_id))
    rows = connection.execute(wanted.order_by(attachments.c.at_ms, attachments.c.attachment_id)).all()
    return tuple(_attachment(row) for row in rows)


def find_attachment(connection: Connection, case_id: UUID, attachment_id: UUID) -> Attachment | None:
    """That photo of that case."""
    wanted = select(attachments).where(
        attachments.c.case_id == str(case_id), attachments.c.attachment_id == str(attachment_id)
    )
    row = connection.execute(wanted).one_or_none()
    return None if row is None else _attachment(row)


def _attachment(row: Any) -> Attachment:
    return Attachment.model_validate(dict(row._mapping))
