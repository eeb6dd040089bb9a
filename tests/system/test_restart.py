# SPDX-License-Identifier: Apache-2.0
"""What is in the database outlives the process: SIGKILL, then the same users with the same devices."""
from linphone import Linphone
from sip import Endpoint
from tap import case, check_eq, check_in, run
from world import World


def crash(world):
    world.server.crash()
    world.server.start()


@case("a registration survives SIGKILL, and a message is delivered after it")
def registration(world):
    bob = Endpoint(world.server)
    check_eq(bob.register("bob").status, 200, "bob's registration")
    before = world.server.registrations("bob")
    crash(world)
    after = world.server.registrations("bob")
    check_eq([r["contact"] for r in after], [r["contact"] for r in before], "bob's devices")
    alice = Endpoint(world.server)
    request = alice.send_message("alice", "bob", "after the crash")
    check_eq(bob.take().body, "after the crash", "what bob got")
    check_eq(alice.final(request).status, 200, "alice's answer")
    bob.register("bob", 0)
    alice.close()
    bob.close()


@case("a registration that was taken back stays taken back")
def withdrawn(world):
    bob = Endpoint(world.server)
    bob.register("bob")
    check_eq(bob.register("bob", 0).status, 200, "bob's leaving")
    crash(world)
    check_eq(world.server.registrations("bob"), [], "bob's devices")
    bob.close()


@case("accounts, passwords and refusals survive SIGKILL")
def accounts(world):
    world.server.add_users("dave")
    world.server.ctl("user", "passwd", "dave", "--password", "another")
    world.server.ctl("user", "deny", "carol")
    crash(world)
    users = {u["user"]: u["allowed"] for u in world.server.ctl("user", "list", "--json").json()["users"]}
    check_eq(users, {f"sip:{n}@example.org": n != "carol" for n in ("alice", "bob", "carol", "dave")}, "the users")
    dave = Endpoint(world.server)
    request = dave.request("REGISTER", "sip:example.org", "sip:dave@example.org", "sip:dave@example.org")
    check_eq(dave.ask_as("dave", "another", request).status, 200, "dave's answer, by his new password")
    dave.close()


@case("a Linphone does not notice: its registration is there, and it gets its message")
def linphone(world):
    phone = Linphone(world, "bob")
    world.server.wait_registered("bob")
    crash(world)
    alice = Endpoint(world.server)
    check_eq(alice.final(alice.send_message("alice", "bob", "are you still there")).status, 200, "alice's answer")
    phone.expect("alice", "are you still there")
    phone.quit()
    alice.close()


@case("a node that was killed starts on the same database and says how many are registered")
def told(world):
    bob = Endpoint(world.server)
    bob.register("bob")
    crash(world)
    check_in("started: 1 users registered with 1 devices", world.server.process.output(), "the log")
    bob.register("bob", 0)
    bob.close()


run(World, users=("alice", "bob", "carol"))
