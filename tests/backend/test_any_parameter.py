"""Whatever stands in the place of a parameter is no fault of the office's, on either database, and
is answered in its own words.
"""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from biandun_office.api import api
from biandun_office.evidence.models import Statement
from biandun_office.platform.problems import MEDIA_TYPE
from tests.backend.bench import Bench
from tests.backend.people import Key

VALUES = (
    *("", " ", "0", "-1", "1.5", "1e400", "NaN", "true", "٣", "x", "'", "%", "[]"),
    *("\0", "a\0b", "a\r\nb", "\u202e", "\U0001f4a9", "..", "../..", "x" * 2000),
    *("9223372036854775807", "9223372036854775808", "9" * 30, "9" * 5000),
    *("0" * 64, "g" * 64, "A" * 64),
)
RAW = ("%ff", "%ed%a0%80", "%", "%zz", "1&a=1" + "&b" * 3000)  # what no text is quoted as
GENUINE = {"serial": "BD-TEST-0001", "digest": "0" * 64, "name": "x", "path": "x", "number": "x"}


def addresses() -> Iterator[str]:
    """Every address that GET answers, each parameter in turn with every value."""
    known = {**GENUINE, "statement_id": Statement.objects.get().statement_id}
    values = [*(quote(value, safe="") for value in VALUES), *RAW]
    for path, operations in api.get_openapi_schema()["paths"].items():
        if "get" not in operations:
            continue
        genuine = re.sub(r"{(\w+)}", lambda found: known[found[1]], path)
        for parameter in operations["get"].get("parameters", []):
            name = parameter["name"]
            if parameter["in"] == "query":
                others = "&".join(
                    f"{other['name']}=1"
                    for other in operations["get"]["parameters"]
                    if other["in"] == "query" and other is not parameter
                )
                yield from (f"{genuine}?{name}={value}&{others}" for value in values)
                continue
            for value in values:
                filled = path.replace(f"{{{name}}}", value)
                yield re.sub(r"{(\w+)}", lambda found: known[found[1]], filled)


def test_no_value_of_any_parameter_is_a_fault(office: Bench, key: Key):
    assert office.file(key).status_code == 201
    token, tried = office.login(office.officer()), 0
    for address in addresses():
        answer = office.get(address, token)
        assert answer.status_code < 500, address
        assert answer.status_code < 400 or answer["Content-Type"] == MEDIA_TYPE, address
        tried += 1
    assert tried > 300


@pytest.mark.parametrize("count", [1, 999, 1001, 8000])
def test_what_an_address_does_not_ask_for_is_ignored(count: int, office: Bench):
    assert office.get("/health?" + "&".join(["a=1"] * count)).status_code == 200
    asked = office.get("/log/entries?start=0&count=1&" + "&".join(["a=1"] * count))
    assert asked.json() == {"start": 0, "entries": []}
