# SPDX-License-Identifier: Apache-2.0
"""A group with participants who mean it ill: garbage, heads in crumbs, who does not read, who comes and is gone again and
again, floods of requests, INVITE without ACK, BYE at every wrong moment. The good ones hear each other all along, the
server's memory is bounded, and at the end there is nothing left."""
import random
import select
import socket
import threading
import time

from msrp import Msrp, digest, new_id
from process import until
from session_world import SessionWorld
from sip import Message, credentials
from talker import Dialog, Sdp, Talker, describe, routes_of, target_of
from tap import case, check, check_eq, comment, run

RANDOM = random.Random(7701)
GROUP = "sip:friends@example.org"
MEMBERS = ("alice", "bob", "carol", "dave", "mallory")
# What bad peers may cost beyond what was there before, in kB: what the fan-out keeps for who is behind (FANOUT_BEHIND_BYTES
# is 4 MB), queues, and a slab that grows by huge pages.
BOUND_KB = 16384
CHATROOM = ("a=accept-wrapped-types:*", "a=chatroom:nickname private-messages")


def cpim(user, text, to=GROUP, headers=(), sender=None):
    head = [f"From: <{sender or f'sip:{user}@example.org'}>", f"To: <{to}>", "DateTime: 2026-01-01T12:00:00Z", *headers]
    return "\r\n".join([*head, "", "Content-Type: text/plain", "", ""]).encode() + text


class Peer(Talker):
    """A device in the group. Whatever else it waits for, it takes leave when it is sent away, unless it is `rude`."""

    rude = False

    def receive(self, wanted=None):
        def is_it(message):
            if wanted is None or wanted(message):
                return True
            if not message.status and message.method in ("BYE", "NOTIFY") and not self.rude:
                self.send(message.response(200, "OK"))
            return False
        return super().receive(is_it)

    def drain(self):
        """Answers what lies here."""
        while select.select([self.socket], [], [], 0)[0]:
            message = Message.decode(self._read())
            if not message.status and message.method in ("BYE", "NOTIFY"):
                self.send(message.response(200, "OK"))

    def offer(self, **msrp):
        self.msrp = Msrp(**msrp)
        return describe(self.msrp, "active", CHATROOM, "message/cpim")

    def call(self, **msrp):
        self.invite(GROUP, self.offer(**msrp))
        answer = self.outcome()
        check_eq(answer.status, 200, f"the answer to {self.user}'s INVITE")
        return Sdp(answer.body).path

    def enter(self, **msrp):
        path = self.call(**msrp)
        self.msrp.connect(path)
        self.msrp.bind()
        return self

    def say(self, text, **how):
        return self.msrp.send(cpim(self.user, text, **how), "message/cpim")

    def hears(self, text, deadline_s=30):
        text = text.encode() if isinstance(text, str) else text
        self.msrp.wait(lambda: any(m.end == "$" and m.data.endswith(text) for m in self.msrp.messages.values()),
                       f"{self.user} hears {text[:60]!r}", deadline_s)

    def dialog_of(self, request, answer):
        """The dialog, and no ACK yet."""
        dialog = Dialog(self, answer.get("Call-ID"), answer.get("From"), answer.get("To"), target_of(answer),
                        routes_of(answer, True))
        dialog.number = int(request.get("CSeq").split()[0])
        return dialog

    def receive_bye(self, deadline_s):
        """Retransmissions come before it all the while."""
        end = time.monotonic() + deadline_s
        while time.monotonic() < end:
            if not select.select([self.socket], [], [], 1)[0]:
                continue
            message = Message.decode(self._read())
            if not message.status and message.method == "BYE":
                self.send(message.response(200, "OK"))
                return message
        raise AssertionError(f"no BYE within {deadline_s} s")

    def heard(self, part):
        return any(part in m.data for m in self.msrp.messages.values())

    def leave_group(self):
        self.bye()
        self.msrp.close()
        self.msrp.check_faultless(self.user)
        self.msrp = None


class Room(SessionWorld):
    """Clients and focus speak with each other, with nothing between them."""

    def __init__(self):
        super().__init__(users=MEMBERS, keys={"media-path": "never", "log": "{level: info}"})
        answer = self.server.ctl("group", "create", GROUP, *MEMBERS)
        check_eq(answer.status, 0, f"group create: {answer.err}")
        self.said_n = 0

    def good(self, *users):
        return [Peer(self, user).join().enter() for user in users]

    def talk(self, people):
        """Each says something, all others hear it."""
        for speaker in people:
            self.said_n += 1
            text = f"{speaker.user} says {self.said_n}."
            speaker.say(text.encode())
            for other in people:
                if other is not speaker:
                    other.hears(text)

    def count(self, name):
        return self.server.count(f"conference.{name}")

    def here(self, n):
        until(lambda: self.count("participants") == n, lambda: f"{n} participants, not {self.count('participants')}", 60)

    def over(self, people):
        """The good ones go; then there is nothing."""
        for person in people:
            person.leave_group()
        until(lambda: not self.count("participants") and not self.count("open"),
              lambda: f"conferences: {self.count('open')}, participants: {self.count('participants')}", 60)

    def finish(self):
        # What the focus sends to people served here takes a connection of the server to itself: both its ends stay.
        self.server.wait_idle(90, connections=2)
        left = {name: value for name, value in self.server.metrics().items()
                if name in ("conference.open", "conference.participants", "conference.subscriptions", "mailing.waiting") and value}
        check_eq(left, {}, "gauges at the end")
        self.server.stop()


