# SPDX-License-Identifier: Apache-2.0
"""Linphone to Linphone through the server, registered with digest."""
from linphone import Linphone
from tap import case, check, check_eq, run
from world import World


def two_linphones(world, transport):
    bob = Linphone(world, "bob", transport)
    alice = Linphone(world, "alice", transport)
    world.server.wait_registered("bob")
    world.server.wait_registered("alice")
    for user in ("alice", "bob"):
        received = world.server.registrations(user)[0]["received"]
        check_eq(received.split(":")[0], transport, f"transport of {user}'s registration")
    alice.send("bob", "hello bob, this is alice")
    bob.expect("alice", "hello bob, this is alice")
    bob.send("alice", "hello alice")
    alice.expect("bob", "hello alice")
    alice.quit()
    bob.quit()
    world.server.wait_registered("alice", 0)
    world.server.wait_registered("bob", 0)


@case("two Linphones talk over UDP")
def udp(world):
    two_linphones(world, "udp")


@case("two Linphones talk over TCP")
def tcp(world):
    two_linphones(world, "tcp")


@case("a Linphone with a wrong password is not registered")
def wrong(world):
    refused = world.server.count("core.authentication.wrong")
    phone = Linphone(world, "alice", password="not-hers")
    phone.process.wait_for("Password for alice on example.org")
    check_eq(world.server.registrations("alice"), [], "alice's registrations")
    check(world.server.count("core.authentication.wrong") > refused, "the refusal was not counted")


run(World)
