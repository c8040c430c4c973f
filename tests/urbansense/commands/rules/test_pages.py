"""The commands and requests on the pages about rules do what the pages say."""

import re
import shlex
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from urbansense.api_client.api import Api, ApiRefused
from urbansense.api_client.opening import open_api
from urbansense.commands.cli import app
from urbansense.configuration.settings import load_settings

DOCS = Path(__file__).parents[4] / "docs"


def blocks(page: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("URBANSENSE_HTTP_PORT", "1")  # nothing answers there
    monkeypatch.setenv("URBANSENSE_PARTITIONS", "2")
    (tmp_path / "lamp-dark.yaml").write_text(blocks("rules/changing.md", "yaml")[0], encoding="utf-8")
    return tmp_path


def test_every_command_on_the_page_about_changing_rules_works() -> None:
    lines = [line for block in blocks("rules/changing.md", "sh") for line in block.splitlines()]
    assert len(lines) >= 12
    for line in lines:
        result = CliRunner().invoke(app, shlex.split(line)[1:])
        assert result.exit_code == 0, f"{line}: {result.output}{result.exception}"


async def test_every_request_in_the_section_on_rules_is_answered() -> None:
    (block,) = blocks("api.md", "sh")
    lines = block.splitlines()
    async with open_api(load_settings()) as api:
        answers = [await request(api, line) for line in lines]
        assert [answer["rule"] for answer in answers[1]["items"]] == ["lamp-dark"]
        assert [version["note"] for version in answers[2]["items"]] == ["first night"]
        assert (answers[3]["mode"], answers[5]["version"]) == ("shadow", 1)
        assert answers[6]["is_in_force"]
        assert not answers[7]["is_in_force"]
        assert (await api.get("/api/v1/rules"))["items"] == []
        text = "rule: b\nkind: streetlight\nno_data: 1h\nsuppressed_by: feeder\n"
        with pytest.raises(ApiRefused) as refused:
            await api.post("/api/v1/rules", text, "application/yaml")
    told = re.search(
        r'\{"type": "urn:urbansense:problem:refused-rule".*?\n```', (DOCS / "api.md").read_text(), re.DOTALL
    )
    assert told is not None
    assert refused.value.problem == httpx.Response(200, text=told[0].removesuffix("```")).json()


async def request(api: Api, line: str) -> Any:
    """What a curl of the page is answered, through the same client that commands use."""
    answer = await api._client.send(curl(api._client, line))
    assert answer.is_success, f"{line}: {answer.text}"
    return answer.json() if answer.content else None


def curl(client: httpx.AsyncClient, line: str) -> httpx.Request:
    words = iter(shlex.split(line)[1:])
    method, headers, content, url = "GET", {}, b"", ""
    for word in words:
        match word:
            case "-X":
                method = next(words)
            case "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case "-d":
                content = next(words).encode()
            case "--data-binary":
                content = Path(next(words).removeprefix("@")).read_bytes()
            case _:
                url = word
    return client.build_request(method, url.removeprefix("http://127.0.0.1:8080"), headers=headers, content=content)
