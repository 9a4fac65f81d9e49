"""Firmware updates of an open key (SPEC section 6.9)."""

from biandun.key.session import Key
from biandun_protocol.errors import ManifestProblem
from biandun_protocol.release import Release
from biandun_protocol.wire import messages as wire
from biandun_protocol.wire.numbers import LIMIT_PIECE


def update(key: Key, release: Release) -> int:
    """Send a release to the key, continuing an earlier attempt; the key tries it at its next start.

    Return the number of the release.  Raises ManifestProblem(release-unapproved) without the
    operator's signature; KeyRefused: release-invalid, release-older, update-unavailable,
    presence-*, digest-mismatch when the key's flash did not store it correctly.
    """
    if release.operator is None:
        raise ManifestProblem("release-unapproved")
    begin = wire.UpdateBeginRequest(
        release.vendor(key.algorithm), release.operator, release.manifest
    )
    missing, total = key.call(begin, wire.UpdateBeginReply).next, len(release.image)
    key.send_parts(
        "updating",
        missing,
        total,
        lambda at: (
            key.call(
                wire.UpdatePartRequest(at, release.image[at : at + LIMIT_PIECE]),
                wire.UpdatePartReply,
            ).next
        ),
    )
    key.ui.progress("updating", total, total)
    return key.call(wire.UpdateFinishRequest(), wire.UpdateFinishReply).number
