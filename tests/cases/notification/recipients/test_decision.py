"""Who is told of which step, in which words."""

from typing import Any

import pytest

from cases.notification.document.model import NotifyDocument
from cases.notification.messages.message import Notification, Occasion, Occurrence
from cases.notification.recipients.decision import Decision
from cases.notification.recipients.directory import Person, Staff
from cases.notification.recipients.preferences import Preference
from cases.storage import HistoryEntry
from cases.workflow.case import Case
from cases.workflow.states import State
from domain.actors import Role
from domain.events import Severity, Text
from tests.cases.notification.office import ZONE, document
from tests.cases.workflow.acting import DISPATCHER, DRAINAGE, NOON_MS, act, case_in, reported

MAIL = "mail: {type: email, host: smtp.example, from: desk@city.example}"
ROOM = "room: {type: wecom, key: '${WECOM_KEY}', mention: true}"
PLAIN = f"channels: {{{MAIL}}}\nby: mail\n"


def person(name: str, role: Role, *departments: str, **more: Any) -> Person:
    return Person(name, frozenset({role}), frozenset(departments), email=f"{name}@city.example", **more)


PEOPLE = Staff(
    [
        person("dora", Role.DEPARTMENT, "drainage", phone="+86 138 0000 1111"),
        person("dirk", Role.DEPARTMENT, "drainage"),
        person("lars", Role.DEPARTMENT, "lighting"),
        person("dima", Role.DISPATCHER),
        person("olga", Role.OPERATOR),
        person("otto", Role.OPERATOR, areas=("999999",)),
        person("ada", Role.ADMINISTRATOR),
    ],
    {"drainage": Text(en="Drains", zh="排水处")},
)


def decided(text: str = PLAIN, preferences: dict[str, Preference] | None = None) -> Decision:
    wanted: NotifyDocument = document(text)
    return Decision(wanted, ZONE, PEOPLE, preferences or {})


def entry(transition: str, case: Case, actor: str = "urbansense", note: str = "") -> HistoryEntry:
    return HistoryEntry(1, case.revision, transition, actor, NOON_MS, note, {}, case)


def told(found: list[Notification]) -> list[str]:
    return [message.address or message.channel for message in found]


TO_DEPARTMENT = ["dirk@city.example", "dora@city.example"]
DISPATCHED = case_in(State.DISPATCHED)


@pytest.mark.parametrize(
    ("transition", "case", "expected"),
    [
        ("report", reported(), ["olga@city.example"]),
        ("report", reported(trusted=True), []),
        ("file", case_in(State.FILED), ["dima@city.example"]),
        ("verify", case_in(State.FILED), ["dima@city.example"]),
        ("dispatch", DISPATCHED, TO_DEPARTMENT),
        ("hand_over", DISPATCHED, TO_DEPARTMENT),
        ("urge", DISPATCHED, TO_DEPARTMENT),
        ("fail", DISPATCHED, TO_DEPARTMENT),
        ("grant_extension", DISPATCHED, TO_DEPARTMENT),
        ("ask_extension", DISPATCHED, ["dima@city.example"]),
        ("return", case_in(State.FILED), ["dima@city.example"]),
        ("reopen", case_in(State.FILED), ["dima@city.example"]),
        ("close", case_in(State.CLOSED), []),
        ("attach", DISPATCHED, []),
        ("amend", DISPATCHED, []),
        ("detach", DISPATCHED, []),
        ("merge", case_in(State.MERGED), []),
        ("comment", DISPATCHED, []),
        ("accept", case_in(State.ACCEPTED), []),
    ],
)
def test_without_rules_of_its_own_a_city_tells_whom_it_concerns(
    transition: str, case: Case, expected: list[str]
) -> None:
    assert told(decided().messages_for(entry(transition, case), case, NOON_MS)) == expected


def test_nothing_is_told_of_a_case_that_was_merged_or_dispatched_meanwhile() -> None:
    merged, filed = case_in(State.MERGED), case_in(State.FILED)
    assert decided().messages_for(entry("dispatch", DISPATCHED), merged, NOON_MS) == []
    assert decided().messages_for(entry("file", filed), DISPATCHED, NOON_MS) == []


