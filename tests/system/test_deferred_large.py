# SPDX-License-Identifier: Apache-2.0
"""A file for somebody who is away: all of it to the disk and out again, and no more memory than for a line of text.

PARLEY_LARGE_MB: how large it is (64; scripts/soak plays it with 1024).
"""
import hashlib
import os
import signal
import threading
import time

from parley import Parley
from process import until
from tap import case, check, check_eq, comment, run
from world import World

MB = int(os.environ.get("PARLEY_LARGE_MB", "64"))
MOST_KB = 1024
DEADLINE_S = 60 + MB


class Watch:
    """The most memory that the server had while this was open, beyond what it had before."""

    def __init__(self, server):
        self.server, self.before, self.highest, self.over = server, server.memory_kb(), 0, False

    def __enter__(self):
        self.thread = threading.Thread(target=self.look)
        self.thread.start()
        return self

    def look(self):
        while not self.over:
            self.highest = max(self.highest, self.server.memory_kb())
            time.sleep(0.005)

    def __exit__(self, *_):
        self.over = True
        self.thread.join()

    @property
    def more_kb(self):
        return max(0, self.highest - self.before)


def make_file(path, size_mb):
    """Chance, and its digest."""
    sha = hashlib.sha256()
    with open(path, "wb") as out:
        for _ in range(size_mb):
            block = os.urandom(1 << 20)
            sha.update(block)
            out.write(block)
    return sha.hexdigest()


def digest_of(path):
    sha = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            sha.update(block)
    return sha.hexdigest()


def contents(world):
    """Files of the store's contents, finished and not."""
    return [path for path in (world.server.dir / "parley.db-content").rglob("*") if path.is_file()]


def send(world, path):
    status = Parley(world, "alice").run("send", "sip:bob@example.org", "--file", str(path)).wait(DEADLINE_S)
    check_eq(status, 0, "exit status of parley send")


def receive(world):
    """What bob's client keeps of what is brought to it."""
    kept = world.directory("kept")
    status = Parley(world, "bob").listen("--count", "1", "--timeout", str(DEADLINE_S),
                                         "--save", str(kept)).wait(DEADLINE_S)
    check_eq(status, 0, "exit status of parley listen")
    files = list(kept.iterdir())
    check_eq(len(files), 1, "files that bob has")
    return files[0]


@case("a small one first: what everybody needs once is there")
def warm_up(world):
    path = world.dir / "small.bin"
    wanted = make_file(path, 1)
    send(world, path)
    check_eq(digest_of(receive(world)), wanted, "what arrived")
    until(lambda: not contents(world), "its content is gone")


@case(f"{MB} MB wait for bob, and come to him: less than 1 MB of memory more, each way")
def large(world):
    path = world.dir / "large.bin"
    wanted = make_file(path, MB)
    with Watch(world.server) as taking:
        send(world, path)
    check_eq(sum(file.stat().st_size for file in contents(world)), MB << 20, "bytes on disk")
    listed = world.server.ctl("deferred", "list", "bob").out
    check("large.bin" in listed and str(MB << 20) in listed, lambda: listed)
    with Watch(world.server) as bringing:
        arrived = receive(world)
    check_eq(digest_of(arrived), wanted, "what arrived")
    comment(f"memory: {taking.more_kb} kB more while it was taken, {bringing.more_kb} kB while it was brought")
    world.server.check_memory(taking.more_kb, MOST_KB, "more while it was taken")
    world.server.check_memory(bringing.more_kb, MOST_KB, "more while it was brought")
    until(lambda: not contents(world), "its content is gone")
    path.unlink()
    arrived.unlink()


@case("bob keeps a history: it is his from then on, and was not copied")
def into_history(world):
    size_mb = min(MB, 16)
    path = world.dir / "kept.bin"
    wanted = make_file(path, size_mb)
    world.server.ctl("settings", "set", "bob", "history=on")
    send(world, path)
    waits = contents(world)
    check_eq(len(waits), 1, "files on disk")
    node = waits[0].stat().st_ino
    with Watch(world.server) as bringing:
        arrived = receive(world)
    check_eq(digest_of(arrived), wanted, "what arrived")
    world.server.check_memory(bringing.more_kb, MOST_KB, "more while it was brought")
    until(lambda: [f.stat().st_nlink for f in contents(world)] == [1], "one name is left of it")
    check_eq(contents(world)[0].stat().st_ino, node, "the file, when it was delivered")
    listed = world.server.ctl("history", "list", "bob").out
    check("octet-stream" in listed, lambda: listed)
    got = world.directory("got")
    check_eq(Parley(world, "bob").run("history", "get", "--save", str(got)).wait(DEADLINE_S), 0,
             "exit status of parley history get")
    check_eq([digest_of(f) for f in got.iterdir() if f.stat().st_size == size_mb << 20], [wanted], "what was fetched")
    world.server.ctl("history", "delete", "bob")
    until(lambda: not contents(world), "its content is gone")
    world.server.ctl("settings", "set", "bob", "history=off")
    path.unlink()
    arrived.unlink()


@case("alice goes away in the midst of it: nothing is left")
def cut_short(world):
    path = world.dir / "cut.bin"
    make_file(path, 256)
    sending = Parley(world, "alice").run("send", "sip:bob@example.org", "--file", str(path))
    until(lambda: contents(world), "it has begun")
    sending.signal(signal.SIGINT)
    until(lambda: not contents(world), "what was here of it is gone")
    check_eq(world.server.ctl("deferred", "list", "bob").out.strip(), "nothing waits", "what waits")


class LargeWorld(World):
    def __init__(self):
        limit = "{max-size: 8G}"
        super().__init__(keys={"log": "{level: info}", "policy": f"{{large: {limit}, file: {limit}}}"})


run(LargeWorld)
