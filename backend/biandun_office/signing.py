"""The issuing key while the office works: one holder, filled once at start, in memory only.

``serve`` fills it before it forks; nothing reads the key from settings or environment, and the root's key is never here.
"""

from dataclasses import dataclass

from biandun_office.office import Office
from biandun_protocol.algorithms import Signer
from biandun_protocol.certificate import Signed, sign_profile
from biandun_protocol.orders import Order, sign_order
from biandun_protocol.receipt import sign_receipt
from biandun_protocol.recovery import Officers, sign_officers
from biandun_protocol.release import Release
from biandun_protocol.wire.messages import OfficersManifest, OrderManifest, ProfileManifest
from biandun_protocol.wire.statement import ReceiptPayload


@dataclass(frozen=True, repr=False)
class OfficeSigner:
    """The office's own signatures."""

    office: Office
    signer: Signer

    def __repr__(self) -> str:
        return f"<OfficeSigner {self.office.identity.office_id}>"

    def receipt(self, payload: ReceiptPayload) -> bytes:
        """Sign a proof and return the receipt bundle's bytes."""
        identity = self.office.identity
        receipt = sign_receipt(
            self.signer, office_id=identity.office_id, region=identity.region, x5t=self.office.x5t, payload=payload
        )
        return receipt.encode()

    def profile(self, manifest: ProfileManifest) -> Signed:
        """Sign what the office says of a unit's key."""
        identity = self.office.identity
        return sign_profile(
            self.signer, office_id=identity.office_id, region=identity.region, x5t=self.office.x5t, manifest=manifest
        )

    def officers(self, manifest: OfficersManifest) -> Officers:
        """Sign who the two unblocking officers are."""
        identity = self.office.identity
        return sign_officers(
            self.signer, office_id=identity.office_id, region=identity.region, x5t=self.office.x5t, manifest=manifest
        )

    def release(self, release: Release) -> Release:
        """Sign a vendor's firmware release as the operator of the keys."""
        identity = self.office.identity
        return release.approved(self.signer, office_id=identity.office_id, region=identity.region, x5t=self.office.x5t)

    def order(self, purpose: str, manifest: OrderManifest) -> Order:
        """Sign what a key is to do."""
        identity = self.office.identity
        return sign_order(
            self.signer,
            purpose=purpose,
            office_id=identity.office_id,
            region=identity.region,
            x5t=self.office.x5t,
            manifest=manifest,
        )


_held: list[OfficeSigner] = []


def hold(signer: OfficeSigner) -> None:
    """Make ``signer`` the one that this process signs with."""
    _held[:] = [signer]


def held() -> OfficeSigner:
    """The signer of this process.  Raises RuntimeError when none was handed over: the office must be started by ``serve``."""
    if not _held:
        raise RuntimeError("this process holds no issuing key; start the office with `biandun-office serve`")
    return _held[0]
