"""A real OpenID provider (oidc-provider-mock, on Authlib's server side) on a loopback port.

It is made to hold the client to PKCE, which it does not do by itself, and can be told to spoil what it answers.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import flask
import httpx
import oidc_provider_mock
from werkzeug.serving import make_server


@dataclass
class Provider:
    """`spoil` may change the provider's JSON answers, by path; `challenges` are those of the codes given out."""

    issuer: str = ""
    spoil: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = field(default_factory=dict)
    challenges: dict[str, str] = field(default_factory=dict)

    def user(self, sub: str, **claims: object) -> None:
        httpx.put(f"{self.issuer}/users/{sub}", json=claims).raise_for_status()

    def consent(self, url: str, sub: str) -> str:
        """What the person does at the provider; the address that the browser is then sent to."""
        answer = httpx.post(url, data={"sub": sub}, follow_redirects=False)
        assert answer.is_redirect, answer.text
        back = answer.headers["location"]
        code = dict(parse_qsl(urlsplit(back).query)).get("code", "")
        self.challenges[code] = dict(parse_qsl(urlsplit(url).query))["code_challenge"]
        return back


@contextmanager
def running_provider(token_age_s: float = 3600) -> Iterator[Provider]:
    app: flask.Flask = oidc_provider_mock.app(require_nonce=True, access_token_max_age=timedelta(seconds=token_age_s))
    provider = Provider()

    @app.before_request
    def hold_to_pkce() -> tuple[str, int] | None:
        if flask.request.path != "/oauth2/token":
            return None
        verifier = flask.request.form.get("code_verifier", "")
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        known = provider.challenges.get(flask.request.form.get("code", ""))
        return None if challenge == known else ('{"error": "invalid_grant"}', 400)

    @app.after_request
    def spoil(response: flask.Response) -> flask.Response:
        change = provider.spoil.get(flask.request.path)
        if change is not None:
            response.set_data(flask.json.dumps(change(response.get_json())))
        return response

    server = make_server("127.0.0.1", 0, app, threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
