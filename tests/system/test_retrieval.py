# SPDX-License-Identifier: Apache-2.0
"""A user's own way to what the server keeps: parley history and parley deferred, against the real server."""
import hashlib
import json
import os
import pathlib
import pty
import random
import subprocess
import time

from lister import Lister
from parley import PARLEY, Parley
from server import PARLEYCTL
from tap import case, check, check_eq, check_in, run
from world import World

RANDOM = random.Random(3862)
CONTENT = RANDOM.randbytes(20_000_000)
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


def ask(world, user, *args, stdout=subprocess.PIPE, server=None):
    """Runs one command to its end."""
    home = world.dir / f"home-{user}"
    home.mkdir(exist_ok=True)
    argv = [PARLEY, "--account", f"sip:{user}@example.org", "--password", f"{user}-secret", "--server",
            server or world.server.at, *map(str, args)]
    return Answer(subprocess.run(argv, stdout=stdout, stderr=subprocess.PIPE, timeout=WAIT_S, cwd=home, check=False,
                                 env={"HOME": str(home), "XDG_CONFIG_HOME": str(home), "TZ": "UTC",
                                      "PATH": "/usr/bin:/bin"}))


def ask_on_terminal(world, user, *args):
    """The same with a terminal as its standard output: `out` is what that was given, line ends as a terminal has them."""
    terminal, end = pty.openpty()
    try:
        answer = ask(world, user, *args, stdout=end)
        os.write(end, b"$")
        out = b""
        while not out.endswith(b"$"):
            out += os.read(terminal, 65536)
        answer.out = out[:-1]
    finally:
        os.close(end)
        os.close(terminal)
    return answer


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


@case("a chat of 220 lines: its list comes in pages, each line once and in order")
def pages(world):
    lines = [f"line {i}" for i in range(220)]
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
    for limit in (70, 210):
        check_eq([m["text"] for m in kept(world, "bob", "history", "--limit", limit)], lines[:limit], f"{limit} of it")
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


@case("on a terminal: what would steer it is shown, what is no text is refused; elsewhere it comes as it is")
def terminal(world):
    folder = world.directory("terminal")
    evil, noise = "über\x1b]0;owned\x07\x1b[2J\nsecond\tline\x9b31m".encode(), RANDOM.randbytes(2000)
    for name, content, kind in (("evil", evil, "text/plain"), ("noise", noise, "image/png")):
        (folder / name).write_bytes(content)
        sent = ask(world, "alice", "send", "bob", "--large", "--file", folder / name, "--type", kind)
        check_eq(sent.status, 0, f"{name}: {sent.err}")
    waiting = kept(world, "bob", "deferred")
    check_eq(len(waiting), 2, "what waits")
    answer = ask_on_terminal(world, "bob", "deferred", "get", waiting[1]["id"])
    check_eq((answer.status, answer.out), (1, b""), "the noise on a terminal")
    check_in("--save DIR", answer.err, "what was said")
    check_in("image/png", answer.err, "what was said")
    check_eq(answer.err.count("\n"), 1, "lines of it")
    check_eq(len(kept(world, "bob", "deferred")), 2, "what still waits")
    answer = ask_on_terminal(world, "bob", "deferred", "get", waiting[0]["id"])
    check_eq((answer.status, answer.err), (0, ""), "the text on a terminal")
    check_eq(answer.out.decode(), "über\\x1b]0;owned\\x07\\x1b[2J\r\nsecond\tline\\u009b31m\r\n", "what it shows")
    answer = ask(world, "bob", "deferred", "get", waiting[1]["id"])
    check_eq((answer.status, answer.out), (0, noise), "the noise into a pipe")
    check_eq(kept(world, "bob", "deferred"), [], "what waits in the end")
    mine = kept(world, "alice")
    check_eq([ask(world, "alice", "history", "get", m["id"]).out for m in mine], [evil, noise], "alice's history")
    answer = ask_on_terminal(world, "alice", "history", "get", mine[0]["id"])
    check("\x1b" not in answer.text and "\\x1b[2J" in answer.text, lambda: f"{answer.out!r} came")
    answer = ask_on_terminal(world, "alice", "history", "get", mine[1]["id"])
    check_eq((answer.status, answer.out), (1, b""), "the noise of the history on a terminal")
    operator(world, mine, (evil, noise))
    forget(world)


def operator(world, kept_messages, contents):
    """parleyctl history show --output: into a file, which stays as it was when there is nothing; never to a terminal."""
    path = world.directory("output") / "file"
    for message, content in zip(kept_messages, contents):
        shown = world.server.ctl("history", "show", "alice", message["id"], "--output", str(path))
        check_eq((shown.status, shown.err), (0, ""), "what the operator hears")
        check(path.read_bytes().endswith(b"\r\n\r\n" + content), lambda: f"{path.read_bytes()[:500]!r} is in the file")
    check_eq(world.server.ctl("history", "show", "alice", "7", "--output", str(path)).status, 1, "nothing like this")
    check(path.read_bytes().endswith(contents[-1]), "the file is another after that")
    terminal, end = pty.openpty()
    shown = subprocess.run([PARLEYCTL, "--admin", f"127.0.0.1:{world.server.admin_port}", "history", "show", "alice",
                            kept_messages[0]["id"], "--output", "-"], stdout=end, stderr=subprocess.PIPE, check=False)
    os.close(end)
    os.close(terminal)
    check_eq(shown.returncode, 2, "a terminal as the output")
    check_in("not for a terminal: name a file", shown.stderr.decode(), "what was said")


@case("a server whose list goes round in a circle: what came is shown, then the client gives up")
def circle(world):
    for next_of, pages in ((lambda page: "sip:history@example.org;after=7", 2),
                           (lambda page: f"sip:history@example.org;after={max(4 - page, 0)}", 2),
                           (lambda page: "sip:history@example.org", 1)):
        lister = Lister(next_of)
        answer = ask(world, "alice", "history", "list", "--timeout", 30, server=lister.at)
        lister.close()
        check_eq((answer.status, lister.asked), (1, pages), f"status and pages: {answer.err}")
        check_eq([line.split()[0] for line in answer.text.splitlines()], [str(i + 1) for i in range(pages)], "entries")
        check_in("goes round in a circle: tell its operator", answer.err, "what was said")
    lister = Lister(lambda page: f"sip:history@example.org;after={page}" if page < 5 else "")
    answer = ask(world, "alice", "history", "list", "--timeout", 30, server=lister.at)
    lister.close()
    check_eq((answer.status, answer.err, lister.asked), (0, "", 5), "a list that ends")


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
