"""The document: what it may say, and every problem at its place without showing a secret."""

from pathlib import Path

import pytest

import cases.notification
from cases.notification import NotifyDocument, load_notification
from cases.notification.channels.register import open_channels
from cases.notification.channels.wecom.part import WecomPart
from cases.notification.timing.rates import Rate
from cases.workflow.states import State
from domain.errors import ConfigurationError
from tests.cases.notification.office import ENVIRONMENT, document
from tests.cases.workflow.acting import case_in

EXAMPLE = Path(cases.notification.__file__).with_name("notify.yaml")
HOOK = "channels: {erp: {type: webhook, url: 'https://erp.example/x', secret: '${ERP_SECRET}'}}\n"


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        document(text)
    return [problem.removeprefix("notify.yaml:") for problem in refused.value.problems]


async def test_the_example_is_whole_and_opens_every_channel() -> None:
    loaded = load_notification(EXAMPLE, ENVIRONMENT)
    channels = open_channels(loaded.channels)
    assert sorted(channels) == ["duty-room", "erp", "lighting-room", "mail"]
    assert loaded.channels["lighting-room"].rate == Rate(20, 60_000)
    for channel in channels.values():
        await channel.close()


def test_a_secret_comes_from_the_environment_and_stands_nowhere_else() -> None:
    loaded = document("channels: {room: {type: wecom, key: '${WECOM_KEY}'}}")
    room = loaded.channels["room"]
    assert isinstance(room, WecomPart)
    assert room.key.get_secret_value() == "k-1"
    assert "k-1" not in repr(loaded)
    assert problems("channels:\n  room: {type: wecom, key: in-the-open}\n") == [
        "2:23: `key` does not stand in the file; write ${NAME} of a variable of the environment"
    ]
    assert problems("channels:\n  room: {type: wecom, key: '${NOT_SET}'}\n") == ["2:23: the environment has no NOT_SET"]


def test_every_problem_is_named_with_its_place_and_no_value_of_a_channel() -> None:
    text = """\
channels:
  mail: {type: email, host: smtp.example, from: nobody, password: '${SMTP_PASSWORD}', prot: 25}
  room: {type: pigeon}
  erp: {type: webhook, url: ftp://x, secret: '${ERP_SECRET}', rate: often, timeout: 5m}
quiet_hours: daily 00:00-24:00
rules:
  - {on: exploded, to: department}
  - {on: closed, to: the mayor}
templates:
  urged: {en: '{secret}', zh: '{title}'}
"""
    found = problems(text)
    assert [problem.partition(": ")[0] for problem in found] == [
        "2:43", "2:87", "3:3", "4:24", "4:63", "4:76", "5:1", "7:6", "8:18", "9:1",
    ]  # fmt: skip
    assert not any("pw" in problem or "hush" in problem for problem in found)


def test_a_channel_that_is_named_must_be_there_and_a_rule_must_say_to_whom() -> None:
    text = HOOK + "by: post\ndepartments: {lighting: {channels: [room]}}\nrules:\n  - {on: closed, by: erp}\n"
    assert problems(text) == [
        "2:1: there is no channel `post`; known are erp",
        "3:37: there is no channel `room`; known are erp",
        "5:5: `to` is missing: whom to tell?",
    ]


def test_a_network_and_a_file_of_certificates_are_looked_at_when_it_is_read() -> None:
    text = HOOK.replace("'${ERP_SECRET}'", "'${ERP_SECRET}', allow: [10.0.0.0/99], ca_file: /nowhere.pem")
    found = problems(text)
    assert ["write a network" in found[0], "Path does not point to a file" in found[1]] == [True, True]


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"URBANSENSE_NOTIFY: nowhere\.yaml cannot be read"):
        load_notification(Path("nowhere.yaml"), {})
    assert problems("channels: [")[0].startswith("2:1: not YAML")
    assert problems("{}") == ["1:1: `channels` is missing"]


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("{on: closed, to: operators}", True),
        ("{on: [urged, closed], to: operators, severity: critical}", True),
        ("{on: closed, to: operators, severity: [minor, warning]}", False),
        ("{on: closed, to: operators, problem: 'cover-*', area: '320582/110'}", True),
        ("{on: closed, to: operators, area: '320582/11'}", False),
        ("{on: urged, to: operators}", False),
    ],
)
def test_a_rule_holds_for_what_it_names(rule: str, holds: bool) -> None:
    loaded: NotifyDocument = document(HOOK + f"rules: [{rule}]\n")
    (found,) = loaded.rules_in_force()
    assert found.holds(cases.notification.Occasion.CLOSED, case_in(State.CLOSED)) is holds
