"""The client's address: the peer of the connection, or what a trusted proxy forwards."""

from collections.abc import Sequence

from biandun_office.platform.addresses import Network, address_of, network_of


class Proxies:
    """The proxies whose X-Forwarded-For is believed; from other peers the header is ignored."""

    def __init__(self, trusted: Sequence[Network] = ()) -> None:
        self._trusted = tuple(map(network_of, trusted))

    def trusts(self, peer: str) -> bool:
        """Is ``peer`` the address of a trusted proxy?"""
        address = address_of(peer)
        return address is not None and any(address in network for network in self._trusted)

    def client_of(self, peer: str, forwarded: str) -> str:
        """The client's address: from the right, the first that is not a trusted proxy.

        Entries further left were written by the client itself and are ignored.  An entry that is
        not an address ends the search: then the proxy that forwarded it counts as the client.
        """
        for entry in reversed(forwarded.split(",")):
            if not self.trusts(peer):
                break
            address = address_of(entry.strip())
            if address is None:
                break
            peer = str(address)
        return peer
