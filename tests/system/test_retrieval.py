# SPDX-License-Identifier: Apache-2.0
"""A user's own way to what the server keeps: parley history and parley deferred, against the real server."""
import hashlib
import json
import pathlib
import random
import subprocess
import time

from parley import PARLEY, Parley
from tap import case, check, check_eq, check_in, run
from world import World

CONTENT = random.Random(3862).randbytes(20_000_000)
WAIT_S = 60


class Answer:
    """What one command said."""

    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr.decode()

    @property
    def text(self):
        return self.out.decode()

    def json(self):
        return [json.loads(line) for line in self.text.splitlines()]


def ask(world, user, *args):
    """Runs one command to its end."""
    home = world.dir / f"home-{user}"
    home.mkdir(exist_ok=True)
    argv = [PARLEY, "--account", f"sip:{user}@example.org", "--password", f"{user}-secret", "--server",
            world.server.at, *map(str, args)]
    return Answer(subprocess.run(argv, capture_output=True, timeout=WAIT_S, cwd=home, check=False,
                                 env={"HOME": str(home), "XDG_CONFIG_HOME": str(home), "TZ": "UTC",
                                      "PATH": "/usr/bin:/bin"}))


def kept(world, user, keeper="history", *args):
    answer = ask(world, user, keeper, "list", "--json", *args)
    check_eq(answer.status, 0, f"the list of {keeper}: {answer.err}")
    return answer.json()


def say(world, sender, to, text, *args):
    check_eq(ask(world, sender, "send", to, text, *args).status, 0, f"what {sender} sent")


def forget(world):
    for user in ("alice", "bob"):
        for keeper in ("history", "deferred"):
            ask(world, user, keeper, "delete", "--all")


@case("history is off: there is nothing, and that is no error")
def off(world):
    answer = ask(world, "alice", "history", "list")
    check_eq((answer.status, answer.text), (0, ""), "an empty list")
    check_in("there is nothing in the history", answer.err, "what was said")
    check_eq(ask(world, "alice", "history", "get", "1806226432001024").status, 1, "a message that is not there")


@case("listed, looked through, fetched and deleted: what is one's own, and nothing else")
def history(world):
    for user in ("alice", "bob"):
        world.server.ctl("settings", "set", user, "history=on")
    bob = Parley(world, "bob")
    bob.listen()
    bob.process.wait_for("is registered")
    say(world, "alice", "bob", "shall we have lunch?")
    say(world, "alice", "bob", "Über dem Fluß, at noon")
    say(world, "alice", "carol", "who else?")
    mine = kept(world, "alice")
    check_eq([m["text"] for m in mine], ["shall we have lunch?", "Über dem Fluß, at noon", "who else?"], "alice's")
    check_eq([m["outgoing"] for m in mine], [True] * 3, "their direction")
    check_eq([m["text"] for m in kept(world, "bob")], [m["text"] for m in mine[:2]], "bob's")
    check_eq([m["text"] for m in kept(world, "alice", "history", "--with", "bob", "--text", "LUNCH")],
             ["shall we have lunch?"], "by peer and text")
    check_eq([m["text"] for m in kept(world, "alice", "history", "--limit", "2")],
             [m["text"] for m in mine[:2]], "two of them")
    check_eq(kept(world, "alice", "history", "--until", "2026-01-01"), [], "of another time")
    got = ask(world, "alice", "history", "get", mine[1]["id"])
    check_eq((got.status, got.out), (0, "Über dem Fluß, at noon".encode()), "one, as it is")
    lines = ask(world, "alice", "history", "list").text.splitlines()
    check_eq(len(lines), 3, "lines")
    check(lines[0].index("shall") == lines[1].index("Über"), lambda: f"columns: {lines}")
    check_eq(ask(world, "bob", "history", "get", mine[0]["id"]).status, 1, "another's message")
    check_eq(ask(world, "bob", "history", "delete", mine[0]["id"]).status, 1, "and its deletion")
    check_eq(ask(world, "alice", "history", "delete", mine[0]["id"], mine[2]["id"]).status, 0, "the deletion of two")
    check_eq([m["text"] for m in kept(world, "alice")], [mine[1]["text"]], "what is left")
    check_eq(len(kept(world, "bob")), 2, "bob's copies")
    bob.process.signal(15)
    bob.process.wait()
    forget(world)


@case("a chat of 120 lines: its list comes in pages, each line once and in order")
def pages(world):
    lines = [f"line {i}" for i in range(120)]
    bob = Parley(world, "bob")
    bob.run("chat", stdin=True)
    bob.process.wait_for("registered|waits")
    home = world.directory("chat")
    talk = subprocess.run([PARLEY, "--account", "sip:alice@example.org", "--password", "alice-secret", "--server",
                           world.server.at, "chat", "bob"], input="\n".join(lines) + "\n", text=True, cwd=home,
                          env={"HOME": str(home)}, capture_output=True, timeout=WAIT_S, check=False)
    check_eq(talk.returncode, 0, f"the chat: {talk.stderr}")
    bob.process.signal(15)
    bob.process.wait()
    check_eq([m["text"] for m in kept(world, "bob")], lines, "bob's history")
    check_eq([m["text"] for m in kept(world, "bob", "history", "--limit", "70")], lines[:70], "70 of it")
    got = ask(world, "bob", "history", "get", "--json").json()
    check_eq([m["text"] for m in got], lines, "the messages themselves")
    forget(world)


