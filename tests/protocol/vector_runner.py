"""Runs the wire vectors and shows one line a vector; CPython and MicroPython both run this file and
must agree byte for byte.

``python vector_runner.py FOLDER`` prints ``file/section<TAB>name<TAB>result``.  A result is what
the wire code did, never what the vector says it should have done: the comparison is the test's
business.
"""

import json
import sys
from binascii import hexlify, unhexlify
from hashlib import sha256

from biandun_protocol.wire import cbor, cobs, codec, frames, merkle, messages, statement, suite
from etoken.crypto.sm3 import sm3_digest

SM2 = suite.sm2(sm3_digest)


def hexed(data):
    return hexlify(bytes(data)).decode()


def notation(value):
    """The same notation as protocol/tools/oracle_messages.py."""
    if value is None:
        return "absent"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ",".join([notation(item) for item in value]) + "]"
    if isinstance(value, str):
        return '"' + hexed(value.encode()) + '"'
    if isinstance(value, bytes):
        return (
            "h'" + hexed(value) + "'"
            if len(value) <= 32
            else str(len(value)) + " bytes " + hexed(sha256(value).digest())
        )
    return str(value)


def decoded_cobs(encoded):
    buffer = bytearray(encoded)
    try:
        size = cobs.decode_in_place(buffer, len(buffer))
    except cobs.CobsError:
        return "invalid"
    return hexed(buffer[:size])


def cobs_valid(entry):
    data = unhexlify(entry["decoded"])
    encoded = cobs.encode(bytearray(data))
    return hexed(encoded) + " " + decoded_cobs(encoded)


def cobs_decoded(entry):
    return decoded_cobs(unhexlify(entry["encoded"]))


def shown(frame):
    flags = 1 if frame.more else 0
    return ".".join(
        [
            str(frame.kind),
            str(flags),
            str(frame.request_id),
            str(frame.offset),
            hexed(frame.payload),
        ]
    )


def read_frames(data, step):
    """Everything a reader takes from ``data`` handed over ``step`` bytes at a time, and what it
    dropped.
    """
    reader = frames.FrameReader()
    found = []
    for start in range(0, len(data), step):
        chunk = bytearray(data[start : start + step])
        reader.put(chunk, len(chunk))
        while True:
            frame = reader.next()
            if frame is None:
                break
            found.append(shown(frame))
    return " ".join(found) + " dropped " + str(reader.dropped)


def frames_valid(entry):
    wire = frames.encode_frame(
        entry["kind"],
        entry["request_id"],
        entry["offset"],
        unhexlify(entry["payload"]),
        bool(entry["flags"]),
    )
    return hexed(wire) + " " + read_frames(wire, len(wire))


def frames_streams(entry):
    wire = unhexlify(entry["wire"])
    whole = read_frames(wire, len(wire))
    for step in (1, 3, 64, 4097):
        if read_frames(wire, step) != whole:
            return "differs when read " + str(step) + " bytes at a time"
    return whole


def cbor_result(entry):
    try:
        value = cbor.loads(unhexlify(entry["cbor"]))
    except cbor.Incomplete:
        return "incomplete"
    except cbor.CborError:
        return "invalid"
    return hexed(cbor.dumps(value))


def messages_result(entry):
    kind = getattr(messages, entry["type"])
    raw = unhexlify(entry["cbor"])
    try:
        if hasattr(kind, "NUMBER"):
            number, content = codec.split_request(raw)
            message = codec.from_map(kind, content)
            again = codec.encode_request(message) if number == kind.NUMBER else b""
        else:
            message = codec.decode(kind, raw)
            again = codec.encode(message)
    except codec.MessageError as error:
        return "error " + str(error.code) + " field " + str(error.field)
    # a field that came after the vector was frozen is shown only when it is there
    asked = [field.split("=")[0] for field in entry.get("fields", [])]
    shown = [(name, getattr(message, name)) for _, name, _, _, _ in kind.FIELDS]
    fields = [
        name + "=" + notation(value) for name, value in shown if name in asked or value is not None
    ]
    return hexed(again) + " " + ";".join(fields)


def messages_envelopes(entry):
    try:
        number, _ = codec.split_request(unhexlify(entry["cbor"]))
    except codec.MessageError as error:
        return "error " + str(error.code)
    return "command " + str(number)


def hashes(path):
    return [unhexlify(item) for item in path]


