"""Feed odd inputs to every reader, in a process that has read none before, and print which of them
makes Python import or compile.

Whatever Python puts off until it is first wanted (a regular expression, a codec, a module) is work
that whoever sends the first odd input can start, and that a count of steps finds only in the
process where it happens.
"""

import random
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from tests.hostile import inputs
from tests.hostile.boundaries import BOUNDARIES, REFUSED

PUT_OFF = (
    "re._parser",
    "re._compiler",
    "sre_parse",
    "sre_compile",
    "importlib._bootstrap",
    "importlib._bootstrap_external",
)
INPUTS = 40
SIZES = (3, 12, 40, 150)


def put_off(call: Callable[[], object]) -> set[str]:
    """The modules of Python that import or compile while ``call`` runs."""
    found: set[str] = set()

    def enter(frame: FrameType, _event: str, _arg: object) -> Any:
        name = str(frame.f_globals.get("__name__"))
        if name in PUT_OFF:
            found.add(name)

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        call()
    except REFUSED:
        pass
    finally:
        sys.settrace(before)
    return found


def everywhere(seed: str) -> Iterator[str]:
    """A line for each input that starts such work."""
    chance = random.Random(seed)
    for name, boundary in BOUNDARIES.items():
        for _ in range(INPUTS):
            raw = inputs.make(
                chance, list(boundary.genuine), chance.choice(SIZES), is_der=boundary.is_der
            )
            for module in sorted(put_off(lambda read=boundary.read, raw=raw: read(raw))):
                yield f"{name}: {module} for {raw[:100].hex()}"


if __name__ == "__main__":
    print("\n".join(everywhere(sys.argv[1])))
