"""The page docs/cases/notification.md says what holds."""

import re
from pathlib import Path
from typing import Any

from cases.notification import Occasion
from cases.notification.channels.webhook.channel import Webhook
from cases.notification.channels.webhook.part import WebhookPart
from cases.notification.document.model import DEFAULT_RULES
from cases.storage.tables import metadata
from tests.cases.notification.office import content, delivery, document
from tests.cases.notification.receivers import receiving
from tests.cases.workflow.acting import NOON_MS

PAGE = (Path(__file__).parents[3] / "docs/cases/notification.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


async def test_the_receivers_snippet_takes_what_is_sent_and_nothing_else() -> None:
    names: dict[str, Any] = {}
    exec(blocks("python")[0], names)
    is_genuine = names["is_genuine"]
    with receiving() as receiver:
        part = {"type": "webhook", "url": receiver.url, "secret": "hush", "allow": ["127.0.0.0/8"]}
        channel = Webhook(WebhookPart.model_validate(part))
        await channel.send(delivery(content()), NOON_MS)
        await channel.close()
    (got,) = receiver.got
    now_s = NOON_MS / 1000
    assert is_genuine("hush", got.headers, got.body, now_s)
    assert not is_genuine("other", got.headers, got.body, now_s)
    assert not is_genuine("hush", got.headers, got.body + b" ", now_s)
    assert not is_genuine("hush", got.headers, got.body, now_s + 301)
    assert not is_genuine("hush", {**got.headers, "x-urbansense-timestamp": str(NOON_MS // 1000 + 1)}, got.body, now_s)
    assert not is_genuine("hush", {}, got.body, now_s)


def test_every_yaml_example_is_a_document() -> None:
    assert [document(text).channels.keys() for text in blocks("yaml")] == [{"mail", "erp"}]


def test_every_occasion_stands_in_the_table_and_those_without_a_rule_tell_nobody() -> None:
    rows = re.findall(r"^\| (`.*?) \| .* \| (.*?) \|$", PAGE, flags=re.MULTILINE)
    told = {name: who for names, who in rows for name in re.findall(r"`(\w+)`", names) if name in list(Occasion)}
    assert sorted(told) == sorted(Occasion)
    ruled = {occasion for rule in DEFAULT_RULES for occasion in rule.on}
    assert {name for name, who in told.items() if not who.startswith("nobody")} == ruled


def test_every_table_is_named() -> None:
    tables = {name for name in metadata.tables if name.startswith("notify_")}
    assert all(f"`{name}`" in PAGE for name in tables)
