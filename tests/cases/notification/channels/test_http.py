"""Webhooks and robots against real HTTP servers that check what comes as the real ones would."""

import base64
import hashlib
import hmac
import re
import ssl
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from cases.notification.channels.dingtalk.channel import Dingtalk, dingtalk_sign
from cases.notification.channels.dingtalk.part import DingtalkPart
from cases.notification.channels.email.body import html_of
from cases.notification.channels.ports import Undelivered
from cases.notification.channels.rendering import markdown_of, short_text_of, subject_of
from cases.notification.channels.webhook.channel import Webhook
from cases.notification.channels.webhook.part import WebhookPart
from cases.notification.channels.wecom.channel import Wecom
from cases.notification.channels.wecom.part import WecomPart
from domain.events import Text
from tests.cases.notification.office import content, delivery
from tests.cases.notification.receivers import OK, Answer, Got, receiving
from tests.cases.workflow.acting import NOON_MS
from tests.servers.ports import free_port

LOOPBACK = {"allow": ["127.0.0.0/8"]}
RECEIPT = b'{"errcode":0,"errmsg":"ok"}'


def webhook(url: str, **fields: object) -> Webhook:
    return Webhook(WebhookPart.model_validate({"type": "webhook", "url": url, "secret": "hush", **LOOPBACK, **fields}))


async def refused(channel: Webhook | Wecom | Dingtalk, now_ms: int = NOON_MS) -> Undelivered:
    with pytest.raises(Undelivered) as error:
        await channel.send(delivery(content()), now_ms)
    await channel.close()
    return error.value


async def test_a_webhook_gets_signed_json_with_ids_to_drop_doubles_by() -> None:
    sent = delivery(content(1), content(2))
    with receiving() as receiver:
        channel = webhook(receiver.url)
        await channel.send(sent, NOON_MS)
        await channel.send(sent, NOON_MS + 60_000)
        await channel.close()
    first, again = receiver.got
    expected = hmac.new(b"hush", b"%d." % (NOON_MS // 1000) + first.body, hashlib.sha256).hexdigest()
    assert first.headers["x-urbansense-timestamp"] == str(NOON_MS // 1000)
    assert first.headers["x-urbansense-signature"] == f"sha256={expected}"
    assert first.headers["content-type"] == "application/json; charset=utf-8"
    assert first.body == again.body
    assert first.headers["x-urbansense-signature"] != again.headers["x-urbansense-signature"]
    assert first.json["delivery_id"] == first.headers["x-urbansense-delivery"] == str(sent.delivery_id)
    assert [one["message_id"] for one in first.json["messages"]] == [str(identity) for identity, _ in sent.messages]
    assert first.json["messages"][0]["number"] == "2026-000001"


@pytest.mark.parametrize(
    ("answer", "permanent", "retry_after_s"),
    [
        ((500, {}, b""), False, 0),
        ((503, {"Retry-After": "30"}, b""), False, 30),
        ((429, {"Retry-After": "999999"}, b""), False, 3600),
        ((404, {}, b""), True, 0),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), True, 0),
    ],
)
async def test_anything_but_2xx_is_no_receipt(answer: Answer, permanent: bool, retry_after_s: float) -> None:
    with receiving(lambda got: answer) as receiver:
        fault = await refused(webhook(receiver.url))
    assert (fault.permanent, fault.retry_after_s) == (permanent, retry_after_s)
    assert str(answer[0]) in str(fault)
    assert len(receiver.got) == 1


async def test_a_server_that_is_down_or_silent_is_tried_again_later() -> None:
    down = await refused(webhook(f"http://127.0.0.1:{free_port()}/"))
    assert (down.permanent, str(down)) == (False, "127.0.0.1 cannot be reached: ConnectError")

    def dawdle(got: Got) -> Answer:
        time.sleep(0.6)
        return OK

    with receiving(dawdle) as receiver:
        silent = await refused(webhook(receiver.url, timeout="200ms"))
    assert (silent.permanent, str(silent)) == (False, "127.0.0.1 did not answer within 0.2 s")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]", "0.0.0.0", "100.64.0.1"],
)
async def test_addresses_that_are_not_public_are_connected_to_only_where_it_is_permitted(host: str) -> None:
    with receiving() as receiver:
        port = urlsplit(receiver.url).port
        fault = await refused(webhook(f"http://{host}:{port}/", allow=["192.168.0.0/16"]))
    assert fault.permanent
    assert "not public" in str(fault)
    assert receiver.got == []


