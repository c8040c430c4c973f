"""Photos of cases: what they are decides, not what they are called; what was taken is on the disk."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from cases.attachments import MOST_BYTES, PhotoQuota
from cases.attachments.rows import MOST_PER_CASE
from tests.web.city import City
from tests.web.desk import COVER, DRAINAGE, VIEWER, Desk, client, open_desk

JPEG = b"\xff\xd8\xff\xe1\x00\x18Exif\x00\x00" + bytes(range(256)) * 8
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
WEBP = b"RIFF\x24\x00\x00\x00WEBPVP8 " + b"\x00" * 64
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture
def desk(city: City, tmp_path: Path) -> Desk:
    return open_desk(city, tmp_path, f"sqlite:///{tmp_path / 'cases.db'}")


@pytest.fixture
async def api(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with client(desk.app()) as opened:
        yield opened


@pytest.fixture
async def path(api: httpx.AsyncClient) -> str:
    case = (await api.post("/api/v1/cases", json=COVER)).json()
    return f"/api/v1/cases/{case['number']}"


async def attach(
    api: httpx.AsyncClient, path: str, content: bytes, name: str = "photo.jpg", **more: Any
) -> httpx.Response:
    return await api.post(f"{path}/attachments", files={"photo": (name, content)}, **more)


def field(name: str) -> bytes:
    return b'--b\r\ncontent-disposition: form-data; name="%s"; filename="a"\r\n\r\n' % name.encode()


def kept(desk: Desk) -> list[Path]:
    return sorted(file for file in (desk.folder / "attachments").rglob("*") if file.is_file())


@pytest.mark.parametrize(
    ("content", "media_type", "name"),
    [(JPEG, "image/jpeg", "IMG_1.jpg"), (PNG, "image/png", "IMG_1.png"), (WEBP, "image/webp", "IMG_1.webp")],
)
async def test_a_photo_comes_back_as_it_was_sent(
    api: httpx.AsyncClient, desk: Desk, path: str, content: bytes, media_type: str, name: str
) -> None:
    answer = await attach(api, path, content, "IMG_1.exe", data={"note": "before the repair"})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["name"], told["media_type"], told["size"]) == (name, media_type, len(content))
    assert told["content"] == hashlib.sha256(content).hexdigest()
    photo = await api.get(answer.headers["location"])
    assert photo.content == content
    assert photo.headers["content-type"] == media_type
    assert photo.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in photo.headers["content-security-policy"]
    assert photo.headers["content-disposition"] == f"inline; filename*=UTF-8''{name}"
    case = (await api.get(path)).json()
    assert case["attachments"] == [told]
    step = case["history"][-1]
    assert (step["transition"], step["note"]) == ("comment", "before the repair")
    assert step["details"] == {"attachment": told["attachment_id"], "sha256": told["content"]}


@pytest.mark.parametrize(
    "content", [SVG, b"GIF89a" + b"\0" * 64, b"%PDF-1.7" + b"\0" * 64, b"", b"\xff\xd8", b"RIFF1234AVI "]
)
async def test_what_is_no_photo_is_refused_whatever_it_is_called(
    api: httpx.AsyncClient, desk: Desk, path: str, content: bytes
) -> None:
    answer = await attach(api, path, content)
    assert answer.status_code == 415, answer.text
    assert kept(desk) == []
    assert (await api.get(path)).json()["attachments"] == []


async def test_a_photo_that_is_too_large_is_refused_and_nothing_of_it_stays(
    api: httpx.AsyncClient, desk: Desk, path: str
) -> None:
    largest = JPEG + b"\0" * (MOST_BYTES - len(JPEG))
    assert (await attach(api, path, largest)).status_code == 201
    answer = await attach(api, path, largest + b"\0")
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:urbansense:problem:too-large")
    assert len(kept(desk)) == 1


async def test_the_same_photo_is_kept_once_for_every_case_and_named_once_in_each(
    api: httpx.AsyncClient, desk: Desk, path: str
) -> None:
    first = await attach(api, path, JPEG)
    again = await attach(api, path, JPEG, "another name.jpg")
    assert (again.status_code, again.json()) == (200, first.json())
    other = (await api.post("/api/v1/cases", json=COVER)).json()
    elsewhere = await attach(api, f"/api/v1/cases/{other['number']}", JPEG)
    assert elsewhere.status_code == 201
    assert len(kept(desk)) == 1
    taken = f"{path}/attachments/{elsewhere.json()['attachment_id']}"
    assert (await api.get(taken)).status_code == 404


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("../../etc/passwd", "passwd.jpg"),
        ("C:\\photos\\cover.jpeg", "cover.jpg"),
        ("井盖.jpg", "井盖.jpg"),
        ('a"\r\nX-Evil: 1.jpg', "a%22%0D%0AX-Evil 1.jpg"),
        ("photo\u202egpj.exe", "photogpj.jpg"),
        (".htaccess", "htaccess.jpg"),
        ("x" * 300 + ".png", "x" * 116 + ".jpg"),
        ("", "photo.jpg"),
    ],
)
async def test_names_are_made_safe(api: httpx.AsyncClient, path: str, given: str, name: str) -> None:
    answer = await attach(api, path, JPEG, given or "\u202e")
    assert answer.status_code == 201, answer.text
    assert answer.json()["name"] == name
    assert (await api.get(answer.headers["location"])).status_code == 200


async def test_a_case_has_a_bounded_number_of_photos(api: httpx.AsyncClient, path: str) -> None:
    for number in range(MOST_PER_CASE):
        assert (await attach(api, path, JPEG + bytes([number]))).status_code == 201
    assert (await attach(api, path, PNG)).status_code == 409


async def test_only_who_may_comment_attaches(api: httpx.AsyncClient, desk: Desk, path: str) -> None:
    desk.actor = VIEWER
    assert (await attach(api, path, JPEG)).status_code == 403
    desk.actor = DRAINAGE
    assert (await attach(api, path, JPEG)).status_code == 404
    assert kept(desk) == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (JPEG, "multipart/form-data", 415),
        (b"--b\r\n", "multipart/form-data; boundary=b", 422),
        (b"--b--\r\n", "multipart/form-data; boundary=b", 422),
        (b"garbage", "multipart/form-data; boundary=b", 422),
        (field("photo") + JPEG, "multipart/form-data; boundary=b", 422),
        (field("other") + b"x\r\n--b--\r\n", "multipart/form-data; boundary=b", 422),
        (field("note") + b"\xff\r\n" + field("photo") + JPEG + b"\r\n--b--\r\n", "multipart/form-data; boundary=b", 422),
        (b"x", "multipart/form-data; boundary=" + "b" * 5000, 422),
    ],
)  # fmt: skip
async def test_a_form_that_breaks_off_or_is_none_is_refused(
    api: httpx.AsyncClient, desk: Desk, path: str, body: bytes, kind: str, status: int
) -> None:
    answer = await api.post(f"{path}/attachments", content=body, headers={"content-type": kind})
    assert answer.status_code == status, answer.text
    assert kept(desk) == []


async def test_a_foreign_page_cannot_post_its_form_here(api: httpx.AsyncClient, path: str) -> None:
    assert (await attach(api, path, JPEG, headers={"origin": "https://evil.example"})).status_code == 403
    assert (await attach(api, path, JPEG, headers={"origin": "http://127.0.0.1:8080"})).status_code == 201


async def test_when_photos_have_no_room_the_answer_says_so(api: httpx.AsyncClient, desk: Desk, path: str) -> None:
    desk.services.photos.room.quota = PhotoQuota(total_bytes=100, free_bytes=0)
    assert (await attach(api, path, JPEG)).status_code == 201
    refused = await attach(api, path, PNG)
    assert (refused.status_code, refused.json()["type"]) == (507, "urn:urbansense:problem:no-room")


async def test_one_person_sends_only_so_much_in_a_day_and_another_one_still_may(
    api: httpx.AsyncClient, desk: Desk, path: str
) -> None:
    desk.services.photos.room.quota = PhotoQuota(person_day_bytes=len(JPEG), free_bytes=0)
    assert (await attach(api, path, JPEG)).status_code == 201
    refused = await attach(api, path, PNG)
    assert (refused.status_code, refused.json()["type"]) == (429, "urn:urbansense:problem:too-much")
    first, desk.actor = desk.actor, replace(desk.actor, name="somebody-else")
    assert (await attach(api, path, PNG)).status_code == 201
    desk.actor = first
    desk.now_ms += 86_400_001
    assert (await attach(api, path, WEBP)).status_code == 201


async def test_a_photo_for_a_case_that_takes_no_more_leaves_no_file(
    api: httpx.AsyncClient, desk: Desk, path: str
) -> None:
    for number in range(MOST_PER_CASE):
        assert (await attach(api, path, JPEG + bytes([number]))).status_code == 201
    files = kept(desk)
    assert (await attach(api, path, PNG)).status_code == 409
    assert kept(desk) == files
