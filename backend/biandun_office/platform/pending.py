"""Rows that are decided upon and not yet written: several writers in one transaction share one text
of SQL a table.

What one writer has added is taken back by forgetting it, so nothing need be undone in the database.
Whoever must read what was added writes it first, outside an attempt.  Used under the write lock
only, by one thread.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import models

from biandun_office.platform import sql

Model = type[models.Model]


@dataclass(frozen=True)
class Numbered:
    """A row whose key the database will give; it stands for that key in the rows that refer to it.

    ``name`` is the value of the unique column by which the row is found again.
    """

    name: str


class Pending:
    """Rows by table; then what else is to be done, in its order.

    Tables whose keys the database gives come first, because the others refer to them, then the rest
    in the order of their first row.
    """

    def __init__(self) -> None:
        self._rows: dict[Model, list[Sequence[object]]] = {}
        # of the tables whose keys the database gives: what finds a row again
        self._columns: dict[Model, str] = {}
        self._steps: list[Callable[[], object]] = []
        self._attempting = False

    def insert(self, model: Model, *values: object) -> None:
        """Add a row: ``values`` are those of the model's columns in their order; one may be a
        ``Numbered`` that was added before.
        """
        self._rows.setdefault(model, []).append(values)

    def insert_numbered(self, model: Model, column: str, name: str, *values: object) -> Numbered:
        """Add a row without its key: its first value is ``name``, of the unique ``column``."""
        self._columns[model] = column
        self.insert(model, name, *values)
        return Numbered(name)

    def then(self, step: Callable[[], object]) -> None:
        """Do this when the rows are written: what is rare, or reads before it writes."""
        self._steps.append(step)

    @contextmanager
    def attempt(self) -> Generator[None]:
        """Forget what was added inside when it raises."""
        rows, steps = {model: len(added) for model, added in self._rows.items()}, len(self._steps)
        self._attempting = True
        try:
            yield
        except Exception:
            for model, added in self._rows.items():
                del added[rows.get(model, 0) :]
            del self._steps[steps:]
            raise
        finally:
            self._attempting = False

    def write(self) -> None:
        """Write everything, and forget it.

        Raises RuntimeError in an attempt, whose rows could no more be told from others.
        """
        if self._attempting:
            raise RuntimeError("what is written cannot be forgotten")
        rows, steps = self._rows, self._steps
        self._rows, self._steps = {}, []
        keys: dict[str, int] = {}
        for model, column in self._columns.items():
            keys |= sql.insert_numbered(model, column, rows.pop(model, []))
        for model, added in rows.items():
            if added:
                sql.insert_many(
                    model, [_with_keys(values, keys) for values in added] if keys else added
                )
        for step in steps:
            step()


def _with_keys(values: Sequence[object], keys: dict[str, int]) -> Sequence[object]:
    return [keys[value.name] if isinstance(value, Numbered) else value for value in values]
