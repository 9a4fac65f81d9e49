"""The picture of docs/architecture.md: the way of a filing, the rooms, and who may import whom.

    python -m tests.system.architecture [--check]

Layers inside a room are those of the contracts in pyproject.toml; rooms, arrows and the way of a
filing stand here as data, and ``tests/system/test_architecture.py`` compares them with the
contracts.
"""

import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "pictures" / "architecture.svg"


@dataclass(frozen=True)
class Room:
    """A folder of the repository with its package, and what a person calls it."""

    folder: str
    package: str
    chinese: str
    english: str


@dataclass(frozen=True)
class Step:
    """One step of a filing, from one head to another or at one of them."""

    source: str
    target: str
    chinese: str
    english: str
    built: bool = True


KEY, HOST, OFFICE = "etoken", "biandun", "biandun_office"
PROTOCOL, WIRE, SIMULATOR = "biandun_protocol", "biandun_protocol.wire", "biandun_simulator"
ROOMS = {
    room.package: room
    for room in (
        Room("firmware", KEY, "密钥", "key"),
        Room("host", HOST, "工作站", "workstation"),
        Room("backend", OFFICE, "编办后台", "office"),
        Room("simulator", SIMULATOR, "模拟器", "simulator"),
        Room("protocol", PROTOCOL, "协议", "protocol"),
    )
}
# who may import whom among the rooms; the key has only the part of protocol that both ends run
ARROWS = {
    (KEY, WIRE),
    (HOST, PROTOCOL),
    (OFFICE, PROTOCOL),
    (SIMULATOR, KEY),
    (SIMULATOR, HOST),
    (SIMULATOR, PROTOCOL),
}
WAY = (
    Step(HOST, HOST, "填写表单；附件按摘要列入材料清单", "form and attachments become a manifest"),
    Step(HOST, KEY, "材料清单，分块传入", "the manifest, streamed"),
    Step(KEY, KEY, "核对策略、口令、按键；写签名头，签署", "checks policy, PIN, button; signs"),
    Step(KEY, HOST, "签名文件", "the statement"),
    Step(HOST, OFFICE, "提交签名文件、清单、附件", "statement, manifest, attachments"),
    Step(
        OFFICE, OFFICE, "核验、入册、推进业务：一个事务", "verify, append, effect: one transaction"
    ),
    Step(OFFICE, HOST, "带收录证明的回执", "receipt with inclusion proof"),
    Step(HOST, KEY, "回执，日志只增的证明", "receipt, proof that the log grew"),
    Step(KEY, KEY, "核验并保存：成为日志的见证", "verifies and keeps it: a witness"),
    Step(OFFICE, KEY, "单位卡（尚未实现）", "unit card (to come)", built=False),
)

WIDTH = 1280
COLUMN = {KEY: 30, HOST: 450, OFFICE: 870}  # left edge
BREADTH = 380
ROW, LINE = 26, 58  # heights of a layer and of a step
LETTERS = 50  # of a layer's line
STYLE = """
  svg { --paper: #ffffff; --ink: #1b2430; --soft: #5b6776; --box: #f1f4f8; --rule: #c3ccd8;
        --way: #0b62a8; --self: #e6f0fa; --import: #8a5a00; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #12171e; --ink: #e4e9f0; --soft: #9fabba; --box: #1b232d; --rule: #3b4757;
          --way: #6db8ff; --self: #16293c; --import: #e0a63f; }
  }
  text { font-family: "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif;
         fill: var(--ink); font-size: 15px; }
  .small { font-size: 13px; fill: var(--soft); }
  .head { font-size: 20px; font-weight: bold; }
  .code { font-family: "Noto Sans Mono CJK SC", Consolas, monospace; font-size: 12.5px; }
  .number { fill: var(--paper); font-size: 13px; font-weight: bold; }
  .box { fill: var(--box); stroke: var(--rule); }
  .layer { fill: var(--paper); stroke: var(--rule); }
  .self { fill: var(--self); stroke: var(--way); }
  .life { stroke: var(--rule); stroke-width: 2; }
  .way { stroke: var(--way); stroke-width: 2.5; fill: none; }
  .import { stroke: var(--import); stroke-width: 2; fill: none; }
  .later { stroke-dasharray: 7 6; }
"""


