# SPDX-License-Identifier: Apache-2.0
"""sipp's pager messages: load, and the answers to those that cannot be delivered."""
from sipp import Sipp, play, register
from tap import case, check, check_eq, run
from world import World

LOAD, RATE = 2000, 200


def load(world, transport):
    """Each message asks twice: without and with credentials."""
    server = world.server
    delivered, retransmitted = server.count("im.delivered"), server.count("sip.retransmitted")
    device = register(world, "bob", transport="udp", fill={"STATUS": 200})
    taker = Sipp(world, "message-taken", "bob", port=device, calls=LOAD)
    sender = Sipp(world, "message", "alice", to="bob", transport=transport, calls=LOAD, rate=RATE,
                  fill={"STATUS": 200})
    sender.finish(60)
    taker.finish()
    check_eq(server.count("im.delivered") - delivered, LOAD, "messages delivered, as the server counts")
    check(server.count("sip.retransmitted") - retransmitted < LOAD // 20, "it sent more than 5 % again")


@case(f"{LOAD} messages at {RATE}/s over UDP, none lost")
def udp(world):
    load(world, "udp")


@case(f"{LOAD} messages at {RATE}/s from TCP to UDP, none lost")
def tcp(world):
    load(world, "tcp")


@case("a message with a wrong password is challenged again, and delivered to nobody")
def wrong_password(world):
    before = world.server.metrics()
    play(world, "message", "alice", to="bob", password="not-hers", fill={"STATUS": 407})
    after = world.server.metrics()
    check_eq(after["core.authentication.wrong"] - before["core.authentication.wrong"], 1, "wrong passwords counted")
    check_eq(after["im.delivered"], before["im.delivered"], "messages delivered")


@case("a message that says it is from somebody else than its credentials is refused with 403")
def other_sender(world):
    play(world, "message", "alice", to="bob", sender="bob", fill={"STATUS": 403})


@case("a registration with a wrong password is challenged again")
def wrong_registration(world):
    play(world, "register", "carol", password="not-hers", fill={"STATUS": 401})
    check_eq(world.server.registrations("carol"), [], "carol's registrations")


@case("a message to a user who does not exist is answered 404")
def unknown(world):
    play(world, "message", "alice", to="nobody", fill={"STATUS": 404})


@case("a message to a user who is not registered is kept, and answered 202")
def unregistered(world):
    play(world, "message", "alice", to="carol", fill={"STATUS": 202})


@case("OPTIONS is answered by the server, over UDP and TCP")
def options(world):
    play(world, "options", "alice", calls=5)
    play(world, "options", "alice", calls=5, transport="tcp")


run(World, users=("alice", "bob", "carol"))
