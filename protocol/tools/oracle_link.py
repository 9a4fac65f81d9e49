"""Vectors of the lowest layers (COBS, frames, CBOR), made without code of ``biandun_protocol``.

Everything here is written from SPEC.md sections 2 and 3 in the simplest way, byte by byte, so that
the vectors are independent of the implementation.  All byte strings are in hexadecimal.
"""

import zlib

Entry = dict[str, object]
Sections = dict[str, list[Entry]]


def stuff(data: bytes) -> bytes:
    """Encode in COBS, one byte at a time; a final full run gets no extra code byte."""
    out, run = bytearray(), bytearray()
    for byte in data:
        if len(run) == 254:
            out += b"\xff" + run
            run = bytearray()
        if byte == 0:
            out += bytes([len(run) + 1]) + run
            run = bytearray()
        else:
            run.append(byte)
    return bytes(out + bytes([len(run) + 1]) + run)


def raw_frame(kind: int, flags: int, request_id: int, offset: int, payload: bytes) -> bytes:
    """Return header, payload and CRC before COBS."""
    body = (
        bytes([kind, flags]) + request_id.to_bytes(2, "big") + offset.to_bytes(4, "big") + payload
    )
    return body + zlib.crc32(body).to_bytes(4, "big")


def frame(kind: int, flags: int, request_id: int, offset: int, payload: bytes) -> bytes:
    """Return one frame as it crosses the line."""
    return stuff(raw_frame(kind, flags, request_id, offset, payload)) + b"\0"


def ramp(size: int) -> bytes:
    """Return ``size`` bytes 1, 2 ... 255, 1, 2 ...: none of them zero."""
    return bytes(1 + place % 255 for place in range(size))


def cobs() -> Sections:
    """Return round trips, and bytes that are not valid COBS."""
    sources = {
        "empty": b"",
        "one-zero": b"\0",
        "two-zeros": b"\0\0",
        "one-byte": b"\x2a",
        "zero-inside": bytes.fromhex("11220033"),
        "zero-last": bytes.fromhex("11223300"),
        "zero-first": bytes.fromhex("00112233"),
        "interrupt-bytes": b"\x03" * 9,
        "all-ones": b"\xff" * 5,
    }
    for size in (253, 254, 255, 256, 508, 509, 762):
        sources[f"run-{size}"] = ramp(size)
        sources[f"run-{size}-then-zero"] = ramp(size) + b"\0"
        sources[f"zero-then-run-{size}"] = b"\0" + ramp(size)
    for size in (7, 254, 255, 600):
        sources[f"zeros-{size}"] = bytes(size)
    sources["largest-frame"] = ramp(4096)
    invalid = {
        "code-zero": "00",
        "code-zero-inside": "02110003",
        "run-past-the-end": "05112233",
        "run-past-the-end-by-one": "0311",
        "full-run-cut": "ff" + "01" * 253,
    }
    # a final full run may be followed by one empty run: other encoders write it, decoders accept it
    lenient = [
        {
            "name": "empty-run-after-a-full-one",
            "encoded": ("ff" + ramp(254).hex() + "01"),
            "decoded": ramp(254).hex(),
        }
    ]
    return {
        "valid": [
            {"name": name, "decoded": data.hex(), "encoded": stuff(data).hex()}
            for name, data in sources.items()
        ],
        "decodes": [dict(entry) for entry in lenient],
        "invalid": [{"name": name, "encoded": data} for name, data in invalid.items()],
    }


def _shown(kind: int, flags: int, request_id: int, offset: int, payload: bytes) -> str:
    return f"{kind}.{flags}.{request_id}.{offset}.{payload.hex()}"