def test_who_closed_cases_are_told_to_is_asked_for_by_problem_and_severity() -> None:
    text = PLAIN + "rules: [{on: closed, to: [operators, 'user:ada'], problem: 'cover-*', severity: critical}]\n"
    closed = case_in(State.CLOSED)
    assert told(decided(text).messages_for(entry("close", closed), closed, NOON_MS)) == [
        "olga@city.example",
        "ada@city.example",
    ]
    minor = closed.model_copy(update={"severity": Severity.MINOR})
    assert decided(text).messages_for(entry("close", minor), minor, NOON_MS) == []


def test_nobody_is_told_twice_and_nobody_of_what_they_did() -> None:
    text = PLAIN + "rules: [{on: urged, to: department}, {on: urged, to: [department, dispatchers]}]\n"
    found = decided(text).messages_for(entry("urge", DISPATCHED, actor="dima"), DISPATCHED, NOON_MS)
    assert told(found) == TO_DEPARTMENT


def test_a_departments_room_gets_one_message_that_mentions_its_people() -> None:
    text = f"channels: {{{MAIL}, {ROOM}}}\ndepartments: {{drainage: {{channels: room, language: zh}}}}\n"
    (message,) = decided(text).messages_for(entry("dispatch", DISPATCHED), DISPATCHED, NOON_MS)
    assert (message.channel, message.address, message.content.mobiles) == ("room", "", ("13800001111",))
    assert message.content.language == "zh"
    filed = case_in(State.FILED)
    assert decided(text).messages_for(entry("file", filed), filed, NOON_MS) == []


def test_an_escalation_goes_to_whom_the_policy_names() -> None:
    chain = Occurrence(
        "k", Occasion.ESCALATED, DISPATCHED, NOON_MS, audience=("department:lighting", "role:administrator")
    )
    assert told(decided().messages_about(chain, NOON_MS)) == ["lars@city.example", "ada@city.example"]


def test_what_a_message_says_has_the_number_the_place_the_deadline_and_a_link() -> None:
    text = PLAIN + "console: https://cases.city.example/\n"
    case = act(case_in(State.IN_PROGRESS, address="Ring Road 1"), "return", DRAINAGE, note="not ours\nat all")
    again = act(case, "dispatch", DISPATCHER, department="drainage", term=DISPATCHED.deadline.term)  # type: ignore[union-attr]
    message = decided(text).messages_for(entry("dispatch", again, "dima", "see\nmap"), again, NOON_MS)[0]
    assert message.content.title == Text(
        en="2026-000001 For Drains: Cover open", zh="2026-000001 派遣至排水处:井盖开启"
    )
    assert [line.en for line in message.content.lines] == [
        "Severity: critical",
        "Problem: cover-open",
        "Place: Ring Road 1 320582/110/152/102",
        "Deadline: 2026-05-29 08:26 (Asia/Shanghai)",
        "Note: see map",
        "By: dima",
    ]
    assert message.content.url == "https://cases.city.example/cases/2026-000001"


def test_a_city_has_its_own_words() -> None:
    text = PLAIN + "templates: {urged: {en: 'Hurry, {department}! {title}', zh: '{department}:{title}'}}\n"
    message = decided(text).messages_for(entry("urge", DISPATCHED), DISPATCHED, NOON_MS)[0]
    assert message.content.title.en == "2026-000001 Hurry, Drains! Cover open"


def test_a_held_case_is_told_of_when_its_hold_is_over() -> None:
    held = DISPATCHED.model_copy(update={"hold_until_ms": NOON_MS + 5})
    assert {one.not_before_ms for one in decided().messages_for(entry("dispatch", held), held, NOON_MS)} == {
        NOON_MS + 5
    }


def test_the_same_step_gives_the_same_ids_and_another_recipient_another() -> None:
    first, again = (
        decided().messages_for(entry("dispatch", DISPATCHED), DISPATCHED, now) for now in (NOON_MS, NOON_MS + 9)
    )
    assert [one.message_id for one in first] == [one.message_id for one in again]
    assert len({one.message_id for one in first}) == 2


def test_a_persons_wishes_count_before_everybodys() -> None:
    wishes = {"dora": Preference(language="zh"), "dirk": Preference(channels=("room",))}
    (message,) = decided(PLAIN, wishes).messages_for(entry("dispatch", DISPATCHED), DISPATCHED, NOON_MS)
    assert (message.person, message.content.language) == ("dora", "zh")
    with pytest.raises(ValueError, match="no hour"):
        Preference(quiet_hours=("daily 00:00-24:00",))
