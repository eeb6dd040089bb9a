# SPDX-License-Identifier: Apache-2.0
"""Fifty clients in one group, who talk, leave, crash and come back in an order that chance decides; and a ledger that
the server knows nothing of. It says of everybody who was there throughout a round: they heard every message of it
once, and what one speaker said in the order of speaking; of who was away: they got it when they came back, once; of who
crashed in the middle: nothing twice, nothing out of order. Between two rounds the server itself is killed."""
import json
import os
import random
import re

from parley import Parley
from process import until
from session_world import SessionWorld
from talker import Sdp, Talker, describe, target_of
from tap import case, check, check_eq, comment, run
from msrp import Msrp

SCRIPTED = 46
BUNDLED = 4
ROUNDS = int(os.environ.get("PARLEY_GROUP_ROUNDS", "6"))
SPEAKERS = 8
EACH = 4
SEED = int(os.environ.get("PARLEY_GROUP_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
GROUP = "sip:team@example.org"
SAID = re.compile(r"<(\d+) (m\d\d) (\d+)>")


def names(n, first=0):
    return [f"m{i:02}" for i in range(first, first + n)]


class Member(Talker):
    """One who is in the group's session, or not in it but registered, or away."""

    def __init__(self, world, user):
        super().__init__(world, user)
        self.present = self.registered = False
        self.owed = []  # what was said while they were away
        self.identity = None
        self.join()
        self.registered = True

    def enter(self, to=GROUP):
        """The session's identity, by which they come back to it, is the Contact of the answer."""
        self.msrp = Msrp()
        self.invite(to, describe(self.msrp, "active", types="message/cpim",
                                    extra=["a=accept-wrapped-types:text/plain"]))
        answer = self.outcome()
        check_eq(answer.status, 200, f"the answer to {self.user}, who enters")
        self.identity = target_of(answer)
        self.msrp.connect(Sdp(answer.body).path)
        self.msrp.bind()
        self.present = True

    def say(self, text):
        """A message on its way; the transaction that its answer will have."""
        body = (f"From: <{self.address}>\r\nTo: <{GROUP}>\r\n\r\n"
                f"Content-Type: text/plain;charset=UTF-8\r\n\r\n{text}").encode()
        identity = self.msrp.send(body, "message/cpim", wait=False)
        return identity

    def heard(self):
        """(round, speaker, number) in the order in which they came; the connection of this time in the session."""
        return [tuple(found) for message in list(self.msrp.messages.values())
                for found in SAID.findall(message.data.decode("utf-8", "replace"))]

    def kept(self):
        return len(json.loads(self.server.get(f"/v1/deferred?user={self.user}&limit=1000")[1])["deferred"])

    def go(self):
        self.bye()
        self.msrp.close()
        self.msrp.check_faultless(self.user)
        self.present, self.msrp = False, None

    def crash(self):
        self.msrp.reset()
        self.present = False

    def go_away(self):
        if self.present:
            self.go()
        self.leave()
        self.socket.settimeout(60)
        self.registered = False

    def come_back(self):
        """Registers, and takes what was kept, once all of it is: what is on its way at this moment could be first."""
        until(lambda: self.kept() == len(self.owed), lambda: f"{self.kept()} of {len(self.owed)} kept for {self.user}")
        self.join()
        self.registered = True
        got = []
        while len(got) < len(self.owed):
            message = self.receive(lambda m: not m.status and m.method == "MESSAGE")
            self.send(message.response(200, "OK"))
            got += [tuple(found) for found in SAID.findall(message.body) if tuple(found) not in got]
        owed, self.owed = self.owed, []
        return got, owed


def kill_server(world, members, bundled):
    """SIGKILL in a group that talks; it starts again, and all come back: by the session's identity, or by the group."""
    world.server.crash()
    world.server.start()
    for at, member in enumerate(m for m in members if m.present):
        member.msrp.closed = True
        member.msrp.close()
        member.enter(member.identity if at % 2 else GROUP)
    for user, process in bundled:
        since = len(process.output())
        until(lambda u=user: u in world.server.ctl("conference", "show", world.conference()).out, f"{user} is back by itself")
        check(since <= len(process.output()), f"{user} lives")


def in_order(said):
    """Of each speaker the numbers grow."""
    last = {}
    for number_of_round, speaker, number in said:
        at = (int(number_of_round), int(number))
        if last.get(speaker, (0, -1)) >= at:
            return False
        last[speaker] = at
    return True


class Ledger:
    """What was said in a round, as its speakers know it."""

    def __init__(self, number):
        self.number, self.said = number, []

    def of_others(self, user):
        return [entry for entry in self.said if entry[1] != user]

    def check_heard(self, user, heard, what):
        mine = [entry for entry in heard if entry[0] == str(self.number)]
        missing = set(self.of_others(user)) - set(mine)
        check(not missing, lambda: f"{user} ({what}) did not hear {sorted(missing)[:5]} in round {self.number}")
        check_eq(len(mine), len(set(mine)), f"messages of round {self.number} at {user}: each once")
        check(in_order(mine), lambda: f"{user} heard round {self.number} out of order: {mine}")


def play_round(members, bundled, number, chance):
    """Some speak; two who do not speak crash in the middle."""
    ledger = Ledger(number)
    present = [m for m in members if m.present]
    away = [m for m in members if not m.registered]
    chance.shuffle(present)
    speakers, crashing = present[:SPEAKERS], present[SPEAKERS:SPEAKERS + 2]
    turns = [(speaker, k) for k in range(EACH) for speaker in speakers]
    waiting = []
    for at, (speaker, k) in enumerate(turns):
        waiting.append((speaker, speaker.say(f"<{number} {speaker.user} {k}>")))
        ledger.said.append((str(number), speaker.user, str(k)))
        if at == len(turns) // 2:
            for member in crashing:
                member.crash()
    stayed = [m for m in present if m not in crashing]
    for member in stayed:
        wanted = set(ledger.of_others(member.user))
        member.msrp.wait(lambda m=member, w=wanted: w <= set(m.heard()), f"{member.user} hears round {number}")
        ledger.check_heard(member.user, member.heard(), "there throughout")
    for speaker in speakers:
        sent = [f for f in list(speaker.msrp.answers.values()) if f.status != 200]
        check(not sent, lambda s=speaker, f=sent: f"{s.user} was refused: {f[0]}")
    for member in crashing:
        heard = [entry for entry in member.heard() if entry[0] == str(number)]
        check_eq(len(heard), len(set(heard)), f"messages at {member.user}, who crashed: each once")
        check(in_order(heard), lambda m=member, h=heard: f"{m.user}, who crashed, heard out of order: {h}")
        member.msrp.close()
        member.msrp = None
    for user, process in bundled:
        for _, speaker, k in ledger.said:
            process.wait_for(re.escape(f"<{number} {speaker} {k}>"))
        ledger.check_heard(user, SAID.findall(process.output()), "bundled")
    for member in away:
        member.owed += ledger.said
    return len(ledger.said)


def move(members, chance):
    """Between two rounds: who comes back, who goes, who goes away for longer."""
    counts = {"back": 0, "in": 0, "out": 0, "away": 0}
    for member in members:
        dice = chance.random()
        if not member.registered and dice < 0.6:
            got, owed = member.come_back()
            check_eq(sorted(got), sorted(owed), f"what was kept for {member.user}")
            check(in_order(got), lambda m=member, g=got: f"what was kept for {m.user} came out of order: {g}")
            counts["back"] += 1
        if member.registered and not member.present and dice < 0.8:
            member.enter()
            counts["in"] += 1
        elif member.present and dice < 0.1:
            member.go()
            counts["out"] += 1
        elif member.present and dice < 0.2:
            member.go_away()
            counts["away"] += 1
    return counts


@case("fifty in a group talk, leave, crash and come back: who is there hears all, once and in order; who is away gets it")
def everybody(world):
    chance = random.Random(SEED)
    comment(f"seed {SEED}: PARLEY_GROUP_SEED={SEED} plays it again")
    users = names(SCRIPTED)
    others = names(BUNDLED, SCRIPTED)
    world.server.ctl("group", "create", "team", *users, *others, "max=60")
    members = [Member(world, user) for user in users]
    bundled = []
    for user in others:
        process = Parley(world, user).run("chat", GROUP, stdin=True)
        bundled.append((user, process))
    for member in members:
        member.enter()
    for user, process in bundled:
        process.wait_for("m00")
    said = 0
    for number in range(1, ROUNDS + 1):
        said += play_round(members, bundled, number, chance)
        comment(f"round {number}: {move(members, chance)}")
        if number == ROUNDS // 2:
            kill_server(world, members, bundled)
    for member in members:
        if not member.registered:
            got, owed = member.come_back()
            check_eq(sorted(got), sorted(owed), f"what was kept for {member.user} at the end")
    comment(f"{said} messages said")
    for _, process in bundled:
        process.say("/leave")
        check_eq(process.wait(), 0, "the end of a bundled client")
    for member in members:
        if member.present:
            member.go()


class GroupWorld(SessionWorld):
    """The server's own requests go by SIP to itself: what is too large for a datagram over a connection, that stays."""

    def conference(self):
        return json.loads(self.server.get("/v1/conferences")[1])["conferences"][0]["id"]

    def finish(self):
        self.server.wait_idle(connections=2)
        self.server.stop()
        self.judge_capture()


run(GroupWorld, users=names(SCRIPTED + BUNDLED))
