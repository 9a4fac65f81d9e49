"""Founding an office: keys, certificates, database, the fictitious city.

Everything is made in a temporary folder beside the final one, which is renamed at the end, so an
office exists completely or not at all.  Tables in PostgreSQL are made in a database that must be
empty, and dropped again when something fails.
"""

import errno
import secrets
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from django.core.management import call_command

from biandun_office.office import startup
from biandun_office.office.identity import (
    BLOBS,
    IDENTITY,
    ISSUER_MANIFEST,
    ISSUER_STATEMENT,
    ISSUING_CERTIFICATE,
    ISSUING_KEY,
    ROOT_CERTIFICATE,
    ROOT_KEY,
    Identity,
    Office,
)
from biandun_office.office.keys import new_key
from biandun_office.office.keystore import Cost, Passphrase, seal
from biandun_office.office.x509 import Validity, issuing_certificate, root_certificate
from biandun_office.platform import database, files, folders
from biandun_office.platform.errors import FileProblem, OfficeStateProblem
from biandun_office.registry.services import register_fictitious_city
from biandun_office.timekeeping import guard
from biandun_protocol.algorithms import BY_NAME, PublicKey
from biandun_protocol.certificate import sign_issuer
from biandun_protocol.wire.messages import IssuerManifest
from biandun_protocol.wire.numbers import SCHEMA_ISSUER
from biandun_protocol.x509 import der_of

YEAR = 366 * 86_400
ROOT_YEARS = 30
ISSUING_YEARS = 15


@dataclass(frozen=True)
class Founding:
    """What an office is founded with; ``identity`` has the suite of its keys."""

    identity: Identity
    passphrase: Passphrase
    cost: Cost
    now: int


def found(folder: Path, founding: Founding, *, before_rename: Callable[[Path], None]) -> Office:
    """Found an office in ``folder``, which must be absent or empty, and return it.

    The process uses that office from then on.  ``before_rename`` is called with the finished folder
    under its temporary name and can still cancel everything by raising.

    Raises OfficeStateProblem: office-initialised and those of ``new_tables``; FileProblem:
    file-exists, file-unwritable; PassphraseProblem(passphrase-weak).
    """
    founding.passphrase.require_strength()
    require_empty(folder)
    with sibling(folder) as work, files.writing(folder):
        _make_keys(work, founding)
        (work / BLOBS).mkdir(mode=0o700)
        with new_tables(work, founding.identity.database):
            register_fictitious_city(
                own=founding.identity.uscc,
                name=founding.identity.office_name,
                region=founding.identity.region,
            )
            guard.mark(founding.now)
            before_rename(work)
            # closes the connection before its file moves
            startup.point_at(folder, founding.identity.database)
            settle(work, folder)
    return Office.load(folder)


@contextmanager
def new_tables(work: Path, url: str) -> Generator[None]:
    """Create the office's tables for the folder ``work``, and drop them if the block fails.

    The process uses them from then on.  Raises OfficeStateProblem: database-unreachable,
    database-not-empty, office-changing.
    """
    if url:
        startup.point_at(work, url)
        database.require_reachable()
    else:
        (work / startup.DATABASE).touch(mode=0o600)
    startup.point_at(work, url)
    with database.alone():
        database.require_empty()
        try:
            call_command("migrate", verbosity=0, interactive=False)
            yield
        except BaseException:
            if work.exists():  # else it has its name already: the office is founded
                startup.point_at(work, url)
                database.remove_tables()
            raise


def migrate(folder: Path) -> list[str]:
    """Migrate the tables of an older program version; return the migrations that were applied.

    Each is applied completely or not at all.  Raises OfficeStateProblem: office-newer,
    database-lost; office-serving, office-changing when there is something to do and other
    processes use the office.
    """
    if not database.pending():
        return []
    with database.changing(folder):
        steps = database.pending()  # under the lock: another process may have migrated meanwhile
        if steps:
            call_command("migrate", verbosity=0, interactive=False)
    return steps


def require_empty(folder: Path) -> None:
    """Check that ``folder`` is this account's own, and absent or empty.

    Raises OfficeStateProblem(office-initialised); FileProblem: file-exists and those of
    ``folders.require_own``.
    """
    folders.require_own(folder)
    if (folder / IDENTITY).exists():
        raise OfficeStateProblem("office-initialised")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileProblem("file-exists", path=str(folder))


class sibling:  # noqa: N801
    """A private temporary folder beside ``folder``, removed afterwards unless it was renamed.

    Raises FileProblem(file-unwritable).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._work = folder.parent / f".{folder.name}.{secrets.token_hex(4)}"

    def __enter__(self) -> Path:
        """Create the folder with mode 0700 and return its path."""
        try:
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            self._work.mkdir(mode=0o700)
            return self._work
        except OSError as error:
            raise files.unwritable(self._folder, error) from None
        except BaseException:  # Ctrl-C between two lines
            shutil.rmtree(self._work, ignore_errors=True)
            raise

    def __exit__(self, *_: object) -> None:
        """Remove the folder if it is still there."""
        shutil.rmtree(self._work, ignore_errors=True)


def settle(work: Path, folder: Path) -> None:
    """Make every file private and rename the folder to its final name, durably.

    Raises FileProblem(file-unwritable); as ``require_empty`` when another process has made such a
    folder meanwhile.
    """
    try:
        for path in work.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)
        files.sync_folder(work)
        work.rename(folder)
        files.sync_folder(folder.parent)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):  # another process made it first
            require_empty(folder)
        raise files.unwritable(folder, error) from None


def _make_keys(work: Path, founding: Founding) -> None:
    identity, now = founding.identity, founding.now
    algorithm = BY_NAME[identity.suite]
    root_key, issuing_key = new_key(algorithm), new_key(algorithm)
    end = now + ISSUING_YEARS * YEAR
    root = root_certificate(
        root_key, name=identity.office_name, validity=Validity(now, now + ROOT_YEARS * YEAR)
    )
    issuing = issuing_certificate(
        root_key,
        root,
        PublicKey.of(issuing_key),
        name=identity.office_name,
        validity=Validity(now, end),
    )
    x5t = sha256(der_of(issuing)).digest()
    manifest = IssuerManifest(
        SCHEMA_ISSUER, identity.office_id, issuing_key.public_key, x5t, now, end
    )
    issuer = sign_issuer(
        root_key, region=identity.region, root_x5t=sha256(der_of(root)).digest(), manifest=manifest
    )
    for name, content in (
        (IDENTITY, identity.encode()),
        (ROOT_CERTIFICATE, root.public_bytes(Encoding.PEM)),
        (ISSUING_CERTIFICATE, issuing.public_bytes(Encoding.PEM)),
        (ISSUER_STATEMENT, issuer.statement),
        (ISSUER_MANIFEST, issuer.manifest),
        (ROOT_KEY, seal(root_key, founding.passphrase, founding.cost)),
        (ISSUING_KEY, seal(issuing_key, founding.passphrase, founding.cost)),
    ):
        files.write(work / name, content)
