"""One key that is fed whatever the generator makes; runs under CPython and MicroPython.

Two keys take turns.  The one whose device key is certified must not change at all: nobody has the
session that its commands need.  The other takes everything in clear and somebody is in, so that
inputs reach the handlers; it may change, it must not fail.
"""

from testboard import TestBoard, TestKey

from biandun_protocol.wire import cbor, codec, frames
from biandun_protocol.wire.flashmodel import NorFlash
from biandun_protocol.wire.numbers import KIND_CANCEL, KIND_DATA, KIND_REQUEST, KIND_RESYNC
from etoken.dispatch import COMMANDS

FLASH = 20 * 4096
FRESH_AFTER = 5000  # inputs; then the key is as it was
MOST = 4100  # bytes of an input


class Chance:
    """xorshift32: the same numbers on both interpreters."""

    def __init__(self, seed):
        self.state = seed or 1

    def below(self, limit):
        """A number from 0 to ``limit`` - 1."""
        x = self.state
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        self.state = x
        return x % limit

    def octets(self, size):
        return bytes([self.below(256) for _ in range(size)])

    def pick(self, row):
        return row[self.below(len(row))]


class Target:
    """A key from an image; ``opening`` is what is fed first, after each start."""

    def __init__(self, image, opening, still):
        self._image = image
        self._opening = opening
        self._still = still
        self.boot()

    def boot(self):
        flash = NorFlash(FLASH)
        flash.medium.write(0, self._image)
        self.board = TestBoard(flash=flash)
        self.board.forgives = True
        self.key = TestKey(self.board)
        for data in self._opening:
            self.key.feed(data)
        self.before = self.state()

    def state(self):
        vault = self.key.token.vault
        tries = [vault.users.tries_left(slot) for slot in range(8)]
        return (
            vault.identity.generation,
            vault.identity.public_key,
            vault.identity.next_public_key,
            vault.identity.profile and vault.identity.profile.version,
            vault.users.slots(),
            tries,
            vault.statements.seq,
            vault.statements.head,
            vault.statements.time_floor,
            len(vault.outbox.parcels()),
            vault.card.current() is None,
            vault.key_status.raw(),
        )

    def feed(self, data):
        """Feed one input; return what is wrong, or nothing."""
        self.board.presence = True
        self.key.feed(data)
        if self.board.reported:
            error = self.board.reported[0]
            self.board.reported = []
            return "reported " + type(error).__name__
        if self._still and self.state() != self.before:
            return "changed without authority"
        return ""


class Generator:
    """Makes inputs from chance and from frames that were recorded."""

    def __init__(self, seeds, chance):
        self._seeds = seeds
        self._chance = chance
        self._numbers = sorted(COMMANDS)

    def next(self):
        c = self._chance
        way = c.below(8)
        if way == 0:
            return c.octets(c.below(200))
        if way == 1:
            return self._frame(c.below(12), c.octets(c.below(100)))
        if way == 2:
            return self._mutated(c.pick(self._seeds))
        if way == 3:
            return self._reframed(c.pick(self._seeds))
        if way == 4:
            return self._whole(self._command())
        if way == 5:
            return self._whole(
                b"\x58\x98" + c.octets(152) if c.below(2) else b"\x59" + c.octets(c.below(300))
            )
        if way == 6:
            one, two = c.pick(self._seeds), c.pick(self._seeds)
            return one[: c.below(len(one) + 1)] + two[c.below(len(two) + 1) :]
        return self._frame(c.pick((KIND_DATA, KIND_CANCEL, KIND_RESYNC)), c.octets(c.below(60)))

    def _whole(self, payload):
        """A request in one frame, as a host sends it; now and then a part of one."""
        if not self._chance.below(16):
            return self._frame(KIND_REQUEST, payload)
        return frames.encode_frame(KIND_REQUEST, self._chance.below(0xFFFF), 0, payload)

    def _frame(self, kind, payload):
        c = self._chance
        return frames.encode_frame(
            kind, c.below(70000) & 0xFFFF, c.below(4) and c.below(5000), payload, c.below(8) == 0
        )

    def _mutated(self, data):
        c = self._chance
        raw = bytearray(data)
        for _ in range(1 + c.below(4)):
            if raw:
                raw[c.below(len(raw))] ^= 1 << c.below(8)
        return bytes(raw)

    def _reframed(self, data):
        """A recorded frame, its payload changed and its checksum right."""
        reader = frames.FrameReader()
        reader.put(data, len(data))
        frame = reader.next()
        if frame is None:
            return data
        payload = self._mutated(bytes(frame.payload)) if frame.payload else b""
        return frames.encode_frame(
            frame.kind, self._chance.below(0xFFFF), frame.offset, payload, frame.more
        )

    def _command(self):
        """A request of a number that exists, with fields of any type, mostly of those that it
        has.
        """
        c = self._chance
        number = c.pick(self._numbers)
        fields = {}
        for key, _, kind, bound, _ in COMMANDS[number].request.FIELDS:
            if c.below(16):
                fields[key] = self._fitting(kind, bound) if c.below(8) else self._value(bound)
        if not c.below(16):
            fields[c.below(24)] = self._value(0)
        return cbor.dumps([number, fields])

    def _fitting(self, kind, bound):
        """A value of the right type, mostly one that the key has seen."""
        c = self._chance
        if kind == codec.UINT:
            return c.pick((0, 1, 1, 2, c.below(bound + 1) if bound else c.below(1 << 30)))
        if kind == codec.BOOL:
            return bool(c.below(2))
        if kind == codec.TEXT:
            return c.pick(("filing", "ES256", "https://office.example", "BD-TEST-0001"))
        if kind == codec.OCTETS:
            return c.pick((b"k" * bound, bytes(bound), c.octets(bound)))
        if kind == codec.BYTES:
            return c.pick((b"135790", b"one", c.octets(c.below(min(bound, 300) + 1))))
        return [c.octets(32) for _ in range(1 + c.below(3))]

    def _value(self, bound):
        c = self._chance
        way = c.below(7)
        if way == 0:
            return c.below(3)
        if way == 1:
            return c.below(1 << 30)
        if way == 2:
            return c.octets(min(bound, 600))
        if way == 3:
            return c.octets(c.below(40))
        if way == 4:
            return c.pick(("filing", "login", "ES256", "https://office.example", "", "编"))
        if way == 5:
            return [c.octets(32) for _ in range(c.below(4))]
        return bool(c.below(2))


class Run:
    """``inputs`` inputs from ``seed`` on, in turns on the two keys; keeps what went wrong with the
    input that did it.
    """

    def __init__(self, targets, seeds, seed):
        self.targets = targets
        self.generator = Generator(seeds, Chance(seed))
        self.wrong = []
        self.executions = 0

    def go(self, inputs, now, slow_ms):
        hangs = 0
        for count in range(inputs):
            target = self.targets[count & 1]
            data = self.generator.next()[:MOST]
            began = now()
            try:
                fault = target.feed(data)
            except Exception as error:
                fault = "raised " + repr(error)
            self.executions += 1
            if now() - began > slow_ms:
                hangs += 1
            if fault:
                self.wrong.append((fault, data))
                target.boot()
            if count % FRESH_AFTER < 2 and count > 2:
                target.boot()
        return hangs
