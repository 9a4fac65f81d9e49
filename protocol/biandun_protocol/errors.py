"""The one root of everything that can go wrong, for host and office alike.

    Problem
    ├── ProtocolProblem          bytes, signatures and forms that are not what they should be   (here)
    ├── biandun.errors.*         ports, keys, the office as seen from a workstation              (host)
    └── biandun_office.platform.errors.*  refusals of the office                                          (backend)

A problem carries a stable ``code`` and plain values; its words come from ``catalogue`` in the
reader's language.  Values must never be secret: they end up on screens and in logs.
"""  # noqa: E501

from biandun_protocol import catalogue


class Problem(Exception):
    """Something a person or a program can act on.

    ``code`` is stable and never reused; ``retriable`` says whether the same call may succeed later
    without any change; ``values`` fill the blanks of the message.
    """

    code: str = "internal"
    retriable: bool = False
    exit_status: int = 1

    def __init__(self, code: str | None = None, /, **values: object) -> None:
        self.code = code or type(self).code
        self.values = values
        super().__init__(self.code, values)

    def __str__(self) -> str:
        return self.message("en")

    def message(self, language: str = "zh") -> str:
        """What happened, in one sentence."""
        return catalogue.message(self.code, language, self.values)

    def next_step(self, language: str = "zh") -> str:
        """What the reader can do about it."""
        return catalogue.next_step(self.code, language, self.values)

    def sentences(self, language: str = "zh") -> tuple[str, ...]:
        """All that went wrong, a sentence each: mostly one."""
        return (self.message(language),)

    def as_dict(self, language: str = "zh") -> dict[str, object]:
        """The form that ``--json`` and the office's API give out."""
        return {
            "code": self.code,
            "message": self.message(language),
            "next": self.next_step(language),
            "retriable": self.retriable,
        }


class TypedProblem(Problem):
    """What somebody typed, as an argument or at a prompt, is no text in the system's encoding."""

    code = "typed-encoding"
    exit_status = 2


class ProtocolProblem(Problem):
    """Bytes that are not what they claim to be; nothing was changed."""

    code = "malformed"
    exit_status = 8


class StatementProblem(ProtocolProblem):
    """A signed statement breaks a rule of SPEC.md section 4."""

    code = "statement-malformed"


class CertificateProblem(ProtocolProblem):
    """A profile, an issuer statement or an X.509 certificate does not hold."""

    code = "certificate-invalid"


class ReceiptProblem(ProtocolProblem):
    """A receipt does not prove what it should."""

    code = "receipt-malformed"


class ManifestProblem(ProtocolProblem):
    """A manifest, or the form inside it, breaks a rule; ``values['field']`` names the place."""

    code = "manifest-malformed"
