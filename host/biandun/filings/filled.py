"""A form as a person filled it in, and the unit that it must speak of: that of the key."""

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
    """The fields by which a form says whose it is; None is what nobody knows."""

    uscc: str | None = None
    unit_code: str | None = None
    unit_name: str | None = None
    region: str | None = None

    def known(self) -> dict[str, str]:
        """Those that somebody knows, by the names that they have in a form."""
        return {name: value for name, value in vars(self).items() if value}


def unit_of(key: Key) -> Unit:
    """Whose forms a key signs, as it knows that itself; nobody's before personalisation."""
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
    """What ``read_form`` reads, and where in the file it stands."""
    form, places = read_placed_json(path)
    return completed(form, unit or Unit()), places


def completed(form: Mapping[str, object], unit: Unit) -> dict[str, object]:
    """A form with what its program knows by itself: whose it is, and today as its date."""
    return {"prepared_on": date.today().isoformat(), **unit.known(), **form}


def foreign(form: Mapping[str, object], unit: Unit, kind: type[Form]) -> list[Mistake]:
    """The fields by which a form speaks of another unit than ``unit``, that of the key."""
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
