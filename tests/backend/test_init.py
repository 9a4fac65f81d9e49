"""Founding an office: whole or not at all, private, and never over another one."""

from pathlib import Path

import pytest
from django.core.management import call_command

from biandun_office.installation import founding as installation
from biandun_office.installation.founding import Founding
from biandun_office.office.identity import ISSUING_KEY, ROOT_KEY, Identity, Office, load_key
from biandun_office.office.keys import new_key
from biandun_office.office.keystore import Cost, Passphrase, seal, unseal
from biandun_office.platform import clock
from biandun_office.platform.errors import FileProblem, OfficeStateProblem, PassphraseProblem
from biandun_office.registry.models import Unit
from biandun_protocol.algorithms import ES256
from biandun_protocol.certificate import verify_issuer
from biandun_protocol.errors import CertificateProblem
from tests.backend import bench
from tests.backend.bench import CHEAP, ONLY_SQLITE, PASSPHRASE, Bench


def founding(passphrase: Passphrase = PASSPHRASE) -> Founding:
    return Founding(Identity("longlan", "陇澜市委编办", "629900"), passphrase, CHEAP, clock.now())


@ONLY_SQLITE  # about files and keys only
def test_everything_in_the_data_folder_is_private(office: Bench, founded: Path):
    assert founded.stat().st_mode & 0o777 == 0o700
    for path in founded.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


@ONLY_SQLITE  # about files and keys only
def test_the_root_vouches_for_the_issuing_key(office: Bench):
    loaded = office.office
    manifest = verify_issuer(loaded.issuer, loaded.root_key)
    assert manifest.public_key == loaded.issuing_key.point
    assert manifest.x5t == loaded.x5t
    loaded.issuing.verify_directly_issued_by(loaded.root)


def test_the_fictitious_units_are_registered(office: Bench):
    rows = Unit.objects.values_list("uscc", "code", "name", "region", "kind", "supervisor__name")
    assert list(rows) == [
        ("11629900MB0000000F", "629900-0000", "陇澜市委编办（虚构）", "629900", "ORGAN", None),
        ("11629900MB0000019C", "629900-0001", "陇澜市教育局", "629900", "ORGAN", None),
        (
            "12629900MB00000274",
            "629900-0002",
            "陇澜市第一中学",
            "629900",
            "INSTITUTION",
            "陇澜市教育局",
        ),
        ("126299214390001547", "629921-0001", "青屏县人民医院", "629921", "INSTITUTION", None),
    ]


def test_no_migration_is_missing(office: Bench):
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


def test_a_second_office_in_the_same_folder_is_refused(office: Bench):
    before = sorted(office.folder.rglob("*"))
    with pytest.raises(OfficeStateProblem) as caught:
        bench.found(office.folder)
    assert caught.value.code == "office-initialised"
    assert sorted(office.folder.rglob("*")) == before


def test_a_folder_with_anything_in_it_is_refused(tmp_path: Path):
    (tmp_path / "office").mkdir()
    (tmp_path / "office" / "note").touch()
    with pytest.raises(FileProblem) as caught:
        bench.found(tmp_path / "office")
    assert caught.value.code == "file-exists"


def test_an_empty_folder_will_do(tmp_path: Path):
    (tmp_path / "office").mkdir()
    bench.found(tmp_path / "office")
    assert Office.load(tmp_path / "office").identity.office_id == "longlan"


def test_a_failure_at_the_end_leaves_nothing(tmp_path: Path):
    def fail(work: Path) -> None:
        assert Office.load(work)
        raise FileProblem("file-unwritable", path="backup", detail="disk full")

    with pytest.raises(FileProblem):
        installation.found(tmp_path / "office", founding(), before_rename=fail)
    assert list(tmp_path.iterdir()) == []


def test_a_short_passphrase_is_refused_before_anything_is_made(tmp_path: Path):
    with pytest.raises(PassphraseProblem) as caught:
        installation.found(
            tmp_path / "office", founding(Passphrase("short")), before_rename=lambda work: None
        )
    assert caught.value.code == "passphrase-weak"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [ROOT_KEY, ISSUING_KEY])
@ONLY_SQLITE  # about files and keys only
def test_a_wrong_passphrase_opens_no_key(office: Bench, name: str):
    certificate = office.office.root if name == ROOT_KEY else office.office.issuing
    assert load_key(office.folder, name, certificate, PASSPHRASE)
    with pytest.raises(PassphraseProblem) as caught:
        load_key(office.folder, name, certificate, Passphrase("another passphrase"))
    assert caught.value.code == "passphrase-wrong"


@ONLY_SQLITE  # about files and keys only
def test_a_key_beside_the_wrong_certificate_is_noticed(office: Bench):
    with pytest.raises(CertificateProblem):
        load_key(office.folder, ROOT_KEY, office.office.issuing, PASSPHRASE)


def test_a_damaged_key_file_is_refused():
    sealed = seal(new_key(ES256), PASSPHRASE, CHEAP)
    for at in range(0, len(sealed), 3):
        damaged = sealed[:at] + bytes([sealed[at] ^ 0x04]) + sealed[at + 1 :]
        try:
            unseal(damaged, PASSPHRASE, ES256)
        except PassphraseProblem:
            continue
        assert at > sealed.index(b"\n"), "only characters around the key's base64 are free"


def test_a_key_file_cannot_ask_for_gigabytes():
    sealed = seal(new_key(ES256), PASSPHRASE, CHEAP).replace(b"scrypt 4 8 1", b"scrypt 40 8 1")
    with pytest.raises(PassphraseProblem):
        unseal(sealed, PASSPHRASE, ES256)


def test_the_default_cost_is_sixty_four_mebibytes():
    assert 128 * Cost().r * (1 << Cost().log2n) == 64 * 2**20


@ONLY_SQLITE  # about files and keys only
def test_secrets_do_not_show_themselves(office: Bench):
    shown = repr((PASSPHRASE, office.authority, office.authority.signer(), founding()))
    assert PASSPHRASE.secret not in shown
    assert "private" not in shown.lower()
