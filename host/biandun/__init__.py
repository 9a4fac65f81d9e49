"""The library of the workstation: keys, filings, and the office over HTTP.

from biandun import keys, Office
with keys.open(serial="BD-000001") as key: ...
"""

from biandun import keys
from biandun.errors import HostProblem
from biandun.office_client import Office

__all__ = ["HostProblem", "Office", "keys"]
