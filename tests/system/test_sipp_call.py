# SPDX-License-Identifier: Apache-2.0
"""Calls by sipp: the embedded core is a proxy for what the service has no rules for."""
from sipp import Sipp, play, register
from tap import case, run
from world import World

CALLS = 50


def call(world, taken, made, transport="udp"):
    device = register(world, "bob", transport="udp", fill={"STATUS": 200})
    taker = Sipp(world, taken, "bob", port=device, calls=CALLS)
    play(world, made, "alice", to="bob", transport=transport, calls=CALLS, rate=25)
    taker.finish()


@case("the caller ends the call")
def by_caller(world):
    call(world, "call-taken", "call")


@case("the called ends the call")
def by_called(world):
    call(world, "call-ended", "call-heard")


@case("calls from TCP to UDP")
def mixed(world):
    call(world, "call-taken", "call", transport="tcp")


run(World)
