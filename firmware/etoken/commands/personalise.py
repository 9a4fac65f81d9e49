"""personalise: store the profile of this key, signed by the office, and its X.509 certificate.

The profile must be signed by the anchored office and name this serial number, this public key and
the digest of the X.509 certificate, which the key does not parse.  Repeating the same grant
succeeds and changes nothing.  A newer profile for the same unit renews the certificate; everything
else stays.  A profile that names the next key pair (``succeed``) replaces the key pair: the profile
on flash decides which of the two signs, so at every moment one of them does.  The old private key
is erased at the next login.
"""

from hashlib import sha256

from biandun_protocol.wire.messages import PersonaliseReply, PersonaliseRequest, ProfileManifest
from biandun_protocol.wire.numbers import (
    ERROR_KEY_MISMATCH,
    ERROR_PROFILE_INVALID,
    ERROR_PROFILE_OLDER,
    ERROR_SERIAL_MISMATCH,
    ERROR_UNIT_MISMATCH,
    EVENT_PERSONALISED,
    EVENT_RENEWED,
    EVENT_SUCCEEDED,
    PURPOSE_PROFILE,
    SCHEMA_PROFILE,
)
from etoken import policy
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(PersonaliseRequest, heap=42, flash=3300)
def personalise(token: Token, request: PersonaliseRequest) -> PersonaliseReply:
    """Store the certificate and return its version.

    Raises Refused: PROFILE_INVALID, SERIAL_MISMATCH, KEY_MISMATCH, PROFILE_OLDER, UNIT_MISMATCH.
    """
    profile = _verified(token, request)
    identity = token.vault.identity
    given = [request.profile_statement, request.profile_manifest, request.x509]
    before = identity.profile
    if before is not None and identity.certificate() == given:
        return PersonaliseReply(profile.version)
    if before is not None:
        _check_renewal(before, profile)
        # they were begun under the previous certificate
        token.stream = token.batch = None
    succeeds = profile.public_key == identity.next_public_key
    event = EVENT_SUCCEEDED if succeeds else EVENT_PERSONALISED if before is None else EVENT_RENEWED
    token.vault.note(event, profile.version)
    if succeeds:
        token.vault.users.invalidate_images()  # no earlier image restores the old pair
        token.log_out()  # the next login erases the old pair
    identity.set_profile(request.profile_statement, request.profile_manifest, request.x509)
    return PersonaliseReply(profile.version)


def _check_renewal(before: ProfileManifest, profile: ProfileManifest) -> None:
    """Refuse a renewal for another unit, or whose version is not higher."""
    if profile.version <= before.version:
        raise Refused(ERROR_PROFILE_OLDER)
    if profile.uscc != before.uscc:
        raise Refused(ERROR_UNIT_MISMATCH)  # a key is reset before another unit gets it
    if before.device_key is not None and profile.device_key is None:
        raise Refused(ERROR_PROFILE_INVALID)  # PINs would cross the link in clear from now on


def _verified(token: Token, request: PersonaliseRequest) -> ProfileManifest:
    statement, manifest = request.profile_statement, request.profile_manifest
    profile = token.read_office(
        ProfileManifest, statement, manifest, PURPOSE_PROFILE, SCHEMA_PROFILE, ERROR_PROFILE_INVALID
    )
    if profile.x5t != sha256(request.x509).digest():
        raise Refused(ERROR_PROFILE_INVALID)
    if profile.not_before >= profile.not_after or not all(
        purpose in policy.allowed(profile) for purpose in profile.purposes
    ):
        raise Refused(ERROR_PROFILE_INVALID)
    if profile.serial != token.board.serial:
        raise Refused(ERROR_SERIAL_MISMATCH)
    if profile.public_key not in (token.public_key, token.vault.identity.next_public_key):
        raise Refused(ERROR_KEY_MISMATCH)
    if profile.device_key not in (None, token.vault.identity.device_key):
        raise Refused(ERROR_KEY_MISMATCH)
    return profile
