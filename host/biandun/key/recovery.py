"""Unblocking officers, their shares, and unblocking, on an open key (SPEC section 6.8)."""

from biandun.key.access import Access
from biandun_protocol import recovery
from biandun_protocol.recovery import Officers
from biandun_protocol.secret import Secret
from biandun_protocol.wire import messages as wire
from biandun_protocol.wire.numbers import SCHEMA_SHARES_EXPORT


class Recovery:
    """Unblocking officers, their shares, and unblocking, on an open key."""

    def __init__(self, key: Access) -> None:
        self._key = key

    def name_officers(self, officers: Officers, enrolling: bool = False) -> int:
        """Set the two unblocking officers; the key makes a share for each.  Idempotent.

        Return the number of the pair of shares.  A key in service needs user 0's PIN; one that is
        ``enrolling`` has no user, so the command is not sealed.  Raises KeyRefused:
        officers-invalid, officers-older, slot-refused.
        """
        request = wire.SetOfficersRequest(officers.signed.statement, officers.signed.manifest)
        if enrolling:
            return self._key.call(request, wire.SetOfficersReply, in_clear=True).number
        return self._key.unlocked(lambda: self._key.call(request, wire.SetOfficersReply)).number

    def shares(self) -> wire.SharesExport:
        """Export the shares, encrypted to the officers, for the office to store; needs no PIN.

        Raises KeyRefused(unblock-unset).
        """
        reply = self._key.call(wire.ExportSharesRequest(), wire.ExportSharesReply)
        return wire.SharesExport(SCHEMA_SHARES_EXPORT, reply.manifest, reply.signature)

    def ask(self, slot: int) -> wire.UnblockAsk:
        """Return what the officers need to compute their codes for the user in ``slot``.

        Raises KeyRefused(unblock-unset).
        """
        return recovery.ask(self.shares(), slot)

    def unblock(self, slot: int, codes: tuple[Secret, Secret], pin: Secret) -> int:
        """Set a user's PIN with both officers' codes, in either order; needs the button.

        The codes can be used only once.  Return the number of the new shares that the key then
        made; the office does not have them yet.  Raises ManifestProblem(code-mistyped), which costs
        no try; KeyRefused: unblock-wrong with tries_left, unblock-locked, unblock-unset, pin-unset,
        pin-format.
        """
        spelled = self._key.new_pin(pin)
        first, second = (
            recovery.decode_code(code.reveal().decode("utf-8", "replace")) for code in codes
        )
        reply = self._key.call(
            wire.UnblockRequest(slot, first, second, spelled.reveal()), wire.UnblockReply
        )
        self._key.refresh()
        return reply.number
