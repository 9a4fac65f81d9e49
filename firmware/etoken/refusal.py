"""The one exception that goes to the host: the key does not do what was asked, and says which rule
it was.
"""


class Refused(Exception):
    """The key refuses.  ``code`` is a wire error number, ``field`` the message field concerned,
    ``tries_left`` those of a PIN, ``wait_ms`` how long until it may be tried.
    """

    def __init__(
        self,
        code: int,
        field: "int | None" = None,
        tries_left: "int | None" = None,
        wait_ms: "int | None" = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.tries_left = tries_left
        self.wait_ms = wait_ms
