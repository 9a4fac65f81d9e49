"""The one exception that is reported to the host: the key refuses a command and names the rule."""


class Refused(Exception):
    """The key refuses.

    ``code`` is a wire error number, ``field`` the number of the message field concerned,
    ``tries_left`` how many attempts at a PIN or at codes are left, ``wait_ms`` how long to wait
    before the next one.
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
