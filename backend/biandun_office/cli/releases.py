"""Commands about the firmware of keys: approve-release."""

from pathlib import Path

import click

from biandun_office.cli.commands import Command
from biandun_office.cli.session import Given, Session, in_session, with_passphrase
from biandun_office.issuance.services import IssuingKey
from biandun_office.office.keystore import Passphrase
from biandun_office.platform import files, logs
from biandun_protocol import kinds
from biandun_protocol.release import Release


@click.command("approve-release", cls=Command)
@click.argument("release", type=Given(kinds.RELEASE))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="已批准的固件文件 / the approved release to write",
)
@with_passphrase
@in_session
def approve_release(
    session: Session, *, passphrase: Passphrase, release: bytes, out: Path
) -> dict[str, object]:
    """作为运营单位在厂商发布的固件上签名，密钥才会安装。 Sign a vendor's firmware release as the
    operator of the keys.

    密钥只安装两方都签过名的固件。请用另外的途径与厂商核对摘要。

    A key installs only firmware that both have signed.  Compare the digest with the one that the
    vendor gave you through another channel.

    \b
    Example:  biandun-office --data office approve-release firmware.bd --out approved.bd --passphrase-file secret.txt
    """
    given = Release.decode(release)
    authority = IssuingKey.unlock(session.open(), passphrase)
    approved = authority.signer().release(given)
    files.write(out, approved.encode(), mode=files.PUBLIC)
    said = given.read()
    logs.action("issuance.release.approved", version=said.version, number=said.number)
    return {
        "file": str(out),
        "version": said.version,
        "number": said.number,
        "floor": said.floor,
        "target": said.target,
        "digest": said.digest.hex(),
    }


COMMANDS = (approve_release,)
