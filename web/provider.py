"""An OpenID Connect provider as this program asks it: where to sign in, and whose the code is that came back.

Source: OpenID Connect Core 1.0, section 3.1; RFC 7636 (PKCE).
"""

import hmac
import json
import ssl
from asyncio import Lock, Semaphore, timeout
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable
from dataclasses import asdict, astuple, dataclass
from hashlib import sha256
from secrets import token_urlsafe
from time import monotonic
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from httpx import AsyncClient, HTTPError, InvalidURL
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from api.options import Provider
from erp.base.errors import NotPermitted

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""By public keys only: who knows the client's secret must not make tokens."""
_PATIENCE = 10.0  # seconds in which an answer must be there to its last byte
_REST = 15.0  # seconds in which a provider that did not answer is not asked again
_AT_ONCE = 4  # people for whom the provider is asked; others wait
_LONGEST_WAIT = 30.0  # seconds that a person waits in all, for their turn too
_LONGEST = 1 << 20  # bytes of an answer
_KEPT = 3600  # seconds that what the provider says of itself counts
_LEAST = 30  # seconds between two looks for a key that is new
_LEEWAY = 60  # seconds that clocks may differ
_MALFORMED = (JoseError, ValueError, KeyError, TypeError)


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
            is_ours = [*map(type, astuple(errand))] == [str, str, str, str, int]
            if is_ours and hmac.compare_digest(errand.state.encode(), state.encode()):
                return errand
        except (ValueError, TypeError, AttributeError):
            raise SignInBroken() from None
        raise SignInBroken()


class Client:
    """This program at the provider; what the provider says of itself is asked for once an hour.

    Whoever waits for the provider holds none of the threads that serve everybody.
    """

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._turns, self._learning = Semaphore(_AT_ONCE), Lock()
        self._trusted = ssl.create_default_context()
        self._said: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._said_at = self._keys_at = self._away_until = float("-inf")

    async def address(self, errand: Errand, back: str) -> str:
        """Where the person signs in.  Raises: ProviderAway, ProviderNotBelieved."""
        return await self._in_turn(self._address, errand, back)

    async def subject(self, errand: Errand, code: str, back: str) -> str:
        """Whose the code is.  Raises: ProviderAway, ProviderRefused, ProviderNotBelieved."""
        return await self._in_turn(self._subject, errand, code, back)

    async def _in_turn(self, ask: Callable[..., Awaitable[str]], *about: object) -> str:
        """Raises: ProviderAway, also where it took too long."""
        try:
            async with timeout(_LONGEST_WAIT), self._turns:
                return await ask(*about)
        except TimeoutError:
            raise self._away() from None

    async def _address(self, errand: Errand, back: str) -> str:
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
        address = str((await self._discovered())["authorization_endpoint"])
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(asked)}"

    async def _subject(self, errand: Errand, code: str, back: str) -> str:
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "client_id": self.provider.client_id,
            "code_verifier": errand.verifier,
        }
        headers = {}
        if self.provider.client_secret is not None:
            pair = f"{quote(self.provider.client_id, safe='')}:{quote(self.provider.client_secret, safe='')}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        answer = await self._ask(str((await self._discovered())["token_endpoint"]), sent, headers)
        return await self._verified(str(answer.get("id_token", "")), errand.nonce)

    async def _verified(self, token: str, nonce: str) -> str:
        try:
            claims = (await self._decoded(token)).claims
            jwt.JWTClaimsRegistry(
                leeway=_LEEWAY,
                iss={"essential": True, "value": self.provider.issuer},
                aud={"essential": True, "value": self.provider.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(claims)
        except _MALFORMED as unbelievable:
            raise self._not_believed() from unbelievable
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else self.provider.client_id) != self.provider.client_id:
            raise self._not_believed()
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
            raise self._not_believed()
        return subject

    async def _decoded(self, token: str) -> jwt.Token:
        try:
            return jwt.decode(token, await self._known_keys(), algorithms=_ALGORITHMS)
        except _MALFORMED:  # keys are changed at times
            return jwt.decode(token, await self._known_keys(anew=True), algorithms=_ALGORITHMS)

    async def _discovered(self) -> dict[str, Any]:
        async with self._learning:
            if monotonic() - self._said_at > _KEPT:
                said = await self._ask(f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration")
                if said.get("issuer") != self.provider.issuer:
                    raise self._not_believed()
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    self._require_safe(str(said.get(name, "")))
                self._said, self._said_at = said, monotonic()
            return self._said

    async def _known_keys(self, *, anew: bool = False) -> KeySet:
        address = str((await self._discovered())["jwks_uri"])
        async with self._learning:
            if self._keys is None or monotonic() - self._keys_at > (_LEAST if anew else _KEPT):
                self._keys = KeySet.import_key_set(await self._ask(address))  # type: ignore[arg-type]
                self._keys_at = monotonic()
            return self._keys

    def _require_safe(self, address: str) -> None:
        """Unencrypted only where the provider itself is so, on this machine.  Raises: ProviderNotBelieved."""
        if not address.startswith(("https://", f"{urlsplit(self.provider.issuer).scheme}://")):
            raise self._not_believed()

    async def _ask(
        self, address: str, sent: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Raises: ProviderAway, also where it was away a moment ago; ProviderRefused, ProviderNotBelieved."""
        if monotonic() < self._away_until:
            raise self._away()
        how, body = "GET" if sent is None else "POST", bytearray()
        asked = {"data": sent, "headers": {"Accept": "application/json"} | (headers or {})}
        try:
            async with (
                timeout(_PATIENCE),
                AsyncClient(verify=self._trusted) as client,
                client.stream(how, address, **asked) as answer,  # type: ignore[arg-type]
            ):
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > _LONGEST:
                        raise self._not_believed()
        except (HTTPError, InvalidURL, OSError) as trouble:  # a timeout is one
            self._away_until = monotonic() + _REST
            raise self._away() from trouble
        if sent is not None and answer.is_client_error:  # the code is not taken
            raise ProviderRefused(label=self.provider.label)
        try:
            said = json.loads(body) if answer.is_success else None
        except ValueError:
            said = None
        if said is None:
            raise self._away()
        if not isinstance(said, dict):
            raise self._not_believed()
        return said

    def _away(self) -> ProviderAway:
        return ProviderAway(label=self.provider.label)

    def _not_believed(self) -> ProviderNotBelieved:
        return ProviderNotBelieved(label=self.provider.label)
