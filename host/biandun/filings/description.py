"""A filing's folder in values to show."""

from biandun.filings.folder import Folder
from biandun.results.filings import FilingDescription


def describe(folder: Folder) -> FilingDescription:
    """What is signed or will be, and how far it has come.  Raises as ``Folder.manifest``."""
    form, state = folder.manifest().form, folder.state
    return FilingDescription(
        folder=folder.path,
        unit_name=form.unit_name,
        uscc=form.uscc,
        region=form.region,
        purpose=state.purpose,
        idempotency_key=state.idempotency_key,
        manifest=state.manifest,
        serial=state.serial,
        seq=state.seq,
        statement_id=state.statement_id,
        case=state.case or form.case or "",
        office=state.office,
        form=form,
    )
