"""biandun firmware: what a release is, and bringing it to a key."""

from pathlib import Path

import click

from biandun.cli.shared import FILE, with_key
from biandun.filings import read_file
from biandun.key import updating
from biandun.keys import Key
from biandun_protocol.release import Release


@click.group("firmware")
def group() -> None:
    """Firmware: look at a release, bring it to a key.

    \b
    Examples:  biandun firmware show firmware.bd
               biandun firmware update firmware.bd --serial BD-000001
    """


def _described(release: Release) -> dict[str, object]:
    said = release.read()
    return {
        "version": said.version,
        "number": said.number,
        "floor": said.floor,
        "target": said.target,
        "bytes": said.length,
        "digest": said.digest.hex(),
        "approved": release.operator is not None,
    }


@group.command("show")
@click.argument("release", type=FILE)
def show(release: Path) -> dict[str, object]:
    """Show what a RELEASE says of itself; the key checks who signed it.

    \b
    Example:  biandun firmware show firmware.bd
    """
    return _described(Release.decode(read_file(release)))


@group.command("update")
@click.argument("release", type=FILE)
@with_key
def update(key: Key, release: Path) -> dict[str, object]:
    """Bring a RELEASE to the key, beside the firmware that it runs; an update that was interrupted goes on where it stopped.

    The key checks that vendor and office signed it, wants its button pressed, and needs no PIN.  Pull it out and plug it in afterwards: it
    tries the new firmware and keeps it if it passes its own test, else the one before runs again.  Key, PINs and statements stay.

    \b
    Example:  biandun firmware update firmware.bd --serial BD-000001
    """
    given = Release.decode(read_file(release))
    updating.update(key, given)
    return {
        "serial": key.info.serial,
        "firmware": key.info.firmware,
        **_described(given),
        "next": "请拔下密钥重新插入 / unplug it, plug it in",
    }
