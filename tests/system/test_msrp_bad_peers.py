# SPDX-License-Identifier: Apache-2.0
"""Peers that read slowly, stop in the middle, flood: what the server keeps for them is bounded, the others talk on."""
import json
import random
import socket
import threading

from msrp import Msrp, Reader, digest
from process import until
from session_world import SessionWorld
from sip import Message
from talker import Session, Talker, describe
from tap import case, check, check_eq, comment, run

RANDOM = random.Random(6135)
CONTENT = RANDOM.randbytes(8_000_000)
# What a peer may cost the server beyond what it had, in kB: queues of both directions, and the slab grows by huge pages. TCP's
# buffers are the kernel's.
BOUND_KB = 8192


class Crowd:
    """Connections of one peer to the server, to its MSRP port if to no other."""

    def __init__(self, world, port=None):
        self.at, self.open = (world.server.host, port or world.server.msrp_port), []

    def connect(self, data=b""):
        s = socket.create_connection(self.at, timeout=20)
        self.open.append(s)
        if data:
            s.sendall(data)
        return s

    def close(self):
        for s in self.open:
            s.close()


def closed_by_server(s):
    """What the server had to say before it closed."""
    got = b""
    try:
        while data := s.recv(65536):
            got += data
    except ConnectionResetError:
        pass
    return got


def talks(session):
    for one, other in ((session.alice, session.bob), (session.bob, session.alice)):
        check_eq(bytes(other.msrp.message(one.msrp.send(b"still there")).data), b"still there", "what came")


@case("a slow reader: the sender is held, memory is bounded, nothing is lost")
def slow_reader(world):
    session = world.session(msrp={"buffer": 16384})
    alice, bob = session.alice.msrp, session.bob.msrp
    talks(session)
    bob.reading.clear()
    alice.send(b"the piece that the reader takes before it stops", wait=False)
    before = world.server.memory_kb()
    highest, sent = before, []

    def pour():
        for _ in range(6):
            sent.append(alice.send(CONTENT, content_type="application/octet-stream", total="unknown", wait=False))
    pourer = threading.Thread(target=pour, daemon=True)
    pourer.start()
    # Until nothing more goes for a second: all buffers on the way are full.
    until(lambda: not alice.can_write(1), "the sender is held")
    highest = max(highest, world.server.memory_kb())
    check(pourer.is_alive(), "48 MB went although nobody reads: where are they?")
    comment(f"resident: {before} kB before, {highest} kB with the sender held")
    world.server.check_memory(highest - before, BOUND_KB, "more for one slow reader")
    other = world.second_session()
    talks(other)
    other.end()
    bob.reading.set()
    pourer.join(60)
    for identity in sent:
        check_eq(digest(bob.message(identity, 60).data), digest(CONTENT), "the hash of what came late")
        highest = max(highest, world.server.memory_kb())
    check_eq(len(sent), 6, "messages sent")
    world.server.check_memory(highest - before, BOUND_KB, "more for one slow reader")
    session.end()


@case("peers that connect and say nothing, or stop in the middle of a head: they are closed, the others talk on")
def silent(world):
    crowd = Crowd(world)
    session = world.session()
    uri = session.alice.msrp.remote
    for _ in range(200):
        crowd.connect()
        crowd.connect(b"MSRP halfopen1 SEND\r\nTo-Path: " + uri.encode())
    until(lambda: world.server.count("msrp.connections") >= 402, lambda: f"all are accepted: {world.server.metrics()}")
    talks(session)
    for s in crowd.open:
        check_eq(closed_by_server(s), b"", "what the server says to who says nothing")
    crowd.close()
    talks(session)
    session.end()


@case("a flood of connections with garbage: each is closed, memory is bounded, the others talk on")
def garbage(world):
    crowd = Crowd(world)
    session = world.session()
    counted, before = world.server.metrics(), world.server.memory_kb()
    for number in range(1500):
        s = crowd.connect()
        try:
            s.sendall((b"GET / HTTP/1.1\r\n\r\n", RANDOM.randbytes(500), b"\r\n" * 50, b"MSRP \r\n",
                       b"\0" * 4000)[number % 5])
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        if number % 300 == 299:
            talks(session)
            for s in crowd.open:
                closed_by_server(s)
            crowd.close()
            crowd.open = []
    until(lambda: world.server.count("msrp.connections") == 2, "only the session's connections are left")
    check(world.server.count("msrp.connection.broken") > counted["msrp.connection.broken"], "none was broken")
    after = world.server.memory_kb()
    comment(f"resident: {before} kB before 1500 connections, {after} kB after")
    world.server.check_memory(after - before, BOUND_KB, "more than before")
    talks(session)
    session.end()


@case("heads without end: the connection is closed before much is kept")
def endless(world):
    session = world.session()
    before = world.server.memory_kb()
    tid = b"MSRP endless01 SEND\r\n"
    for head, more in ((b"MSRP ", b"x" * 65536), (tid + b"To-Path: ", b"msrp://host/" * 5000),
                       (tid + b"To-Path: a\r\n", b"X: y\r\n" * 9000), (tid, b"\t " * 30000)):
        crowd = Crowd(world)
        s = crowd.connect(head)
        gone = False
        try:
            for _ in range(100):
                s.sendall(more)
        except (BrokenPipeError, ConnectionResetError):
            gone = True
        check(gone or closed_by_server(s) is not None, "the connection is closed")
        crowd.close()
    after = world.server.memory_kb()
    comment(f"resident: {before} kB before, {after} kB after")
    world.server.check_memory(after - before, BOUND_KB, "more than before")
    talks(session)
    session.end()


