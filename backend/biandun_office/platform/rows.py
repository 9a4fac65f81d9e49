"""The base of append-only models: Python refuses changes here.

Triggers refuse them in the database (platform/append_only.py).
"""

from typing import Any, NoReturn

from django.db import models


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """A query set that can neither update nor delete."""

    def update(self, **kwargs: Any) -> NoReturn:  # noqa: ARG002
        """Refuse."""
        raise TypeError("evidence cannot be changed")

    def delete(self) -> NoReturn:
        """Refuse."""
        raise TypeError("evidence cannot be deleted")


class AppendOnly(models.Model):
    """Rows that are inserted once and never changed or deleted."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        """A base."""

        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the row.  Raises TypeError for a row that is stored already."""
        if not self._state.adding:
            raise TypeError("evidence cannot be changed")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002
        """Refuse."""
        raise TypeError("evidence cannot be deleted")
