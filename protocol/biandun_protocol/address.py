"""What the address of an office may be: scheme, host, perhaps a port, perhaps a path; whatever else
has its place named.

A login is signed for this address, so it has one spelling: no user, no query, ASCII only.  A name
in Chinese characters is written as DNS has it (xn--…), because two that look alike may be two
hosts.
"""

import ipaddress
import re
from typing import NoReturn

from biandun_protocol.catalogue import Phrase
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
    """An address that cannot be one of an office; nothing was sent."""

    code = "office-address"
    exit_status = 2


def office_address(text: str) -> str:
    """Return the address without a slash at its end.  Raises AddressProblem, which names what is
    wrong and where.
    """
    for place, character in enumerate(text, 1):
        if not "!" <= character <= "~":
            here = (
                character
                if character.isprintable() and not character.isspace()
                else f"U+{ord(character):04X}"
            )
            _refuse(
                text,
                f"第 {place} 个字符“{here}”不能用在地址中",
                f"character {place}, {here}, cannot stand in an address",
            )
    if len(text) > LONGEST:
        _refuse(f"{text[:40]}…", f"超过 {LONGEST} 个字符", f"longer than {LONGEST} characters")
    if not text.lower().startswith(("http://", "https://")):
        _refuse(text, "应以 http:// 或 https:// 开头", "it should begin with http:// or https://")
    parts = _PARTS.match(text)
    if parts is None:
        _refuse(text, "主机写法不正确", "the host is written wrongly")
    if parts["user"]:
        _refuse(text, "地址中不能有用户名或口令", "no user and no password stand in an address")
    if parts["port"] and not (
        _PORT.fullmatch(parts["port"]) and int(parts["port"][1:]) <= HIGHEST_PORT
    ):
        _refuse(
            text,
            f"“{parts['port'][1:]}”不是端口，端口为 1 至 {HIGHEST_PORT}",
            f"a port is 1 to {HIGHEST_PORT}",
        )
    if not _is_host(parts["host"]):
        _refuse(
            text,
            f"“{parts['host']}”不是主机名或 IP 地址",
            f"{parts['host'] or 'nothing'} is no host name and no IP address",
        )
    if parts.end() != len(text):
        left = text[parts.end() :]
        _refuse(
            text,
            f"主机和端口之后只能有路径，不能有“{left}”",
            f"only a path may follow host and port, not {left}",
        )
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


def _refuse(text: str, zh: str, en: str) -> NoReturn:
    shown = _USER.sub("//…@", text)  # what stands there may be a password
    raise AddressProblem(url=shown, rule=Phrase(zh, en))
