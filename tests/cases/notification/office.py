"""A city's staff, documents and cases for the tests of notification."""

from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import insert

from accounts.storage.tables import users
from cases.deadlines import CityTimes, WorkingCalendar
from cases.notification import NotifyDocument
from cases.notification.document.loading import read_notification
from cases.notification.messages.message import Content, Delivery, Occasion, message_id
from cases.storage import CaseStore
from cases.workflow.states import State
from domain.events import Severity, Text
from tests.cases.workflow.acting import NOON_MS

ZONE = ZoneInfo("Asia/Shanghai")
TIMES = CityTimes(WorkingCalendar(ZONE))
ENVIRONMENT = {
    "ERP_SECRET": "hush",
    "WECOM_KEY": "k-1",
    "DING_TOKEN": "t-1",
    "DING_SECRET": "SEC1",
    "SMTP_PASSWORD": "pw",
}

WEBHOOK = """
channels:
  crew: {{type: webhook, url: '{url}', secret: '${{ERP_SECRET}}', allow: [127.0.0.0/8]}}
by: crew
group_for: 0s
"""
"""One webhook on loopback, told at once."""

STAFF: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("lars", "department", {"departments": ["lighting"], "phone": "+86 138 0000 1111"}),
    ("lena", "department", {"departments": ["lighting"]}),
    ("dora", "department", {"departments": ["drainage"]}),
    ("dima", "dispatcher", {}),
    ("olga", "operator", {}),
    ("otto", "operator", {"areas": ["999999"]}),
    ("ada", "administrator", {}),
)


def hire(book: CaseStore) -> None:
    """Put the staff into the database, each with an address."""
    rows = [
        {
            "username": name,
            "display_name": name.title(),
            "email": f"{name}@city.example",
            "phone": more.get("phone"),
            "roles": orjson.dumps([role]).decode(),
            "departments": orjson.dumps(more.get("departments", [])).decode(),
            "areas": orjson.dumps(more.get("areas", [])).decode(),
            "active": True,
            "failed_logins": 0,
            "created_at_ms": NOON_MS,
            "version": 1,
        }
        for name, role, more in STAFF
    ]
    with book.database.writing() as connection:
        connection.execute(insert(users), rows)


def document(text: str) -> NotifyDocument:
    return read_notification(text, "notify.yaml", ENVIRONMENT)


def content(number: int = 1, **fields: Any) -> Content:
    known: dict[str, Any] = {
        "occasion": Occasion.DISPATCHED,
        "at_ms": NOON_MS,
        "case_id": "00000000-0000-0000-0000-000000000001",
        "number": f"2026-{number:06d}",
        "revision": 4,
        "state": State.DISPATCHED,
        "severity": Severity.MAJOR,
        "problem": "lamp-out",
        "department": "lighting",
        "area": "320582/110",
        "due_at_ms": NOON_MS,
        "actor": "urbansense",
        "note": "",
        "title": Text(en=f"2026-{number:06d} For lighting: Lamp out", zh=f"2026-{number:06d} 派遣至lighting:路灯不亮"),
        "lines": (Text(en="Place: Ring Road 1", zh="地点:环城路1号"),),
        "url": f"https://cases.city.example/cases/2026-{number:06d}",
        "language": "both",
    }
    return Content(**{**known, **fields})


def delivery(*contents: Content, address: str = "", channel: str = "room") -> Delivery:
    messages = tuple((message_id(f"{one.case_id}/{n}", channel, address), one) for n, one in enumerate(contents))
    return Delivery(message_id("delivery", channel, address), channel, address, messages)
