# SPDX-License-Identifier: Apache-2.0
"""kill -9 in the midst of large messages that come and go: what was promised arrives whole, nothing else is left on disk.

PARLEY_CRASHES: how often (12; scripts/soak plays it with more). The seed is printed.
"""
import hashlib
import os
import random
import time

from parley import Parley
from process import until
from tap import case, check, check_eq, comment, run
from world import World

CRASHES = int(os.environ.get("PARLEY_CRASHES", "12"))
SEED = int(os.environ.get("PARLEY_SEED", time.time_ns() % 1000000))
SENDERS = 3
# A client that has its answer says so, and ends.
LAST_WORD_S = 1


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Ledger:
    """What was sent, what was promised, what bob has."""

    def __init__(self, world):
        self.world, self.random = world, random.Random(SEED)
        self.sent, self.promised = {}, set()
        self.kept = world.directory("kept")
        self.number = 0

    def file(self):
        self.number += 1
        path = self.world.dir / f"sent-{self.number}.bin"
        path.write_bytes(self.random.randbytes(self.random.choice((3000, 2_000_000, 20_000_000, 40_000_000))))
        self.sent[digest_of(path)] = path
        return path

    def send(self):
        """In the background: (process, digest)."""
        path = self.file()
        process = Parley(self.world, "alice").run("send", "sip:bob@example.org", "--file", str(path))
        return process, digest_of(path)

    def note(self, sending):
        process, digest = sending
        try:
            if process.wait(LAST_WORD_S) == 0:
                self.promised.add(digest)
        except AssertionError:
            process.kill()  # it waits for a server that is gone

    def bring(self, *how):
        return Parley(self.world, "bob").listen("--save", str(self.kept), *how)

    def has(self):
        return {digest_of(path) for path in self.kept.iterdir() if not path.name.startswith(".")}


def contents(world):
    return [path for path in (world.server.dir / "parley.db-content").rglob("*") if path.is_file()]


def waiting(world):
    return world.server.ctl("deferred", "list", "bob", "--json").json()["deferred"]


def life(world, ledger):
    """Some send, now and then bob is there; and then the end without warning."""
    sendings = [ledger.send() for _ in range(ledger.random.randint(1, SENDERS))]
    listening = ledger.bring() if ledger.random.random() < 0.5 else None
    time.sleep(ledger.random.uniform(0.03, 0.4))
    world.server.crash()
    for sending in sendings:
        ledger.note(sending)
    if listening:
        listening.kill()
    world.server.start()
    rows = waiting(world)
    large = [row for row in rows if row["size"] > 16384]
    check_eq(len(contents(world)), len(large), "contents on disk after the start, beside as many records")


@case(f"{CRASHES} times kill -9, seed {SEED}")
def crashes(world):
    ledger = Ledger(world)
    for _ in range(CRASHES):
        life(world, ledger)
    listening = ledger.bring()
    until(lambda: not waiting(world), "bob has taken everything", 60)
    until(lambda: ledger.promised <= ledger.has(), lambda: f"lost: {ledger.promised - ledger.has()}")
    listening.kill()
    until(lambda: not contents(world), "no content is left")
    comment(f"sent {len(ledger.sent)}, promised {len(ledger.promised)}, brought {len(ledger.has())}")
    check(ledger.promised, "nothing was promised in all this time")


class CrashWorld(World):
    def __init__(self):
        super().__init__(keys={"log": "{level: info}"})


run(CrashWorld)
