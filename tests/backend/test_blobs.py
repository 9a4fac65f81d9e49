"""PUT and HEAD /blobs: a file is there whole, under its own digest, or not at all."""

import errno
import io
import os
from pathlib import Path

import pytest

from biandun_office.evidence import blobs, services
from biandun_office.evidence.models import Blob
from biandun_office.platform import clock
from tests.backend.bench import ONLY_SQLITE, Bench, digest_of
from tests.support.softkey import SoftKey

CONTENT = "虚构附件".encode()


def files(office: Bench) -> list[Path]:
    return [path for path in (office.folder / "blobs").rglob("*") if path.is_file()]


def test_an_upload_is_stored_under_its_digest(office: Bench):
    assert office.put(CONTENT).status_code == 201
    (stored,) = files(office)
    assert stored.name == digest_of(CONTENT)
    assert stored.read_bytes() == CONTENT


def test_a_stored_file_is_private(office: Bench):
    office.put(CONTENT)
    (stored,) = files(office)
    assert stored.stat().st_mode & 0o077 == 0


def test_uploading_again_answers_that_it_is_there(office: Bench):
    office.put(CONTENT)
    assert office.put(CONTENT).status_code == 200
    assert len(files(office)) == 1


def test_an_empty_file_may_be_uploaded(office: Bench):
    assert office.put(b"").status_code == 201


def test_head_says_whether_a_blob_is_there(office: Bench):
    assert office.client.head(f"/blobs/{digest_of(CONTENT)}").status_code == 404
    office.put(CONTENT)
    answer = office.client.head(f"/blobs/{digest_of(CONTENT)}")
    assert (answer.status_code, answer["Content-Length"]) == (200, str(len(CONTENT)))


@pytest.mark.parametrize(
    "name",
    [
        "x",
        "A" * 64,
        digest_of(b"")[:-1],
        digest_of(b"") + "0",
        digest_of(b"").upper(),
        "..%2f" * 20,
    ],
)
@pytest.mark.parametrize("method", ["put", "head"])
@ONLY_SQLITE  # refused before the database is asked
def test_a_malformed_digest_is_refused(office: Bench, name: str, method: str):
    answer = getattr(office.client, method)(f"/blobs/{name}")
    assert answer.status_code in (400, 404)
    assert answer["Content-Type"] == "application/problem+json"
    assert files(office) == []


def test_content_that_is_not_what_its_name_says_is_refused_and_leaves_nothing(office: Bench):
    answer = office.put(CONTENT, digest_of(b"something else"))
    assert (answer.status_code, answer.json()["code"]) == (422, "blob-mismatch")
    assert files(office) == []


def test_wrong_content_for_a_stored_digest_is_refused_and_the_stored_one_stays(office: Bench):
    office.put(CONTENT)
    assert office.put(CONTENT + b"x", digest_of(CONTENT)).status_code == 422
    assert blobs.path_of(digest_of(CONTENT)).read_bytes() == CONTENT


def test_a_body_announced_as_too_long_is_refused_unread(office: Bench):
    answer = office.client.put(
        f"/blobs/{digest_of(CONTENT)}", data=CONTENT, CONTENT_LENGTH=str(20 * 2**20 + 1)
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "blob-too-large")
    assert files(office) == []


def test_a_body_that_turns_out_too_long_is_refused_and_leaves_nothing(office: Bench, monkeypatch):
    monkeypatch.setattr(blobs, "LIMIT_ATTACHMENT", 1000)
    answer = office.client.put(
        f"/blobs/{digest_of(bytes(1001))}",
        data=bytes(1001),
        content_type="application/octet-stream",
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "blob-too-large")
    assert files(office) == []


def test_a_file_of_twenty_mebibytes_is_accepted(office: Bench):
    assert office.put(bytes(20 * 2**20)).status_code == 201


class _BrokenStream:
    def __init__(self) -> None:
        self.parts = [b"half of "]

    def read(self, size: int, /) -> bytes:
        if self.parts:
            return self.parts.pop()
        raise ConnectionResetError


def test_a_body_that_breaks_off_leaves_nothing(office: Bench):
    with pytest.raises(services.Refused) as refused:
        services.store_blob(
            digest=digest_of(CONTENT), stream=_BrokenStream(), announced=0, now=clock.now()
        )
    assert refused.value.code == "blob-mismatch"
    assert files(office) == []


@pytest.mark.parametrize("call", ["fsync", "mkdir"])
def test_a_full_disk_answers_507_and_leaves_nothing(office: Bench, monkeypatch, call: str):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    target = (os, "fsync") if call == "fsync" else (Path, "mkdir")
    monkeypatch.setattr(*target, full)
    answer = office.put(CONTENT)
    assert (answer.status_code, answer.json()["code"], answer.json()["retriable"]) == (
        507,
        "storage-full",
        True,
    )
    assert files(office) == []
    assert Blob.objects.count() == 0


def test_uploads_that_nothing_refers_to_are_capped(office: Bench, settings):
    settings.UNREFERENCED_BLOBS_LIMIT = 100
    assert office.put(bytes(60)).status_code == 201
    assert office.put(bytes(61)).json()["code"] == "storage-full"
    assert office.put(bytes(40)).status_code == 201
    assert office.put(bytes(60)).status_code == 200, "a file that is there needs no more room"


def test_the_cap_holds_for_a_body_without_an_announced_length(office: Bench, settings):
    settings.UNREFERENCED_BLOBS_LIMIT = 10

    stream = io.BytesIO(b"0123456789a")
    with pytest.raises(services.StorageFull):
        services.store_blob(
            digest=digest_of(b"0123456789a"), stream=stream, announced=0, now=clock.now()
        )
    assert files(office) == []


def test_files_of_an_accepted_statement_do_not_count_against_the_cap(
    office: Bench, key: SoftKey, settings
):
    assert office.file(key).status_code == 201
    settings.UNREFERENCED_BLOBS_LIMIT = 10
    assert office.put(b"0123456789").status_code == 201


def test_the_sweep_removes_old_files_that_nothing_refers_to(office: Bench):
    office.put(CONTENT)
    assert services.sweep_blobs(older_than=clock.now() + 1) == (1, len(CONTENT))
    assert files(office) == []


def test_the_sweep_spares_young_files(office: Bench):
    office.put(CONTENT)
    assert services.sweep_blobs(older_than=clock.now() - 60) == (0, 0)
    assert len(files(office)) == 1


def test_the_sweep_spares_evidence(office: Bench, key: SoftKey):
    office.file(key)
    before = files(office)
    assert services.sweep_blobs(older_than=clock.now() + 1) == (0, 0)
    assert files(office) == before


def test_the_sweep_removes_what_a_crash_left_between_file_and_row(office: Bench):
    office.put(CONTENT)
    Blob.objects.all().delete()
    os.utime(blobs.path_of(digest_of(CONTENT)), (1, 1))
    assert services.sweep_blobs(older_than=clock.now()) == (1, len(CONTENT))


def test_a_file_whose_row_was_lost_in_a_crash_still_serves_as_evidence(office: Bench, key: SoftKey):
    statement = key.sign(office.upload())
    Blob.objects.all().delete()
    assert office.post(statement).status_code == 201
    assert set(Blob.objects.values_list("referenced", flat=True)) == {True}


def test_uploading_again_makes_a_file_young_again(office: Bench, monkeypatch):
    office.put(CONTENT)
    later = clock.now() + 1000
    office.at(monkeypatch, later)
    office.put(CONTENT)
    assert services.sweep_blobs(older_than=later - 500) == (0, 0)
