# SPDX-License-Identifier: Apache-2.0
"""The loopback of IPv6, UDP and TCP, by scripted endpoints, by sipp and by the bundled client."""
from parley import Parley
from sip import Endpoint
from sipp import Sipp, play, register
from tap import case, check_eq, check_in, run
from world import World


@case("from TCP to UDP over IPv6")
def endpoints(world):
    alice, bob = Endpoint(world.server, "tcp", host="::1"), Endpoint(world.server, host="::1")
    check_eq(bob.register("bob").status, 200, "bob's registration")
    check_in("[::1]", world.server.registrations("bob")[0]["received"], "where bob's device is")
    request = alice.send_message("alice", "bob", "over IPv6")
    check_eq(bob.take().body, "over IPv6", "what bob got")
    check_eq(alice.final(request).status, 200, "alice's answer")
    bob.register("bob", 0)
    alice.close()
    bob.close()


@case("sipp over IPv6")
def sipp(world):
    port = register(world, "bob", fill={"STATUS": 200})
    taker = Sipp(world, "message-taken", "bob", port=port, calls=50)
    play(world, "message", "alice", to="bob", calls=50, rate=100, fill={"STATUS": 200})
    taker.finish()
    world.server.renew_users("bob")


@case("the bundled client over IPv6")
def bundled(world):
    listener = Parley(world, "bob")
    listening = listener.listen("--count", "1", "--timeout", "20")
    world.server.wait_registered("bob")
    check_eq(Parley(world, "alice", f"{world.server.at};transport=tcp").send("bob", "hello"), 0, "exit status of send")
    listener.expect("alice", "hello")
    check_eq(listening.wait(), 0, "exit status of listen")


run(World, host="::1")
