"""A form as a person filled it in, checked against the unit of the key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from biandun.files import read_placed_json
from biandun.key.session import Key
from biandun_protocol.catalogue import phrase
from biandun_protocol.errors import ManifestProblem
from biandun_protocol.forms.fields import described
from biandun_protocol.forms.form import Form
from biandun_protocol.forms.mistakes import FormProblem, Mistake
from biandun_protocol.jsontext import Places


@dataclass(frozen=True, kw_only=True)
class Unit:
    """The fields of a form that identify the unit; None for unknown ones."""

    uscc: str | None = None
    unit_code: str | None = None
    unit_name: str | None = None
    region: str | None = None

    def known(self) -> dict[str, str]:
        """The known fields, by their names in a form."""
        return {name: value for name, value in vars(self).items() if value}


def unit_of(key: Key) -> Unit:
    """The unit of a key, as the key knows it; empty before personalisation."""
    info = key.info
    return Unit(
        uscc=info.uscc, unit_code=info.unit_code, unit_name=info.unit_name, region=info.region
    )


def read_form(path: Path, unit: Unit | None = None) -> dict[str, object]:
    """Read a form file (JSON, the fields of a form without its attachments).

    ``unit`` fills the fields about the unit that the form leaves out, as the key knows them.
    Raises FolderProblem, as ``read_json`` does.
    """
    return read_placed_form(path, unit)[0]


def read_placed_form(path: Path, unit: Unit | None = None) -> tuple[dict[str, object], Places]:
    """As ``read_form``, and the position in the file of each value."""
    form, places = read_placed_json(path)
    return completed(form, unit or Unit()), places


def completed(form: Mapping[str, object], unit: Unit) -> dict[str, object]:
    """A form, with the unit and today's date filled in where they are missing."""
    return {"prepared_on": date.today().isoformat(), **unit.known(), **form}


def foreign(form: Mapping[str, object], unit: Unit, kind: type[Form]) -> list[Mistake]:
    """The mistakes of a form whose fields name another unit than ``unit``."""
    return [
        Mistake(
            (name,),
            described(kind)[name].field.label,
            phrase("host.own-unit"),
            ManifestProblem("unit-foreign", field=name, found=form.get(name), own=own),
        )
        for name, own in unit.known().items()
        if form.get(name) != own
    ]


def read_filled(
    form: Mapping[str, object],
    kind: type[Form],
    *,
    unit: Unit | None = None,
    places: Places | None = None,
) -> Form:
    """The form of class ``kind`` that a person filled in.

    Raises FormProblem with everything that is wrong: form-invalid, date-future, and, with ``unit``,
    unit-foreign; each mistake has its line and column where ``places`` are given.
    """
    from biandun_protocol.forms import reading  # noqa: PLC0415 - pydantic, when it is needed

    others = foreign(form, unit or Unit(), kind)
    named = {mistake.path for mistake in others}
    found = [
        *others,
        *(one for one in reading.mistakes(kind, form) if one.path not in named),
        *reading.late_dates(kind, form, date.today()),
    ]
    if not found:
        return reading.read(kind, form)
    problem = FormProblem(found)
    raise problem if places is None else problem.in_file(places)
