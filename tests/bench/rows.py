"""What a measurement is: a row of build/bench.json, and how value and reference are taken in
turns.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Literal

Better = Literal["lower", "higher"]


@dataclass(frozen=True)
class Row:
    """One figure.  ``n`` counts the runs behind the value, all alternations together; ``note``
    states the conditions, or why there is no reference; ``goal`` bounds the ratio, or the value of
    a row without reference.
    """

    name: str
    value: float
    unit: str
    better: Better
    n: int
    reference: float | None = None
    note: str = ""
    goal: float | None = None

    @property
    def ratio(self) -> float | None:
        """Value in terms of the reference."""
        return None if self.reference is None else float(f"{self.value / self.reference:.4g}")

    @property
    def missed(self) -> bool:
        """Is there a goal, and does the row not reach it?"""
        if self.goal is None:
            return False
        reached = self.value if self.ratio is None else self.ratio
        return reached > self.goal if self.better == "lower" else reached < self.goal

    def as_json(self) -> dict[str, object]:
        """The row as build/bench.json keeps it."""
        keys = ("name", "value", "unit", "better", "reference", "ratio", "n", "note", "goal")
        fields = {**asdict(self), "ratio": self.ratio, "value": tidy(self.value)}
        fields["reference"] = None if self.reference is None else tidy(self.reference)
        return {key: fields[key] for key in keys}

    def as_line(self) -> str:
        """The row as the table shows it."""
        reference = "-" if self.reference is None else f"{tidy(self.reference):g}"
        ratio = (
            "-"
            if self.ratio is None
            else f"{self.ratio:.2f}"
            if self.ratio >= 0.01
            else f"1/{1 / self.ratio:.0f}"
        )
        sign = "<=" if self.better == "lower" else ">="
        goal = "-" if self.goal is None else f"{sign} {self.goal:.3g}"
        verdict = "MISSED" if self.missed else ""
        return (
            f"{self.name:28} {tidy(self.value):>10.9g} {self.unit:6} {reference:>10} {ratio:>7} {goal:>8} {self.n:>5} {verdict:6} {self.note}"
        ).rstrip()


HEADING = f"{'row':28} {'value':>10} {'unit':6} {'reference':>10} {'ratio':>7} {'goal':>8} {'n':>5} {'':6} conditions"


def tidy(value: float) -> float:
    """Four significant digits of what was timed: more would be noise.  What was counted is an
    integer and stays exact.
    """
    return value if isinstance(value, int) else float(f"{value:.4g}")


@dataclass(frozen=True)
class Scale:
    """How much is measured: ``rounds`` alternations, each of so many runs, after ``warm_up`` runs
    that do not count.
    """

    folder: Path
    rounds: int = 5
    warm_up: int = 10
    signatures: int = 50
    boots: int = 40
    packages: int = 200
    manifests: int = 64
    requests: int = 100_000
    answers: int = 200

    def quick(self) -> "Scale":
        """For a look: figures that are not to be quoted."""
        return Scale(
            self.folder,
            rounds=2,
            warm_up=3,
            signatures=20,
            boots=10,
            packages=40,
            manifests=8,
            requests=3_000,
            answers=20,
        )


def percentile(values: list[float], part: float) -> float:
    """The value below which ``part`` (0 to 1) of all lie; the nearest one that was seen."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def alternate(rounds: int, *sides: Callable[[int], list[float]]) -> list[list[float]]:
    """Let each of ``sides`` measure in turns and return the medians over the rounds of what each
    returns.

    A side gets the number of the round and returns its figures in a fixed order.
    """
    taken: list[list[list[float]]] = [[] for _ in sides]
    for number in range(rounds):
        for side, results in zip(sides, taken, strict=True):
            results.append(side(number))
    return [[median(column) for column in zip(*results, strict=True)] for results in taken]
