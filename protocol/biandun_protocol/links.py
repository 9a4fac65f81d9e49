"""Exports of links: a key signs the names of consecutive statements (SPEC section 6.3).

With them the office can close a gap in the chain.
"""

from biandun_protocol import cose, records
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import StatementProblem
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import LinksManifest
from biandun_protocol.wire.numbers import PURPOSE_LINK, SCHEMA_LINKS


def verify_links(signed: Signed, public_key: PublicKey) -> LinksManifest:
    """Verify an export under the key; the ids are those of seq first, first + 1, …

    Raises StatementProblem: form and signature, links-malformed with the field.
    """
    statement = cose.parse(signed.statement, purpose=PURPOSE_LINK)
    cose.verify(statement, public_key)
    if not statement.covers(signed.manifest):
        raise StatementProblem("links-malformed", field="digest")
    try:
        manifest = records.decode(LinksManifest, signed.manifest)
    except codec.MessageError as error:
        raise StatementProblem("links-malformed", field=error.field) from None
    for field, good in (
        ("schema", manifest.schema == SCHEMA_LINKS),
        ("serial", manifest.serial == statement.header.serial),
        ("first", manifest.first >= 1),
        ("ids", len(manifest.ids) >= 1),
    ):
        if not good:
            raise StatementProblem("links-malformed", field=field)
    return manifest
