"""Firmware, and this computer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from biandun.results.naming import called


@dataclass(frozen=True, kw_only=True)
class ReleaseDescription:
    """The manifest of a firmware release; not verified."""

    version: str
    number: int
    floor: int
    target: str
    size: int = field(metadata=called("bytes"))
    digest: bytes
    approved: bool


@dataclass(frozen=True, kw_only=True)
class Updated:
    """A key that has a release stored beside its running firmware."""

    serial: str
    firmware: str
    version: str
    number: int
    floor: int
    target: str
    size: int = field(metadata=called("bytes"))
    digest: bytes
    approved: bool
    next: str


@dataclass(frozen=True, kw_only=True)
class FindingRow:
    """A finding of the doctor, and what to do about it."""

    code: str
    serial: str  # empty, like ``port``, if it does not concern a key
    port: str
    message: str
    fix: str


@dataclass(frozen=True, kw_only=True)
class Examined:
    """The keys that the doctor examined, and its findings."""

    keys: Sequence[str]
    findings: Sequence[FindingRow]


@dataclass(frozen=True, kw_only=True)
class Healthy:
    """The doctor found nothing wrong."""

    keys: str
    good: bool = True


@dataclass(frozen=True, kw_only=True)
class RulesInstalled:
    """The file with the udev rules, and whether udev has already loaded them."""

    file: Path
    reloaded: bool
