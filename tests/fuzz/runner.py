"""Run many inputs under MicroPython:  micropython runner.py SEEDS.json SEED INPUTS.  Prints
JSON.
"""

import gc
import json
import sys
import time
from binascii import hexlify, unhexlify

from core import Run, Target

SLOW_MS = 2000


def load(path):
    with open(path) as file:
        made = json.load(file)
    folder = path.rsplit("/", 1)[0]
    targets = []
    for name in ("sealed", "clear"):
        with open(folder + "/" + name + ".flash", "rb") as file:
            image = file.read()
        targets.append(
            Target(image, [unhexlify(data) for data in made[name]["opening"]], name == "sealed")
        )
    return targets, [unhexlify(data) for data in made["seeds"]]


def main(path, seed, inputs):
    targets, seeds = load(path)
    run = Run(targets, seeds, int(seed))
    hangs, free = 0, []
    for _ in range(10):
        hangs += run.go(int(inputs) // 10, time.ticks_ms, SLOW_MS)
        for target in targets:
            target.boot()
        gc.collect()
        gc.collect()
        free.append(gc.mem_free())
    wrong = [(fault, hexlify(data).decode()) for fault, data in run.wrong[:20]]
    print(
        json.dumps(
            {
                "executions": run.executions,
                "wrong": len(run.wrong),
                "first": wrong,
                "hangs": hangs,
                "free": free,
            }
        )
    )


main(*sys.argv[1:])
