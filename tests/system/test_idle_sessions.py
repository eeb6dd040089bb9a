# SPDX-License-Identifier: Apache-2.0
"""Ten thousand sessions at once that say nothing: set up, measured, torn down, and nothing stays.

All callers are one socket and one MSRP connection, all called another: what is measured is sessions, not sockets.
"""
import re
import select
import socket
import time

from msrp import Frame, Reader
from process import until
from session_world import SessionWorld
from tap import case, check, check_eq, comment, run

SESSIONS, USERS, WINDOW, WARM = 10_000, 40, 64, 200
# Two dialogs, two MSRP sessions, one B2BUA. The figure itself is the benchmark's (parley-bench session: below 8 kB); here
# memory comes in huge pages and holds the transactions of the set-up too, so that only another order of size is a fault.
SESSION_MAX = 16384
HEADERS = re.compile(rb"\r\n(Via|Record-Route|From|To|Call-ID|CSeq): ?([^\r]*)")


def value(data, name):
    return re.search(rb"\r\n" + name + rb": ?([^\r]*)", data).group(1)


def bare(data):
    """The URI of Contact."""
    return re.search(rb"\r\nContact: ?[^<]*<([^>]*)>", data).group(1)


def path(data):
    return re.search(rb"\r\na=path:([^\r]*)", data).group(1)


