"""Commands about the office as a whole: init, migrate, backup, restore, serve, openapi."""

from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import click

from biandun_office.cli.commands import Command
from biandun_office.cli.session import (
    OFFICE_ID,
    READABLE,
    REGION,
    Session,
    Text,
    in_language,
    in_session,
    with_passphrase,
)
from biandun_office.httpd.peers import Network
from biandun_office.installation import backup as backups
from biandun_office.installation import founding as installation
from biandun_office.installation.backup import Tried
from biandun_office.installation.founding import Founding
from biandun_office.issuance.services import IssuingKey
from biandun_office.office import startup
from biandun_office.office.identity import IDENTITY, OWN_UNIT, Identity
from biandun_office.office.keystore import Cost, Passphrase
from biandun_office.platform import clock, files
from biandun_office.platform.database import check_url, require_current, serving
from biandun_office.registry.services import FICTITIOUS_UNITS
from biandun_protocol.algorithms import BY_NAME, ES256
from biandun_protocol.catalogue import phrase
from biandun_protocol.terminal.shown import Document
from biandun_protocol.x509 import der_of


class _Proxy(click.ParamType[Network]):
    """An IP address, or a network such as 10.1.0.0/16."""

    name = "address"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Network:
        """Return the network; fail when ``value`` is not an address or network."""
        try:
            return ip_network(value)
        except ValueError:
            wanted = in_language(ctx, phrase("office.network"))
            return self.fail(f"{value!r}: {wanted}", param, ctx)


PROXY = _Proxy()


def _described(file: Path, tried: Tried) -> dict[str, object]:
    return {
        "file": str(file),
        "restored": True,
        "office_id": tried.office_id,
        "statements": tried.statements,
        "blobs_needed": tried.blobs_needed,
        "size": tried.size,
    }


@click.command(cls=Command)
@click.option(
    "--office-id",
    type=OFFICE_ID,
    default="longlan",
    show_default=True,
    help="编办标识 / the office's id",
)
@click.option(
    "--office-name",
    type=Text(64),
    default="陇澜市委编办",
    show_default=True,
    help="编办名称 / its name",
)
@click.option(
    "--region", type=REGION, default="629900", show_default=True, help="区划代码 / its region"
)
@click.option(
    "--suite",
    type=click.Choice([name.lower() for name in BY_NAME]),
    default=ES256.name.lower(),
    show_default=True,
    help="算法，建立后不能更改 / ES256 with SHA-256, or SM2 with SM3; cannot be changed later",
)
@click.option(
    "--backup",
    type=click.Path(path_type=Path),
    help="同时写入加密备份 / write an encrypted backup, too",
)
@with_passphrase
@in_session
def init(
    session: Session,
    *,
    passphrase: Passphrase,
    office_id: str,
    office_name: str,
    region: str,
    suite: str,
    backup: Path | None,
) -> dict[str, object]:
    """建立编办：生成根密钥和签发密钥、数据库、虚构单位。 Found an office.

    根证书、各级证书及其下的全部签名都用此处选定的算法。在 init 之前给出 --database 时，数据表建在
    PostgreSQL 的空库中。

    The root, all certificates below it and all their signatures use this suite.  With --database
    before `init`, the tables are made in PostgreSQL, in an empty database.

    \b
    Example:  biandun-office --data office init --passphrase-file secret.txt --backup office.backup
    """
    folder, cost, made = session.folder(), Cost(), list[dict[str, object]]()
    inodes = list[tuple[int, int] | None]()  # of the backup, before it has its name

    def keep(work: Path) -> None:
        if backup is not None:
            tried = backups.make(
                work, backup, passphrase, cost, lambda part: inodes.append(files.inode(part))
            )
            made.append(_described(backup, tried))

    database = check_url(session.database or "")
    identity = Identity(office_id, office_name, region, database=database, suite=suite.upper())
    founding = Founding(identity, passphrase, cost, clock.now())
    try:
        founded = installation.found(folder, founding, before_rename=keep)
    except BaseException:
        # a backup of an office that was not founded after all, and not one that another has made
        own = backup is not None and files.inode(backup) in inodes
        if backup is not None and own and not (folder / IDENTITY).exists():
            backup.unlink()
        raise
    return {
        "office_id": office_id,
        "office_name": office_name,
        "region": region,
        "uscc": OWN_UNIT,
        "suite": founded.algorithm.name,
        "data": str(folder),
        "database": database or startup.DATABASE,
        "root_fingerprint": sha256(der_of(founded.root)).hexdigest(),
        "units": len(FICTITIOUS_UNITS),
        "backup": made[0] if made else None,
    }