@case("what is no message of theirs, or none at all, is refused with the right words and heard by nobody")
def wrong(world):
    people = alice, bob, carol = world.good("alice", "bob", "carol")
    mallory = Peer(world, "mallory").join().enter()
    world.talk(people)
    kind = ("Content-Type", "message/cpim")
    evil = cpim("mallory", b"evil words")
    for what, headers, body, status in (
            ("no CPIM", [("Content-Type", "text/plain")], b"evil words", 415),
            ("another's From", [kind], cpim("alice", b"evil words"), 403),
            ("two of From", [kind], evil.replace(b"\r\nTo:", b"\r\nFrom: <sip:alice@example.org>\r\nTo:"), 403),
            ("no From", [kind], evil.split(b"\r\n", 1)[1], 403),
            ("To somebody who is not there", [kind], cpim("mallory", b"evil words", "sip:eve@example.org"), 404),
            ("To somebody elsewhere", [kind], cpim("mallory", b"evil words", "sip:eve@198.51.100.99"), 404),
            ("no To", [kind], evil.replace(b"To: <sip:friends@example.org>\r\n", b""), 404),
            ("a head without end", [kind], b"From: <sip:mallory@example.org>\r\nX: " + b"x" * 20000, 400),
            ("no head", [kind], RANDOM.randbytes(9000).replace(b"\n", b"_"), 400)):
        frame = mallory.msrp.request(headers=[("Message-ID", new_id()), ("Byte-Range", f"1-{len(body)}/{len(body)}"),
                                              *headers], body=body)
        check_eq(mallory.msrp.answer_to(mallory.msrp.put(frame)).status, status, f"the answer to {what}")
    world.talk(people)
    check(not any(person.heard(b"evil words") for person in people), "somebody heard what was refused")
    for noise in (b"GET / HTTP/1.1\r\n\r\n", RANDOM.randbytes(5000), b"\0" * 4000, b"MSRP \r\n\r\n"):
        mallory.msrp.write(noise)
        mallory.msrp.wait(lambda: mallory.msrp.lost, "the connection with garbage is closed")
        mallory.msrp.close()
        mallory.enter()
        world.talk(people)
    world.here(4)
    mallory.leave_group()
    world.over(people)


@case("a CPIM head byte by byte, in segments and in chunks, and messages that never end")
def crumbs(world):
    people = alice, bob, carol = world.good("alice", "bob", "carol")
    mallory = Peer(world, "mallory").join().enter()
    text = cpim("mallory", "crumbs of bread: äöü".encode())
    identity = mallory.msrp.send(text, "message/cpim", pieces=1)
    for person in people:
        check_eq(bytes(person.msrp.message(identity).data), text, f"what {person.user} heard of single bytes")
    identity = mallory.msrp.send(text, "message/cpim", chunk=1)
    for person in people:
        check_eq(bytes(person.msrp.message(identity).data), text, f"what {person.user} heard of chunks of a byte")
    # More messages begun at one time than there may be: the rest is refused, what is said meanwhile goes through.
    begun = [mallory.msrp.put(mallory.msrp.request(
        headers=[("Message-ID", new_id()), ("Byte-Range", f"1-{len(text)}/900000"), ("Content-Type", "message/cpim")],
        body=text, flag="+")) for _ in range(50)]
    answers = [mallory.msrp.answer_to(t).status for t in begun]
    check_eq(sorted(set(answers)), [200, 413], "the answers to 50 messages that do not end")
    world.talk(people)
    mallory.msrp.reset()
    world.talk(people)
    mallory.bye()
    # What was begun is over with its speaker: '#' says so to whom it was passed on.
    for person in people:
        person.msrp.wait(lambda p=person: all(m.end for m in p.msrp.messages.values()),
                         f"{person.user} hears that there is no end")
    world.over(people)


