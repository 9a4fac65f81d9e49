"""The unit card on an open key (SPEC section 6.5)."""

from biandun.key.access import Access
from biandun_protocol import certificate
from biandun_protocol.certificate import Signed
from biandun_protocol.unit_card import UnitCard, verify_card
from biandun_protocol.wire import messages as wire


class Card:
    """Writes and reads the unit card of an open key."""

    def __init__(self, key: Access) -> None:
        self._key = key

    def put(self, card: UnitCard) -> int:
        """Write a unit card section by section; continue an earlier attempt.  Return its version.

        Raises KeyRefused: card-older, unit-mismatch, store-full; StatementProblem, ManifestProblem
        for a card that does not verify; LinkGarbled.
        """
        key = self._key
        own = key.certificate()
        verify_card(card, certificate.verify_issuer(own.issuer, own.root), own.root.algorithm)
        begin = wire.BeginCardRequest(card.signed.statement, card.signed.manifest)
        reply = key.unlocked(lambda: key.call(begin, wire.BeginCardReply))
        key.send_parts(
            "sending",
            reply.next,
            len(card.sections),
            lambda index: (
                key.call(
                    wire.CardSectionRequest(index, card.sections[index]), wire.CardSectionReply
                ).next
            ),
        )
        return reply.version

    def head(self) -> UnitCard:
        """Read the office's signed statement of the card, without its sections.

        Raises KeyRefused(not-found) when there is no card.
        """
        reply = self._key.unlocked(
            lambda: self._key.call(wire.ReadCardRequest(), wire.ReadCardReply)
        )
        return UnitCard(Signed(reply.statement, reply.manifest), ())

    def read(self) -> UnitCard:
        """Read the card with its sections.  Raises KeyRefused(not-found)."""
        head = self.head()
        count = len(head.read().sections)
        return UnitCard(
            head.signed,
            tuple(self._key.unlocked(lambda at=index: self._section(at)) for index in range(count)),
        )

    def _section(self, index: int) -> bytes:
        return self._key.call(wire.ReadSectionRequest(index), wire.ReadSectionReply).content
