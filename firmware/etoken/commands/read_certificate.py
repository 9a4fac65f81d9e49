"""read_certificate: return the X.509 certificate, the profile and the anchor; all are public."""

from biandun_protocol.wire.messages import ReadCertificateReply, ReadCertificateRequest
from etoken.dispatch import command
from etoken.token import Token


@command(ReadCertificateRequest, heap=28, flash=0, reads_only=True)
def read_certificate(token: Token, request: ReadCertificateRequest) -> ReadCertificateReply:
    """Return the certificate in both forms, and the anchor under which it verifies."""
    identity = token.vault.identity
    statement, manifest, x509 = identity.certificate()
    return ReadCertificateReply(x509, statement, manifest, *identity.anchor())
