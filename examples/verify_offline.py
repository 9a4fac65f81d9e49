"""Verify a filing folder without network or server.

    python verify_offline.py FOLDER ROOT.pem

ROOT.pem is the office's root certificate from a source that you trust, not from the folder.  Prints
every step and every file, and ends with 0 when all of it holds.
"""

import sys
from pathlib import Path

from biandun.evidence import verify_folder


def main(folder: str, root: str) -> int:
    verdict = verify_folder(Path(folder), Path(root).read_bytes())
    for step in verdict.steps:
        print(f"{'good' if step.good else 'BAD '}  {step.part}{step.name}: {step.found}")
    for file in verdict.files:
        print(f"{file.finding:12}  {file.name}")
    print(verdict.outcome)
    return 0 if verdict.good else 1


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
