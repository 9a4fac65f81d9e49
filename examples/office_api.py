"""Talk to the office's API with an HTTP client and nothing of this project.

    python office_api.py FOLDER OFFICE

Submits what is signed in FOLDER and uploads the files that the office asks for; prints where the
office's log stands.  Submitting needs no login, since a statement says by its signature who it is
from.  All of the API is at OFFICE/docs.
"""

import hashlib
import sys
from pathlib import Path

import httpx

STATEMENT = {"Content-Type": 'application/cose; cose-type="cose-sign1"'}


def main(folder: str, office: str) -> None:
    files = [Path(folder) / "manifest.cbor", *Path(folder, "attachments").glob("*")]
    # by the digest that the evidence names it by; in an SM2 office a manifest is named by its SM3
    named = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in files}
    statement = Path(folder, "statement.cose").read_bytes()
    with httpx.Client(base_url=office, trust_env=False) as client:
        answer = client.post("/statements", content=statement, headers=STATEMENT)
        # it may miss the manifest first, and the attachments once it has read that
        while answer.status_code == 409 and answer.json().get("missing"):
            for digest in answer.json()["missing"]:
                client.put(
                    f"/blobs/{digest}", content=named[digest].read_bytes()
                ).raise_for_status()
            answer = client.post("/statements", content=statement, headers=STATEMENT)
        if answer.is_error:
            raise SystemExit(f"{answer.status_code} {answer.text}")
        Path(folder, "receipt.cbor").write_bytes(answer.content)
        new = "taken in" if answer.status_code == httpx.codes.CREATED else "there already"
        print(f"{new}: case {answer.headers['Biandun-Case']}")
        log = client.get("/log").raise_for_status().json()
        print(f"the log has {log['size']} entries, root {log['root']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
