"""A firmware update, as a part of an open key (SPEC section 6.9)."""

from biandun.key.session import Key
from biandun_protocol.errors import ManifestProblem
from biandun_protocol.release import Release
from biandun_protocol.wire import messages as wire
from biandun_protocol.wire.numbers import LIMIT_PIECE


def update(key: Key, release: Release) -> int:
    """Hand over a release, from where an earlier attempt stopped; the key tries it at its next
    start.  Returns its number.

    Raises ManifestProblem(release-unapproved) for one without the operator's signature; KeyRefused:
    release-invalid, release-older, update-unavailable, presence-*, digest-mismatch when the flash
    of the key does not keep it.
    """
    if release.operator is None:
        raise ManifestProblem("release-unapproved")
    begin = wire.UpdateBeginRequest(
        release.vendor(key.algorithm), release.operator, release.manifest
    )
    missing, total = key.call(begin, wire.UpdateBeginReply).next, len(release.image)
    key.hand_over(
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
