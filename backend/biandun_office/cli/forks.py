"""Commands about stored contradictions: forks, export-fork."""

import errno
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import click

from biandun_office.cli.commands import Command
from biandun_office.cli.session import HEXADECIMAL, Session, in_session
from biandun_office.evidence import fork_export
from biandun_office.evidence.fork_export import Export
from biandun_office.installation.founding import sibling
from biandun_office.office.identity import Office
from biandun_office.platform import files
from biandun_office.platform.errors import FileProblem


@click.command(cls=Command)
@in_session
def forks(session: Session) -> list[dict[str, object]]:
    """列出留存的矛盾证据：密钥链分叉、互相矛盾的审计记录。 List stored contradictions: forks of
    chains and of audit rings.

    \b
    Example:  biandun-office --data office forks
    """
    session.open()
    return [
        {
            "name": found.name,
            "kind": found.kind,
            "reason": found.reason,
            "serial": found.serial,
            "uscc": found.uscc,
            "unit_name": found.unit_name,
            "seq": found.seq,
            "known": found.known,
            "received": datetime.fromtimestamp(found.received, UTC).isoformat(),
        }
        for found in fork_export.listed()
    ]


@click.command("export-fork", cls=Command)
@click.argument("name", type=HEXADECIMAL)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="新文件夹 / the folder to make",
)
@in_session
def export_fork(session: Session, *, name: str, out: Path) -> dict[str, object]:
    """导出一份矛盾证据及其所依据的全部文件，可用 openssl 核验。 Export a contradiction with all its
    files, to be verified with openssl.

    NAME 是 `forks` 所列编号的前八位或更多。

    NAME is the first eight or more characters of a name that `forks` shows.

    \b
    Example:  biandun-office --data office export-fork 5f0c9a12 --out fork
    """
    folder = session.open()
    made = fork_export.export(fork_export.find(name), Office.load(folder))
    _write(made, out)
    missing = [f"{one['file']}: {one['why']}" for one in made.missing]
    return {"file": str(out), "name": made.found.name, "files": len(made.files), "missing": missing}


def _write(made: Export, out: Path) -> None:
    if os.path.lexists(out):
        raise FileProblem("file-exists", path=str(out))
    with sibling(out) as work:
        try:
            for path, content in made.files.items():
                target = work / "fork" / path
                target.parent.mkdir(parents=True, exist_ok=True)
                if isinstance(content, bytes):
                    target.write_bytes(content)
                else:
                    shutil.copyfile(content, target)
            (work / "fork").rename(out)
            files.sync_folder(out.parent)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):  # another process made it first
                raise FileProblem("file-exists", path=str(out)) from None
            raise files.unwritable(out, error) from None


COMMANDS = (forks, export_fork)
