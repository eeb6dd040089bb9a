# SPDX-License-Identifier: Apache-2.0
"""Groups beside a real SIP/IP core, Kamailio with examples/ims-kamailio: the group, factory, exploder and the two
functions that give back are public service identities; what the server sends of its own comes by the terminating
function of its recipient."""
import json
import re
import signal

from core_world import Core
from parley import Parley
from person import Person, all_here
from process import until
from tap import case, check, check_eq, check_in, run

GROUP = "sip:friends@example.org"
EXPLODER = "sip:exploder@example.org"
LIST = """--b1
Content-Type: application/resource-lists+xml
Content-Disposition: recipient-list

<?xml version="1.0"?>
<resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"><list><entry uri="sip:bob@example.org"/>
<entry uri="sip:carol@example.org"/></list></resource-lists>
--b1
Content-Type: text/plain

to all of the list
--b1--
""".replace("\n", "\r\n")


class GroupCore(Core):
    """Groups need MSRP; the bundled clients register at the core."""

    def person(self, user, *args, **how):
        return Person(self, user, *args, at=self.core.text, **how)

    def make(self, *values):
        answer = self.server.ctl("group", "create", GROUP, "alice", "bob", "carol", *values)
        check_eq(answer.status, 0, f"group create: {answer.err}")

    def parley(self, user, *args, stdin=False):
        return Parley(self, user, self.core.text).run(*args, stdin=stdin)

    def set(self, user, setting):
        status = self.server.ctl("settings", "set", f"sip:{user}@example.org", setting).status
        check_eq(status, 0, "exit status of settings set")

    def wait_there(self, user, devices=1):
        self.server.wait_registered(f"sip:{user}@example.org", devices)

    def kept(self, user):
        return json.loads(self.server.get(f"/v1/deferred?user=sip:{user}@example.org")[1])["deferred"]

    def end_case(self):
        # Who is there still goes as people go: the core forgets nobody whose client is killed.
        for client in self.clients:
            if client.alive():
                client.signal(signal.SIGINT)
        for client in self.clients:
            until(lambda c=client: not c.alive(), f"{client.name} ends")
        super().end_case()
        if self.server.process and self.server.process.alive():
            self.server.ctl("group", "delete", GROUP)

    def sides(self, to):
        """Of which functions the log tells outcomes of what went to this user."""
        return re.findall(rf"im: \S+ result=\w+ side=(\w+) from=\S+ to=<sip:{to}@example\.org>", self.server.log())

    def finish(self):
        # What is too large for a datagram goes to the core over a connection, which stays.
        until(lambda: set(self.server.busy()) <= {"sip.connections"}, lambda: f"it is idle: {self.server.busy()}")
        self.server.stop()


@case("two join the group through the core, talk, and see each other")
def join(world):
    world.make()
    alice, bob = [world.person(u, GROUP) for u in ("alice", "bob")]
    for person in (alice, bob):
        check(person.established()["group"], "it is told that this is a group")
    all_here(alice, alice, bob)
    alice.say("hello through the core")
    bob.hears("hello through the core", alice)
    bob.say("and back")
    alice.hears("and back", bob)
    bob.leave()
    alice.wait(event="person", uri=bob.uri, state="away")
    alice.leave()


