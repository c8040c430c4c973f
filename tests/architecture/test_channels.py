"""A notification channel is its folder and a line of the register: nothing else of the product names it."""

import re

import pytest

from cases.notification.channels.register import KINDS
from tests.architecture.source import product, shown

_CHANNELS = "cases/notification/channels/"
_WORDS_OF_OTHERS = {"email": "a field of every user is called so, and a module of Python"}


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - _WORDS_OF_OTHERS.keys()))
def test_a_channel_is_named_in_its_folder_and_the_register_alone(kind: str) -> None:
    named = {
        shown(path) for path in product().values() if re.search(kind, path.read_text(encoding="utf-8"), re.IGNORECASE)
    }
    elsewhere = {path for path in named if not path.startswith(f"{_CHANNELS}{kind}/")}
    assert elsewhere == {f"{_CHANNELS}register.py"} | _NAMED_IN_AN_ADDRESS.get(kind, set())


_NAMED_IN_AN_ADDRESS = {"webhook": {f"{_CHANNELS}wecom/part.py"}}
"""WeCom calls the address of a robot so."""


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_nothing_but_the_register_imports_a_channel(kind: str) -> None:
    folder = f"cases.notification.channels.{kind}"
    importing = {
        shown(path)
        for path in product().values()
        if not shown(path).startswith(f"{_CHANNELS}{kind}/") and f"{folder}." in path.read_text(encoding="utf-8")
    }
    assert importing == {f"{_CHANNELS}register.py"}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_register_calls_a_channel_what_documents_call_it(kind: str) -> None:
    assert KINDS[kind].part.model_fields["type"].annotation.__args__ == (kind,)
