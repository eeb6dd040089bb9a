# SPDX-License-Identifier: Apache-2.0
"""Garbage from the network: the server stays, counts it, and serves the next message."""
import pathlib
import random
import socket

from process import until
from sip import Endpoint
from tap import case, check, check_eq, run
from world import World

TORTURE = pathlib.Path(__file__).parent.parent / "unit/sip/torture"
SEED = 20240817


def moved(world, name, before):
    until(lambda: world.server.count(name) > before.get(name, 0), f"{name} moves")


def delivers(world):
    """Alice's message reaches bob."""
    alice, bob = Endpoint(world.server), Endpoint(world.server)
    check_eq(bob.register("bob").status, 200, "bob's registration")
    request = alice.send_message("alice", "bob", "still there")
    check_eq(bob.take().body, "still there", "what bob got")
    check_eq(alice.final(request).status, 200, "alice's answer")
    check_eq(bob.register("bob", 0).status, 200, "bob's leaving")
    alice.close()
    bob.close()


@case("the messages of RFC 4475 and RFC 5118, as datagrams")
def torture_datagrams(world):
    before = world.server.metrics()
    files = sorted(TORTURE.glob("*.dat"))
    check(len(files) > 50, f"only {len(files)} files in {TORTURE}")
    for path in files:
        world.server.send_datagram(path.read_bytes())
    until(lambda: world.server.count("sip.udp.received") - before["sip.udp.received"] >= len(files), "all are read")
    check(world.server.count("sip.malformed") - before["sip.malformed"] >= 10, "few were found malformed")
    delivers(world)


@case("the messages of RFC 4475 and RFC 5118, each as a stream")
def torture_streams(world):
    for path in sorted(TORTURE.glob("*.dat")):
        with socket.create_connection((world.server.host, world.server.port), timeout=10) as s:
            s.sendall(path.read_bytes())
            s.shutdown(socket.SHUT_WR)
    delivers(world)


@case("a malformed request is answered 400")
def answered(world):
    endpoint = Endpoint(world.server)
    before = world.server.metrics()
    request = endpoint.request("MESSAGE", "sip:bob@example.org", "sip:alice@example.org", "sip:bob@example.org")
    request.headers = [(n, "no number MESSAGE" if n == "CSeq" else v) for n, v in request.headers]
    check_eq(endpoint.ask(request).status, 400, "the answer")
    moved(world, "sip.malformed", before)
    endpoint.close()


@case("datagrams that are no SIP get no answer and move a counter")
def no_sip(world):
    before = world.server.metrics()
    randomness = random.Random(SEED)
    endpoint = Endpoint(world.server)
    for _ in range(500):
        endpoint.send_bytes(randomness.randbytes(randomness.randrange(1, 1400)))
    moved(world, "sip.udp.not_sip", before)
    delivers(world)
    endpoint.socket.settimeout(0)
    try:
        got = endpoint.socket.recv(2000)
    except BlockingIOError:
        got = b""
    check_eq(got, b"", "an answer to garbage")
    endpoint.close()


@case("garbage on a stream closes it and moves a counter")
def garbage_stream(world):
    before = world.server.metrics()
    randomness = random.Random(SEED)
    with socket.create_connection((world.server.host, world.server.port), timeout=10) as s:
        try:
            s.sendall(b"".join(randomness.randbytes(999) + b"\r\n\r\n" for _ in range(100)))
            while s.recv(65536):
                pass
        except (ConnectionResetError, BrokenPipeError):
            pass
    moved(world, "sip.connection.bad_framing", before)
    delivers(world)


@case("a stream without Content-Length is answered 400 and closed")
def no_length(world):
    with socket.create_connection((world.server.host, world.server.port), timeout=10) as s:
        s.sendall(b"OPTIONS sip:example.org SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKnl;rport\r\n"
                  b"From: <sip:a@example.org>;tag=1\r\nTo: <sip:example.org>\r\nCall-ID: nl\r\nCSeq: 1 OPTIONS\r\n"
                  b"Max-Forwards: 70\r\n\r\n")
        answer = b""
        try:
            while chunk := s.recv(65536):
                answer += chunk
        except ConnectionResetError:
            pass
    check(answer.startswith(b"SIP/2.0 400 "), f"{answer!r} came")
    delivers(world)


@case("mutated requests, thousands of them")
def mutated(world):
    randomness = random.Random(SEED)
    files = [path.read_bytes() for path in sorted(TORTURE.glob("*.dat"))]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for number in range(3000):
            data = bytearray(randomness.choice(files))
            for _ in range(randomness.randrange(1, 8)):
                data[randomness.randrange(len(data))] = randomness.randrange(256)
            s.sendto(bytes(data[:randomness.randrange(1, len(data) + 1)]), (world.server.host, world.server.port))
            if number % 100 == 99:
                world.server.get("/v1/health")  # not faster than it reads
    delivers(world)


run(World)
