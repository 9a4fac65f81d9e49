"""Several offices in one installation: each governs its units, and sees and decides nothing of
another's.
"""

from dataclasses import dataclass

import pytest
from django.core.management import call_command
from django.db import IntegrityError

from biandun_office.flow.models import Case
from biandun_office.registry.models import Office, OfficeName, Unit
from biandun_office.registry.services import level_of, register_office, register_unit
from tests.backend.bench import HOSPITAL, HOSPITAL_FORM, OFFICE, Bench
from tests.backend.people import Key

COUNTY = "11629921MB0000010X"


def test_a_founded_office_is_a_row_that_governs_every_unit(office: Bench):
    own = Office.objects.get()
    assert (own.unit.uscc, own.region, own.level) == (OFFICE, "629900", "CITY")
    assert list(own.names.values_list("name", "document_prefix", "since", "until")) == [
        ("陇澜市委编办", "", None, None)
    ]
    assert set(own.units.values_list("uscc", flat=True)) == set(
        Unit.objects.values_list("uscc", flat=True)
    )


@pytest.mark.parametrize(
    ("region", "level"), [("620000", "PROVINCE"), ("629900", "CITY"), ("629921", "COUNTY")]
)
def test_a_region_code_shows_its_level(region: str, level: str):
    assert level_of(region) == level


@dataclass
class Scene:
    """A city office and a county office in one installation, a filing of a unit of either, and an
    officer of either.
    """

    office: Bench
    of_city: Key
    of_county: Key
    in_city: str
    in_county: str

    def cases_of(self, key: Key) -> list[str]:
        answer = self.office.get("/cases", self.office.login(key)).json()
        return [case["number"] for case in answer["cases"]]


@pytest.fixture
def scene(office: Bench) -> Scene:
    city = Office.objects.get()
    unit = register_unit(
        uscc=COUNTY,
        code="629921-0000",
        name="青屏县委编办（虚构）",
        region="629921",
        kind=Unit.Kind.ORGAN,
        office=city,
    )
    county = register_office(
        unit=unit, name="青屏县委编办", region="629921", document_prefix="青编办发"
    )
    Unit.objects.filter(uscc__in=[COUNTY, HOSPITAL]).update(office=county)
    assert (Unit.objects.filter(office=city).count(), county.level) == (3, "COUNTY")
    school, hospital = office.new_key(), office.new_key(HOSPITAL, "BD-TEST-0002")
    in_city, in_county = office.file(school), office.file(hospital, **HOSPITAL_FORM)
    return Scene(
        office,
        office.officer(),
        office.new_key(COUNTY, "BD-TEST-0300", "officer"),
        in_city["Biandun-Case"],
        in_county["Biandun-Case"],
    )


def test_officers_see_the_cases_of_the_units_that_their_office_governs(scene: Scene):
    assert scene.cases_of(scene.of_city) == [scene.in_city]
    assert scene.cases_of(scene.of_county) == [scene.in_county]
    answer = scene.office.get(f"/cases/{scene.in_county}", scene.office.login(scene.of_city))
    assert answer.json()["code"] == "case-not-found"


def test_a_case_is_decided_by_the_office_that_governs_its_unit(scene: Scene):
    filed = {
        "Biandun-Case": scene.in_county,
        "Biandun-Statement": Case.objects.get(number=scene.in_county)
        .events.get()
        .statement.statement_id,
    }
    foreign = scene.office.decide(scene.of_city, filed)  # type: ignore[arg-type]
    assert foreign.json()["code"] == "case-not-found"
    own = scene.office.decide(scene.of_county, filed)  # type: ignore[arg-type]
    assert (own.status_code, Case.objects.get(number=scene.in_county).state) == (201, "ACCEPTED")


def test_contradictions_are_shown_to_the_office_that_governs_the_unit(scene: Scene):
    key = scene.office.new_key(serial="BD-TEST-0009")
    assert scene.office.file(key).status_code == 201
    raw = scene.office.upload(reason="另一份。")
    twice = scene.office.post(key.sign(raw, seq=1, prev=bytes(32)))
    assert twice.json()["code"] == "chain-fork"
    shown = scene.office.get("/forks", scene.office.login(scene.of_city)).json()["forks"]
    assert [fork["serial"] for fork in shown] == ["BD-TEST-0009"]
    token = scene.office.login(scene.of_county)
    assert scene.office.get("/forks", token).json()["forks"] == []
    file = scene.office.get(f"/forks/{shown[0]['name']}/fork.json", token)
    assert file.json()["code"] == "fork-not-found"


def test_an_office_of_an_older_program_becomes_a_row(office: Bench):
    filed = office.file(office.new_key(HOSPITAL), **HOSPITAL_FORM)
    call_command("migrate", "registry", "0002", verbosity=0, interactive=False)
    call_command("migrate", verbosity=0, interactive=False)
    own = Office.objects.get()
    assert (own.unit.uscc, own.region, own.level) == (OFFICE, "629900", "CITY")
    assert OfficeName.objects.get().name == "陇澜市委编办（虚构）"
    assert office.decide(office.officer(), filed).status_code == 201


def test_a_unit_that_an_older_program_left_without_an_office_gets_the_first(office: Bench):
    filed = office.file(office.new_key(HOSPITAL), **HOSPITAL_FORM)
    call_command("migrate", "registry", "0005", verbosity=0, interactive=False)
    Unit.objects.filter(uscc=HOSPITAL).update(office=None)
    call_command("migrate", verbosity=0, interactive=False)
    assert Unit.objects.get(uscc=HOSPITAL).office == Office.objects.get()
    assert office.decide(office.officer(), filed).status_code == 201


def test_the_database_takes_no_unit_without_an_office(office: Bench):
    with pytest.raises(IntegrityError):
        Unit.objects.filter(uscc=HOSPITAL).update(office=None)


def test_the_first_office_and_its_own_unit_name_each_other(office: Bench):
    own = Office.objects.get()
    assert (own.unit.uscc, own.unit.office) == (OFFICE, own)
    assert set(Unit.objects.values_list("office", flat=True)) == {own.pk}
