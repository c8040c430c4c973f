"""Every page of the console is served in both languages, under its title, with all pages in its navigation."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from web.console.pages import PAGES
from web.console.shell.page import ConsolePage
from web.console.shell.words import pick
from web.gate.access_table import ACCESS
from web.http.language import Language

Served = dict[str, dict[str, str]]
EACH = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Served:
    folders = (str(tmp_path_factory.mktemp("pages") / "city"), str(migrated))
    command = [sys.executable, "-m", "tests.web.console.served_pages", *folders]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    pages: Served = json.loads(done.stdout)
    return pages


@EACH
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_is_served_under_its_title(page: ConsolePage, language: Language, served: Served) -> None:
    assert f"<title>{pick(page.title, language)} · urbansense</title>" in served[page.path][language]


@EACH
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_has_every_title_in_its_navigation(page: ConsolePage, language: Language, served: Served) -> None:
    """Where there are several; one alone needs none."""
    html = served[page.path][language]
    linked = {one.path for one in PAGES if f'"{one.path}?lang={language}"' in html}
    assert linked == ({one.path for one in PAGES} if len(PAGES) > 1 else set())
    assert all(pick(one.title, language) in html for one in PAGES)


@EACH
def test_a_title_is_in_both_languages_and_the_path_in_the_access_table(page: ConsolePage) -> None:
    assert page.title.en
    assert page.title.zh
    assert ACCESS.find("GET", page.path)