@case("a file of 20 MB comes back as it went, through a server that does not grow")
def much(world):
    folder, saved = world.directory("files"), world.directory("saved")
    source = folder / "noise.bin"
    source.write_bytes(CONTENT)
    bob = Parley(world, "bob")
    bob.listen("--save", saved)
    bob.process.wait_for("is registered")
    chat = subprocess.run([PARLEY, "--account", "sip:alice@example.org", "--password", "alice-secret", "--server",
                           world.server.at, "send", "bob", "--file", str(source)],
                          capture_output=True, timeout=WAIT_S, check=False)
    check_eq(chat.returncode, 0, "the file")
    bob.process.wait_for("saved as")
    bob.process.signal(15)
    bob.process.wait()
    before = world.server.memory_kb()
    back = world.directory("back")
    one = [m for m in kept(world, "bob") if m["kind"] == "file"]
    check_eq([(m["size"], m["outgoing"]) for m in one], [(len(CONTENT), False)], "the file in bob's history")
    check_eq(ask(world, "bob", "history", "get", one[0]["id"], "--save", back).status, 0, "fetching it")
    files = list(pathlib.Path(back).iterdir())
    check_eq(len(files), 1, "files")
    check_eq(hashlib.sha256(files[0].read_bytes()).hexdigest(), hashlib.sha256(CONTENT).hexdigest(), "its content")
    world.server.check_memory(world.server.memory_kb() - before, 8192, "the server's memory grew")
    sessions = ask(world, "bob", "history", "list", "--sessions", "--json").json()
    check_eq([s["messages"] for s in sessions], [1], "bob's sessions")
    check_eq(len(ask(world, "bob", "history", "get", "--session", sessions[0]["id"], "--json").json()), 1,
             "the messages of a session")
    forget(world)


@case("what waits: listed, fetched once, and not brought again; a report goes back")
def deferred(world):
    alice = Parley(world, "alice")
    alice.listen()
    alice.process.wait_for("is registered")
    say(world, "alice", "bob", "call me")
    say(world, "alice", "bob", "and do not forget the keys")
    waiting = kept(world, "bob", "deferred")
    check_eq([(m["from"], m["size"]) for m in waiting],
             [("sip:alice@example.org", 7), ("sip:alice@example.org", 26)], "what waits")
    got = ask(world, "bob", "deferred", "get")
    check_eq(got.status, 0, f"fetching: {got.err}")
    check_eq([line.split("  ")[-1] for line in got.text.splitlines()], ["call me", "and do not forget the keys"],
             "what came")
    check_eq(kept(world, "bob", "deferred"), [], "what still waits")
    bob = Parley(world, "bob")
    bob.listen("--timeout", "2")
    check_eq(bob.process.wait(), 0, "bob's listening")
    check("call me" not in bob.process.output(), lambda: "it came again")
    say(world, "alice", "bob", "never mind")
    one = kept(world, "bob", "deferred")[0]["id"]
    check_eq(ask(world, "bob", "deferred", "delete", one).status, 0, "deleting it")
    check_eq(ask(world, "bob", "deferred", "delete", one).status, 1, "deleting it again")
    alice.process.signal(15)
    alice.process.wait()
    forget(world)


@case("asked wrongly: status 2, and what to do about it")
def wrong(world):
    for args, part in ((("history",), "list, get and delete"),
                       (("history", "show"), "list, get and delete"),
                       (("history", "delete"), "--all"),
                       (("history", "delete", "--all", "7"), "--all"),
                       (("history", "list", "--since", "yesterday"), "2026-11-21"),
                       (("history", "get", "one"), "numbers"),
                       (("deferred", "list", "--text", "x"), "--text"),
                       (("send", "bob", "x", "--since", "2026-11-21"), "--since")):
        answer = ask(world, "alice", *args)
        check_eq(answer.status, 2, f"{args}: {answer.err}")
        check_in(part, answer.err, f"{args}")


@case("the server goes in the midst of it: the client says so")
def crash(world):
    folder = world.directory("crash")
    source = folder / "noise.bin"
    source.write_bytes(CONTENT)
    bob = Parley(world, "bob")
    bob.listen("--save", folder)
    bob.process.wait_for("is registered")
    check_eq(ask(world, "alice", "send", "bob", "--file", source).status, 0, "the file")
    bob.process.signal(15)
    bob.process.wait()
    one = kept(world, "bob")[0]["id"]
    getting = world.add(Parley(world, "bob").run("history", "get", one, "--save", folder))
    time.sleep(0.05)
    world.server.crash()
    status = getting.wait()
    world.server.start()
    check(status in (0, 1), lambda: f"status {status}: {getting.output()}")
    again = ask(world, "bob", "history", "get", one, "--save", folder)
    check_eq(again.status, 0, f"after the restart: {again.err}")
    forget(world)


run(World, users=("alice", "bob", "carol"), keys={"media-path": "history"})
