"""Who a request is from: the peer of its connection, or whom a trusted proxy names in
X-Forwarded-For.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


class Proxies:
    """The proxies that are believed; from any other peer the header means nothing."""

    def __init__(self, trusted: Sequence[Network] = ()) -> None:
        self._trusted = tuple(trusted)

    def trusts(self, peer: str) -> bool:
        """Is ``peer`` one of them?"""
        address = _address(peer)
        return address is not None and any(address in network for network in self._trusted)

    def client_of(self, peer: str, forwarded: str) -> str:
        """The address of the client: from the right, the first one that is no trusted proxy.

        What stands further left was written by the client itself.  An entry that is no address ends
        the search: then the proxy that passed it on is the client.
        """
        for entry in reversed(forwarded.split(",")):
            if not self.trusts(peer):
                break
            address = _address(entry.strip())
            if address is None:
                break
            peer = str(address)
        return peer


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
