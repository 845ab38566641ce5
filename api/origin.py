"""Where a request comes from, behind proxies that say on whose behalf they ask."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from litestar.connection import ASGIConnection

Networks = tuple[IPv4Network | IPv6Network, ...]


def origin_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The caller's address: that of the connection, or, from a trusted proxy, the last one it was told that is none.

    Each proxy appends to ``X-Forwarded-For`` whom it was asked by, so only what stands to the left of the trusted ones
    may be forged.  ``Forwarded`` is not read: proxies that write the one pass a forged other on.
    """
    if connection.client is None:
        return ""
    trusted: Networks = connection.app.state.trusted_proxies
    found = connection.client.host
    hops = [hop for said in connection.headers.getall("x-forwarded-for", []) for hop in said.split(",")]
    while hops and _is_in(found, trusted):
        before = _address(hops.pop())
        if before is None:
            break
        found = str(before)
    return found


def _is_in(text: str, networks: Networks) -> bool:
    address = _address(text)
    return address is not None and any(address in network for network in networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
