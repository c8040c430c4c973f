"""The page about the policy: its examples are taken, and it names every part and condition."""

import re
from pathlib import Path

import pytest

from cases.policy import Condition, load_policy
from cases.policy.document import PolicyDocument
from cases.workflow.states import State
from tests.cases.policy.test_policy import sensed

PAGE = (Path(__file__).parents[3] / "docs/cases/policy.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_citys_file_on_the_page_does_what_the_page_says(tmp_path: Path) -> None:
    (example,) = EXAMPLES
    path = tmp_path / "city.yaml"
    path.write_text(example, encoding="utf-8")
    policy = load_policy(path)
    assert policy.term_for(sensed(problem="cover-missing", area="320582/110/152")).amount == 2
    assert policy.term_for(sensed(problem="cover-missing", area="320582/190")).amount == 6
    assert policy.term_for(sensed(problem="lamp-out", class_code="0118", area="320582/190/1")).amount == 3
    harbour = policy.assign(sensed(problem="lamp-out", area="320582/190/1", proposed_department="lighting"))
    assert harbour is not None
    assert (harbour.department, harbour.automatic) == ("harbour-lighting", True)
    waits = sensed(state=State.DISPATCHED, department="drainage")
    assert policy.escalations(waits)[0].departments == ("drainage", "police")


@pytest.mark.parametrize("name", [field.alias or name for name, field in Condition.model_fields.items()])
def test_the_page_names_every_condition(name: str) -> None:
    assert f"| `{name}` |" in PAGE


@pytest.mark.parametrize("name", PolicyDocument.model_fields)
def test_the_page_names_every_part(name: str) -> None:
    assert f"| `{name}` |" in PAGE or f"`{name}: true`" in PAGE
