# SPDX-License-Identifier: Apache-2.0
"""Two domains, two servers, both in the media path: alice at one, bob at the other, two B2BUAs in a row.

The domains are addresses of the loopback network, chosen by chance: both servers are at port 5060 as the world expects
it of a domain whose address is known and whose port is not, and no DNS is asked.
"""
import base64
import random
import socket

from msrp import digest
from process import until
from server import Server
from session_world import SessionWorld
from talker import LARGE, Session, Talker
from tap import case, check_eq, check_in, run

RANDOM = random.Random(3261)
CONTENT = base64.b64encode(RANDOM.randbytes(2_250_000))


def free_host():
    """A loopback address whose port 5060 is free."""
    for _ in range(100):
        host = f"127.{random.randrange(10, 250)}.{random.randrange(1, 250)}.{random.randrange(1, 250)}"
        with socket.socket() as s:
            try:
                s.bind((host, 5060))
                return host
            except OSError:
                pass
    raise AssertionError("no loopback address is free")


class TwoDomains(SessionWorld):
    END = "both servers end cleanly, with nothing left over; tshark finds nothing malformed"

    def __init__(self):
        self.other = None
        self.hosts = free_host(), free_host()
        super().__init__(captured=True, users=("alice",), host=self.hosts[0], port=5060, keys={"domain": self.hosts[0]})

    def prepare(self):
        self.other = Server(self.directory("other"), host=self.hosts[1], port=5060,
                            keys={"domain": self.hosts[1], "media-path": "always", "log": "{level: info}"})

    def begin(self):
        self.other.start()
        self.other.add_users("bob")

    def two(self, alice_by="udp", bob_by="udp"):
        if not self.other.process:
            self.begin()
        host_a, host_b = self.hosts
        alice = Talker(self, "alice", alice_by, self.server, host_a, host=host_a)
        bob = Talker(self, "bob", bob_by, self.other, host_b, host=host_b)
        return alice.join(), bob.join()

    def call(self, alice_by="udp", bob_by="udp", by=None, back=False, **options):
        alice, bob = self.two(alice_by, bob_by)
        one, other = (bob, alice) if back else (alice, bob)
        to = other.address + (f";transport={by}" if by else "")
        return Session(self, one, other, to=to, host=one.ours[0], bob_host=other.ours[0], **options)

    def said(self):
        return f"{super().said()}\n---- the other server\n{self.other.log()[-8000:] if self.other else ''}"

    def finish(self):
        # The servers keep the connections between them, of each to the other one, for more that may come.
        self.other.wait_idle(connections=2)
        self.other.stop()
        super().finish()

    def close(self):
        super().close()
        if self.other:
            self.other.kill()


def crosses(one, other, data, **how):
    got = other.msrp.message(one.msrp.send(data, **how), 60)
    check_eq(digest(got.data), digest(data), "the hash of what came")


def both_stand_in_it(world, session):
    """Four legs: each client speaks with its own server, and with nobody else."""
    check_in(f"//{world.hosts[0]}:", session.answered.path, "alice's far end is her own server")
    check_in(f"//{world.hosts[1]}:", session.offered.path, "bob's is his")
    for server in (world.server, world.other):
        until(lambda s=server: s.count("im.sessions") == 1, f"{server.host} has one session")
        check_eq(server.count("msrp.sessions"), 2, f"MSRP sessions of {server.host}")


@case("over UDP, every role of a=setup: messages both ways through both")
def udp(world):
    for setups in (("active", "passive"), ("passive", "active"), ("actpass", "active"), ("actpass", "passive")):
        session = world.call(setups=setups)
        both_stand_in_it(world, session)
        for size in (5, 3000, 14_000, 100_000):
            crosses(session.alice, session.bob, CONTENT[:size])
            crosses(session.bob, session.alice, CONTENT[:size])
        session.end()
        world.end_case()


@case("the clients over TCP, the domains over TCP; 3 MB in one chunk, 1 MB in chunks of 2048")
def tcp(world):
    session = world.call("tcp", "tcp", by="tcp")
    both_stand_in_it(world, session)
    crosses(session.alice, session.bob, CONTENT)
    crosses(session.bob, session.alice, CONTENT[:1_000_000], chunk=2048)
    session.end("bob")


@case("from bob to alice, one over TCP, the other over UDP; no a=setup")
def back(world):
    session = world.call("udp", "tcp", back=True, setups=(None, None))
    crosses(session.alice, session.bob, b"from the other domain")
    crosses(session.bob, session.alice, CONTENT[:300_000])
    session.end()


@case("a Large Message from domain to domain")
def large(world):
    session = world.call(wanted=LARGE, extra=("a=sendonly",), answer_extra=("a=recvonly",))
    crosses(session.alice, session.bob, CONTENT[:1_000_000], chunk=2048)
    session.end()


@case("3 kB in slow pieces, and a report back")
def pieces(world):
    session = world.call()
    crosses(session.alice, session.bob, CONTENT[:3000], pieces=200, gap_s=0.005, headers=[("Success-Report", "yes")])
    alice, bob = session.alice.msrp, session.bob.msrp
    identity = list(bob.messages)[-1]
    bob.put(bob.request("REPORT", [("Message-ID", identity), ("Byte-Range", "1-3000/3000"), ("Status", "000 200 OK")]))
    alice.wait(lambda: [r for r in alice.reports if r.get("Message-ID") == identity], "the report comes")
    session.end()


run(TwoDomains)