def contracts() -> list[dict[str, Any]]:
    """The import contracts of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return project["tool"]["importlinter"]["contracts"]


def layers(package: str) -> list[str]:
    """The layers of a room from top to bottom, as its contract writes them; none without one."""
    for contract in contracts():
        if contract["type"] == "layers" and contract["containers"] == [package]:
            return contract["layers"]
    return []


def lines(layer: str) -> list[str]:
    """A layer's modules, in as many lines as they need."""
    found = [""]
    for name in layer.replace(":", "|").split("|"):
        word = name.strip().strip("()")
        longer = f"{found[-1]} · {word}" if found[-1] else word
        if len(longer) > LETTERS:
            found.append(word)
        else:
            found[-1] = longer
    return found


class Drawing:
    """An SVG under construction."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def box(self, kind: str, x: float, y: float, width: float, height: float) -> None:
        """A rectangle with round corners."""
        self.parts.append(
            f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>'
        )

    def text(self, words: str, x: float, y: float, kind: str = "", anchor: str = "middle") -> None:
        """A line of text; ``y`` is its base line."""
        named = f' class="{kind}"' if kind else ""
        self.parts.append(
            f'<text{named} x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'
        )

    def line(self, kind: str, *points: tuple[float, float], arrow: str = "") -> None:
        """A line through points, with an arrow at its end."""
        end = f' marker-end="url(#{arrow})"' if arrow else ""
        path = " ".join(f"{x},{y}" for x, y in points)
        self.parts.append(f'<polyline class="{kind}" points="{path}"{end}/>')

    def number(self, number: int, x: float, y: float) -> None:
        """The number of a step in a disc."""
        self.parts.append(f'<circle cx="{x}" cy="{y}" r="12" fill="var(--way)"/>')
        self.text(str(number), x, y + 5, "number")


def middle(package: str) -> float:
    """Where the life line of a head stands."""
    return COLUMN[package] + BREADTH / 2


def draw_way(drawing: Drawing, top: float) -> float:
    """The heads and the way of a filing; returns where it ends."""
    bottom = top + 64 + LINE * len(WAY) + 10
    for package in COLUMN:
        drawing.line("life", (middle(package), top + 56), (middle(package), bottom))
    for package, left in COLUMN.items():
        drawing.box("box", left + 70, top, BREADTH - 140, 56)
        room = ROOMS[package]
        drawing.text(room.chinese, middle(package), top + 26, "head")
        drawing.text(room.english, middle(package), top + 46, "small")
    for number, step in enumerate(WAY, 1):
        y = top + 64 + LINE * number - 12
        start, end = middle(step.source), middle(step.target)
        if start == end:
            drawing.box("self", start - 185, y - 34, 370, 50)
            drawing.number(number, start - 163, y - 9)
            centre = start + 14
        else:
            side = 1 if end > start else -1
            kind = "way" if step.built else "way later"
            drawing.line(kind, (start, y + 10), (end - 4 * side, y + 10), arrow="way")
            centre = (start + end) / 2
            if abs(end - start) > BREADTH + 100:  # over a life line: beside it
                centre = (start + middle(HOST)) / 2
            drawing.number(number, start + 22 * side, y - 8)
        drawing.text(step.chinese, centre, y - 14)
        drawing.text(step.english, centre, y + 4, "small")
    return bottom


def draw_rooms(drawing: Drawing, top: float) -> dict[str, tuple[float, float]]:
    """The three rooms with their layers; returns top and bottom of each."""
    shown = {package: [lines(layer) for layer in layers(package)] for package in COLUMN}
    tallest = max(sum(18 * (len(one) - 1) + ROW for one in rows) for rows in shown.values())
    height = 68 + tallest + 10
    for package, left in COLUMN.items():
        room = ROOMS[package]
        drawing.box("box", left, top, BREADTH, height)
        drawing.text(f"{room.chinese} {room.english}", left + 14, top + 26, "", "start")
        drawing.text(f"{room.folder}/{package}", left + BREADTH - 14, top + 26, "code", "end")
        drawing.text("只能引用下面的层 · imports run down", left + 14, top + 50, "small", "start")
        y = top + 62
        for row in shown[package]:
            tall = 18 * (len(row) - 1) + ROW - 4
            drawing.box("layer", left + 12, y, BREADTH - 24, tall)
            for index, words in enumerate(row):
                drawing.text(words, left + BREADTH / 2, y + 16 + 18 * index, "code")
            y += tall + 4
    return dict.fromkeys(COLUMN, (top, top + height))


def draw_floor(drawing: Drawing, rooms: dict[str, tuple[float, float]]) -> float:
    """Simulator and protocol below the rooms, and the arrows of imports; returns the bottom."""
    foot = rooms[KEY][1]
    simulator, bar = foot + 46, foot + 164
    drawing.box("box", 190, simulator, 220, 62)
    room = ROOMS[SIMULATOR]
    drawing.text(f"{room.chinese} {room.english}", 300, simulator + 26)
    drawing.text(f"{room.folder}/{SIMULATOR}", 300, simulator + 48, "code")
    room = ROOMS[PROTOCOL]
    drawing.box("box", 30, bar, WIDTH - 60, 84)
    drawing.text(f"{room.chinese} {room.english}", 640, bar + 28)
    drawing.text(f"{room.folder}/{PROTOCOL}", 640, bar + 50, "code")
    drawing.text(
        "格式、表单、规则、用语；没有输入输出 · formats, forms, rules, words; no I/O",
        640,
        bar + 72,
        "small",
    )
    drawing.box("layer", 44, bar + 12, 230, 60)
    drawing.text(WIRE, 159, bar + 34, "code")
    drawing.text("两端同一份代码 · run by both ends", 159, bar + 56, "small")
    ways = {
        (KEY, WIRE): ((110, foot), (110, bar + 8)),
        (HOST, PROTOCOL): ((middle(HOST) + 60, foot), (middle(HOST) + 60, bar - 4)),
        (OFFICE, PROTOCOL): ((middle(OFFICE), foot), (middle(OFFICE), bar - 4)),
        (SIMULATOR, KEY): ((300, simulator), (300, foot + 4)),
        (SIMULATOR, HOST): ((410, simulator + 31), (520, simulator + 31), (520, foot + 4)),
        (SIMULATOR, PROTOCOL): ((330, simulator + 62), (330, bar - 4)),
    }
    for pair in sorted(ARROWS):
        drawing.line("import", *ways[pair], arrow="import")
    return bar + 84


def svg() -> str:
    """The whole picture."""
    drawing = Drawing()
    drawing.text("一份申报的路径 · The way of a filing", 30, 44, "head", "start")
    drawing.text(
        "主管会签、编办决定走同一条路，各用自己的密钥 · consents and decisions go the same way, each by its own key",
        450,
        43,
        "small",
        "start",
    )
    end = draw_way(drawing, 66)
    drawing.text("目录与引用方向 · Rooms, and who imports whom", 30, end + 44, "head", "start")
    drawing.line("import", (800, end + 38), (860, end + 38), arrow="import")
    drawing.text("引用 · imports", 872, end + 43, "small", "start")
    bottom = draw_floor(drawing, draw_rooms(drawing, end + 64)) + 24
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom:g}" width="{WIDTH}" height="{bottom:g}">',
            "<title>编盾的结构 / How Biandun is built</title>",
            f"<style>{STYLE}</style>",
            "<defs>",
            *(
                f'<marker id="{name}" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
                f'<path d="M0,0 L10,5 L0,10 z" fill="var(--{name})"/></marker>'
                for name in ("way", "import")
            ),
            "</defs>",
            f'<rect width="{WIDTH}" height="{bottom:g}" fill="var(--paper)"/>',
            *drawing.parts,
            "</svg>",
            "",
        )
    )


def allowed(rules: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Pairs of rooms that none of the contracts forbids: who may import whom."""
    forbidden: set[tuple[str, str]] = set()
    wire_only: set[str] = set()
    for contract in rules:
        for source in contract.get("source_modules", []):
            if contract["type"] != "forbidden" or source not in ROOMS:
                continue
            everything = "*" in contract["forbidden_modules"]
            targets = set(ROOMS) if everything else set(contract["forbidden_modules"])
            forbidden |= {(source, target) for target in targets}
            if f"{source}.** -> {WIRE}.**" in contract.get("ignore_imports", []):
                wire_only.add(source)
    for source in ROOMS:
        for target in ROOMS:
            if source == target:
                continue
            if (source, target) not in forbidden:
                yield source, target
            elif target == PROTOCOL and source in wire_only:
                yield source, WIRE


def main(arguments: list[str]) -> int:
    """Draw the picture, or with --check say whether the one that is kept is another."""
    drawn = svg()
    if PICTURE.exists() and PICTURE.read_text("utf-8") == drawn:
        return 0
    name = PICTURE.relative_to(ROOT)
    if "--check" in arguments:
        print(f"stale: {name}; draw it with python -m tests.system.architecture")
        return 1
    PICTURE.write_text(drawn, "utf-8")
    print(f"written: {name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
