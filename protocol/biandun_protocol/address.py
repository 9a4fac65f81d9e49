"""The address of an office: scheme, host, optional port and path.

A login is signed for this address (its origin), so it has one spelling: no user, no query, ASCII
only.  A host name in Chinese characters is written in its DNS form (xn--…), because two that look
alike may be two hosts.
"""

import ipaddress
import re
from typing import NoReturn

from biandun_protocol.catalogue import Phrase, phrase
from biandun_protocol.errors import Problem

_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_PARTS = re.compile(
    r"https?://(?P<user>[^/?#]*@)?(?P<host>\[[^\]]*\]|[^/?#:\[]*)(?P<port>:[^/?#]*)?(?P<path>(?:/[A-Za-z0-9._~-]+)*/?)",
    re.I,
)
_PORT = re.compile(r":[1-9][0-9]{0,4}")
_USER = re.compile("//[^/?#]*@")
LONGEST = 300
HIGHEST_PORT = 65535


class AddressProblem(Problem):
    """The text cannot be the address of an office; nothing was sent."""

    code = "office-address"
    exit_status = 2


def office_address(text: str) -> str:
    """Return the address without a trailing slash.

    Raises AddressProblem, whose values say what is wrong and where.
    """
    for place, character in enumerate(text, 1):
        if not "!" <= character <= "~":
            here = (
                character
                if character.isprintable() and not character.isspace()
                else f"U+{ord(character):04X}"
            )
            _refuse(text, phrase("address.character", place=place, character=here))
    if len(text) > LONGEST:
        _refuse(f"{text[:40]}…", phrase("address.too-long", limit=LONGEST))
    if not text.lower().startswith(("http://", "https://")):
        _refuse(text, phrase("address.scheme"))
    parts = _PARTS.match(text)
    if parts is None:
        _refuse(text, phrase("address.host-wrong"))
    if parts["user"]:
        _refuse(text, phrase("address.user"))
    if parts["port"] and not (
        _PORT.fullmatch(parts["port"]) and int(parts["port"][1:]) <= HIGHEST_PORT
    ):
        _refuse(text, phrase("address.port", port=parts["port"][1:], highest=HIGHEST_PORT))
    if not _is_host(parts["host"]):
        wrong = phrase("address.no-such-host", host=parts["host"])
        _refuse(text, wrong if parts["host"] else phrase("address.no-host"))
    if parts.end() != len(text):
        left = text[parts.end() :]
        _refuse(text, phrase("address.only-path", left=left))
    return text.rstrip("/")


def _is_host(host: str) -> bool:
    try:
        if host.startswith("["):
            ipaddress.IPv6Address(host[1:-1])
        else:
            ipaddress.IPv4Address(host)
        return True
    except ValueError:
        pass
    labels = host.rstrip(".").split(".")
    return (
        not host.startswith("[")
        and len(host) <= 253
        and all(_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    )


def _refuse(text: str, rule: Phrase) -> NoReturn:
    shown = _USER.sub("//…@", text)  # the user part may hold a password
    raise AddressProblem(url=shown, rule=rule)