async def test_a_certificate_must_be_of_the_name_that_was_asked_for_not_of_the_address_behind_it(
    certificate: tuple[Path, ssl.SSLContext],
) -> None:
    ca_file, context = certificate
    with receiving(tls=context) as receiver:
        port = urlsplit(receiver.url).port
        channel = webhook(receiver.url, ca_file=str(ca_file))
        await channel.send(delivery(content()), NOON_MS)
        await channel.close()
        assert not (await refused(webhook(receiver.url))).permanent
        by_name = webhook(f"https://localhost:{port}/", ca_file=str(ca_file), allow=["127.0.0.0/8", "::1/128"])
        assert "cannot be reached" in str(await refused(by_name))
    assert [got.headers["host"] for got in receiver.got] == [f"127.0.0.1:{port}"]


def as_wecom(got: Got) -> Answer:
    """Answers as qyapi.weixin.qq.com does: always 200, the verdict in errcode."""
    query = parse_qs(urlsplit(got.path).query)
    body = got.json
    kind = body["msgtype"]
    if query.get("key") != ["k-1"]:
        return 200, {}, b'{"errcode":93000,"errmsg":"invalid webhook url"}'
    limit = {"text": 2048, "markdown": 4096}[kind]
    if not body[kind]["content"] or len(body[kind]["content"].encode()) > limit:
        return 200, {}, b'{"errcode":40058,"errmsg":"markdown.content exceed max length"}'
    return 200, {}, RECEIPT


def wecom(url: str, key: str = "k-1") -> Wecom:
    return Wecom(WecomPart.model_validate({"type": "wecom", "url": url, "key": key, **LOOPBACK}))


async def test_wecom_gets_markdown_and_mentions_by_text() -> None:
    with receiving(as_wecom) as receiver:
        channel = wecom(receiver.url)
        await channel.send(delivery(content()), NOON_MS)
        await channel.send(
            delivery(*(content(n, title=Text(en="x" * 3000, zh="长" * 3000)) for n in range(10))), NOON_MS
        )
        await channel.send(delivery(content(mobiles=("13800001111",))), NOON_MS)
        await channel.close()
    one, _, mentioning = (got.json for got in receiver.got)
    assert one["msgtype"] == "markdown"
    assert "[2026-000001](https://cases.city.example/cases/2026-000001)" in one["markdown"]["content"]
    assert mentioning["text"]["mentioned_mobile_list"] == ["13800001111"]


async def test_an_errcode_in_a_200_answer_is_a_refusal() -> None:
    with receiving(as_wecom) as receiver:
        fault = await refused(wecom(receiver.url, "wrong"))
        assert (fault.permanent, str(fault)) == (True, "wecom refused it: 93000 invalid webhook url")
        receiver.answer = lambda got: (200, {}, b'{"errcode":45009,"errmsg":"api freq out of limit"}')
        fault = await refused(wecom(receiver.url))
        assert (fault.permanent, fault.retry_after_s) == (False, 60)
        for nonsense in (b"<html>", b"[]", b"{}", b'{"errcode":null}'):
            receiver.answer = lambda got, said=nonsense: (200, {}, said)  # type: ignore[misc]
            fault = await refused(wecom(receiver.url))
            assert (fault.permanent, "no receipt" in str(fault)) == (False, True)


def as_dingtalk(got: Got) -> Answer:
    """Answers as oapi.dingtalk.com does for a robot that is signed."""
    query = parse_qs(urlsplit(got.path).query)
    timestamp = query.get("timestamp", [""])[0]
    expected = base64.b64encode(hmac.new(b"SEC1", f"{timestamp}\nSEC1".encode(), hashlib.sha256).digest()).decode()
    if query.get("access_token") != ["t-1"]:
        return 200, {}, b'{"errcode":300001,"errmsg":"token is not exist"}'
    if not timestamp or abs(int(timestamp) - NOON_MS) > 3_600_000 or query.get("sign") != [expected]:
        return 200, {}, b'{"errcode":310000,"errmsg":"sign not match"}'
    body = got.json
    if body["msgtype"] != "markdown" or not body["markdown"]["title"] or not body["markdown"]["text"]:
        return 200, {}, b'{"errcode":40035,"errmsg":"bad parameter"}'
    if any(f"@{mobile}" not in body["markdown"]["text"] for mobile in body["at"]["atMobiles"]):
        return 200, {}, b'{"errcode":40035,"errmsg":"bad parameter"}'
    return 200, {}, RECEIPT


