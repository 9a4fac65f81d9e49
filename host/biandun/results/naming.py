"""Metadata of the fields of results: how they are shown."""

NAME = "name"
OMITTED = "omitted"
BODY = "body"
BESIDE = "beside"


def called(name: str) -> dict[str, str]:
    """Metadata of a field that has another name in ``--json``."""
    return {NAME: name}


IF_ANY = {OMITTED: "when None"}  # of a field that is left out if it is None
AND_BODY = {BODY: "body"}  # of a form that stands there in words and, under this name, as signed
AMONG = {BESIDE: "its fields"}  # of a result or a mapping whose fields stand among the others