@case("one invites a third by REFER: the invitation comes by the third's terminating function")
def refer(world):
    world.make()
    alice, bob = [world.person(u, GROUP) for u in ("alice", "bob")]
    alice.established()
    bob.established()
    dave = world.person("dave")
    world.wait_there("dave")
    alice.say("/add dave")
    check_eq(alice.wait(event="answer", to="add")["status"] // 100, 2, "the answer to REFER")
    check(dave.wait(event="invitation", kind="chat")["group"], "dave is told that it is a group")
    dave.established()
    all_here(alice, alice, bob, dave)
    dave.say("thanks")
    alice.hears("thanks", dave)
    bob.hears("thanks", dave)
    until(lambda: "terminating" in world.sides("dave"), lambda: f"dave's function was passed: {world.sides('dave')}")
    for person in (dave, bob, alice):
        person.leave()


@case("who has barred invitations is not invited")
def barred(world):
    world.make()
    world.set("dave", "barring.session=on")
    alice = world.person("alice", GROUP)
    alice.established()
    dave = world.person("dave")
    world.wait_there("dave")
    alice.say("/add dave")
    alice.wait(event="answer", to="add")
    refusal = r"result=refused side=terminating from=\S+ to=<sip:dave@example\.org> status=403"
    until(lambda: re.search(refusal, world.server.log()), "dave's terminating function refuses")
    check(not dave.has(event="invitation"), "dave hears nothing of it")
    world.set("dave", "barring.session=off")
    alice.leave()


@case("a group made on the spot, by the factory")
def on_the_spot(world):
    bob, carol = [world.person(u) for u in ("bob", "carol")]
    world.wait_there("bob")
    world.wait_there("carol")
    alice = world.person("alice", "--subject", "Sunday tour", "bob,carol")
    for person in (bob, carol):
        invitation = person.wait(event="invitation", kind="chat")
        check_eq((invitation["group"], invitation["subject"]), (True, "Sunday tour"), "the invitation")
        check_eq(invitation["from"], alice.uri, "who invites")
        person.established()
    alice.established()
    all_here(alice, alice, bob, carol)
    carol.say("hello all")
    alice.hears("hello all", carol)
    bob.hears("hello all", carol)
    for person in (carol, bob, alice):
        person.say("/leave")
    for person in (carol, bob, alice):
        check_eq(person.process.wait(), 0, f"exit status of {person.user}'s client")


def comes_home(world, user, text):
    """What waits comes at registration, once."""
    listener = Parley(world, user, world.core.text)
    listening = listener.listen("--timeout", "30", "--count", "1")
    listener.process.wait_for(re.escape(text))
    check_eq(listening.wait(), 0, "exit status of parley listen")
    check_eq(listener.process.output().count(text), 1, "how often it came")
    until(lambda: not world.kept(user), lambda: f"nothing waits for {user}: {world.kept(user)}")


@case("a message to the group: who is there gets it, who is away when they register")
def to_group(world):
    world.make()
    listener = Parley(world, "bob", world.core.text)
    listening = listener.listen("--count", "1", "--timeout", "30")
    world.wait_there("bob")
    check_eq(world.parley("alice", "send", GROUP, "Sunday at nine").wait(), 0, "exit status of parley send")
    listener.process.wait_for("Sunday at nine")
    check_eq(listening.wait(), 0, "exit status of parley listen")
    until(lambda: len(world.kept("carol")) == 1, lambda: f"one waits for carol: {world.kept('carol')}")
    comes_home(world, "carol", "Sunday at nine")


@case("a message to a list, by the exploder: one is there, the other away")
def to_list(world):
    alice, bob = world.device("alice"), world.device("bob")
    headers = [("Require", "recipient-list-message"), ("Content-Type", "multipart/mixed;boundary=b1")]
    request = alice.send_as("alice", "alice-secret", alice.request(
        "MESSAGE", EXPLODER, "sip:alice@example.org", EXPLODER, headers, LIST))
    check_eq(alice.final(request).status, 202, "the answer")
    check_in("to all of the list", bob.take().body, "what bob has")
    until(lambda: len(world.kept("carol")) == 1, lambda: f"one waits for carol: {world.kept('carol')}")
    comes_home(world, "carol", "to all of the list")


@case("said in the session while a member was away: kept by their terminating function, brought when they register")
def absent(world):
    world.make()
    alice, bob = [world.person(u, GROUP) for u in ("alice", "bob")]
    alice.established()
    bob.established()
    alice.say("carol should know")
    bob.hears("carol should know", alice)
    until(lambda: len(world.kept("carol")) == 1, lambda: f"one waits for carol: {world.kept('carol')}")
    comes_home(world, "carol", "carol should know")
    bob.leave()
    alice.leave()


@case("a large message for somebody who is away: to the server's disk, and brought at registration")
def large(world):
    path = world.dir / "large.txt"
    path.write_text("a long story\n" * 4000)
    sending = world.parley("alice", "send", "sip:bob@example.org", "--file", str(path))
    check_eq(sending.wait(), 0, "exit status of parley send")
    until(lambda: len(world.kept("bob")) == 1, lambda: f"one waits for bob: {world.kept('bob')}")
    kept = world.directory("kept")
    listening = world.parley("bob", "listen", "--count", "1", "--timeout", "30", "--save", str(kept))
    check_eq(listening.wait(), 0, "exit status of parley listen")
    check_eq([f.read_text() for f in kept.iterdir()], [path.read_text()], "what bob has")
    until(lambda: not world.kept("bob"), "nothing waits")


@case("what waits, and the history, are to be had at their own addresses")
def retrieval(world):
    world.set("alice", "history.pager-large=on")
    sending = world.parley("alice", "send", "sip:carol@example.org", "for the record")
    check_eq(sending.wait(), 0, "exit status of parley send")
    until(lambda: len(world.kept("carol")) == 1, "it waits")
    for user, what in (("alice", "history"), ("carol", "deferred")):
        listed = world.parley(user, what, "list", "--json")
        check_eq(listed.wait(), 0, f"exit status of parley {what} list: {listed.output()}")
        check("for the record" in listed.output() or '"size"' in listed.output(), lambda p=listed: p.output())


run(GroupCore)
