"""A stand-in for an OpenID Connect provider on this machine; ``subject`` is who signs in there just now."""

import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

CLIENT_ID, CLIENT_SECRET = "qazyna", "s3cret/with:signs"


@dataclass
class StandIn:
    """What it holds; ``spoil`` changes the claims of the next tokens."""

    issuer: str = ""
    subject: str | None = "subject-1"
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one"}))
    signs_with: ECKey | None = None
    spoil: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    """What was asked for, by the code that was given out."""
    fetched: list[str] = field(default_factory=list)

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def keys(self) -> dict[str, Any]:
        return dict(KeySet([self.key]).as_dict(private=False))

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser is sent back to."""
        if self.subject is None:
            return f"{asked['redirect_uri']}?{urlencode({'error': 'access_denied', 'state': asked['state']})}"
        code = f"code-{len(self.asked)}"
        self.asked[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, sent: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """An answer with an ID token; none where code, secret, verifier or address do not fit."""
        asked = self.asked.pop(sent.get("code", ""), None)
        if asked is None or asked["redirect_uri"] != sent.get("redirect_uri"):
            return None
        if b64decode(authorization.removeprefix("Basic ")).decode() != f"{CLIENT_ID}:s3cret%2Fwith%3Asigns":
            return None
        proof = urlsafe_b64encode(sha256(sent.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        if proof != asked["code_challenge"] or asked["code_challenge_method"] != "S256":
            return None
        now = int(time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": self.subject,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
        }
        key = self.signs_with or self.key
        return {"id_token": jwt.encode({"alg": "ES256", "kid": key.kid}, self.spoil(claims), key)}


@contextmanager
def provider() -> Iterator[StandIn]:
    standing_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            standing_in.fetched.append(address.path)
            if address.path == "/authorize":
                asked = {name: values[0] for name, values in parse_qs(address.query).items()}
                self.send_response(302)
                self.send_header("Location", standing_in.authorize(asked))
                self.end_headers()
            elif address.path == "/.well-known/openid-configuration":
                self._say(standing_in.discovery())
            elif address.path == "/keys":
                self._say(standing_in.keys())
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            sent = {name: values[0] for name, values in parse_qs(body).items()}
            answer = standing_in.token(sent, self.headers.get("Authorization", ""))
            if answer is None:
                self.send_error(400)
            else:
                self._say(answer)

        def _say(self, said: dict[str, Any]) -> None:
            body = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing: tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    standing_in.issuer = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield standing_in
    finally:
        server.shutdown()
        server.server_close()
