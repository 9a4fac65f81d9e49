"""make pictures: what the README shows, made new from what the programs print today.

Each picture is a terminal: the command, then what it printed, drawn by headless Chromium.  Wants
the Debian packages chromium and fonts-noto-cjk (or their like elsewhere).
"""

import argparse
import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

import pexpect
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[2]
OUT = ROOT / "docs" / "pictures"
COLUMNS = 132
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
)
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #10151c; color: #d8dee6; }}
pre {{ margin: 0; padding: 20px 24px; font: 16px/24px "Noto Sans Mono CJK SC", monospace; white-space: pre; }}
.prompt {{ color: #7fd18b; }}
</style><pre><span class="prompt">$ {command}</span>
{code}</pre>"""
DEMO = "build/demo"
# name -> the command of which it is a picture, in the root of the checkout
PICTURES = {
    "demo": "make demo",
    "show": f"biandun filing show {DEMO}/用编申请",
    "verify": f"biandun filing verify {DEMO}/用编申请 --root {DEMO}/office/root.pem",
}


def printed(command: str) -> str:
    """What a person sees on a terminal when the command ends; SystemExit when it fails."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "TERM": "xterm-256color",
    }
    shown, status = cast("Any", pexpect).run(
        f"bash -c {pexpect_quoted(command)}",
        cwd=str(ROOT),
        env={**environment, "COLUMNS": str(COLUMNS), "MAKEFLAGS": "", "MAKELEVEL": "0"},
        encoding="utf-8",
        withexitstatus=True,
        timeout=600,
        dimensions=(60, COLUMNS),
    )
    if status:
        raise SystemExit(f"{command} -> {status}\n{shown}")
    return shown.replace("\r\n", "\n")


def pexpect_quoted(command: str) -> str:
    """The command as one word of pexpect's own little shell grammar."""
    return "'" + command.replace("'", "'\\''") + "'"


def page(command: str, shown: str) -> tuple[str, int]:
    """The page that shows a terminal, and how many lines it has."""
    console = Console(
        width=COLUMNS,
        record=True,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
    )
    console.print(Text.from_ansi(shown.rstrip("\n")), soft_wrap=False)
    lines = console.export_text(clear=False).count("\n") + 1
    code = console.export_html(inline_styles=True, code_format="{code}")
    return PAGE.format(command=command, code=code), lines


def draw(html: str, lines: int, picture: Path) -> None:
    """Let the browser take a picture of the page; SystemExit where there is no browser."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit("no Chromium: install the packages chromium and fonts-noto-cjk")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "page.html"
        source.write_text(html, "utf-8")
        size = f"--window-size={COLUMNS * 8 + 48},{lines * 24 + 40}"
        shot = [
            browser,
            *FLAGS,
            f"--user-data-dir={folder}/profile",
            size,
            f"--screenshot={picture}",
            source.as_uri(),
        ]
        subprocess.run(shot, check=True, capture_output=True, timeout=120)


def main() -> None:
    """Make the pictures that were asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", choices=[*PICTURES, []], help="which pictures; all when none is named"
    )
    for name in parser.parse_args().names or PICTURES:
        html, lines = page(PICTURES[name], printed(PICTURES[name]))
        draw(html, lines, OUT / f"{name}.png")
        print(OUT / f"{name}.png")


if __name__ == "__main__":
    main()
