"""The signer of this process, which holds the issuing key in memory while the office runs.

``serve`` sets it once at start.  Nothing reads the key from settings or environment, and the root's
private key is never loaded here.
"""

from dataclasses import dataclass
from typing import TypedDict

from biandun_office.office.identity import Office
from biandun_protocol.algorithms import Signer
from biandun_protocol.certificate import Signed, sign_profile
from biandun_protocol.orders import Order, sign_order
from biandun_protocol.receipt import sign_receipt
from biandun_protocol.recovery import Officers, sign_officers
from biandun_protocol.release import Release
from biandun_protocol.status import sign_status
from biandun_protocol.wire.messages import (
    OfficersManifest,
    OrderManifest,
    ProfileManifest,
    StatusManifest,
)
from biandun_protocol.wire.statement import ReceiptPayload


class Names(TypedDict):
    """The header fields that identify the office in each of its statements."""

    office_id: str
    region: str
    x5t: bytes


@dataclass(frozen=True, repr=False)
class OfficeSigner:
    """Signs the office's statements with its issuing key."""

    office: Office
    signer: Signer

    def __repr__(self) -> str:
        return f"<OfficeSigner {self.office.identity.office_id}>"

    def receipt(self, payload: ReceiptPayload) -> bytes:
        """Sign the payload of a receipt; return the bytes of the receipt bundle."""
        return sign_receipt(self.signer, **self._names, payload=payload).encode()

    def profile(self, manifest: ProfileManifest) -> Signed:
        """Sign the CBOR profile of a unit's key."""
        return sign_profile(self.signer, **self._names, manifest=manifest)

    def officers(self, manifest: OfficersManifest) -> Officers:
        """Sign the names and points of the two unblocking officers."""
        return sign_officers(self.signer, **self._names, manifest=manifest)

    def release(self, release: Release) -> Release:
        """Sign a vendor's firmware release as the operator of the keys."""
        return release.approved(self.signer, **self._names)

    def order(self, purpose: str, manifest: OrderManifest) -> Order:
        """Sign an order to a key."""
        return sign_order(self.signer, purpose=purpose, **self._names, manifest=manifest)

    def status(self, manifest: StatusManifest) -> Signed:
        """Sign the revocation status of a key."""
        return sign_status(self.signer, **self._names, manifest=manifest)

    @property
    def _names(self) -> Names:
        identity = self.office.identity
        return {"office_id": identity.office_id, "region": identity.region, "x5t": self.office.x5t}


_signers: list[OfficeSigner] = []


def set_signer(one: OfficeSigner) -> None:
    """Make ``one`` the signer of this process."""
    _signers[:] = [one]


def signer() -> OfficeSigner:
    """The signer of this process.

    Raises RuntimeError when none was set: only ``serve`` sets one.
    """
    if not _signers:
        raise RuntimeError(
            "this process holds no issuing key; start the office with `biandun-office serve`"
        )
    return _signers[0]
