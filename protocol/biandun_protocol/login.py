"""Logging in with a key: challenge and response (SPEC section 6.3).

The office sends a nonce; the key answers with a statement that is valid once and for one origin.
"""

from hmac import compare_digest

from biandun_protocol import cose, records
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import StatementProblem
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import LoginManifest
from biandun_protocol.wire.numbers import PURPOSE_LOGIN, SCHEMA_LOGIN


def verify_login(
    signed: Signed, *, public_key: PublicKey, office_id: str, origin: str, nonce: bytes
) -> cose.Statement:
    """Verify the answer to one challenge.

    Raises StatementProblem: form and signature, login-mismatch with the field that differs from the
    challenge.
    """
    statement = cose.parse(signed.statement, purpose=PURPOSE_LOGIN)
    cose.verify(statement, public_key)
    if not statement.covers(signed.manifest):
        raise StatementProblem("login-mismatch", field="digest")
    try:
        manifest = records.decode(LoginManifest, signed.manifest)
    except codec.MessageError as error:
        raise StatementProblem("login-mismatch", field=error.field) from None
    for field, good in (
        ("schema", manifest.schema == SCHEMA_LOGIN),
        ("office_id", manifest.office_id == office_id),
        ("origin", manifest.origin == origin),
        ("nonce", compare_digest(manifest.nonce, nonce)),
        ("serial", manifest.serial == statement.header.serial),
    ):
        if not good:
            raise StatementProblem("login-mismatch", field=field)
    return statement
