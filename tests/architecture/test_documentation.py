"""What the documentation names is there."""

import re
from pathlib import Path

from tests.architecture.source import NOT_PRODUCT, PACKAGES, ROOT, shown

_PATH = re.compile(rf"(?<![\w/.-])((?:{'|'.join((*PACKAGES, *NOT_PRODUCT))})/[\w/.-]*\.(?:py|yaml|sh|js|css))\b")
_MAPPED = re.compile(r"^(  )?(\w+)/ +\S", re.MULTILINE)
_BESIDE = {"examples/water-main/README.md"}
"""Pages whose paths begin where they lie."""


def test_every_file_of_the_source_that_a_page_names_exists() -> None:
    pages: list[Path] = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("*.md")]
    gone = [
        f"{shown(page)}: {name}"
        for page in pages
        if shown(page) not in _BESIDE
        for name in _PATH.findall(page.read_text(encoding="utf-8"))
        if not (ROOT / name).exists()
    ]
    assert gone == []


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
