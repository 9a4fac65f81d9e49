"""A value that must not be seen: a PIN, a passphrase, a token.  It prints as nothing, wherever it
ends up.
"""


class Secret:
    """Bytes with a fixed repr.  ``reveal()`` is the one way to them, and easy to search for."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "<Secret>"

    def __eq__(self, other: object) -> bool:
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")

    def reveal(self) -> bytes:
        """The bytes."""
        return self._value
