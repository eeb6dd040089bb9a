# SPDX-License-Identifier: Apache-2.0
"""core: ims beside a real SIP/IP core, Kamailio with examples/ims-kamailio: through both functions, and back to it."""
import re

from core_world import Core
from parley import Parley
from process import until
from sip import Endpoint
from tap import case, check_eq, check_in, run

INSTANCE = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
FORGED = [("P-Asserted-Identity", "<sip:carol@example.org>"), ("P-Served-User", "<sip:carol@example.org>;sescase=orig"),
          ("P-Charging-Vector", "icid-value=forged"), ("P-Unknown", "kept")]


def outcomes(world):
    """What the server logged of messages: result and side."""
    return re.findall(r"im: pager result=(\w+) side=(\w+)", world.server.log())


@case("a registration at the core is announced to the server, and its end too")
def announced(world):
    bob = world.device("bob")
    check_eq(bob.register("bob", 0).status, 200, "the core's answer to the REGISTER with Expires: 0")
    world.server.wait_registered("sip:bob@example.org", 0)


@case("alice writes to bob: both functions see it, the devices see nothing of the core")
def both_functions(world):
    alice, bob = world.device("alice"), world.device("bob")
    before = len(outcomes(world))
    request = alice.send_message("alice", "bob", "through both", FORGED)
    came = bob.receive(lambda m: not m.status and m.method == "MESSAGE")
    bob.send(came.response(200, "OK"))
    check_eq(alice.final(request).status, 200, "the answer")
    check_eq(came.body, "through both", "the text")
    check_eq(came.all("P-Asserted-Identity"), ["<sip:alice@example.org>"], "what the core asserts in place of the forged one")
    check_eq(came.all("P-Served-User"), [], "P-Served-User")
    check_eq(came.all("P-Charging-Vector"), [], "P-Charging-Vector")
    check_eq(came.all("P-Unknown"), ["kept"], "a header nobody knows")
    check_eq(came.all("Route"), [], "Route")
    hops = [re.search(r"[\d.]+:\d+", v).group() for v in reversed(", ".join(came.all("Via")).split(", "))]
    server, core = world.server.at, world.core.text
    check_eq(hops[1:], [core, server, core, server, core], "the way: core, originating, core, terminating, core")
    until(lambda: sorted(side for _, side in outcomes(world)[before:]) == ["originating", "terminating"],
          lambda: f"one outcome of each side is logged: {outcomes(world)[before:]}")


@case("bob's refusal comes back to alice")
def refused(world):
    alice, bob = world.device("alice"), world.device("bob")
    request = alice.send_message("alice", "bob", "not now")
    came = bob.receive(lambda m: not m.status and m.method == "MESSAGE")
    bob.send(came.response(486, "Busy Here"))
    check_eq(alice.final(request).status, 486, "the answer")


@case("whom the operator denied is stopped in the originating function")
def denied(world):
    check_eq(world.server.ctl("user", "deny", "sip:alice@example.org").status, 0, "exit status of user deny")
    alice = world.device("alice")
    world.device("bob")
    request = alice.send_message("alice", "bob", "never")
    answer = alice.final(request)
    check_eq(answer.status, 403, "the answer")
    check_in("127 Service not authorised", answer.get("Warning"), "Warning")
    check_eq(world.server.ctl("user", "allow", "sip:alice@example.org").status, 0, "exit status of user allow")


@case("a device that goes to the server past the core asserts nothing: 403")
def past_the_core(world):
    stranger = Endpoint(world.server)
    world.device("bob")
    headers = [("Content-Type", "text/plain"), *FORGED]
    request = stranger.request("MESSAGE", "sip:bob@example.org", "sip:carol@example.org", "sip:bob@example.org", headers, "x")
    check_eq(stranger.ask(request).status, 403, "the answer")
    stranger.close()


@case("the bundled clients, registered at the core: a message each way")
def bundled(world):
    at = world.core.text
    listener = Parley(world, "bob", at)
    listening = listener.listen("--count", "1", "--timeout", "20")
    world.server.wait_registered("sip:bob@example.org")
    check_eq(Parley(world, "alice", at).send("bob", "hello through the core"), 0, "exit status of parley send")
    listener.expect("alice", "hello through the core")
    check_eq(listening.wait(), 0, "exit status of parley listen")


@case("the bundled clients over TCP")
def bundled_tcp(world):
    at = f"{world.core.text};transport=tcp"
    listener = Parley(world, "bob", at)
    listening = listener.listen("--count", "1", "--timeout", "20")
    world.server.wait_registered("sip:bob@example.org")
    check_eq(Parley(world, "alice", at).send("bob", "hello over a stream"), 0, "exit status of parley send")
    listener.expect("alice", "hello over a stream")
    check_eq(listening.wait(), 0, "exit status of parley listen")


@case("with the device's REGISTER in the body the server knows what the device can do")
def register_body(world):
    world.start_core(["WITH_REGISTER_BODY"])
    bob = world.device("bob", f";+g.oma.sip-im;+sip.instance=\"<{INSTANCE}>\"")
    devices = world.server.registrations("sip:bob@example.org")
    check_eq([d["instance"] for d in devices], [INSTANCE], "the device's instance")
    alice = world.device("alice")
    request = alice.send_message("alice", "bob", "known device")
    check_eq(bob.take("known device").body, "known device", "the text")
    check_eq(alice.final(request).status, 200, "the answer")


run(Core)
