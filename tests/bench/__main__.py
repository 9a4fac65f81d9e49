"""make bench: measure what SPEED promises, print a table, write build/bench.json.

    python -m tests.bench [--only ROW] [--quick] [--into FOLDER]

Exit status 0 also when a goal is missed: the table says MISSED, the machine may be to blame.
"""

import argparse
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench import boot, crypto, demonstration, hostile, intake, signing, stalled, streaming
from tests.bench.rows import HEADING, Row, Scale

BUILD = Path("build")  # on a disk: what is durable must cost what it costs
BENCHES: dict[tuple[str, ...], Callable[[Scale], Iterator[Row]]] = {
    (
        "sign_p50_ms",
        "sign_p95_ms",
        "sign_sealed_p50_ms",
        "sign_sealed_p95_ms",
        "sign_wire_bytes",
        "sign_sealed_wire_bytes",
    ): signing.measure,
    ("link_throughput", "link_sealed_throughput", "wire_overhead_pct"): streaming.measure,
    ("boot_ms", "key_pss_mib"): boot.measure,
    ("hostile_cpu_ratio",): hostile.measure,
    ("stalled_health_ms", "stalled_submit_ms"): stalled.measure,
    (
        "intake_per_s",
        "intake_alone_per_s",
        "intake_http_per_s",
        "intake_pg_per_s",
        "intake_pg_alone_per_s",
        "intake_pg_http_per_s",
        "pg_round_trip_ms",
    ): intake.measure,
    (
        "crypto",
        "kg_m33_insn",
        "es256_sign_m33_insn",
        "sm2_sign_m33_insn",
        "viper_sign_ms",
    ): crypto.measure,
    ("demo_s",): demonstration.measure,
}


def main() -> None:
    """Run the benches that are asked for; rows that are not measured stay in the file as they
    were.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only",
        metavar="ROW",
        choices=[name for names in BENCHES for name in names],
        help="one row and its neighbours",
    )
    parser.add_argument(
        "--quick", action="store_true", help="few runs, written to bench-quick.json"
    )
    parser.add_argument(
        "--into",
        metavar="FOLDER",
        type=Path,
        default=BUILD,
        help="results and working files; build",
    )
    options = parser.parse_args()
    folder = options.into.absolute() / "bench"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # keys that are met here are no business of whoever runs it
    os.environ["XDG_STATE_HOME"] = str(folder / "state")
    scale = Scale(folder)
    results = options.into / ("bench-quick.json" if options.quick else "bench.json")
    print(HEADING, flush=True)
    rows: dict[str, object] = {}
    if options.only and results.exists():
        rows = {row["name"]: row for row in json.loads(results.read_text("utf-8"))}
    for names, measure in BENCHES.items():
        if options.only and options.only not in names:
            continue
        for row in measure(scale.quick() if options.quick else scale):
            print(row.as_line(), flush=True)
            rows[row.name] = row.as_json()
    results.write_text(
        json.dumps(list(rows.values()), indent=1, ensure_ascii=False) + "\n", "utf-8"
    )
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