def dingtalk(url: str, secret: str = "SEC1") -> Dingtalk:
    part = {"type": "dingtalk", "url": url, "access_token": "t-1", "secret": secret, **LOOPBACK}
    return Dingtalk(DingtalkPart.model_validate(part))


async def test_dingtalk_gets_a_signed_address_and_who_is_mentioned_in_the_text() -> None:
    with receiving(as_dingtalk) as receiver:
        channel = dingtalk(receiver.url)
        await channel.send(delivery(content(mobiles=("13800001111",)), content(2)), NOON_MS)
        await channel.close()
    assert receiver.got[0].json["at"] == {"atMobiles": ["13800001111"], "isAtAll": False}
    assert "/" in dingtalk_sign("SEC1", 1_780_000_000_003) or "+" in dingtalk_sign("SEC1", 1_780_000_000_001)


async def test_dingtalk_refuses_a_wrong_signature_an_old_one_and_too_many() -> None:
    with receiving(as_dingtalk) as receiver:
        assert "310000" in str(await refused(dingtalk(receiver.url, "SEC2")))
        assert "310000" in str(await refused(dingtalk(receiver.url), NOON_MS - 3_600_001))
        too_fast = b'{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}'
        receiver.answer = lambda got: (200, {}, too_fast)
        fault = await refused(dingtalk(receiver.url))
    assert (fault.permanent, fault.retry_after_s) == (False, 600)


def test_words_of_a_report_become_no_markup_link_or_mention() -> None:
    evil = "[pay](http://evil) <@all> <script>alert(1)</script> **x** @13800001111"
    sent = delivery(content(title=Text(en=evil, zh=evil)))
    markdown = markdown_of(sent, 4096)
    assert "](http://evil" not in markdown
    assert "<" not in markdown
    assert "@" not in markdown
    assert "<script>" not in html_of(sent)


def test_the_html_of_a_mail_has_the_lines_and_links_and_neither_script_image_nor_style() -> None:
    evil = "<img src=x onerror='y'>&"
    text = Text(en=evil, zh=evil)
    page = html_of(delivery(content(1, title=text, lines=(text,)), content(2)))
    assert page.count("&lt;img src=x onerror=&#39;y&#39;&gt;&amp;") == 2
    assert (page.count("<hr>"), page.count("<h3>"), page.count('<a href="https://')) == (1, 2, 2)
    assert not re.search(r"<(?:script|img|style|link|iframe)|style=", page)


@pytest.mark.parametrize("count", [1, 3, 10])
@pytest.mark.parametrize("most_bytes", [2048, 4096])
def test_what_a_robot_gets_fits_and_keeps_every_link(count: int, most_bytes: int) -> None:
    long = Text(en="a" * 900, zh="汉" * 900)
    sent = delivery(*(content(n, title=long, lines=(long, long)) for n in range(count)))
    for text in (markdown_of(sent, most_bytes), short_text_of(sent, most_bytes)):
        assert len(text.encode()) <= most_bytes
        assert all(one.url in text for _, one in sent.messages)


def test_a_digest_says_how_many_messages_it_holds_in_the_readers_language() -> None:
    assert subject_of(delivery(content(language="en"))) == "[urbansense] 2026-000001 For lighting: Lamp out"
    assert subject_of(delivery(content(language="zh"), content(2))).startswith("[urbansense] 2条消息: 2026-000001 派遣")
    assert "\n" not in subject_of(delivery(content(), content(2)))


def test_no_secret_shows_in_what_is_printed() -> None:
    part = WecomPart.model_validate({"type": "wecom", "key": "top-secret"})
    assert "top-secret" not in f"{part!r} {part}"