@case("the same of SIP over TCP: silent peers, half requests, heads without end")
def sip_streams(world):
    session = world.session("tcp")
    before = world.server.memory_kb()
    idle = world.server.count("sip.connections")
    crowd = Crowd(world, world.server.port)
    for _ in range(200):
        crowd.connect()
        crowd.connect(b"INVITE sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKhalf\r\nTo: <")
    for head, more in ((b"INVITE sip:", b"x" * 65536), (b"INVITE sip:bob@example.org SIP/2.0\r\n", b"X: y\r\n" * 9000)):
        s = crowd.connect(head)
        try:
            for _ in range(200):
                s.sendall(more)
            closed_by_server(s)
        except (BrokenPipeError, ConnectionResetError):
            pass
    talks(session)
    after = world.server.memory_kb()
    comment(f"resident: {before} kB before, {after} kB with 400 connections")
    world.server.check_memory(after - before, BOUND_KB + 400 * 8, "more than before")
    crowd.close()
    until(lambda: world.server.count("sip.connections") == idle, "the connections are gone")
    session.end()


@case("a flood of sessions asked for that are not there: 481, then the connection is closed")
def strangers(world):
    session = world.session()
    crowd = Crowd(world)
    s = crowd.connect()
    path = session.alice.msrp.remote
    server = path.rsplit("/", 1)[0]
    frames = b"".join(f"MSRP stranger{n:02} SEND\r\nTo-Path: {server}/none{n};tcp\r\n"
                      f"From-Path: msrp://127.0.0.1:9/x;tcp\r\nMessage-ID: s{n}abc\r\nByte-Range: 1-0/0\r\n"
                      f"-------stranger{n:02}$\r\n".encode() for n in range(50))
    s.sendall(frames)
    reader = Reader()
    reader.feed(closed_by_server(s))
    answers = []
    while frame := reader.next():
        answers.append(frame.status)
    check(answers and set(answers) == {481} and len(answers) < 20, f"a few 481 and the end: {answers}")
    crowd.close()
    talks(session)
    session.end()


@case("a peer that answers nothing: 408 in 30 s is the sender's affair, BYE ends it at once")
def unanswered(world):
    session = world.session()
    session.bob.msrp.answering = False
    frames = [session.alice.msrp.send(b"hello?", wait=False) for _ in range(200)]
    session.bob.msrp.message(frames[0])
    session.end()


def by_bye(_, session):
    session.alice.bye()
    session.bob.take_bye()


def by_called(_, session):
    session.bob.bye()
    session.alice.take_bye()


def by_operator(world, _):
    for line in json.loads(world.server.get("/v1/sessions")[1])["sessions"]:
        check_eq(world.server.ctl("session", "end", line["id"]).status, 0, "exit status of session end")


def by_reset(which):
    def end(_, session):
        getattr(session, which).msrp.reset()
        session.alice.bye()
    return end


@case("sessions that end in the middle of a chunk, by each of those who can, whatever else is on the way")
def in_the_middle(world):
    for end in (by_bye, by_called, by_operator, by_reset("alice"), by_reset("bob")):
        for setups in (("active", "passive"), ("passive", "active")):
            for reads in (True, False):
                session = world.session(setups=setups, msrp={"buffer": 16384})
                alice, bob = session.alice.msrp, session.bob.msrp
                alice.answering = bob.answering = reads
                alice.broken = bob.broken = True  # it ends inside a frame, and that is no fault
                if not reads:
                    bob.reading.clear()
                for one in (alice, bob):
                    frame = one.request(headers=[("Message-ID", "neverends"), ("Byte-Range", "1-*/*"),
                                                 ("Content-Type", "text/plain")], body=b"")
                    one.write(frame.head() + b"half of it")
                    if one is alice:
                        one.socket.setblocking(False)
                        for at in range(0, 1_000_000, 50_000):
                            try:
                                one.socket.send(CONTENT[at:at + 50_000])
                            except BlockingIOError:
                                break
                        one.socket.setblocking(True)
                end(world, session)
                world.end_case()
    until(lambda: not world.server.count("im.sessions"), lambda: f"all sessions are over: {world.server.busy()}")
    until(lambda: not world.server.count("msrp.connections"), "all connections are closed")


@case("an INVITE that is given up while bob's device rings, and before it says anything: CANCEL")
def cancelled(world):
    for early in (False, True):
        alice, bob = world.pair()
        alice.msrp = Msrp()
        alice.invite("bob", describe(alice.msrp, "active"))
        invitation = bob.take_invite()
        if not early:
            bob.send(invitation.response(180, "Ringing", tag="b"))
            alice.receive(lambda m: m.status == 180)
        cancel = [(n, v) for n, v in alice.invited.headers if n in ("Via", "Max-Forwards", "From", "To", "Call-ID")]
        alice.send(Message(alice.invited.start.replace("INVITE", "CANCEL", 1),
                           [*cancel, ("CSeq", alice.invited.get("CSeq").replace("INVITE", "CANCEL"))]))
        if early:
            bob.send(invitation.response(100, "Trying"))
        request = bob.receive(lambda m: not m.status and m.method == "CANCEL")
        bob.send(request.response(200, "OK"))
        bob.send(invitation.response(487, "Request Terminated", tag="b"))
        check_eq(alice.outcome().status, 487, "the answer")
        world.end_case()
    until(lambda: not world.server.count("im.sessions"), lambda: f"all sessions are over: {world.server.busy()}")


class BadPeers(SessionWorld):
    def second_session(self):
        """Of two others, while the first goes on."""
        return Session(self, Talker(self, "carol").join(), Talker(self, "dave").join())


run(BadPeers, users=("alice", "bob", "carol", "dave"))
