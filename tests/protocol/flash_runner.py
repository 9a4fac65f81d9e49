"""Does random things to the flash and OTP models and prints what comes of it; CPython and
MicroPython must print the same.

python flash_runner.py FOLDER        micropython flash_runner.py FOLDER      (files are made in
FOLDER)
"""

from binascii import hexlify
from hashlib import sha256

from biandun_protocol.wire.flashfaults import Cut, Noise, WornFlash, rot
from biandun_protocol.wire.flashmodel import NorFlash, PowerCut
from biandun_protocol.wire.otpmodel import OtpModel, OtpSpent

SIZE = 4 * 4096


def shown(flash):
    return hexlify(sha256(flash.read(0, flash.size)).digest()[:8]).decode()


def handle(flash, noise, count):
    for _ in range(count):
        try:
            if noise.below(5):
                size = noise.below(300)
                flash.program(noise.below(SIZE - size), noise.octets(size))
            else:
                flash.erase(noise.below(SIZE // 4096) * 4096)
        except PowerCut:
            flash.hook = None


def flashes():
    for seed in range(6):
        noise = Noise(seed)
        flash = NorFlash(SIZE)
        for cut in range(6):
            share = (None, 0.0, 0.3, 0.5, 0.9, 1.0)[cut]
            Cut(flash, 1 + noise.below(8), share, seed + cut, scattered=bool(cut % 2))
            handle(flash, noise, 10)
        rot(flash, noise.below(SIZE), 1 + noise.below(255))
        print(seed, shown(flash), list(flash.erases), flash.programs, flash.programmed)
    worn = WornFlash(SIZE, 2)
    handle(worn, Noise(99), 60)
    print("worn", shown(worn))


def otp():
    for seed in range(4):
        memory = OtpModel(64)
        noise = Noise(seed)
        for step in range(80):
            Cut(memory, 1 + noise.below(5), (None, 0.0, 0.5, 1.0)[step % 4], step)
            try:
                if memory.secret() is None:
                    memory.write_secret(noise.octets(32))
                print(seed, memory.burn(), end=" ")
            except PowerCut:
                pass
            except OtpSpent:
                print("spent", end=" ")
        print(hexlify(memory.secret() or b"").decode(), memory.tally())


flashes()
otp()
