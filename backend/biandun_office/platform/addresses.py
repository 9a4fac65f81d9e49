"""Client addresses, and which of them belong to one client.

An IPv4 client may appear in three forms: as itself; IPv4-mapped (``::ffff:…``, RFC 4291) on a
socket that takes both families; and translated (``64:ff9b::…``, RFC 6052), where all clients of all
translators would otherwise share one /64.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network

_MAPPED = IPv6Network("::ffff:0:0/96")
_TRANSLATED = IPv6Network("64:ff9b::/96")
_IPV4 = 0xFFFF_FFFF
# as some proxies write a client: with its port, an IPv6 address in brackets then
_WITH_PORT = re.compile(r"\[([^\[\]]*)\](?::\d{1,5})?|([0-9.]+):\d{1,5}")


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address in ``text``, a mapped one as IPv4; None when it is not an address."""
    found = _WITH_PORT.fullmatch(text)
    if found:
        text = found[1] or found[2] or ""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return _without(address, _MAPPED)


def network_of(network: Network) -> Network:
    """Return ``network``; one of mapped addresses as IPv4, as ``address_of`` gives those."""
    if isinstance(network, IPv4Network) or not network.subnet_of(_MAPPED):
        return network
    return IPv4Network((int(network.network_address) & _IPV4, network.prefixlen - 96))


def client_of(text: str) -> str:
    """The client that an address belongs to: an IPv4 address, or the /64 of an IPv6 address."""
    address = address_of(text)
    if address is None:
        return text
    # only for counting: nobody is trusted for an address that somebody else translates
    address = _without(address, _TRANSLATED)
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((address, 64), strict=False).network_address)


def site_of(client: str) -> str | None:
    """The /48 of an IPv6 client, all of which may be one customer's; None for an IPv4 address."""
    address = address_of(client)
    if not isinstance(address, IPv6Address):
        return None
    return str(IPv6Network((address, 48), strict=False))


def _without(address: IPv4Address | IPv6Address, prefix: IPv6Network) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv6Address) and address in prefix:
        return IPv4Address(int(address) & _IPV4)
    return address
