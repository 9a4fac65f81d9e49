"""Sign a filing with a key, submit it, let the key keep the receipt, and ask how the case stands.

    python sign_and_file.py FORM.json FOLDER OFFICE

FOLDER is made and holds everything about the filing: it is evidence by itself.  Run again, the
program goes on where it was and never signs or files twice.  The PIN is read from pin.txt.
"""

import sys
from pathlib import Path

from biandun import Office, keys
from biandun.filings import Folder, prepare, read_form, unit_of
from biandun.ui import Silent
from biandun_protocol.secret import Secret


class Clerk(Silent):
    """Who sits at the key: gives the PIN once, and is told when to press the button."""

    def __init__(self, pin: Path) -> None:
        self.pins = [Secret(pin.read_bytes().strip())]

    def need_pin(self, serial: str, slot: int, tries_left: int | None) -> Secret | None:
        return self.pins.pop() if self.pins else None

    def need_presence(self, serial: str) -> None:
        print(f"press the button of {serial}")


def main(form: str, folder: str, office: str) -> None:
    with keys.open(ui=Clerk(Path("pin.txt"))) as key, Office(office) as server:
        if Path(folder).exists():
            filing = Folder(Path(folder))
        else:
            # files to attach: [Source(Path("letter.pdf"), "application_document")]
            filing = prepare(Path(folder), read_form(Path(form), unit_of(key)), [])
        signature = filing.sign(key)
        accepted = filing.submit(server)
        filing.keep_receipt(key, server)
        print(f"statement {signature.statement_id.hex()}, number {signature.seq} of the key")
        server.login(key)
        case = server.get_json(f"/cases/{accepted.case}")
        print(f"case {accepted.case}: {case['state']} {case['state_name']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
