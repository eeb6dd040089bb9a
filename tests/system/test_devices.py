# SPDX-License-Identifier: Apache-2.0
"""Devices of one user: several at once, gone ones, and messages that go from UDP to TCP."""
import re

from linphone import Linphone
from parley import Parley
from sip import Endpoint, credentials
from tap import case, check, check_eq, run
from world import World


@case("both devices of bob's get the message, on UDP and TCP")
def both(world):
    first, second, alice = Endpoint(world.server), Endpoint(world.server, "tcp"), Endpoint(world.server)
    check_eq(first.register("bob").status, 200, "the first registration")
    answer = second.register("bob")
    check_eq(answer.status, 200, "the second registration")
    check_eq(len(answer.all("Contact")), 2, "contacts in its answer")
    request = alice.send_message("alice", "bob", "to both")
    check_eq(first.take().body, "to both", "what the first got")
    check_eq(second.take().body, "to both", "what the second got")
    check_eq(alice.final(request).status, 200, "alice's answer")
    for device in (first, second):
        check_eq(device.register("bob", 0).status, 200, "leaving")
        device.close()
    alice.close()


@case("one device of two answers 200, the other nothing good: alice gets the 200")
def best_answer(world):
    first, second, alice = Endpoint(world.server), Endpoint(world.server), Endpoint(world.server)
    first.register("bob")
    second.register("bob")
    request = alice.send_message("alice", "bob", "who is there")
    refused = second.receive(lambda m: m.method == "MESSAGE" and not m.status)
    second.send(refused.response(486, "Busy Here"))
    first.take()
    check_eq(alice.final(request).status, 200, "alice's answer")
    for device in (first, second):
        device.register("bob", 0)
        device.close()
    alice.close()


@case("a Linphone and a parley of bob's both show it")
def mixed(world):
    phone = Linphone(world, "bob", "tcp")
    world.server.wait_registered("bob")
    listener = Parley(world, "bob")
    listening = listener.listen("--count", "1", "--timeout", "20")
    world.server.wait_registered("bob", 2)
    check_eq(Parley(world, "alice").send("bob", "to both of you"), 0, "exit status of parley send")
    phone.expect("alice", "to both of you")
    listener.expect("alice", "to both of you")
    check_eq(listening.wait(), 0, "exit status of parley listen")
    world.server.wait_registered("bob", 1)
    phone.quit()


@case("the connection of a device closes: what it cannot get waits for its return")
def gone(world):
    device, alice = Endpoint(world.server, "tcp"), Endpoint(world.server)
    device.register("bob")
    device.close()
    answer = alice.final(alice.send_message("alice", "bob", "into the void"))
    check_eq(answer.status, 202, "alice's answer")
    fresh = Endpoint(world.server)
    fresh.register("bob")
    fresh.take("into the void")
    request = alice.send_message("alice", "bob", "and now")
    fresh.take("and now")
    check_eq(alice.final(request).status, 200, "alice's answer when bob is back")
    # The device that is gone is still registered, so its copy waits: not in the way of what follows.
    check_eq(world.server.ctl("deferred", "delete", "bob").status, 0, "exit status of deferred delete")
    fresh.register("bob", 0)
    alice.close()
    fresh.close()


def without_length(message):
    """As Linphone writes it over UDP, where RFC 3261 20.14 lets it be."""
    return re.sub(rb"Content-Length: \d+\r\n", b"", message.encode())


@case("an answer without Content-Length has one when it goes on over TCP")
def answer_length(world):
    device, alice = Endpoint(world.server), Endpoint(world.server, "tcp")
    device.register("bob")
    request = alice.send_message("alice", "bob", "over TCP")
    came = device.receive(lambda m: m.method == "MESSAGE" and not m.status)
    device.send_bytes(without_length(came.response(200, "OK")))
    answer = alice.final(request)
    check_eq((answer.status, answer.get("Content-Length")), (200, "0"), "alice's answer")
    device.register("bob", 0)
    device.close()
    alice.close()


@case("a request without Content-Length has one when it goes on over TCP")
def request_length(world):
    device, alice = Endpoint(world.server, "tcp"), Endpoint(world.server)
    device.register("bob")
    address = "sip:bob@example.org"
    request = alice.request("MESSAGE", address, "sip:alice@example.org", address, [("Content-Type", "text/plain")],
                            "over UDP")
    challenge = alice.ask(request)
    again = alice.request("MESSAGE", address, "sip:alice@example.org", address,
                          [("Content-Type", "text/plain"),
                           credentials(challenge, "alice", "alice-secret", "MESSAGE", address)], "over UDP")
    alice.send_bytes(without_length(again))
    came = device.take()
    check_eq((came.body, came.get("Content-Length")), ("over UDP", "8"), "what bob got")
    check_eq(alice.final(again).status, 200, "alice's answer")
    device.register("bob", 0)
    device.close()
    alice.close()


run(World)
