"""One folder for each page, registered by one line here."""

from typing import Final

from web.console.pages.overview import page as overview
from web.console.shell.page import ConsolePage

PAGES: Final[tuple[ConsolePage, ...]] = (overview.PAGE,)
