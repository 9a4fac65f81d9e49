"""The description of a business as data: its states, and which statements change them.

A file in ``businesses`` describes one business; the engine around them does not depend on any.  The
name of a business and the letters of its case numbers are in the row of its form
(``biandun_protocol.forms.registry``), the names of states and actions in ``messages.toml``.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from biandun_office.registry.models import Unit
from biandun_protocol.forms.registry import FORMS
from biandun_protocol.wire.numbers import PURPOSE_FILING

NONE = ""  # the state of a case before its first filing
# the ``word`` of a filing: it opens a case, or it is the next version of a returned one
FIRST, AGAIN = "first", "again"

FormKind = tuple[str, str]  # purpose and type of a form


@dataclass(frozen=True)
class Step:
    """One row of a business: a form of ``kind`` with ``word`` changes a case's state.

    The case must be in one of ``sources`` and ends in one of ``targets``.  ``word`` is FIRST or
    AGAIN for a filing, otherwise the form's opinion or decision.  ``verb`` ends the name of the
    action.
    """

    verb: str
    kind: FormKind
    word: str
    sources: Collection[str]
    targets: Collection[str]


@dataclass(frozen=True)
class Action:
    """A step of one business under the dotted ``name`` that logs and histories use."""

    name: str
    kind: FormKind
    sources: frozenset[str]
    targets: frozenset[str]

    @property
    def is_filing(self) -> bool:
        """Does the action add a version of the filing?"""
        return self.kind[0] == PURPOSE_FILING

    @property
    def target(self) -> str:
        """The state after an action.  Raises ValueError for an action with several targets."""
        (only,) = self.targets
        return only


@dataclass(frozen=True, kw_only=True)
class Business:
    """A kind of case (业务类型).

    A form of ``filing_type`` opens a case of it.  ``name`` is part of the names of its actions.
    ``waits_for`` returns the state in which a filing of a given unit waits.
    """

    name: str
    filing_type: str
    steps: tuple[Step, ...]
    waits_for: Callable[[Unit], str]

    @cached_property
    def letters(self) -> str:
        """The letters in its case numbers.

        Raises ValueError when no filing has ``filing_type``, or its row has no letters.
        """
        row = FORMS.get((PURPOSE_FILING, self.filing_type))
        if row is None or not row.letters:
            raise ValueError(f"{self.name}: FORMS has no row with letters for {self.filing_type}")
        return row.letters

    @cached_property
    def states(self) -> frozenset[str]:
        """Every state that a step starts from or leads to."""
        named = {state for step in self.steps for state in (*step.sources, *step.targets)}
        return frozenset(named - {NONE})

    @cached_property
    def actions(self) -> Mapping[tuple[FormKind, str], Action]:
        """Every action by the form's purpose and type and by its word."""
        return {
            (step.kind, step.word): Action(
                f"flow.{self.name}.{step.verb}",
                step.kind,
                frozenset(step.sources),
                frozenset(step.targets),
            )
            for step in self.steps
        }

    def action(self, name: str) -> Action | None:
        """The action of that name, if it is one of this business."""
        return next((one for one in self.actions.values() if one.name == name), None)
