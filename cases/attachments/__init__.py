"""Photos of cases: checked as they come in, kept by their content, named in the database."""

from cases.attachments.formats import ImageFormat, recognise
from cases.attachments.room import NoRoom, PhotoQuota, TooMuchInADay
from cases.attachments.rows import Attachment, TooMany, add_attachment, attachments_of, check_room, find_attachment
from cases.attachments.store import MOST_BYTES, AttachmentStore, NoPhoto, PhotoTooLarge, StoredPhoto

__all__ = [
    "MOST_BYTES",
    "Attachment",
    "AttachmentStore",
    "ImageFormat",
    "NoPhoto",
    "NoRoom",
    "PhotoQuota",
    "PhotoTooLarge",
    "StoredPhoto",
    "TooMany",
    "TooMuchInADay",
    "add_attachment",
    "attachments_of",
    "check_room",
    "find_attachment",
    "recognise",
]