@click.command(cls=Command)
@in_session
def migrate(session: Session) -> dict[str, object]:
    """升级程序后更新数据库结构，已有数据不变。 Migrate the database of an older version; its data
    stay.

    请先停止 serve，并用原版本程序备份。

    Stop `serve` first, and make a backup with the old version.

    \b
    Example:  biandun-office --data office migrate
    """
    folder = session.open(older=True)
    return {"data": str(folder), "steps": installation.migrate(folder)}


@click.command(cls=Command)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="备份文件 / the file to write"
)
@with_passphrase
@in_session
def backup(session: Session, *, passphrase: Passphrase, out: Path) -> dict[str, object]:
    """写入加密备份并试恢复。 Write an encrypted backup, and check it by restoring it.

    \b
    Example:  biandun-office --data office backup --passphrase-file secret.txt --out office.backup
    """
    return _described(out, backups.make(session.open(), out, passphrase, Cost()))


@click.command(cls=Command)
@click.option("--from", "source", type=READABLE, required=True, help="备份文件 / the backup")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="新的数据目录 / the new data folder",
)
@with_passphrase
@in_session
def restore(
    session: Session, *, passphrase: Passphrase, source: Path, into: Path
) -> dict[str, object]:
    """从备份恢复到空目录。 Restore a backup into an empty folder.

    \b
    Example:  biandun-office restore --from office.backup --into office2 --passphrase-file secret.txt
    """
    tried = backups.restore(source, into, passphrase, session.database or "")
    return {**_described(source, tried), "data": str(into)}


@click.command(cls=Command)
@click.option(
    "--host", type=Text(253), default="127.0.0.1", show_default=True, help="监听地址 / address"
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8420,
    show_default=True,
    help="端口，0 为任意空闲端口 / 0: any free port",
)
@click.option(
    "--threads", type=click.IntRange(1, 256), default=8, show_default=True, help="线程数 / threads"
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    help="另外允许登录的地址 / further origin from which people may log in",
)
@click.option(
    "--trusted-proxy",
    "trusted",
    type=PROXY,
    multiple=True,
    help="反向代理的地址或网段，采信其 X-Forwarded-For / proxy, or network, whose X-Forwarded-For is used",
)
@with_passphrase
@in_session
def serve(
    session: Session,
    *,
    passphrase: Passphrase,
    host: str,
    port: int,
    threads: int,
    origins: tuple[str, ...],
    trusted: tuple[Network, ...],
) -> None:
    """启动受理服务，直到 SIGTERM、SIGHUP 或 Ctrl-C。 Serve the office over HTTP, until SIGTERM, SIGHUP or Ctrl-C.

    \b
    Example:  biandun-office --data office serve --passphrase-file secret.txt --port 0
    """
    from biandun_office import server  # noqa: PLC0415

    signer = IssuingKey.unlock(session.open(), passphrase).signer()
    with serving(session.folder()):
        require_current()  # again, under the lock: the tables may have been altered meanwhile
        server.serve(
            signer, host=host, port=port, threads=threads, origins=origins, trusted=trusted
        )


@click.command(cls=Command)
def openapi() -> Document:
    """输出接口的 OpenAPI 文档。 Print the OpenAPI document of the interface.

    \b
    Example:  biandun-office openapi > openapi.json
    """
    from biandun_office.api import api  # noqa: PLC0415

    return Document(api.get_openapi_schema())


COMMANDS = (init, migrate, backup, restore, serve, openapi)