def merkle_roots(entry):
    """Only the smallest roots can be had without a tree builder: of nothing, of one leaf and of
    two.
    """
    leaves = [merkle.leaf_hash(unhexlify(leaf)) for leaf in entry["leaves"]]
    if not leaves:
        return hexed(merkle.EMPTY_ROOT)
    while len(leaves) > 1:  # level by level: an odd last hash is carried up unchanged
        pairs = [
            merkle.node_hash(leaves[place], leaves[place + 1])
            for place in range(0, len(leaves) - 1, 2)
        ]
        leaves = pairs + ([leaves[-1]] if len(leaves) % 2 else [])
    return hexed(leaves[0])


def merkle_inclusion(entry):
    return str(
        merkle.verify_inclusion(
            unhexlify(entry["leaf_hash"]),
            entry["index"],
            entry["size"],
            hashes(entry["path"]),
            unhexlify(entry["root"]),
        )
    )


def merkle_consistency(entry):
    old_root, root = unhexlify(entry["old_root"]), unhexlify(entry["root"])
    return str(
        merkle.verify_consistency(
            entry["old_size"], old_root, entry["size"], root, hashes(entry["path"])
        )
    )


def keys_of(used):
    return lambda entry: hexed(used.kid_of(unhexlify(entry["public"])))


def valid_of(used):
    return lambda entry: valid(used, entry)


def valid(used, entry):
    raw = unhexlify(entry["statement"])
    protected, digest, signature = statement.split(raw)
    header = cbor.loads(protected)
    tbs = statement.to_be_signed(protected, entry["purpose"], digest)
    x5t = None if entry["x5t"] is None else unhexlify(entry["x5t"])
    written = statement.protected_header(
        used,
        header[statement.LABEL_KID],
        entry["issuer"],
        entry["subject"],
        entry["purpose"],
        x5t,
        cbor.loads(unhexlify(entry["fields"])),
    )
    if statement.assemble(protected, digest, signature) != raw:
        return "assembles to other bytes"
    name, manifest = statement.statement_id(used, tbs), used.digest(unhexlify(entry["manifest"]))
    return " ".join([hexed(written), hexed(tbs), hexed(name), hexed(manifest)])


def statements_refused(entry):
    try:
        statement.split(unhexlify(entry["statement"]))
    except cbor.CborError:
        return "no form"
    return "form"


def statements_receipts(entry):
    raw = unhexlify(entry["payload"])
    try:
        payload = statement.decode_receipt_payload(raw)
    except cbor.CborError:
        return "malformed"
    same = "same" if payload.encode() == raw else "other"
    return (
        same
        + " bytes, received "
        + str(payload.received)
        + ", proves "
        + str(payload.proves(unhexlify(entry["leaf"])))
    )


TABLE = (
    ("cobs", "valid", cobs_valid),
    ("cobs", "decodes", cobs_decoded),
    ("cobs", "invalid", cobs_decoded),
    ("frames", "valid", frames_valid),
    ("frames", "streams", frames_streams),
    ("cbor", "valid", cbor_result),
    ("cbor", "invalid", cbor_result),
    ("cbor", "incomplete", cbor_result),
    ("messages", "valid", messages_result),
    ("messages", "invalid", messages_result),
    ("messages", "envelopes", messages_envelopes),
    ("merkle", "roots", merkle_roots),
    ("merkle", "inclusion", merkle_inclusion),
    ("merkle", "consistency", merkle_consistency),
    ("statements", "keys", keys_of(suite.ES256)),
    ("statements", "valid", valid_of(suite.ES256)),
    ("statements", "refused", statements_refused),
    ("statements", "receipts", statements_receipts),
    ("statements-sm2", "keys", keys_of(SM2)),
    ("statements-sm2", "valid", valid_of(SM2)),
    ("statements-sm2", "refused", statements_refused),
    ("statements-sm2", "receipts", statements_receipts),
)


def run(folder):
    """Yield one line a vector, in the order of the table."""
    loaded = {}
    for name, section, runner in TABLE:
        if name not in loaded:
            with open(folder + "/" + name + ".json") as source:
                loaded[name] = json.load(source)
        for entry in loaded[name][section]:
            yield "\t".join([name + "/" + section, entry["name"], runner(entry)])


if __name__ == "__main__":
    for line in run(sys.argv[1]):
        print(line)
