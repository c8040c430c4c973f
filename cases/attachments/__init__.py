"""Photos of cases: checked as they come in, kept by their content, named in the database."""

from cases.attachments.formats import ImageFormat, recognise
from cases.attachments.rows import Attachment, TooMany, add_attachment, attachments_of, find_attachment
from cases.attachments.store import MOST_BYTES, AttachmentStore, NoPhoto, PhotoTooLarge, StoredPhoto

__all__ = [
    "MOST_BYTES",
    "Attachment",
    "AttachmentStore",
    "ImageFormat",
    "NoPhoto",
    "PhotoTooLarge",
    "StoredPhoto",
    "TooMany",
    "add_attachment",
    "attachments_of",
    "find_attachment",
    "recognise",
]