def frames() -> Sections:
    """Return single frames, and byte streams with the frames in them and the number dropped."""
    parts: dict[str, tuple[int, int, int, int, bytes]] = {
        "empty-ack": (9, 0, 1, 0, b""),
        "request-info": (1, 0, 1, 0, bytes.fromhex("8201a10001")),
        "highest-numbers": (8, 0, 65535, 0xFFFFFFFF, b"\x00\xff"),
        "first-fragment": (1, 1, 258, 0, ramp(40)),
        "all-zero-payload": (8, 0, 7, 4084, bytes(300)),
        "interrupt-payload": (8, 0, 7, 0, b"\x03" * 64),
        "largest": (8, 0, 9, 1044480, ramp(4084)),
        "largest-of-zeros": (8, 0, 9, 0, bytes(4084)),
        "unknown-kind": (77, 0, 1, 0, b"x"),
    }
    valid: list[Entry] = [
        {
            "name": name,
            "kind": kind,
            "flags": flags,
            "request_id": request_id,
            "offset": offset,
            "payload": payload.hex(),
            "wire": frame(kind, flags, request_id, offset, payload).hex(),
        }
        for name, (kind, flags, request_id, offset, payload) in parts.items()
    ]
    good = parts["request-info"]
    whole, shown = frame(*good), _shown(*good)
    wrong_crc = bytearray(raw_frame(*good))
    wrong_crc[-1] ^= 1
    big = parts["largest"]
    other = parts["first-fragment"]
    streams: list[tuple[str, bytes, list[str], int]] = [
        ("two-frames", whole + frame(*other), [shown, _shown(*other)], 0),
        ("delimiters-around", b"\0\0" + whole + b"\0\0", [shown], 0),
        ("modem-manager-first", b"AT\r\nAT+GCAP\r\n\0" + whole, [shown], 1),
        ("junk-touching-a-frame", b"AT\r" + whole + whole, [shown], 1),
        ("wrong-crc", stuff(bytes(wrong_crc)) + b"\0" + whole, [shown], 1),
        ("cut-short", whole[:9] + b"\0" + whole, [shown], 1),
        ("not-finished", whole[:-1], [], 0),
        ("flag-2", frame(1, 2, 1, 0, b"") + whole, [shown], 1),
        ("flag-255", frame(1, 255, 1, 0, b"") + whole, [shown], 1),
        ("eleven-bytes", stuff(bytes(11)) + b"\0" + whole, [shown], 1),
        ("crc-alone", stuff(zlib.crc32(b"").to_bytes(4, "big")) + b"\0" + whole, [shown], 1),
        ("one-byte-too-large", frame(8, 0, 9, 0, ramp(4085)) + whole, [shown], 1),
        ("one-byte-too-large-of-zeros", frame(8, 0, 9, 0, bytes(4085)) + whole, [shown], 1),
        ("far-too-large", b"\x55" * 9000 + b"\0" + whole, [shown], 1),
        ("largest-twice", frame(*big) * 2, [_shown(*big)] * 2, 0),
        ("not-cobs", b"\x05\x11\0" + whole, [shown], 1),
    ]
    return {
        "valid": valid,
        "streams": [
            {"name": n, "wire": w.hex(), "frames": f, "dropped": d} for n, w, f, d in streams
        ],
    }


def _nested(opening: str, inner: str, count: int) -> str:
    return opening * count + inner


def _map_of(count: int) -> str:
    """Return a map of 24 to 255 entries, which maps integers from 0 to themselves."""
    entries = (f"{key:02x}" * 2 if key < 24 else f"18{key:02x}" * 2 for key in range(count))
    return f"b8{count:02x}" + "".join(entries)


