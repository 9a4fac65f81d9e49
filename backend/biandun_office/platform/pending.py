"""Rows that are to be inserted: writers in one transaction share one INSERT per table.

If a writer fails, its rows are dropped before they reach the database, so nothing has to be undone
there.  Code that must read pending rows writes them first, outside an attempt.  To be used by one
thread, under the write lock.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import models

from biandun_office.platform import sql

Model = type[models.Model]


@dataclass(frozen=True)
class Numbered:
    """A row whose primary key the database will assign; it stands for that key in other rows.

    ``name`` is the value of a unique column, by which the row is found after the insert.
    """

    name: str


class Pending:
    """Pending rows by table, and steps to run after they are written.

    Tables with keys that the database assigns are written first, because other rows refer to them,
    then the other tables in the order of their first row.
    """

    def __init__(self) -> None:
        self._rows: dict[Model, list[Sequence[object]]] = {}
        # for tables whose keys the database assigns: the unique column of ``Numbered.name``
        self._columns: dict[Model, str] = {}
        self._steps: list[Callable[[], object]] = []
        self._attempting = False

    def insert(self, model: Model, *values: object) -> None:
        """Add a row; ``values`` are in the order of the model's columns.

        A value may be a ``Numbered`` that was added before.
        """
        self._rows.setdefault(model, []).append(values)

    def insert_numbered(self, model: Model, column: str, name: str, *values: object) -> Numbered:
        """Add a row without primary key; its first value is ``name``, of the unique ``column``."""
        self._columns[model] = column
        self.insert(model, name, *values)
        return Numbered(name)

    def then(self, step: Callable[[], object]) -> None:
        """Run ``step`` after the rows are written; for rare writes, or ones that read first."""
        self._steps.append(step)

    @contextmanager
    def attempt(self) -> Generator[None]:
        """Drop the rows and steps that were added in the block if it raises."""
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
        """Write all pending rows, run the steps, and forget both.

        Raises RuntimeError inside an attempt: rows that are written could no longer be dropped.
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
