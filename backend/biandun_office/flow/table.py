"""The businesses of the office: each file in ``businesses`` defines one as BUSINESS."""

from importlib import import_module
from pkgutil import iter_modules

from biandun_office.flow import businesses
from biandun_office.flow.business import Business


def _all() -> dict[str, Business]:
    found: dict[str, Business] = {}
    for module in iter_modules(businesses.__path__):
        business: Business = import_module(f"{businesses.__name__}.{module.name}").BUSINESS
        if business.letters in found:
            raise ValueError(f"two businesses have the letters {business.letters}")
        found[business.letters] = business
    return found


BUSINESSES = _all()  # by the letters of their case numbers


def filing_actions() -> list[str]:
    """The names of the actions that add a version of a filing."""
    return [
        action.name
        for business in BUSINESSES.values()
        for action in business.actions.values()
        if action.is_filing
    ]


def states() -> set[str]:
    """Every state that a case of some business may be in."""
    return {state for business in BUSINESSES.values() for state in business.states}
