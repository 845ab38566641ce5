"""What a running program offers beyond itself, as its settings say: where it is seen from outside, a signing program on
the reader's machine, a provider to sign in with.
"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

NCALAYER = "wss://127.0.0.1:13579"
"""Where NCALayer listens on its user's machine (as public clients of it do; not verified in its own documents)."""


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID Connect provider; ``label`` is what the button says."""

    issuer: str
    client_id: str
    label: str
    client_secret: str | None = field(default=None, repr=False)
    """``None`` for a public client: the code is bound by PKCE alone."""


@dataclass(frozen=True, slots=True)
class Options:
    public_url: str | None = None
    """How the program is reached from outside, without a slash at the end; ``None``: as each request came."""
    ncalayer: str | None = None
    """Address of the reader's own NCALayer; ``None`` where signing in the browser is off."""
    provider: Provider | None = None

    def seen_at(self, base_url: object) -> str:
        """Where the program is seen from outside, without a slash at the end; ``base_url`` is the request's own."""
        return self.public_url or str(base_url).rstrip("/")

    @property
    def origin(self) -> str | None:
        """Of the public address, as browsers write it."""
        if self.public_url is None:
            return None
        address = urlsplit(self.public_url)
        return f"{address.scheme}://{address.netloc.lower()}"


PLAIN = Options()
