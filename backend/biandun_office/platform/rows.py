"""The base of tables that only grow: Python refuses a change here, triggers refuse it in the
database (platform/append_only.py).
"""

from typing import Any, NoReturn

from django.db import models


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """A query set that neither changes nor deletes."""

    def update(self, **kwargs: Any) -> NoReturn:  # noqa: ARG002
        """Refuse."""
        raise TypeError("evidence cannot be changed")

    def delete(self) -> NoReturn:
        """Refuse."""
        raise TypeError("evidence cannot be deleted")


class AppendOnly(models.Model):
    """Rows that are inserted once and never touched again."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        """A base."""

        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert.  Raises TypeError for a row that is there already."""
        if not self._state.adding:
            raise TypeError("evidence cannot be changed")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002
        """Refuse."""
        raise TypeError("evidence cannot be deleted")
