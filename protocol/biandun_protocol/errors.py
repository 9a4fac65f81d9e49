"""The root of all errors of host and office.

    Problem
    ├── ProtocolProblem          bytes, signatures and forms that are not what they should be   (here)
    ├── biandun.errors.*         ports, keys, the office as seen from a workstation              (host)
    └── biandun_office.platform.errors.*  refusals of the office                                          (backend)

A problem has a stable ``code`` and plain values; its message comes from ``catalogue`` in the
reader's language.  Values must never be secret: they appear on screens and in logs.
"""  # noqa: E501

from biandun_protocol import catalogue


class Problem(Exception):
    """An error that a person or a program can act on.

    ``code`` is stable and never reused; ``retriable`` says whether the same call may succeed later
    without any change; ``values`` fill the placeholders of the message.
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
        """Return what happened, in one sentence."""
        return catalogue.message(self.code, language, self.values)

    def next_step(self, language: str = "zh") -> str:
        """Return what the reader can do about it."""
        return catalogue.next_step(self.code, language, self.values)

    def sentences(self, language: str = "zh") -> tuple[str, ...]:
        """Return everything that is wrong, one sentence each; usually one."""
        return (self.message(language),)

    def as_dict(self, language: str = "zh") -> dict[str, object]:
        """Return the form that ``--json`` and the office's API use."""
        return {
            "code": self.code,
            "message": self.message(language),
            "next": self.next_step(language),
            "retriable": self.retriable,
        }


class TypedProblem(Problem):
    """An argument or an answer at a prompt is not text in the system's encoding."""

    code = "typed-encoding"
    exit_status = 2


class ProtocolProblem(Problem):
    """Bytes are not what they claim to be; nothing was changed."""

    code = "malformed"
    exit_status = 8


class StatementProblem(ProtocolProblem):
    """A signed statement breaks a rule of SPEC.md section 4."""

    code = "statement-malformed"


class CertificateProblem(ProtocolProblem):
    """A profile, an issuer statement or an X.509 certificate is not valid."""

    code = "certificate-invalid"


class ReceiptProblem(ProtocolProblem):
    """A receipt does not prove what it claims."""

    code = "receipt-malformed"


class ManifestProblem(ProtocolProblem):
    """A manifest, or the form inside it, breaks a rule; ``values['field']`` names the field."""

    code = "manifest-malformed"
