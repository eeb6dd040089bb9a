# SPDX-License-Identifier: Apache-2.0
"""Kamailio's msrp module, which others wrote, as the far end of a session and as a relay on the way.

Its frames are of 10240 octets at most (it answers no longer ones), so the chunks here are of 8000.
"""
import base64
import pathlib
import random
import re
import socket

from msrp import digest
from port import free_port
from process import Process, program, until
from session_world import SessionWorld
from tap import case, check, check_eq, run

CONFIG = pathlib.Path(__file__).parent / "kamailio-msrp.cfg"
LETTERS = base64.b64encode(random.Random(4976).randbytes(300_000))


class Beside(SessionWorld):
    """The server and Kamailio."""

    def prepare(self):
        directory = self.directory("kamailio")
        self.relay_port = free_port()
        self.relay = Process("kamailio", [program("kamailio"), "-DD", "-E", "-f", CONFIG, "-Y", directory, "-m", "32",
                                          "-M", "8", "-A", f"LISTEN_PORT={self.relay_port}"], directory)
        until(self.is_ready, lambda: f"kamailio listens:\n{self.relay.output()}")

    def is_ready(self):
        check(self.relay.alive(), lambda: f"kamailio ended instead of starting:\n{self.relay.output()}")
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.relay_port)) == 0

    def through(self, relay_session, to_bob):
        """A session whose answer has Kamailio in its path: as its end, or before bob's."""
        def change(which, keys):
            if which == "offer":
                return keys
            own = self.talkers[1].msrp
            own.any_from = True  # the relay's URI comes before the server's
            first = f"msrp://127.0.0.1:{self.relay_port}/{relay_session};tcp"
            return {**keys, "path": f"{first} {own.uri}" if to_bob else first,
                    "address": ("127.0.0.1", self.relay_port)}
        return self.session(setups=("active", "passive"), change=change, connected=to_bob)

    def octets(self, session):
        """What Kamailio logged of a session's content."""
        # The body of a frame, for Kamailio, has the CRLF of the end-line with it.
        return sum(int(n) - 2 for n in re.findall(rf"msrp: session={session} octets=([1-9]\d*)", self.relay.output()))

    def said(self):
        return f"{super().said()}\n---- kamailio\n{self.relay.output()[-6000:]}"

    def close(self):
        if self.relay.alive():
            self.relay.signal(15)
            try:
                self.relay.wait(10)
            except AssertionError:
                pass
        self.relay.kill()
        super().close()


@case("Kamailio is the far end: 5 to 100000 octets, in chunks of 8000, each answered by it")
def far_end(world):
    session = world.through("farend", False)
    total = 0
    for size in (5, 2048, 8000, 100_000):
        session.alice.msrp.send(LETTERS[:size], chunk=8000)
        total += size
    until(lambda: world.octets("farend") >= total, lambda: f"{total} octets came, it saw {world.octets('farend')}")
    check_eq(world.octets("farend"), total, "octets that Kamailio saw")
    session.end()


@case("Kamailio relays to bob: what he gets is what alice sent")
def relayed(world):
    session = world.through("relay", True)
    bob = session.bob.msrp
    for size in (5, 2048, 8000, 300_000):
        got = bob.message(session.alice.msrp.send(LETTERS[:size], chunk=8000))
        check_eq(digest(got.data), digest(LETTERS[:size]), f"the hash of {size} octets")
        check_eq(len(got.frame.get("From-Path").split()), 2, "URIs in From-Path")
    session.end()


run(Beside, captured=True)
