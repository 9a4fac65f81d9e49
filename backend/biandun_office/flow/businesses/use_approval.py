"""编制使用核准, a use approval from its filing to the office's acceptance.

The procedure: docs/design/office.md, "Establishment-use approval".  The state after a filing or a
resubmission depends on the unit: it waits for the unit's supervisor if there is one.
"""

from biandun_office.flow.business import AGAIN, FIRST, NONE, Business, Step
from biandun_office.registry.models import Unit
from biandun_protocol.forms.registry import COUNTERSIGN, DECISION, USE_APPROVAL
from biandun_protocol.wire.numbers import PURPOSE_COUNTERSIGN, PURPOSE_DECISION, PURPOSE_FILING

PENDING_SUPERVISOR = "PENDING_SUPERVISOR"
SUBMITTED = "SUBMITTED"
ACCEPTED = "ACCEPTED"
RETURNED_BY_SUP = "RETURNED_BY_SUP"
RETURNED_BY_OFFICE = "RETURNED_BY_OFFICE"

_WAITING = (PENDING_SUPERVISOR, SUBMITTED)
_RETURNED = (RETURNED_BY_SUP, RETURNED_BY_OFFICE)
_FILING = (PURPOSE_FILING, USE_APPROVAL)
_COUNTERSIGN = (PURPOSE_COUNTERSIGN, COUNTERSIGN)
_DECISION = (PURPOSE_DECISION, DECISION)


def waits_for(unit: Unit) -> str:
    """The state in which a filing of this unit waits."""
    return SUBMITTED if unit.supervisor_id is None else PENDING_SUPERVISOR


BUSINESS = Business(
    name="use_approval",
    filing_type=USE_APPROVAL,
    steps=(
        Step("filed", _FILING, FIRST, (NONE,), _WAITING),
        Step("resubmitted", _FILING, AGAIN, _RETURNED, _WAITING),
        Step("agreed", _COUNTERSIGN, "agree", (PENDING_SUPERVISOR,), (SUBMITTED,)),
        Step(
            "returned_by_supervisor",
            _COUNTERSIGN,
            "return",
            (PENDING_SUPERVISOR,),
            (RETURNED_BY_SUP,),
        ),
        Step("accepted", _DECISION, "accept", (SUBMITTED,), (ACCEPTED,)),
        Step("returned_by_office", _DECISION, "return", (SUBMITTED,), (RETURNED_BY_OFFICE,)),
    ),
    waits_for=waits_for,
)
