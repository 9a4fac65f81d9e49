"""Mistakes in a form: each with its field, the field's label and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from biandun_protocol import catalogue
from biandun_protocol.catalogue import Phrase
from biandun_protocol.errors import ManifestProblem
from biandun_protocol.jsontext import Places, Spot

Path = tuple[int | str, ...]

_LAST = Spot(1 << 30, 0)


def spell(path: Path) -> str:
    """("items", 1, "number") -> items[1].number"""
    place = ""
    for part in path:
        if isinstance(part, int) and place:
            place += f"[{part}]"
        else:
            place += f".{part}" if place else str(part)
    return place


@dataclass(frozen=True)
class Mistake:
    """One mistake in a form.

    ``path`` leads to the field; ``label`` is the field's label; ``todo`` says what to do;
    ``problem`` is what is wrong: form-invalid, date-future or unit-foreign.
    """

    path: Path
    label: Phrase
    todo: Phrase
    problem: ManifestProblem
    spot: Spot | None = None

    @property
    def place(self) -> str:
        """The path of the field, as ``items[1].number``."""
        return spell(self.path)

    def sentence(self, language: str) -> str:
        """Return where the mistake is, what is wrong, and what to do."""
        english = language == "en"
        where = ""
        if self.spot is not None:
            line, column = self.spot
            where = (
                f"line {line}, column {column}: " if english else f"第 {line} 行第 {column} 列："
            )
        named = {**self.problem.values, "field": self._name(english)}
        what = catalogue.message(self.problem.code, language, named).rstrip("。.")
        todo = self.todo[english]
        return f"{where}{what}; {todo}." if english else f"{where}{what}；{todo}。"

    def _name(self, english: bool) -> str:
        label = self.label[english]
        if not self.place or label == self.place:
            return label or self.place
        return f"{label} ({self.place})" if english else f"{label}（{self.place}）"

    def as_dict(self, language: str) -> dict[str, object]:
        """Return the mistake for programs."""
        return {
            "code": self.problem.code,
            "field": self.place,
            "label": self.label[language == "en"],
            "message": self.sentence(language),
            **({} if self.spot is None else self.spot._asdict()),
        }


class FormProblem(ManifestProblem):
    """A form with at least one mistake; code and values are those of the first."""

    code = "form-invalid"

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        first = mistakes[0]
        super().__init__(first.problem.code, **{**first.problem.values, "field": first.place})
        self.mistakes = tuple(mistakes)

    def in_file(self, places: Places) -> "FormProblem":
        """Return the same problem with the positions in the file that the form was read from.

        Mistakes are in the order of the file; those without a position come last.
        """
        placed = [
            replace(mistake, spot=places.of(mistake.path))
            for mistake in self.mistakes
            if not mistake.path or places.has(str(mistake.path[0]))
        ]
        placed.sort(key=lambda mistake: mistake.spot or _LAST)
        rest = [
            mistake
            for mistake in self.mistakes
            if mistake.path and not places.has(str(mistake.path[0]))
        ]
        return FormProblem([*placed, *rest])

    def sentences(self, language: str = "zh") -> tuple[str, ...]:
        """Return one sentence for each mistake, and their number."""
        count = len(self.mistakes)
        first = f"表单有 {count} 处需要改正："
        if language == "en":
            first = f"The form has {count} mistakes:" if count > 1 else "The form has a mistake:"
        return first, *(mistake.sentence(language) for mistake in self.mistakes)

    def as_dict(self, language: str = "zh") -> dict[str, object]:
        """Return the first mistake as for any problem, and the list of all."""
        return {
            **super().as_dict(language),
            "mistakes": [mistake.as_dict(language) for mistake in self.mistakes],
        }
