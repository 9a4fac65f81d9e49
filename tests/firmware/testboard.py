"""The test board: a world without chance or time, for both interpreters.

Entropy is a counter through SHA-256, the clock moves one millisecond each time somebody looks, the
button says what the test told it.  Only tests can build it: the boards that ship have no way to be
handed entropy.
"""

from hashlib import sha256

from biandun_protocol.wire.flashmodel import NorFlash, PowerCut
from biandun_protocol.wire.numbers import CLASS_SIMULATED
from etoken import selftest
from etoken.commands import all as _commands  # noqa: F401
from etoken.dispatch import OverBudget
from etoken.server import Server
from etoken.token import Token


class MemoryFlash(NorFlash):
    """Flash in memory; ``operations`` counts programs and erases, ``fail_after`` stops the world at
    one of them.
    """

    sector = 4096

    def __init__(self, size=512 * 1024):
        super().__init__(size, self.sector)
        self.cells = self.medium.data
        self.operations = 0
        self.fail_after = -1
        self.hook = self._count

    def _count(self, kind, offset, data):
        self.operations += 1
        if self.operations == self.fail_after:
            raise PowerCut


class BudgetBroken(BaseException):
    """A command wrote more to flash than it declares; nothing in the firmware may catch this."""


class MemoryPort:
    """What the host wrote, and what it will read."""

    def __init__(self):
        self.incoming = b""
        self.outgoing = b""

    def read_into(self, buffer, timeout_ms):
        size = min(len(buffer), len(self.incoming))
        buffer[:size] = self.incoming[:size]
        self.incoming = self.incoming[size:]
        return size

    def write(self, data):
        self.outgoing += data


class TestClock:
    """One millisecond a look; begins again at zero after ``period``, if it has one."""

    __test__ = False

    def __init__(self):
        self.now = 0
        self.period = 0

    def ticks_ms(self):
        self.now += 1
        return self.now % self.period if self.period else self.now


class TestBoard:
    """Everything a token needs, all of it known beforehand."""

    __test__ = False
    hardware_class = CLASS_SIMULATED
    pin_iterations = 3
    pin_delay_ms = 0
    reset_hold_ms = 5
    entropy_bits = 8

    def __init__(self, serial="BD-TEST-0001", flash=None, seed=b"seed", otp=None, firmware=None):
        self.serial = serial
        self.otp = otp
        self.firmware = firmware
        self.flash = flash or MemoryFlash()
        self.clock = TestClock()
        self.port = MemoryPort()
        self.presence = True
        self.reported = []
        self.forgives = False  # commands that break their budget
        self._seed = seed
        self._counter = 0

    def entropy(self, size):
        out = b""
        while len(out) < size:
            self._counter += 1
            out += sha256(self._seed + self._counter.to_bytes(4, "big")).digest()
        return out[:size]

    def button(self):
        return self.presence

    def report(self, error):
        if isinstance(error, OverBudget) and not self.forgives:
            raise BudgetBroken(error.args)
        self.reported.append(error)


class TestKey:
    """A token and its server on a test board; ``feed`` is one write of the host."""

    __test__ = False

    def __init__(self, board=None):
        self.board = board or TestBoard()
        self.start()

    def start(self):
        """Boot: nothing survives but flash."""
        self.board.port = MemoryPort()
        self.token = Token(self.board)
        selftest.confirm_or_reject(self.token)
        self.server = Server(self.token)

    def feed(self, data):
        """Hand over bytes, let the firmware work until it is idle, return what it answered."""
        self.board.port.incoming += data
        while self.server.step(0):
            pass
        answer, self.board.port.outgoing = self.board.port.outgoing, b""
        return answer