@case("who takes nothing while others speak 20 MB is released; all others have all of it, and memory is bounded")
def slow(world):
    people = alice, bob, carol = world.good("alice", "bob", "carol")
    mallory = Peer(world, "mallory").join().enter(buffer=16384)
    world.talk(people)
    mallory.msrp.reading.clear()
    alice.say(b"the piece that the reader takes before it stops")
    before = highest = world.server.memory_kb()
    content = RANDOM.randbytes(1_000_000)
    # One after the other: bob and carol read as fast as anybody speaks, and are not to be taken for slow themselves.
    for number in range(20):
        identity = alice.say(content + b"%02d" % number)
        highest = max(highest, world.server.memory_kb())
        for person in (bob, carol):
            check_eq(digest(person.msrp.message(identity, 60).data), digest(cpim("alice", content + b"%02d" % number)),
                     f"what {person.user} heard of message {number}")
            del person.msrp.messages[identity]
    highest = max(highest, world.server.memory_kb())
    comment(f"resident: {before} kB before, {highest} kB at most")
    world.server.check_memory(highest - before, BOUND_KB, "more for who does not read")
    request = mallory.receive(lambda m: not m.status and m.method == "BYE")
    check("slow" in request.get("Reason"), f"the reason is said: {request}")
    mallory.send(request.response(200, "OK"))
    mallory.msrp.close()
    mallory.msrp = None
    world.here(3)
    world.talk(people)
    world.over(people)


@case("200 times in and gone: without BYE, without a connection, in the middle of a word")
def crashes(world):
    people = alice, bob, carol = world.good("alice", "bob", "carol")
    mallory = Peer(world, "mallory").join()
    highest = before = 0
    for number in range(200):
        path = mallory.call()
        if number % 4:
            mallory.msrp.connect(path)
            mallory.msrp.bind()
        if number % 4 == 1:
            mallory.msrp.reset()
        elif number % 4 == 2:
            mallory.msrp.write(mallory.msrp.request(headers=[
                ("Message-ID", new_id()), ("Byte-Range", "1-*/*"), ("Content-Type", "message/cpim")],
                body=cpim("mallory", b"half a w")).encode()[:-20])
            mallory.msrp.reset()
        elif number % 4 == 3:
            mallory.send(mallory.dialog.request("BYE"))
            mallory.msrp.reset()
        mallory.msrp.close()
        if number % 50 == 49:
            world.talk(people)
            highest = max(highest, world.server.memory_kb())
            before = before or highest
    comment(f"resident: {before} kB after 50, {highest} kB at most")
    world.server.check_memory(highest - before, BOUND_KB, "more after 200")
    mallory.drain()
    mallory.enter()
    world.talk([*people, mallory])
    world.here(4)
    mallory.leave_group()
    world.over(people)


