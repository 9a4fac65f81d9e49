"""Ctrl-C at every line of some modules, one line after the other, in this process."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

Place = tuple[str, int]


def at_every_line(
    modules: list[ModuleType], act: Callable[[], object]
) -> Iterator[tuple[Place, bool]]:
    """Run ``act`` again and again, each time with KeyboardInterrupt before the first line of
    ``modules`` that was not interrupted yet; yield where, and whether it was let through.

    Ends when ``act`` comes to its end without one.
    """
    files = {module.__file__ for module in modules}
    seen: set[Place] = set()
    while True:
        hit: list[Place] = []

        def trace(frame: FrameType, event: str, _: Any, hit: list[Place] = hit) -> Any:
            if frame.f_code.co_filename not in files:
                return None
            place = (frame.f_code.co_filename, frame.f_lineno)
            if event == "line" and not hit and place not in seen:
                seen.add(place)
                hit.append((Path(place[0]).name, place[1]))
                raise KeyboardInterrupt
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        stopped = False
        try:
            act()
        except KeyboardInterrupt:
            stopped = True
        finally:
            sys.settrace(before)
        if not hit:
            return
        yield hit[0], stopped
