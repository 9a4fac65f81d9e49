"""biandun office: look at the office from outside."""

import click

from biandun.cli.filing import OFFICE
from biandun.office_client import Office


@click.group("office")
def group() -> None:
    """The office's server: is it there, what does its log say, how far is a case.

    \b
    Examples:  biandun office log --office http://127.0.0.1:8420
               biandun office case 629900HB2026000001 --office http://127.0.0.1:8420
    """


@group.command("log")
@OFFICE
def log(url: str) -> dict[str, object]:
    """Show size and root of the office's evidence log.

    \b
    Example:  biandun office log --office http://127.0.0.1:8420
    """
    with Office(url) as office:
        return office.get_json("/log")


@group.command("case")
@click.argument("number")
@OFFICE
def case(number: str, url: str) -> dict[str, object]:
    """Show a case by its NUMBER.

    \b
    Example:  biandun office case 629900HB2026000001 --office http://127.0.0.1:8420
    """
    with Office(url) as office:
        return office.get_json(f"/cases/{number}")
