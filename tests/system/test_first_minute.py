# SPDX-License-Identifier: Apache-2.0
"""What somebody who has just built it sees: two bundled clients and a message."""
import json

from parley import Parley
from tap import case, check, check_eq, check_in, run
from world import World


def listen(world, *args, transport="udp"):
    listener = Parley(world, "bob", f"{world.server.at};transport={transport}")
    listener.listen("--timeout", "20", *args)
    world.server.wait_registered("bob")
    return listener


def deliver(world, transport):
    listener = listen(world, "--count", "1", transport=transport)
    sender = Parley(world, "alice", f"{world.server.at};transport={transport}")
    check_eq(sender.send("bob", "hello bob"), 0, "exit status of parley send")
    listener.expect("alice", "hello bob")
    check_eq(listener.process.wait(), 0, "exit status of parley listen")


@case("alice writes, bob's client prints it: UDP")
def udp(world):
    deliver(world, "udp")


@case("alice writes, bob's client prints it: TCP")
def tcp(world):
    deliver(world, "tcp")


@case("what listen --json prints is JSON, one line for each message, with the text as it was sent")
def as_json(world):
    texts = ["first", "second: \"quoted\" {[", "third: ä ö ü ß € 漢字 \U0001f600"]
    listener = listen(world, "--count", str(len(texts)), "--json")
    for text in texts:
        check_eq(Parley(world, "alice").send("bob", text), 0, f"exit status of parley send {text}")
    check_eq(listener.process.wait(), 0, "exit status of parley listen")
    lines = [json.loads(line) for line in listener.process.output().splitlines() if line.startswith("{")]
    check_eq([line["text"] for line in lines if "text" in line], texts, "the texts")


@case("a message for somebody who is away is accepted for later delivery, and arrives with its recipient")
def away(world):
    sender = Parley(world, "alice")
    check_eq(sender.send("carol", "are you there"), 0, "exit status of parley send")
    check_in("accepted for later delivery", sender.process.output(), "what the sender is told")
    carol = Parley(world, "carol")
    carol.listen("--count", "1", "--timeout", "20")
    check_eq(carol.process.wait(), 0, "exit status of parley listen")
    check_in("are you there", carol.process.output(), "what carol sees")


@case("a message for somebody who does not exist: the sender is told, exit status 1")
def nobody(world):
    sender = Parley(world, "alice")
    check_eq(sender.send("nobody", "are you there"), 1, "exit status of parley send")
    check_in("404", sender.process.output(), "what the sender is told")


@case("a wrong password: the sender is told, exit status 1")
def wrong(world):
    sender = Parley(world, "alice", password="not-hers")
    check_eq(sender.send("bob", "hello"), 1, "exit status of parley send")
    check_in("password", sender.process.output(), "what the sender is told")


@case("no server: the sender is told, exit status 1")
def no_server(world):
    sender = Parley(world, "alice", f"127.0.0.1:{world.server.tls_port};transport=tcp")
    check_eq(sender.send("bob", "hello"), 1, "exit status of parley send")
    check(sender.process.output().startswith("parley: "), "it should say what went wrong")


run(World, users=("alice", "bob", "carol"))
