"""What the documentation names is there."""

import re
from pathlib import Path

from tests.architecture.source import NOT_PRODUCT, PACKAGES, ROOT, shown
from tests.architecture.test_glossary import exists, topic_names

_PATH = re.compile(rf"(?<![\w/.-])((?:{'|'.join((*PACKAGES, *NOT_PRODUCT))})/[\w/.-]*\.(?:py|yaml|sh|js|css))\b")
_NAME = re.compile(rf"`((?:{'|'.join(PACKAGES)})\.[\w.]+)`")
_MAPPED = re.compile(r"^(  )?(\w+)/ +\S", re.MULTILINE)
_NEW = re.compile(r"\bNew file `([^`]+)`")
"""What a worked example makes in a copy of the source."""
_BESIDE = {"examples/water-main/README.md"}
"""Pages whose paths begin where they lie."""


def test_every_file_of_the_source_that_a_page_names_exists() -> None:
    pages: list[Path] = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("*.md")]
    gone = [
        f"{shown(page)}: {name}"
        for page in pages
        if shown(page) not in _BESIDE
        for text in (page.read_text(encoding="utf-8"),)
        for name in set(_PATH.findall(text)) - set(_NEW.findall(text))
        if not (ROOT / name).exists()
    ]
    assert gone == []


def test_every_name_that_the_map_mentions_exists() -> None:
    """The types and functions of the walk."""
    names = set(_NAME.findall((ROOT / "docs/architecture.md").read_text(encoding="utf-8"))) - topic_names()
    assert len(names) > 25
    assert sorted(name for name in names if not exists(name)) == []


def test_the_map_names_every_room_and_every_folder_of_it_and_no_other() -> None:
    rooms, folders, room = set(), set(), ""
    for indent, name in _MAPPED.findall((ROOT / "docs/architecture.md").read_text(encoding="utf-8")):
        if indent:
            folders.add(f"{room}/{name}")
        else:
            room = name
            rooms.add(room)
    assert rooms == set(PACKAGES)
    assert folders == {shown(path.parent) for package in PACKAGES for path in (ROOT / package).glob("*/__init__.py")}


def test_every_link_between_pages_leads_to_a_file_and_a_heading() -> None:
    pages = [
        *ROOT.glob("*.md"),
        *(path for top in ("docs", "examples", "tests") for path in (ROOT / top).rglob("*.md")),
    ]
    links = [(page, target) for page in pages for target in _LINK.findall(_prose(page))]
    assert len(links) > 100
    assert [f"{shown(page)}: {target}" for page, target in links if _is_dead(page, target)] == []


_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")


def _prose(page: Path) -> str:
    """A page without what stands in code."""
    return re.sub(r"(`+).*?\1", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def _is_dead(page: Path, target: str) -> bool:
    path, _, heading = target.partition("#")
    there = page.parent / path if path else page
    if not there.exists():
        return True
    if not heading:
        return False
    outside_code = re.sub(r"```.*?```", "", there.read_text(encoding="utf-8"), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", outside_code, re.MULTILINE)
    return heading not in {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
