"""What a business is, as data: the letters of its case numbers, its states, and which signed
statement moves a case from where to where.

A file in ``businesses`` says it for one business; the engine around it knows none by name.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from biandun_office.registry.models import Unit
from biandun_protocol.wire.numbers import PURPOSE_FILING

NONE = ""  # the state of a case before its first filing
# what a filing says: it opens a case, or it is the next version of what was sent back
FIRST, AGAIN = "first", "again"

FormKind = tuple[str, str]  # purpose and type of a form


@dataclass(frozen=True)
class Step:
    """One row of a business: a form of ``kind`` that says ``word`` leads a case from one of
    ``sources`` to one of ``targets``.

    ``word`` is FIRST or AGAIN for a filing, otherwise the opinion or the decision.
    """

    verb: str
    kind: FormKind
    word: str
    sources: Collection[str]
    targets: Collection[str]


@dataclass(frozen=True)
class Action:
    """A step of one business; ``name`` is what logs and histories call it."""

    name: str
    kind: FormKind
    sources: frozenset[str]
    targets: frozenset[str]

    @property
    def is_filing(self) -> bool:
        """Does it bring a version of the filing?"""
        return self.kind[0] == PURPOSE_FILING

    @property
    def target(self) -> str:
        """Where an action with one target leads.  Raises ValueError for one with several."""
        (only,) = self.targets
        return only


@dataclass(frozen=True, kw_only=True)
class Business:
    """A kind of case (业务类型): ``letters`` stand in its case numbers, ``name`` in the names of
    its actions, ``states`` has what people call each state.

    ``waits_for`` says in which state a filing of a unit waits.
    """

    name: str
    letters: str
    title: str
    filing_type: str
    states: Mapping[str, str]
    steps: tuple[Step, ...]
    waits_for: Callable[[Unit], str]

    @cached_property
    def actions(self) -> Mapping[tuple[FormKind, str], Action]:
        """Every action, by what is said in which form."""
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