class Datagrams:
    """A UDP socket, the server's peer."""

    def __init__(self, world):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.connect((world.server.host, world.server.port))
        self.at = b"127.0.0.1:%d" % self.socket.getsockname()[1]

    def fileno(self):
        return self.socket.fileno()

    def send(self, start, headers, body=b"", kind=b""):
        head = b"".join(name + b": " + text + b"\r\n" for name, text in headers)
        content = b"Content-Type: " + kind + b"\r\n" if kind else b""
        self.socket.send(start + b"\r\n" + head + content + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def reply(self, request, extra=(), body=b"", kind=b"", tag=b""):
        copied = [(name, text + tag if name == b"To" and b";tag=" not in text else text)
                  for name, text in HEADERS.findall(request.partition(b"\r\n\r\n")[0])]
        self.send(b"SIP/2.0 200 OK", [*copied, *extra], body, kind)

    def received(self):
        """All that is there."""
        while True:
            try:
                yield self.socket.recv(65536, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return


class Stream:
    """An MSRP connection that many sessions share."""

    def __init__(self, connection):
        self.socket, self.reader, self.answered = connection, Reader(), set()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.ended = False

    def fileno(self):
        return self.socket.fileno()

    def read(self):
        data = self.socket.recv(1 << 18)
        self.ended = not data
        self.reader.feed(data)
        answers = []
        while frame := self.reader.next():
            if frame.status:
                check_eq(frame.status, 200, "the answer to an empty SEND")
                self.answered.add(frame.transaction)
            else:
                answers.append(Frame(frame.transaction, status="200 OK", headers=[
                    ("To-Path", frame.get("From-Path")), ("From-Path", frame.get("To-Path"))]).encode())
        if answers:
            self.socket.sendall(b"".join(answers))


class Many:
    """Sessions number 0 to n-1 of a run, their callers and called."""

    def __init__(self, world, run_name):
        self.world, self.name = world, run_name
        self.alice, self.bob = world.alice, world.bob
        self.listener = world.listener
        self.streams, self.dialogs, self.byes = [], {}, set()
        self.caller = None

    def session_of(self, data):
        return int(re.search(rb"\r\nCall-ID: ?\w+-(\d+)", data).group(1))

    def via(self, what, n):
        return (b"Via", b"SIP/2.0/UDP %s;branch=z9hG4bK%s%s%d;rport" % (self.alice.at, self.name, what, n))

    def sdp(self, port, session, setup):
        return (b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                b"m=message %d TCP/MSRP *\r\na=accept-types:*\r\na=setup:%s\r\n"
                b"a=path:msrp://127.0.0.1:%d/%s;tcp\r\n" % (port, setup, port, session))

    def invite(self, n):
        user = n % USERS
        self.alice.send(b"INVITE sip:bob%d@example.org SIP/2.0" % user, [
            self.via(b"i", n), (b"Max-Forwards", b"70"), (b"X-Number", b"%d" % n),
            (b"From", b"<sip:alice%d@example.org>;tag=a%d" % (user, n)), (b"To", b"<sip:bob%d@example.org>" % user),
            (b"Call-ID", b"%s-%d" % (self.name, n)), (b"CSeq", b"1 INVITE"),
            (b"Contact", b"<sip:alice%d@%s>;+g.oma.sip-im" % (user, self.alice.at)),
            (b"Accept-Contact", b"*;+g.oma.sip-im")],
            self.sdp(2855, b"%sa%d" % (self.name, n), b"active"), b"application/sdp")

    def within(self, method, n, number):
        target, to, routes = self.dialogs[n]
        self.alice.send(method + b" " + target + b" SIP/2.0", [
            self.via(method[:1].lower(), n), (b"Max-Forwards", b"70"), *((b"Route", route) for route in routes),
            (b"From", b"<sip:alice%d@example.org>;tag=a%d" % (n % USERS, n)),
            (b"To", to), (b"Call-ID", b"%s-%d" % (self.name, n)), (b"CSeq", b"%d " % number + method)])

    def at_bob(self, data):
        """The called: takes everything."""
        if data.startswith(b"INVITE"):
            n = int(value(data, b"X-Number"))
            self.bob.reply(data, [(b"Contact", b"<sip:bob@%s>;+g.oma.sip-im" % self.bob.at)],
                           self.sdp(self.listener.getsockname()[1], b"%sb%d" % (self.name, n), b"passive"),
                           b"application/sdp", b";tag=b%d" % n)
        elif data.startswith(b"BYE"):
            self.bob.reply(data)
            self.byes.add(value(data, b"Call-ID"))

    def at_alice(self, data):
        """Answers; returns the number of a session that is one step further."""
        status = int(data[8:11])
        if status < 200:
            return None
        check_eq(status, 200, f"an answer:\n{data.decode()}")
        n = self.session_of(data)
        if b" INVITE" in value(data, b"CSeq"):
            again = n in self.dialogs
            self.dialogs[n] = bare(data), value(data, b"To"), re.findall(rb"\r\nRecord-Route: ?([^\r]*)", data)[::-1]
            self.within(b"ACK", n, 1)
            return None if again else (n, path(data).decode())
        return n, None

    def pump(self, wait_s=0.2):
        """What is there, of all sockets; yields what goes on at the caller's."""
        for ready in select.select([self.alice, self.bob, self.listener, *self.streams], [], [], wait_s)[0]:
            if ready is self.alice:
                for data in ready.received():
                    step = self.at_alice(data)
                    if step:
                        yield step
            elif ready is self.bob:
                for data in ready.received():
                    self.at_bob(data)
            elif ready is self.listener:
                self.streams.append(Stream(ready.accept()[0]))
            else:
                ready.read()
                if ready.ended:
                    self.streams.remove(ready)

    def all_steps(self, begin, n, what, goes_on=lambda n, path: None):
        """Begins each session's step, WINDOW at a time, until all are done."""
        started = done = 0
        end = time.monotonic() + 60
        while done < n:
            while started < n and started - done < WINDOW:
                begin(started)
                started += 1
            for number, where in self.pump():
                done += 1
                goes_on(number, where)
            check(time.monotonic() < end, lambda: f"{what}: {done} of {n} in 60 s")

    def set_up(self, n):
        def bind(number, where):
            if not self.caller:
                server = self.world.server
                self.caller = Stream(socket.create_connection((server.host, server.msrp_port), timeout=20))
                self.streams.append(self.caller)
            self.caller.socket.sendall(Frame(f"bind{number:06}", "SEND", headers=[
                ("To-Path", where), ("From-Path", f"msrp://127.0.0.1:2855/{self.name.decode()}a{number};tcp"),
                ("Message-ID", f"m{number:06}"), ("Byte-Range", "1-0/0")]).encode())
        self.all_steps(self.invite, n, "set up", bind)
        end = time.monotonic() + 30
        while len(self.caller.answered) < n:
            list(self.pump())
            check(time.monotonic() < end, lambda: f"{len(self.caller.answered)} of {n} sessions are bound")

    def tear_down(self, n):
        self.byes = set()
        self.all_steps(lambda number: self.within(b"BYE", number, 2), n, "torn down")
        end = time.monotonic() + 30
        while len(self.byes) < n:
            list(self.pump())
            check(time.monotonic() < end, lambda: f"{len(self.byes)} of {n} called heard the BYE")
        for stream in self.streams:
            stream.socket.close()


class Idle(SessionWorld):
    """The server takes users at their word: digest authentication is not what is measured."""

    def __init__(self):
        self.alice = self.bob = self.listener = None
        users = [f"{name}{n}" for name in ("alice", "bob") for n in range(USERS)]
        super().__init__(users=users, linger="1s", keys={"authenticate": "false", "log": "{level: warning}"})

    def begin(self):
        self.alice, self.bob = Datagrams(self), Datagrams(self)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)

    def close(self):
        for s in (self.alice and self.alice.socket, self.bob and self.bob.socket, self.listener):
            if s:
                s.close()
        super().close()


def registered(world, expires):
    for n in range(USERS):
        world.bob.send(b"REGISTER sip:example.org SIP/2.0", [
            (b"Via", b"SIP/2.0/UDP %s;branch=z9hG4bKr%d%d;rport" % (world.bob.at, expires, n)),
            (b"Max-Forwards", b"70"), (b"From", b"<sip:bob%d@example.org>;tag=r" % n),
            (b"To", b"<sip:bob%d@example.org>" % n),
            (b"Call-ID", b"reg%d" % n), (b"CSeq", b"%d REGISTER" % (2 if expires == 0 else 1)),
            (b"Contact", b"<sip:bob%d@%s>;+g.oma.sip-im" % (n, world.bob.at)), (b"Expires", b"%d" % expires)])
        answer = world.bob.socket.recv(65536)
        check(answer.startswith(b"SIP/2.0 200 "), answer.decode())


def settled(world):
    """No transaction is remembered any more."""
    until(lambda: not any(name.startswith("sip.txn") for name in world.server.busy()), "transactions are over", 30)
    return world.server.memory_kb()


@case(f"{WARM} sessions come and go")
def warm(world):
    world.begin()
    registered(world, 600)
    many = Many(world, b"warm")
    many.set_up(WARM)
    many.tear_down(WARM)
    until(lambda: world.server.count("im.sessions") == 0, "none is left")


@case(f"{SESSIONS} sessions at once: memory of each, and all of them end")
def idle(world):
    before = settled(world)
    many, started = Many(world, b"idle"), time.monotonic()
    many.set_up(SESSIONS)
    took = time.monotonic() - started
    check_eq(world.server.count("im.sessions"), SESSIONS, "im.sessions")
    check_eq(world.server.count("msrp.sessions"), 2 * SESSIONS, "msrp.sessions")
    check_eq(world.server.count("msrp.connections"), 2, "connections: they are shared")
    after = settled(world)
    each = (after - before) * 1024 / SESSIONS
    comment(f"set up in {took:.1f} s; resident: {before} kB before, {after} kB with {SESSIONS} idle sessions: "
            f"{each:.0f} bytes for each")
    started = time.monotonic()
    many.tear_down(SESSIONS)
    comment(f"torn down in {time.monotonic() - started:.1f} s")
    until(lambda: world.server.count("im.sessions") == 0, "none is left")
    registered(world, 0)
    world.server.check_memory(round(each / 1024, 2), SESSION_MAX / 1024, "an idle session")


run(Idle)
