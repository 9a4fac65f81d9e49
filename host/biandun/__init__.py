"""The library of the workstation: keys, filings, and the office over HTTP.

    from biandun import keys, Office
    with keys.open(serial="BD-000001") as key: ...

These names are imported on first use (PEP 562), because the programs import this module before they
have set up signals.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from biandun import keys
    from biandun.errors import HostProblem
    from biandun.office_client import Office

__all__ = ["HostProblem", "Office", "keys"]


_HOMES = {"HostProblem": "errors", "Office": "office_client", "keys": "keys"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    home = import_module(f"{__name__}.{_HOMES[name]}")
    return home if name == "keys" else getattr(home, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
