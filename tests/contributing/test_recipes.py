"""CONTRIBUTING.md's recipes name every file, and their worked examples lead where the pages say."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contributing.recipes import (
    RECIPES,
    ROOT,
    Misprint,
    Step,
    commands_of,
    copy_source,
    follow,
    page_of,
    run,
    steps_of,
)

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PATIENCE_S = 1800
"""Commands of their own processes, which may find a busy machine."""
SEVEN = {"api-route", "channel", "console-page", "dialect", "fault", "rule-clause", "store"}
_SECTION = re.compile(r"^## [^\n]*\n(?P<text>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def section_of(recipe: str) -> str:
    (found,) = [
        part["text"] for part in _SECTION.finditer(CONTRIBUTING) if f"(docs/recipes/{recipe}.md)" in part["text"]
    ]
    return found


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source in which all recipes were followed, one after the other."""
    folder = tmp_path_factory.mktemp("followed")
    copy_source(folder)
    for recipe in RECIPES:
        follow(recipe, folder)
    return folder


def test_there_are_seven() -> None:
    assert set(RECIPES) == SEVEN


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_names_every_file_that_its_example_touches(recipe: str) -> None:
    text = section_of(recipe)
    touched = {step.path for step in steps_of(page_of(recipe))}
    known = {path for path in touched if (ROOT / path).exists()}
    folders = {Path(path).parent.as_posix() for path in touched - known}
    assert {path for path in known if f"`{path}`" not in text and f"({path})" not in text} == set()
    assert {path for path in folders if not any(f"`{up}`" in text for up in _above(path))} == set()


def _above(folder: str) -> list[str]:
    """The folder and the one above it: a recipe says "a folder below `ingest/dialects/`"."""
    return [f"{folder}/", f"{Path(folder).parent.as_posix()}/"]


@pytest.mark.timeout(PATIENCE_S)
def test_the_tests_that_the_examples_bring_pass(followed: Path) -> None:
    brought = [step.path for recipe in RECIPES for step in steps_of(page_of(recipe)) if "/test_" in step.path]
    assert len(brought) >= 5
    _pytest(followed, *(path for path in brought if (followed / path).name.startswith("test_")))


def test_what_the_examples_write_is_in_style(followed: Path) -> None:
    ruff = str(Path(sys.executable).with_name("ruff"))
    for arguments in (["check", "--no-cache", "."], ["format", "--no-cache", "--check", "."]):
        done = subprocess.run([ruff, *arguments], cwd=followed, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.long
@pytest.mark.timeout(PATIENCE_S)
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_worked_example_is_done_where_its_page_says(recipe: str, followed: Path) -> None:
    for command in commands_of(page_of(recipe)):
        run(command, followed)


@pytest.mark.long
@pytest.mark.timeout(PATIENCE_S)
def test_with_all_examples_the_laws_of_the_house_hold(followed: Path) -> None:
    _pytest(followed, "tests/architecture")


@pytest.mark.long
@pytest.mark.timeout(PATIENCE_S)
@pytest.mark.parametrize("recipe", RECIPES)
def test_each_example_stands_alone_and_its_types_hold(recipe: str, tmp_path: Path) -> None:
    copy_source(tmp_path)
    follow(recipe, tmp_path)
    written = [step.path for step in steps_of(page_of(recipe)) if step.path.endswith(".py")]
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / ".mypy_cache"), *written]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    for line in commands_of(page_of(recipe)):
        run(line, tmp_path)


def test_a_step_whose_line_is_gone_or_stands_twice_is_a_misprint(tmp_path: Path) -> None:
    page = "In `a.py`, below `x = 1`:\n```python\ny = 2\n```\nNew file `b.py`:\n```python\n```\n"
    assert steps_of(page) == [Step("a.py", "below", "x = 1", "y = 2\n"), Step("b.py", "new", "", "")]
    copy_source(tmp_path)
    (tmp_path / "web/serving/app.py").write_text("nothing\n", encoding="utf-8")
    with pytest.raises(Misprint, match=r"0 lines of web/serving/app.py begin with"):
        follow("api-route", tmp_path)


def _pytest(folder: Path, *paths: str) -> None:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--timeout", str(PATIENCE_S), *paths]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
