# SPDX-License-Identifier: Apache-2.0
"""Every client with every other: baresip, Linphone and parley, over UDP and TCP."""
import signal

from baresip import Baresip
from linphone import Linphone
from parley import Parley
from tap import case, check_eq, run
from world import World


class Clients(World):
    """Each case begins without devices. baresip before 3.12 registers only where MD5 alone is offered."""

    def __init__(self):
        super().__init__(users=("alice", "bob", "carol"), keys={"digest": "[md5]"})

    def end_case(self):
        super().end_case()
        if self.server.process and self.server.process.alive():
            self.server.renew_users("alice", "bob")


def both_ways(world, first, second):
    """Two clients that stay: a message each way."""
    world.server.wait_registered(first.user)
    world.server.wait_registered(second.user)
    first.send(second.user, "the first says hello")
    second.expect(first.user, "the first says hello")
    second.send(first.user, "the second answers")
    first.expect(second.user, "the second answers")


def with_parley(world, client, transport):
    """parley listens, then sends; the other client is there all the time."""
    world.server.wait_registered(client.user)
    listener = Parley(world, "bob", f"{world.server.at};transport={transport}")
    # Without --count: what another client says of a message of the case before may come first.
    listening = listener.listen()
    world.server.wait_registered("bob")
    client.send("bob", "hello parley")
    listener.expect(client.user, "hello parley")
    listening.signal(signal.SIGINT)
    check_eq(listening.wait(), 0, "exit status of parley listen")
    check_eq(Parley(world, "bob", f"{world.server.at};transport={transport}").send(client.user, "hello from parley"),
             0, "exit status of parley send")
    client.expect("bob", "hello from parley")


@case("baresip and baresip over UDP")
def baresip_udp(world):
    both_ways(world, Baresip(world, "alice", contacts=["bob"]), Baresip(world, "bob", contacts=["carol", "alice"]))


@case("baresip and baresip over TCP")
def baresip_tcp(world):
    both_ways(world, Baresip(world, "alice", "tcp", ["bob"]), Baresip(world, "bob", "tcp", ["alice"]))


@case("baresip over TCP and Linphone over UDP")
def baresip_linphone(world):
    both_ways(world, Baresip(world, "alice", "tcp", ["bob"]), Linphone(world, "bob", "udp"))


@case("Linphone over TCP and baresip over UDP")
def linphone_baresip(world):
    both_ways(world, Linphone(world, "alice", "tcp"), Baresip(world, "bob", "udp", ["alice"]))


@case("baresip and parley over UDP")
def baresip_parley(world):
    with_parley(world, Baresip(world, "alice", contacts=["bob"]), "udp")


@case("baresip over UDP and parley over TCP")
def baresip_parley_tcp(world):
    with_parley(world, Baresip(world, "alice", contacts=["bob"]), "tcp")


@case("Linphone and parley over UDP")
def linphone_parley(world):
    with_parley(world, Linphone(world, "alice"), "udp")


@case("Linphone over UDP and parley over TCP")
def linphone_parley_tcp(world):
    with_parley(world, Linphone(world, "alice"), "tcp")


run(Clients)
