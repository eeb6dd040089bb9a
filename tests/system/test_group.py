# SPDX-License-Identifier: Apache-2.0
"""Groups as their people have them: three bundled clients in a group that exists, in one made on the spot, in a talk
that becomes one; who comes, goes, is sent away, and comes back after the server was lost."""
from person import Person, all_here
from tap import case, check, check_eq, run
from world import World

GROUP = "sip:friends@example.org"


class Group(World):
    """The server is in the path of all media: sessions with the focus are anchored, too."""

    def __init__(self):
        super().__init__(users=("alice", "bob", "carol", "dave"), keys={"media-path": "always"})

    def make(self, *values):
        answer = self.server.ctl("group", "create", GROUP, "alice", "bob", "carol", *values)
        check_eq(answer.status, 0, f"group create: {answer.err}")

    def finish(self):
        # What the focus sends to people served here takes a connection of the server to itself: both its ends stay.
        self.server.wait_idle(connections=2)
        self.server.stop()

    def end_case(self):
        super().end_case()
        if self.server.process and self.server.process.alive():
            self.server.ctl("group", "delete", GROUP)
            self.server.renew_users("alice", "bob", "carol", "dave")


@case("a group that exists: three join, talk, see each other, leave")
def three(world):
    world.make("subject=Sunday tour")
    people = alice, bob, carol = [Person(world, u, GROUP, transport=t)
                                  for u, t in (("alice", "udp"), ("bob", "udp"), ("carol", "tcp"))]
    for person in people:
        check(person.established()["group"], "it is told that this is a group")
    for person in people:
        all_here(person, *people)
    alice.say("hello all")
    for person in (bob, carol):
        check(not person.hears("hello all", alice).get("private"), "said to all")
    bob.say("/msg alice only you")
    check(alice.hears("only you", bob).get("private"), "said to alice alone")
    carol.say("that was not for me")
    bob.hears("that was not for me", carol)
    check(not carol.has(text="only you"), "nobody else hears what is said to one")
    bob.leave()
    alice.wait(event="person", uri=bob.uri, state="away")
    carol.wait(event="person", uri=bob.uri, state="away")
    all_here(alice, alice, carol)
    alice.leave()
    carol.leave()


@case("a nickname is taken, shown with what is said, and not to be had twice")
def nickname(world):
    world.make()
    alice, bob = [Person(world, u, GROUP) for u in ("alice", "bob")]
    alice.established()
    bob.established()
    all_here(bob, alice, bob)
    alice.say("/nick Al")
    check_eq(alice.wait(event="answer", to="nick")["status"], 200, "the answer to NICKNAME")
    bob.wait(event="person", uri=alice.uri, name="Al")
    alice.say("who am I?")
    check_eq(bob.hears("who am I?", alice)["from_name"], "Al", "the name it is shown with")
    bob.say("/nick Al")
    check_eq(bob.wait(event="answer", to="nick")["status"], 425, "the answer to the second")
    bob.say("/msg Al got it")
    alice.hears("got it", bob, private=True)
    alice.leave()
    bob.leave()


@case("the owner invites one more, and sends one away")
def add_and_remove(world):
    world.make()
    alice, bob = [Person(world, u, GROUP) for u in ("alice", "bob")]
    alice.established()
    bob.established()
    dave = Person(world, "dave", command="chat")
    world.server.wait_registered("dave")
    bob.say("/add dave")
    check_eq(bob.wait(event="answer", to="add")["status"], 403, "the answer to who may not")
    alice.say("/add dave")
    check_eq(alice.wait(event="answer", to="add")["status"] // 100, 2, "the answer to REFER")
    check(dave.wait(event="invitation", kind="chat")["group"], "dave is told that it is a group")
    dave.established()
    alice.wait(event="person", uri=dave.uri, state="here")
    dave.say("thanks")
    alice.hears("thanks", dave)
    before = len(alice.events())
    alice.say("/remove bob")
    check_eq(alice.wait(event="answer", to="remove")["status"] // 100, 2, "the answer to REFER")
    bob.wait(event="chat", state="ended")
    check_eq(bob.process.wait(), 0, "exit status of bob's client")
    # The conference tells it when it is so, be that before the answer or after it.
    alice.seen = before
    check_eq(alice.wait(event="person", uri=bob.uri, state="away")["how"], "booted", "how bob went")
    alice.leave()
    dave.leave()


@case("a group made on the spot: those who are named are invited, with what it is about")
def on_the_spot(world):
    bob, carol = [Person(world, u) for u in ("bob", "carol")]
    world.server.wait_registered("bob")
    world.server.wait_registered("carol")
    alice = Person(world, "alice", "--subject", "Sunday tour", "bob,carol")
    for person in (bob, carol):
        invitation = person.wait(event="invitation", kind="chat")
        check(invitation["group"], "it is told that this is a group")
        check_eq(invitation["subject"], "Sunday tour", "what it is about")
        check_eq(invitation["from"], alice.uri, "who invites")
        person.established()
    alice.established()
    all_here(alice, alice, bob, carol)
    bob.say("hello from bob")
    alice.hears("hello from bob", bob)
    carol.hears("hello from bob", bob)
    alice.say("hello from alice")
    bob.hears("hello from alice", alice)
    for person in (carol, bob, alice):
        person.say("/leave")
    for person in (carol, bob, alice):
        check_eq(person.process.wait(), 0, f"exit status of {person.user}'s client")


@case("a talk with one becomes a group")
def extended(world):
    bob, carol = [Person(world, u) for u in ("bob", "carol")]
    world.server.wait_registered("bob")
    world.server.wait_registered("carol")
    alice = Person(world, "alice", "bob")
    alice.established()
    bob.established()
    alice.say("just us")
    bob.hears("just us", alice)
    alice.say("/add carol")
    check(bob.wait(event="invitation")["replaces"], "bob is told that it takes the place of the talk")
    for person in (alice, bob, carol):
        check(person.established()["group"], "it is told that this is a group")
    all_here(alice, alice, bob, carol)
    alice.say("all of us")
    bob.hears("all of us", alice)
    carol.hears("all of us", alice)
    bob.say("me, too")
    alice.hears("me, too", bob)
    carol.hears("me, too", bob)
    for person in (carol, bob, alice):
        person.say("/leave")
    for person in (carol, bob, alice):
        check_eq(person.process.wait(), 0, f"exit status of {person.user}'s client")


@case("listen --chat: whoever only listens hears what is said")
def listening(world):
    world.make("invite=on")
    bob = Person(world, "bob", "--chat", command="listen")
    world.server.wait_registered("bob")
    alice = Person(world, "alice", GROUP)
    alice.established()
    bob.established()
    all_here(alice, alice, bob)
    alice.say("is anybody listening?")
    bob.hears("is anybody listening?", alice)
    alice.leave()


def comes_back(world, gone):
    """Three are in a group while the server goes and comes: they are back, and what was said meanwhile arrives."""
    world.make()
    people = alice, bob, carol = [Person(world, u, GROUP) for u in ("alice", "bob", "carol")]
    for person in people:
        person.established()
    all_here(carol, *people)
    gone()
    for person in people:
        person.wait(event="chat", state="lost")
    alice.say("said while away")
    world.server.start()
    for person in people:
        person.established()
    all_here(carol, *people)
    bob.say("we are back")
    alice.hears("we are back", bob)
    carol.hears("we are back", bob)
    for person in people:
        person.leave()


@case("the server is restarted: all join again by themselves")
def restarted(world):
    comes_back(world, world.server.stop)


@case("the server is lost and comes back: all join again by themselves")
def lost(world):
    comes_back(world, world.server.crash)


run(Group)