class Sink:
    """Invited people who let it ring; every other one declines."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.open, self.seen, self.ended = {}, set(), False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        self.socket.settimeout(0.2)
        while not self.ended:
            try:
                data, peer = self.socket.recvfrom(65536)
            except TimeoutError:
                continue
            except OSError:
                return
            self.take(Message.decode(data), peer)

    def take(self, message, peer):
        if message.status or message.method == "ACK":
            return
        call = message.get("Call-ID")
        if message.method == "INVITE" and call not in self.seen:
            self.seen.add(call)
            self.open[call] = (message, peer)
            self.answer(call, *((486, "Busy Here") if len(self.seen) % 2 else (180, "Ringing")))
        elif message.method in ("CANCEL", "BYE"):
            self.socket.sendto(message.response(200, "OK").encode(), peer)
            if message.method == "CANCEL" and call in self.open:
                self.answer(call, 487, "Request Terminated")

    def answer(self, call, status, reason):
        request, peer = self.open[call]
        self.socket.sendto(request.response(status, reason, tag="sink").encode(), peer)

    def close(self):
        self.ended = True
        self.thread.join(5)
        self.socket.close()


class Flood:
    """Requests of one user, all with one nonce."""

    def __init__(self, peer):
        self.peer, self.challenge, self.n = peer, None, 0

    def send(self, method, uri, headers):
        p = self.peer
        if not self.challenge:
            self.challenge = p.ask(p.request(method, uri, p.address, uri, headers))
            check(self.challenge.status in (401, 407), f"a challenge should come:\n{self.challenge}")
        self.n += 1
        line = credentials(self.challenge, p.user, f"{p.user}-secret", method, uri, count=self.n)
        request = p.request(method, uri, p.address, uri, [*headers, line])
        p.send(request)
        return request

    def statuses(self, requests):
        wanted = {r.get("Via").split("branch=")[1].split(";")[0] for r in requests}
        got = {}
        while len(got) < len(wanted):
            answer = self.peer.receive(lambda m: m.status >= 200)
            branch = answer.get("Via").split("branch=")[1].split(";")[0]
            if branch in wanted:
                got[branch] = answer.status
        return got.values()


@case("SUBSCRIBE and REFER without end: a few are taken, few people ring at one time, and the others talk on")
def floods(world):
    people = alice, bob, carol = world.good("alice", "bob", "carol")
    mallory = Peer(world, "mallory").join().enter()
    before = world.server.memory_kb()
    flood = Flood(mallory)
    answers = []
    for _ in range(10):
        answers += flood.statuses([flood.send("SUBSCRIBE", GROUP, [
            mallory.contact_header(), ("Event", "conference"), ("Expires", "3600")]) for _ in range(30)])
    taken = sum(status // 100 == 2 for status in answers)
    comment(f"{taken} of {len(answers)} subscriptions taken, others: {sorted(set(answers))}")
    check(world.server.count("conference.subscriptions") <= 16, "one user has all the subscriptions")
    world.talk(people)
    # Who may not invite gets 403, as often as they like.
    refused = flood.statuses([flood.send("REFER", GROUP, [
        mallory.contact_header(), ("Refer-To", f"<sip:x{n}@example.com>")]) for n in range(50)])
    check_eq(set(refused), {403}, "the answers to REFER of who may not")
    # The owner may: themself, the group, the focus, and more people than can ring at one time.
    sink, owner = Sink(), Flood(alice)
    identity = alice.dialog.target
    requests = [owner.send("REFER", GROUP, [alice.contact_header(), ("Refer-Sub", "false"), ("Supported", "norefersub"),
                                            ("Refer-To", f"<{to}>")])
                for to in (GROUP, identity, alice.address, *(f"sip:x{n}@127.0.0.1:{sink.port}" for n in range(60)))]
    comment(f"answers to the owner's REFER: {sorted(set(owner.statuses(requests)))}")
    world.talk(people)
    until(lambda: len(sink.seen) >= 20, "people are invited")
    check(len(sink.open) <= 60, f"invited more often than asked for: {len(sink.seen)}")
    comment(f"resident: {before} kB before, {world.server.memory_kb()} kB after; {len(sink.seen)} of 60 were asked")
    world.server.check_memory(world.server.memory_kb() - before, BOUND_KB, "more after the floods")
    world.talk(people)
    mallory.drain()
    mallory.leave_group()
    mallory.drain()
    world.over(people)
    until(lambda: not world.server.count("sip.invite.open"), "no invitation rings any more", 60)
    mallory.drain()
    sink.close()


@case("INVITE without ACK, CANCEL and BYE at every wrong moment")
def races(world):
    people = alice, bob, carol = world.good("alice", "bob", "carol")
    mallory, dave = [Peer(world, user).join() for user in ("mallory", "dave")]
    # Their 200 is repeated and never acknowledged: after 32 s they are sent away (RFC 3261 13.3.1.4).
    dave.invite(GROUP, dave.offer())
    first = dave.receive(lambda m: m.status == 200 and m.method == "INVITE")
    for number in range(40):
        request = mallory.invite(GROUP, mallory.offer())
        if number % 4 == 0:
            mallory.send(Message(request.start.replace("INVITE", "CANCEL", 1), [
                *((n, v) for n, v in request.headers if n in ("Via", "Max-Forwards", "From", "To", "Call-ID")),
                ("CSeq", request.get("CSeq").replace("INVITE", "CANCEL"))]))
            answer = mallory.outcome()
            check(answer.status in (200, 487), f"the answer to a cancelled INVITE: {answer}")
            if answer.status == 200:
                mallory.bye()
        else:
            answer = mallory.final(request)
            check_eq(answer.status, 200, "the answer to the INVITE")
            mallory.invited = request
            dialog = mallory.dialog_of(request, answer)
            ack, bye = dialog.request("ACK", number=dialog.number), dialog.request("BYE")
            again = dialog.request("BYE")
            if number % 4 == 1:
                order = (bye, ack)
            elif number % 4 == 2:
                order = (ack, bye, again)
            else:
                mallory.msrp.connect(Sdp(answer.body).path)
                mallory.msrp.put(mallory.msrp.request(headers=[
                    ("Message-ID", new_id()), ("Byte-Range", "1-9/9"), ("Content-Type", "message/cpim")], body=b"From: <s"))
                order = (ack, bye)
            for message in order:
                mallory.send(message)
            check_eq(mallory.final(bye).status, 200, "the answer to BYE")
            if again in order:
                check(mallory.final(again).status in (481, 407), "the second BYE is for no dialog of theirs")
        mallory.msrp.close()
        mallory.msrp = None
        if number % 10 == 9:
            world.talk(people)
    began = time.monotonic()
    bye = dave.receive_bye(60)
    comment(f"who did not acknowledge was sent away after {time.monotonic() - began:.0f} s more")
    check_eq(bye.get("Call-ID"), first.get("Call-ID"), "the dialog that is ended")
    dave.msrp.close()
    dave.msrp = None
    world.here(3)
    world.talk(people)
    world.over(people)


run(Room)
