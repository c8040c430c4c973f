"""Every page of the console in both languages, in a process of its own: NiceGUI knows one app a process.

Run as: python -m tests.web.console.served_pages FOLDER MIGRATED   (prints the HTML of each as JSON, by path and language)
"""

import asyncio
import json
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
from prometheus_client import CollectorRegistry

from tests.web.city import open_city
from web.console.pages import PAGES
from web.serving.app import create_app


async def _pages(folder: Path, migrated: Path) -> dict[str, dict[str, str]]:
    async with open_city(folder, migrated) as city:
        app = create_app(city.services(), zone=ZoneInfo("Asia/Shanghai"), registry=CollectorRegistry())
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            return {
                page.path: {
                    language: (await client.get(page.path, params={"lang": language})).raise_for_status().text
                    for language in ("en", "zh")
                }
                for page in PAGES
            }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_pages(*map(Path, sys.argv[1:])))))
