"""The worked examples of docs/recipes, as a reader follows them: files written, lines added, commands run.

A step is a sentence and the block of code behind it:
    New file `PATH`:                    the file is the block
    In `PATH`, below `LINE`:            the block stands behind the one line that begins so
    In `PATH`, above `LINE`:            before it
    In `PATH`, instead of `LINE`:       in its place
    In `PATH`, at the end:              behind everything
A block of `sh` under the heading "Done" holds commands behind `$ ` and the lines that each prints; `…` is any text.
"""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "docs/recipes"
RECIPES: Final = tuple(sorted(path.stem for path in FOLDER.glob("*.md")))

_STEP: Final = re.compile(
    r"\b(?:New file `(?P<new>[^`\n]+)`|In `(?P<path>[^`\n]+)`, "
    r"(?:(?P<where>below|above|instead of) (?P<ticks>`+) ?(?P<line>[^\n]+?) ?(?P=ticks)|(?P<end>at the end))):\n\n?"
    r"(?P<fence>```+)\w*\n(?P<block>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
_DONE: Final = re.compile(r"^## Done$.*?^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Misprint(Exception):
    """A step that cannot be followed as it stands."""


@dataclass(frozen=True, slots=True)
class Step:
    """`block` goes into the file at `path`: as the whole of it where `where` is "new"."""

    path: str
    where: str
    line: str
    block: str


@dataclass(frozen=True, slots=True)
class Command:
    text: str
    prints: str


def page_of(recipe: str) -> str:
    return (FOLDER / f"{recipe}.md").read_text(encoding="utf-8")


def steps_of(page: str) -> list[Step]:
    """The steps of a page in order."""
    return [
        Step(found["new"], "new", "", found["block"])
        if found["new"]
        else Step(found["path"], found["where"] or "at the end", found["line"] or "", found["block"])
        for found in _STEP.finditer(page)
    ]


def commands_of(page: str) -> list[Command]:
    """What a reader runs to see that he is done."""
    found = _DONE.search(page)
    if found is None:
        raise Misprint("there is no `## Done` with a block of commands")
    return [
        Command(*(part.partition("\n")[::2]))
        for part in re.split(r"^\$ ", found[1], flags=re.MULTILINE)
        if part.strip()
    ]


def copy_source(into: Path) -> None:
    """The repository's files as they stand, without what is made of them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    )  # fmt: skip
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, into / name)


def follow(recipe: str, folder: Path) -> None:
    """Take every step of the recipe in a copy of the source. Raises: Misprint where one cannot be taken."""
    steps = steps_of(page_of(recipe))
    if not steps:
        raise Misprint(f"{recipe}: no step")
    for step in steps:
        path = folder / step.path
        if step.where == "new":
            if path.exists():
                raise Misprint(f"{recipe}: {step.path} is there already")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.block, encoding="utf-8")
        else:
            path.write_text(_changed(path.read_text(encoding="utf-8"), step, recipe), encoding="utf-8")


def _changed(text: str, step: Step, recipe: str) -> str:
    if step.where == "at the end":
        return text + step.block
    lines = text.splitlines(keepends=True)
    found = [number for number, line in enumerate(lines) if line.strip().startswith(step.line)]
    if len(found) != 1:
        raise Misprint(f"{recipe}: {len(found)} lines of {step.path} begin with {step.line}")
    (at,) = found
    first, last = {"below": (at + 1, at + 1), "above": (at, at), "instead of": (at, at + 1)}[step.where]
    return "".join([*lines[:first], step.block, *lines[last:]])


def run(command: Command, folder: Path) -> str:
    """What the command prints, where it ends well and as the page says. Raises: Misprint."""
    words = shlex.split(command.text)
    words[0] = re.sub(r"^\.venv/bin", str(Path(sys.executable).parent), words[0])
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Misprint(f"$ {command.text}\nends with {done.returncode}:\n{done.stdout}{done.stderr}")
    if not re.search(_pattern(command.prints), done.stdout, re.DOTALL):
        raise Misprint(f"$ {command.text}\nprints\n{done.stdout}and not\n{command.prints}")
    return done.stdout


def _pattern(prints: str) -> str:
    return ".*".join(re.escape(part) for part in prints.strip().split("…"))


def files_named_in(text: str) -> Iterator[str]:
    """Every path of a file in backticks."""
    yield from re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|md|yaml|toml))`", text)
