"""read_certificate: give out the X.509 certificate and the profile; both are public."""

from biandun_protocol.wire.messages import ReadCertificateReply, ReadCertificateRequest
from biandun_protocol.wire.numbers import STATE_PERSONALISED
from etoken.dispatch import command
from etoken.token import Token


@command(ReadCertificateRequest, states=(STATE_PERSONALISED,))
def read_certificate(token: Token, request: ReadCertificateRequest) -> ReadCertificateReply:
    """Return the certificate in both forms."""
    statement, manifest, x509 = token.vault.identity.certificate()
    return ReadCertificateReply(x509, statement, manifest)
