"""How long the flash of a key lives: signatures, receipts, PINs and boots of working days, on the
journal through the vault.

Nothing is signed here: signatures are numbers.  Sizes are those of a real statement, and of a real
receipt from a log of a million leaves.  The formula is that of the store's README.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from biandun_protocol.wire.flashmodel import NorFlash
from etoken.store.journal import BANK_HEADER
from etoken.vault import records
from etoken.vault.statements import RESERVE
from tests.firmware.test_signing import anchored
from tests.support.softoffice import NOW

RESULT = Path(__file__).parents[2] / "build" / "lifetime.json"
# bytes: protected header; receipt statement; its payload with a path of 20
HEADER, RECEIPT, PROOF = 321, 300, 765
ENDURANCE = 100_000  # erases a sector is good for, by the data sheets of such flash
A_DAY, A_BOOT = 50, 10  # signatures
WAITING = 5  # receipts come this many signatures later
Figures = dict[str, float]


def sign_for_years(signatures: int, size: int) -> Figures:
    """Let a key sign that often on a flash of ``size`` bytes; return what it cost."""
    flash, lives = NorFlash(size), []
    statements = anchored(flash).statements  # type: ignore[arg-type]
    start = list(flash.erases), flash.programmed
    for number in range(1, signatures + 1):
        if number % A_BOOT == 1:
            vault = anchored(flash)  # type: ignore[arg-type]
            statements, journal = vault.statements, vault._journal
            generation = journal.generation
            vault.seed.replace(number.to_bytes(32, "big"), number)
            journal.put(records.PIN_FAILURES, 0, b"\1" + bytes(4))
            journal.put(records.PIN_FAILURES, 0, bytes(5))
        name = number.to_bytes(16, "big")
        statements.append(name, "filing", name * 2, name + bytes(HEADER - 16), name * 4)
        if number > WAITING:
            statements.keep_receipt(
                number - WAITING, bytes(RECEIPT), bytes(PROOF), number, name * 2, NOW + number
            )
        if journal.generation != generation:
            generation = journal.generation
            lives.append(journal._end)
    assert statements.seq == signatures
    assert anchored(flash).statements.head == statements.head  # type: ignore[arg-type]
    erases = [now - before for now, before in zip(flash.erases, start[0], strict=True)]
    return {
        "signatures": signatures,
        "flash_bytes": size,
        "compactions": journal.generation,
        "erases_min": min(erases),
        "erases_max": max(erases),
        "programmed_bytes_per_signature": round((flash.programmed - start[1]) / signatures, 1),
        "live_bytes_after_compaction": round(sum(lives) / len(lives)),
        "signatures_per_compaction": round(signatures / journal.generation, 1),
        "endurance": ENDURANCE,
        "signatures_until_worn": signatures * ENDURANCE // max(erases),
        "years_at_50_a_day": round(signatures * ENDURANCE / max(erases) / A_DAY / 365, 1),
    }


def appended() -> float:
    """Bytes of journal a signature takes: statement, receipt, log point, and its part of a boot's
    seed and PIN counts.
    """
    head = 12 + 16  # the journal's, and the link of the vault
    statement = head + 1 + 17 + 7 + 34 + 3 + HEADER + 66
    receipt = head + 1 + 3 + RECEIPT + 3 + PROOF
    log_point = head + 1 + 5 + 34 + 5
    boot = head + 36 + 2 * (head + 5)
    return statement + receipt + log_point + boot / A_BOOT


def check(figures: Figures) -> None:
    """Wear is even, and as much as the README's formula says."""
    assert figures["erases_max"] <= 2 * figures["erases_min"]
    free = figures["flash_bytes"] / 2 - figures["live_bytes_after_compaction"] - RESERVE
    expected = figures["signatures"] * appended() / 2 / free
    assert abs(figures["erases_max"] - expected) <= 1 + 0.1 * expected
    assert figures["live_bytes_after_compaction"] > BANK_HEADER


def test_the_first_two_months_wear_the_flash_evenly_and_as_the_formula_says(
    figure: Callable[[str, object], None],
) -> None:
    figures = sign_for_years(2500, 512 * 1024)
    check(figures)
    figure("flash erases of a sector, 2500 signatures on 512 KiB", figures["erases_max"])
    figure(
        "flash bytes programmed for a signature and its receipt, with compaction",
        figures["programmed_bytes_per_signature"],
    )


@pytest.mark.slow
def test_a_hundred_thousand_signatures_wear_half_a_mebibyte_evenly() -> None:
    figures = sign_for_years(100_000, 512 * 1024)
    print(json.dumps(figures, indent=1))
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(figures, indent=1) + "\n")
    check(figures)
