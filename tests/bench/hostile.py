"""hostile_cpu_ratio: CPU time of the office for the worst of many hostile requests, over that for a
good one.

Each is a POST of at most 4 KiB through Django's handler in this process, so the office's HTTP layer
counts and the server's sockets do not.  Good: a filing that is accepted, receipt and durable commit
included.  Hostile, to every door that is open without a login: what the generator of
``tests/hostile`` makes; what passes the form and costs a signature check, which is a genuine header
with another signature or digest; a filing that was accepted before; and challenges that nobody
answers.  One slow run may be the machine's fault, so the slowest are run again and count with their
fastest run.
"""

import gc
import heapq
import json
import random
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib import import_module
from io import BytesIO
from statistics import median

from biandun_protocol.certificate import Signed
from biandun_protocol.wire import codec
from biandun_protocol.wire import numbers as n
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.messages import LinksManifest, LoginManifest
from tests.bench.intake import package
from tests.bench.rows import Row, Scale
from tests.hostile import inputs
from tests.support.softkey import SoftKey

SIZE = 4096
COSE, SIGNED_TYPE, JSON = "application/cose", "application/biandun-signed+cbor", "application/json"
Request = tuple[str, str, bytes]  # path, media type, body
SLOWEST, AGAIN = 200, 7


def measure(scale: Scale) -> Iterator[Row]:
    """Send the one and the other."""
    # Django starts here, and only when this row is wanted
    import_module("biandun_office.office.startup")
    from biandun_office.evidence import services
    from biandun_office.office import startup
    from biandun_office.platform import clock
    from tests.backend import bench

    folder = scale.folder / "hostile"
    bench.found(folder)
    office = bench.Bench(folder)
    key = office.new_key(serial="BD-000001")
    packages = [
        package(key, f"good-{number:06d}-") for number in range(scale.warm_up + scale.packages)
    ]
    for content, _ in packages:
        services.store_blob(
            digest=sha256(content).hexdigest(),
            stream=BytesIO(content),
            announced=len(content),
            now=clock.now(),
        )

    def cost(request: Request) -> tuple[float, int]:
        path, media_type, raw = request
        began = time.process_time()
        answer = office.post(raw, media_type, path)
        return time.process_time() - began, answer.status_code

    statements = [statement for _, statement in packages]
    good = [cost(("/statements", bench.COSE, statement)) for statement in statements][
        scale.warm_up :
    ]
    assert {status for _, status in good} == {201}
    chance = random.Random(20261128)
    make = sender(
        chance,
        statements,
        [signed(key, purpose) for purpose in (n.PURPOSE_LOGIN, n.PURPOSE_LINK)],
        bench.ORIGIN,
    )
    gc.collect()
    slowest: list[tuple[float, Request]] = []
    for _ in range(scale.requests):
        request = make()
        spent, status = cost(request)
        assert status < 500, request
        heapq.heappush(slowest, (spent, request))
        if len(slowest) > SLOWEST:
            heapq.heappop(slowest)
    worst = max(min(cost(request)[0] for _ in range(AGAIN)) for _, request in slowest)
    startup.connections.close_all()
    yield Row(
        "hostile_cpu_ratio",
        1000 * worst,
        "ms",
        "lower",
        scale.requests,
        1000 * median(spent for spent, _ in good),
        "CPU in process of the worst POST to any open door, against the median of accepted filings; ES256, SQLite",
        goal=3.0,
    )


def signed(key: SoftKey, purpose: str) -> Signed:
    """What a key says beside its filings: a login, an export of links."""
    message: codec.Message = LinksManifest(n.SCHEMA_LINKS, key.serial, 1, [bytes(32)] * 60)
    if purpose == n.PURPOSE_LOGIN:
        message = LoginManifest(
            n.SCHEMA_LOGIN, "longlan", "http://office.test", bytes(16), key.serial
        )
    content = codec.encode(message)
    return Signed(key.sign(content, purpose), content)


def sender(
    chance: random.Random, genuine: list[bytes], beside: list[Signed], origin: str
) -> Callable[[], Request]:
    """Makes hostile requests; half of them get as far as the signature."""

    def forged(statement: bytes) -> bytes:
        protected, digest, signature = wire.split(statement)
        if chance.random() < 0.5:
            return wire.assemble(protected, digest, chance.randbytes(64))
        return wire.assemble(protected, chance.randbytes(32), signature)

    def make() -> Request:
        kind = chance.random()
        size = chance.choice((400, 3_900))
        if kind < 0.05:
            return "/statements", COSE, chance.choice(genuine)
        if kind < 0.3:
            return "/statements", COSE, forged(chance.choice(genuine))
        if kind < 0.5:
            place = chance.randrange(len(beside))
            one = Signed(forged(beside[place].statement), beside[place].manifest)
            return ("/login", "/links")[place], SIGNED_TYPE, one.encode()
        if kind < 0.52:
            return "/login/challenge", JSON, json.dumps({"origin": origin}).encode()
        if kind < 0.6:
            return (
                "/login/challenge",
                JSON,
                inputs.make(chance, [b'{"origin": "http://office.test"}'], size)[:SIZE],
            )
        if kind < 0.7:
            return (
                chance.choice(("/login", "/links")),
                SIGNED_TYPE,
                inputs.make(chance, [chance.choice(beside).encode()], size)[:SIZE],
            )
        path = chance.choice(("/statements", "/countersignatures", "/decisions"))
        return path, COSE, inputs.make(chance, genuine[:8], size)[:SIZE]

    return make
