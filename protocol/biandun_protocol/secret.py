"""A secret value, such as a PIN, a passphrase or a token, that never appears when printed."""


class Secret:
    """Bytes with a fixed repr; ``reveal()`` is the only access, easy to search for."""

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
        """Return the bytes."""
        return self._value
