"""biandun keys: the group of its commands."""

import click

from biandun.cli.commands import Group
from biandun.cli.keys import life, listing, records, users


@click.group("keys", cls=Group)
def group() -> None:
    """密钥：列出、启用、查看签署情况。

    口令在提示下隐藏输入，或用 --pin-file、--pin-fd
    读取，从不写在命令行上；口令加密传送，只交给编办认可、 且本账户认得的那把密钥。

    Keys: list them, set one up, show what it signed.

    The PIN is read from a hidden prompt, or with --pin-file or --pin-fd; never from the command
    line.  It is sent encrypted, and only to the key that the office certified and that this account
    knows.

    \b
    Examples:  biandun keys list
               biandun keys info --serial BD-000001
               biandun keys enroll offer.bd --out request.bd
               biandun keys set-pin
    """


for _command in (
    *(listing.list_keys, listing.known, listing.forget, listing.info, listing.status),
    *(life.enroll, life.personalise, life.succeed, life.challenge, life.carry_out, life.wipe),
    *(users.set_pin, users.change_pin, users.remove_user),
    *(users.name_officers, users.shares, users.unblock_request, users.unblock),
    *(records.chain, records.last, records.export_links, records.audit, records.card),
):
    group.add_command(_command)
