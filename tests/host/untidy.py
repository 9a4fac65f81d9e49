"""A writer that tidies only when nobody presses Ctrl-C, for the test that has to find it."""

from pathlib import Path


def write(path: Path) -> None:
    aside = path.with_name("part")
    aside.write_bytes(b"whole")
    try:
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
