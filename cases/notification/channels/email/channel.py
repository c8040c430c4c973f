"""E-mail by SMTP: one mail for each recipient, text and HTML, with an id that stays the same over every try."""

import asyncio
import smtplib
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from cases.notification.channels.email.body import html_of
from cases.notification.channels.email.part import EmailPart
from cases.notification.channels.ports import Undelivered
from cases.notification.channels.rendering import subject_of, text_of
from cases.notification.messages.message import Delivery


class Email:
    """Implements `Channel` with the standard library's client in a thread; each mail has a connection of its own."""

    def __init__(self, part: EmailPart) -> None:
        self._part = part

    async def send(self, delivery: Delivery, now_ms: int) -> None:
        mail = mail_of(delivery, self._part.sender, now_ms)
        await asyncio.to_thread(self._hand_over, mail, delivery.address)

    async def close(self) -> None:
        return

    def _hand_over(self, mail: EmailMessage, address: str) -> None:
        where = f"{self._part.host}:{self._part.port}"
        try:
            with self._connected() as server:
                server.send_message(mail, from_addr=self._part.sender, to_addrs=[address])
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            raise Undelivered(
                f"{where} refused the recipient: {_answer(code, words)}", permanent=code >= 500
            ) from error
        except smtplib.SMTPAuthenticationError as error:
            raise Undelivered(f"{where} refused our login: {error.smtp_code}") from error
        except smtplib.SMTPSenderRefused as error:
            raise Undelivered(f"{where} refused our address: {_answer(error.smtp_code, error.smtp_error)}") from error
        except smtplib.SMTPDataError as error:
            permanent = error.smtp_code >= 500
            answer = _answer(error.smtp_code, error.smtp_error)
            raise Undelivered(f"{where} refused the mail: {answer}", permanent=permanent) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Undelivered(f"{where} cannot do what is asked: {error}") from error
        except ssl.SSLError as error:
            raise Undelivered(f"{where}: no safe connection: {error.reason or error}") from error
        except (smtplib.SMTPException, OSError) as error:
            raise Undelivered(f"{where} cannot be reached: {type(error).__name__}") from error

    def _connected(self) -> smtplib.SMTP:
        part, timeout_s = self._part, self._part.timeout / 1000
        us = part.sender.rpartition("@")[2]
        context = ssl.create_default_context(cafile=str(part.ca_file) if part.ca_file is not None else None)
        if part.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(part.host, part.port, us, timeout=timeout_s, context=context)
        else:
            server = smtplib.SMTP(part.host, part.port, us, timeout=timeout_s)
        try:
            if part.security == "starttls":
                server.starttls(context=context)
            if part.username and part.password is not None:
                self._log_in(server, part.password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server

    def _log_in(self, server: smtplib.SMTP, password: str) -> None:
        try:
            server.login(self._part.username, password)
        except smtplib.SMTPServerDisconnected as error:
            # Some servers hang up on a wrong password instead of refusing it.
            raise Undelivered(f"{self._part.host}:{self._part.port} hung up at our login") from error


def mail_of(delivery: Delivery, sender: str, now_ms: int) -> EmailMessage:
    """The mail of a delivery. Its headers name no person as the author, so that no absence note comes back."""
    mail = EmailMessage()
    mail["From"] = f"urbansense <{sender}>"
    mail["To"] = delivery.address
    mail["Subject"] = subject_of(delivery)
    mail["Date"] = format_datetime(datetime.fromtimestamp(now_ms // 1000, UTC))
    mail["Message-ID"] = f"<{delivery.delivery_id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Urbansense-Messages"] = " ".join(str(identity) for identity, _ in delivery.messages)
    mail.set_content(text_of(delivery))
    mail.add_alternative(html_of(delivery), subtype="html")
    return mail


def _answer(code: int, words: bytes | str) -> str:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return f"{code} {text[:200]}"
