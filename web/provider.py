"""An OpenID Connect provider as this program asks it: where to sign in, and whose the code is that came back.

Source: OpenID Connect Core 1.0, section 3.1; RFC 7636 (PKCE).
"""

import hmac
import json
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass
from hashlib import sha256
from secrets import token_urlsafe
from threading import Lock
from time import monotonic
from typing import Any
from urllib.error import URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from api.options import Provider
from erp.base.errors import NotPermitted

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""By public keys only: who knows the client's secret must not make tokens."""
_PATIENCE = 10  # seconds
_LONGEST = 1 << 20  # bytes of an answer
_KEPT = 3600  # seconds that what the provider says of itself counts
_LEAST = 30  # seconds between two looks for a key that is new
_LEEWAY = 60  # seconds that clocks may differ


class ProviderAway(NotPermitted):
    code = "provider-away"
    template = "{label} does not answer just now. Sign in with your password, or try again in a minute."


class ProviderRefused(NotPermitted):
    code = "provider-refused"
    template = "{label} did not let you in. Try again, or sign in with your password."


class ProviderNotBelieved(NotPermitted):
    code = "provider-not-believed"
    template = "What {label} answered could not be verified, so nobody was signed in. Tell the administrator."


class SignInBroken(NotPermitted):
    code = "sign-in-broken"
    template = "Too much time has passed, or the sign-in was begun in another window. Begin again."


@dataclass(frozen=True, slots=True)
class Errand:
    """What a browser keeps while its person is at the provider; only who began may end it."""

    state: str
    nonce: str
    verifier: str
    wanted: str
    """Where to go afterwards."""
    links: int
    """Whose the account is to be from then on; 0 to sign in by it."""

    @classmethod
    def begin(cls, wanted: str, *, links: int = 0) -> "Errand":
        return cls(token_urlsafe(24), token_urlsafe(24), token_urlsafe(48), wanted, links)

    @property
    def cookie(self) -> str:
        return urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @classmethod
    def of(cls, cookie: str, state: str) -> "Errand":
        """Raises: SignInBroken, where the answer is not to this browser's question."""
        try:
            errand = cls(**json.loads(urlsafe_b64decode(cookie.encode())))
            if hmac.compare_digest(errand.state.encode(), state.encode()):
                return errand
        except (ValueError, TypeError, AttributeError):
            raise SignInBroken() from None
        raise SignInBroken()


class _NoWayOn(HTTPRedirectHandler):
    """A provider that sends elsewhere is not asked there."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = build_opener(_NoWayOn)


class Client:
    """This program at the provider; what the provider says of itself is asked for once an hour."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._lock = Lock()
        self._said: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._said_at = self._keys_at = float("-inf")

    def address(self, errand: Errand, back: str) -> str:
        """Where the person signs in.  Raises: ProviderAway, ProviderNotBelieved."""
        proof = urlsafe_b64encode(sha256(errand.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": back,
            "scope": "openid",
            "state": errand.state,
            "nonce": errand.nonce,
            "code_challenge": proof,
            "code_challenge_method": "S256",
        }
        address = str(self._discovered()["authorization_endpoint"])
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(asked)}"

    def subject(self, errand: Errand, code: str, back: str) -> str:
        """Whose the code is.  Raises: ProviderAway, ProviderRefused, ProviderNotBelieved."""
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "client_id": self.provider.client_id,
            "code_verifier": errand.verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self.provider.client_secret is not None:
            pair = f"{quote(self.provider.client_id, safe='')}:{quote(self.provider.client_secret, safe='')}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        answer = self._ask(str(self._discovered()["token_endpoint"]), urlencode(sent).encode(), headers)
        return self._verified(str(answer.get("id_token", "")), errand.nonce)

    def _verified(self, token: str, nonce: str) -> str:
        try:
            claims = self._decoded(token).claims
            jwt.JWTClaimsRegistry(
                leeway=_LEEWAY,
                iss={"essential": True, "value": self.provider.issuer},
                aud={"essential": True, "value": self.provider.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(claims)
        except (JoseError, ValueError) as unbelievable:
            raise self._not_believed() from unbelievable
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else self.provider.client_id) != self.provider.client_id:
            raise self._not_believed()
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
            raise self._not_believed()
        return subject

    def _decoded(self, token: str) -> jwt.Token:
        try:
            return jwt.decode(token, self._known_keys(), algorithms=_ALGORITHMS)
        except (JoseError, ValueError):
            return jwt.decode(token, self._known_keys(anew=True), algorithms=_ALGORITHMS)  # keys are changed at times

    def _discovered(self) -> dict[str, Any]:
        with self._lock:
            if monotonic() - self._said_at > _KEPT:
                said = self._ask(f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration")
                if said.get("issuer") != self.provider.issuer:
                    raise self._not_believed()
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    self._require_safe(str(said.get(name, "")))
                self._said, self._said_at = said, monotonic()
            return self._said

    def _known_keys(self, *, anew: bool = False) -> KeySet:
        address = str(self._discovered()["jwks_uri"])
        with self._lock:
            if self._keys is None or monotonic() - self._keys_at > (_LEAST if anew else _KEPT):
                self._keys = KeySet.import_key_set(self._ask(address))  # type: ignore[arg-type]
                self._keys_at = monotonic()
            return self._keys

    def _require_safe(self, address: str) -> None:
        """Unencrypted only where the provider itself is so, on this machine.  Raises: ProviderNotBelieved."""
        if not address.startswith(("https://", f"{urlsplit(self.provider.issuer).scheme}://")):
            raise self._not_believed()

    def _ask(self, address: str, sent: bytes | None = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
        asked = Request(address, data=sent, headers={"Accept": "application/json"} | (headers or {}))  # noqa: S310
        try:
            with _OPENER.open(asked, timeout=_PATIENCE) as answer:
                said = json.loads(answer.read(_LONGEST))
        except (URLError, OSError, ValueError) as trouble:
            if sent is not None and 400 <= getattr(trouble, "code", 0) < 500:  # the code is not taken
                raise ProviderRefused(label=self.provider.label) from trouble
            raise ProviderAway(label=self.provider.label) from trouble
        if not isinstance(said, dict):
            raise self._not_believed()
        return said

    def _not_believed(self) -> ProviderNotBelieved:
        return ProviderNotBelieved(label=self.provider.label)