def cbor() -> Sections:
    """Return values with their one encoding, and every kind of invalid encoding."""
    valid = {
        "zero": "00", "twenty-three": "17", "twenty-four": "1818", "255": "18ff", "256": "190100", "65535": "19ffff",
        "65536": "1a00010000", "2^32-1": "1affffffff", "2^32": "1b0000000100000000", "2^63": "1b8000000000000000",
        "2^64-1": "1bffffffffffffffff", "minus-one": "20", "minus-24": "37", "minus-25": "3818", "minus-70001": "3a00011170",
        "minus-2^64": "3bffffffffffffffff", "no-bytes": "40", "bytes": "43010203", "23-bytes": "57" + "ab" * 23,
        "24-bytes": "5818" + "ab" * 24, "256-bytes": "590100" + "00" * 256, "no-text": "60", "text": "63e7bc96", "two-byte-text": "62c3bc",
        "largest-two-byte-text": "62dfbf", "three-byte-text": "63e0a080", "before-the-surrogates": "63ed9fbf",
        "after-the-surrogates": "63ee8080", "four-byte-text": "64f0908080", "last-code-point": "64f48fbfbf", "nul-in-text": "6100",
        "false": "f4", "true": "f5", "empty-array": "80", "array": "83010203", "array-of-24": "9818" + "00" * 24,
        "empty-map": "a0", "map": "a201020304", "map-integer-before-negative": "a2182000200f", "map-24-before-minus-1": "a218180120f5",
        "map-short-text-first": "a2617a0162616102",
        "mixed-keys": "a400002001616103626162f5", "arrays-8-deep": _nested("81", "00", 8), "empty-array-as-eighth": _nested("81", "80", 7),
        "maps-8-deep": _nested("a100", "00", 8), "map-of-64": _map_of(64), "summary": "a4006662312f74657301613102000300",
    }  # fmt: skip
    invalid = {
        "non-shortest-0": "1800", "non-shortest-23": "1817", "non-shortest-255": "1900ff", "non-shortest-65535": "1a0000ffff",
        "non-shortest-2^32-1": "1b00000000ffffffff", "non-shortest-minus-1": "3800", "non-shortest-length": "580161",
        "non-shortest-text": "780161", "non-shortest-array": "980100", "non-shortest-map": "b8010001", "non-shortest-text-length-2": "79000161",
        "indefinite-bytes": "5f4100ff", "indefinite-text": "7f6161ff", "indefinite-array": "9f00ff", "indefinite-map": "bf0000ff",
        "break-alone": "ff", "reserved-28": "1c", "reserved-29": "3d", "reserved-30": "5e", "reserved-31": "1f", "half-float": "f93c00",
        "single-float": "fa3f800000", "double-float": "fb3ff0000000000000", "nan": "f97e00", "null": "f6", "undefined": "f7",
        "simple-0": "e0", "simple-19": "f3", "simple-32": "f820", "simple-true-in-two-bytes": "f815", "tag-0": "c06130",
        "tag-1": "c100", "tag-18": "d280", "tag-24": "d8184100", "self-described": "d9d9f700", "bignum": "c249010000000000000000",
        "small-bignum": "c24101", "negative-bignum": "c349010000000000000000", "null-in-array": "81f6", "float-in-map": "a100f90000",
        "tag-in-array": "81c100", "duplicate-key": "a200010002", "duplicate-text-key": "a2616101616102", "unsorted-keys": "a201000000",
        "unsorted-lengths": "a262616100616200", "bytes-after-text": "a2616100416100", "bytes-key": "a1416100", "false-key": "a1f400", "true-key": "a1f500",
        "true-beside-1": "a20100f500", "array-key": "a18000", "map-key": "a1a000", "null-key": "a1f600", "float-key": "a1f9000000",
        "nested-unsorted": "8200a201000000", "overlong-2": "62c080", "overlong-slash": "62c0af", "overlong-c1": "62c1bf",
        "overlong-3": "63e08080", "overlong-3-last": "63e09fbf", "overlong-4": "64f0808080", "overlong-4-last": "64f08fbfbf",
        "surrogate-first": "63eda080", "surrogate-last": "63edbfbf", "surrogate-pair": "66eda080edb080", "over-10ffff": "64f4908080",
        "lead-f5": "64f5808080", "lead-ff": "61ff", "continuation-alone": "6180", "text-cut-in-2": "61c3", "text-cut-in-3": "62e7bc",
        "text-cut-in-4": "63f09080", "ascii-as-continuation": "62c341", "lead-as-continuation": "63e7c3bc", "bad-key-text": "a161ff00",
        "arrays-9-deep": _nested("81", "00", 9), "empty-array-as-ninth": _nested("81", "80", 8), "maps-9-deep": _nested("a100", "00", 9),
        "empty-map-as-ninth": _nested("a100", "a0", 8), "arrays-60-deep": _nested("81", "80", 60), "trailing-byte": "0000", "trailing-map": "a0a0",
        "trailing-break": "80ff", "half-float-cut": "f9", "simple-cut": "f8", "map-of-65": _map_of(65),
        "regular-expression": "d823635b615d", "shared": "d81c80", "reference": "d81d00",
    }  # fmt: skip
    incomplete = {
        "nothing": "", "number-cut": "18", "number-cut-2": "1901", "number-cut-8": "1b00000001", "2^64-1-bytes": "5bffffffffffffffff",
        "2^32-1-bytes": "5affffffff00", "2^64-1-text": "7bffffffffffffffff61", "2^64-1-array": "9bffffffffffffffff00",
        "2^31-array": "9a80000000", "2^64-1-map": "bbffffffffffffffff0000", "2^31-map": "ba80000000",
    }  # fmt: skip
    sample = bytes.fromhex("a400190100016573756dc3bc0283f543010203381803a1206162")
    cut: list[Entry] = [
        {"name": f"sample-cut-at-{size:02}", "cbor": sample[:size].hex()}
        for size in range(len(sample))
    ]
    return {
        "valid": [{"name": n, "cbor": v} for n, v in valid.items()]
        + [{"name": "sample", "cbor": sample.hex()}],
        "invalid": [{"name": n, "cbor": v} for n, v in invalid.items()],
        "incomplete": [{"name": n, "cbor": v} for n, v in incomplete.items()] + cut,
    }
