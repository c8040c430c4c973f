"""Mail to a real SMTP server: what arrives, and what is made of every refusal."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from cases.notification.channels.email.channel import Email
from cases.notification.channels.email.part import EmailPart
from cases.notification.channels.ports import Undelivered
from cases.notification.messages.message import Delivery
from domain.events import Text
from tests.cases.notification.office import content, delivery
from tests.cases.workflow.acting import NOON_MS
from tests.servers.ports import free_port


class Mailbox:
    """Takes mail, but for the recipients that it does not know or cannot take just now."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.secured: list[bool] = []
        self.answer = "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("full"):
            return "452 4.2.2 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        mail = message_from_bytes(envelope.original_content or b"", policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.secured.append(session.ssl is not None)
        return self.answer


@contextmanager
def mail_server(**options: Any) -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield box, int(controller.port)
    finally:
        controller.stop()


def email(port: int, **fields: Any) -> Email:
    known = {"type": "email", "host": "127.0.0.1", "port": port, "security": "none", "from": "desk@city.example"}
    return Email(EmailPart.model_validate({**known, **fields}))


def to(address: str, **fields: Any) -> Delivery:
    return delivery(content(**fields), address=address, channel="mail")


async def refused(channel: Email, sent: Delivery) -> Undelivered:
    with pytest.raises(Undelivered) as error:
        await channel.send(sent, NOON_MS)
    return error.value


async def test_a_mail_has_text_and_html_in_both_languages_and_an_id_that_stays() -> None:
    sent = to("lars@city.example")
    with mail_server() as (box, port):
        await email(port).send(sent, NOON_MS)
        await email(port).send(sent, NOON_MS + 60_000)
    first, again = box.mails
    assert first["Message-ID"] == again["Message-ID"] == f"<{sent.delivery_id}@city.example>"
    assert first["Subject"] == "[urbansense] 2026-000001 派遣至lighting:路灯不亮 / 2026-000001 For lighting: Lamp out"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["X-Urbansense-Messages"] == str(sent.messages[0][0])
    text, html = first.get_body(("plain",)), first.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "地点:环城路1号 / Place: Ring Road 1" in text.get_content()
    assert '<a href="https://cases.city.example/cases/2026-000001">' in html.get_content()


async def test_a_recipient_that_is_refused_is_refused_for_good_and_a_full_mailbox_for_now() -> None:
    with mail_server() as (box, port):
        fault = await refused(email(port), to("nobody@city.example"))
        assert (fault.permanent, "550" in str(fault)) == (True, True)
        fault = await refused(email(port), to("full@city.example"))
        assert (fault.permanent, "452" in str(fault)) == (False, True)
        box.answer = "554 5.7.1 looks like spam"
        assert (await refused(email(port), to("lars@city.example"))).permanent
        box.answer = "451 4.3.0 come back later"
        assert not (await refused(email(port), to("lars@city.example"))).permanent


async def test_a_server_that_is_down_is_tried_again_later() -> None:
    fault = await refused(email(free_port()), to("lars@city.example"))
    assert not fault.permanent
    assert "cannot be reached" in str(fault)


async def test_words_of_a_report_cannot_add_headers() -> None:
    with mail_server() as (box, port):
        title = Text(en="Lamp out Bcc: all@city.example", zh="Lamp out Bcc: all@city.example")
        await email(port).send(to("lars@city.example", title=title), NOON_MS)
    assert box.mails[0]["Bcc"] is None


async def test_starttls_and_login_with_a_certificate_that_is_known(certificate: tuple[Path, ssl.SSLContext]) -> None:
    ca_file, context = certificate

    def check(server: object, session: object, envelope: object, mechanism: str, data: object) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=(data.login, data.password) == (b"desk", b"pw"))

    options: dict[str, Any] = {
        "tls_context": context,
        "require_starttls": True,
        "authenticator": check,
        "auth_required": True,
    }
    with mail_server(**options) as (box, port):
        secure = {"security": "starttls", "ca_file": str(ca_file), "username": "desk", "password": "pw"}
        await email(port, **secure).send(to("lars@city.example"), NOON_MS)
        assert len(box.mails) == 1
        wrong = await refused(email(port, **{**secure, "password": "x", "timeout": "1s"}), to("lars@city.example"))
        assert (wrong.permanent, "login" in str(wrong)) == (False, True)
        unknown = await refused(email(port, **{**secure, "ca_file": None}), to("lars@city.example"))
        assert (unknown.permanent, "no safe connection" in str(unknown)) == (False, True)
    assert len(box.mails) == 1


async def test_tls_from_the_first_byte(certificate: tuple[Path, ssl.SSLContext]) -> None:
    ca_file, context = certificate
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), ssl_context=context)
    controller.start()
    try:
        await email(int(controller.port), security="tls", ca_file=str(ca_file)).send(to("lars@city.example"), NOON_MS)
    finally:
        controller.stop()
    assert len(box.mails) == 1


async def test_a_server_without_starttls_gets_nothing_in_the_clear() -> None:
    with mail_server() as (box, port):
        fault = await refused(email(port, security="starttls"), to("lars@city.example"))
    assert (fault.permanent, box.mails) == (False, [])
