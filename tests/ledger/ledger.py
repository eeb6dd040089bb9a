#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
The ledger: kill -9 at random points, and an account of its own of every message.

Several senders write to users who come and go with one or two devices; parleyd is killed without warning
at random moments and started again on the same SQLite file. What is written down here, apart from the
server: which message was acknowledged (202: kept; 200: a device has it), which device answered 200 to which
message, in which life of the server, and what that life sent to the device afterwards. In the end everybody
comes back and takes everything. Then it must hold that

  lost      every message that was acknowledged was answered 200 by a device of its recipient;
  doubled   no device is sent a message again that it had answered 200. Two cases are nobody's to avoid
            without the device's help, and the message then has the Call-ID, CSeq and From tag it had, so
            that the device can tell. The server died between the answer and the disk: it is recognised by
            this, that the server pushed nothing else to the device after it. And: the server died before
            it answered the sender, who repeats the request; only then may it come both ways;
  order     what waited reaches a device in the order in which one sender had it acknowledged.

    ledger.py PARLEYD [--points N] [--seed N] [--keep]
"""
import argparse
import heapq
import random
import selectors
import sys
import time

sys.dont_write_bytecode = True

import sip  # noqa: E402
from server import DOMAIN, Server

USERS = 10
SENDERS = 4
# Kills between two lines of progress.
PROGRESS = 50
# A 200 that is older than this at the moment of the kill was on disk: the store commits in milliseconds.
LONG_AGO_S = 3.0
RESEND_S = (0.1, 0.2, 0.4, 0.8, 1.6)
GIVE_UP_S = 3.2


class Text:
    """One message on its way into the server."""

    def __init__(self, sender, user, number):
        self.sender, self.user, self.number = sender, user, number
        self.call_id = f'{sender.name}-{user.name}-{number}@ledger'
        self.attempt = 0
        self.acknowledged = 0
        self.cut = False       # the server died before it had answered
        self.order = None      # among those this sender had kept for this user
        self.had_by = set()    # devices that answered 200


class Delivery:
    """What one device has said to one message."""

    def __init__(self):
        self.branches = set()
        self.taken = {}        # by branch: the life in which it was answered 200
        self.pushed = None     # (life, when) of the last push answered 200
        self.others_since = False


class Device:
    FEATURES = ''

    def __init__(self, world, user, number):
        self.world, self.user, self.number = world, user, number
        self.socket = sip.udp_socket()
        self.port = self.socket.getsockname()[1]
        self.deliveries = {}
        self.latest = set()    # answered 200 in this life, and no other push since
        self.last_order = {}
        self.cseq = 0
        self.registering = None
        world.selector.register(self.socket, selectors.EVENT_READ, self.readable)

    def send(self, data):
        try:
            self.socket.sendto(data, self.world.server.address)
        except OSError:
            pass

    def register(self, expires):
        self.cseq += 1
        self.registering = (self.cseq, expires)
        self.transmit(self.cseq, sip.request(
            'REGISTER', f'sip:{DOMAIN}', self.port, f'r{self.port}-{self.cseq}', self.user.uri, self.user.uri,
            f'reg{self.port}@ledger', self.cseq,
            (f'Contact: <sip:{self.user.name}@127.0.0.1:{self.port}>{self.FEATURES};'
             f'+sip.instance="<urn:uuid:{self.number}>"',
             f'Expires: {expires}')), 0)

    def transmit(self, cseq, data, n):
        if self.registering and self.registering[0] == cseq and n < 12:
            self.send(data)
            self.world.later(0.15, lambda: self.transmit(cseq, data, n + 1))

    def readable(self):
        while True:
            try:
                data = self.socket.recv(65536)
            except OSError:
                return
            m = sip.Message(data)
            if m.status >= 200:
                if self.registering and m.get('cseq').startswith(f'{self.registering[0]} '):
                    self.registering = None
            elif m.method == 'MESSAGE':
                self.message(m)
            else:
                self.other(m)

    def other(self, m):
        """What is no MESSAGE."""

    def message(self, m):
        world, call_id = self.world, m.get('call-id')
        text = world.texts.get(call_id)
        d = self.deliveries.setdefault(call_id, Delivery())
        if text is None or m.body != text.call_id.encode():
            world.fault(f'{call_id} is not what was sent')
            return
        again = m.branch in d.branches
        push = sum(1 for name, _ in m.headers if name.lower() == 'via') == 1
        if not again:
            d.branches.add(m.branch)
            self.judge(text, d, m, push)
            if push:
                for other in self.latest - {d}:
                    other.others_since = other.pushed[0] == world.server.generation
                self.latest &= {d}
        if m.branch in d.taken:
            self.send(sip.answer(m, 200))
        elif world.final or world.random.random() < 0.93:
            delay = 0 if world.final or world.random.random() < 0.7 else world.random.uniform(0, 0.08)
            life = world.server.generation
            world.later(delay, lambda: self.take(text, d, m, push, life))
        elif not again:
            self.send(sip.answer(m, 480, 'Temporarily Unavailable'))

    def take(self, text, d, m, push, life):
        if life != self.world.server.generation:
            return
        if m.branch not in d.taken and push:
            d.pushed = (life, time.monotonic())
            d.others_since = False
            self.latest.add(d)
        d.taken[m.branch] = life
        text.had_by.add(self)
        self.send(sip.answer(m, 200))

    def judge(self, text, d, m, push):
        """A new transaction with this message."""
        world, name = self.world, f'{text.call_id} to {self.user.name}'
        if m.get('cseq') != f'{text.number + 1} MESSAGE' or f'tag=t{text.call_id.split("@")[0]}' not in m.get('from'):
            world.fault(f'{name} came with another CSeq or From tag')
        if push and d.pushed:
            life, when = d.pushed
            if life == world.server.generation:
                world.fault(f'doubled: {name} was pushed twice in one life of the server')
            elif d.others_since:
                world.fault(f'doubled: {name}, and others had been pushed since')
            elif world.killed_at.get(life, 0) - when > LONG_AGO_S:
                world.fault(f'doubled: {name}, answered long before the kill')
            else:
                world.again += 1
        elif d.taken and not text.cut:
            world.fault(f'doubled: {name}, and its sender had asked but once')
        elif d.taken:
            world.repeated += 1
        elif push and text.order is not None:
            last = self.last_order.get(text.sender, -1)
            if text.order < last:
                world.fault(f'order: {name} came after a later one')
            self.last_order[text.sender] = max(last, text.order)


class User:
    DEVICE = Device

    def __init__(self, world, number):
        self.name = f'u{number}'
        self.uri = f'sip:{self.name}@{DOMAIN}'
        self.devices = [self.DEVICE(world, self, f'{number}-{i}') for i in range(1 + number % 2)]


class Sender:
    """One message to each user outstanding, so that there is an order to be kept."""

    def __init__(self, world, number):
        self.world, self.name = world, f's{number}'
        self.uri = f'sip:{self.name}@{DOMAIN}'
        self.socket = sip.udp_socket()
        self.port = self.socket.getsockname()[1]
        self.waiting = {}
        self.numbers = {}
        self.kept = {}
        self.branch = 0
        world.selector.register(self.socket, selectors.EVENT_READ, self.readable)

    def write(self, user):
        number = self.numbers.get(user, 0)
        self.numbers[user] = number + 1
        text = Text(self, user, number)
        self.world.texts[text.call_id] = text
        self.attempt(text)

    def attempt(self, text):
        """A transaction; a second one with the same message when the first was cut off by a kill."""
        self.branch += 1
        text.attempt += 1
        branch = f'{self.name}-{self.branch}'
        self.waiting[branch] = text
        data = sip.request('MESSAGE', text.user.uri, self.port, branch, self.uri, text.user.uri, text.call_id,
                           text.number + 1, ('Content-Type: text/plain',), text.call_id.encode())
        self.transmit(branch, data, 0)

    def transmit(self, branch, data, n):
        if branch not in self.waiting:
            return
        try:
            self.socket.sendto(data, self.world.server.address)
        except OSError:
            pass
        if n < len(RESEND_S):
            self.world.later(RESEND_S[n], lambda: self.transmit(branch, data, n + 1))
        else:
            self.world.later(GIVE_UP_S, lambda: self.give_up(branch))

    def give_up(self, branch):
        text = self.waiting.pop(branch, None)
        if text:
            self.go_on(text, self.world.random.random() < 0.5)

    def go_on(self, text, again):
        if again and text.attempt < 4:
            self.attempt(text)
        elif not self.world.final:
            self.write(text.user)

    def readable(self):
        while True:
            try:
                data = self.socket.recv(65536)
            except OSError:
                return
            m = sip.Message(data)
            if m.status < 200:
                self.other(m)
                continue
            text = self.waiting.pop(m.branch.removeprefix('z9hG4bK'), None)
            if not text:
                self.other(m)
                continue
            if m.status == 202:
                if not text.acknowledged:
                    text.order = self.kept.get(text.user, 0)
                    self.kept[text.user] = text.order + 1
                text.acknowledged = 202
            elif m.status == 200:
                text.acknowledged = text.acknowledged or 200
                if not text.had_by:
                    self.world.fault(f'{text.call_id} was answered 200 and no device has it')
            self.world.statuses[m.status] = self.world.statuses.get(m.status, 0) + 1
            # A 503 from a store that is not open yet: the same message again.
            if m.status >= 500:
                self.world.later(0.02, lambda t=text: self.go_on(t, True))
            else:
                self.world.later(self.world.pause(), lambda t=text: self.go_on(t, False))

    def other(self, m):
        """What is no final answer to a MESSAGE."""


class World:
    USER, SENDER = User, Sender
    LIFE_S = 0.55   # the longest

    def __init__(self, server, seed):
        self.server = server
        self.random = random.Random(seed)
        self.selector = selectors.DefaultSelector()
        self.timers, self.timer_number = [], 0
        self.texts, self.statuses, self.faults, self.killed_at = {}, {}, [], {}
        self.again = self.repeated = 0
        self.final = False
        self.users = [self.USER(self, i) for i in range(USERS)]
        self.senders = [self.SENDER(self, i) for i in range(SENDERS)]

    def pause(self):
        return self.random.uniform(0, 0.06)

    def said(self):
        return f'{len(self.texts)} messages'

    def fault(self, text):
        self.faults.append(text)
        print(f'# life {self.server.generation}: {text}', flush=True)

    def later(self, seconds, call):
        self.timer_number += 1
        heapq.heappush(self.timers, (time.monotonic() + seconds, self.timer_number, call))

    def run(self, seconds):
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            while self.timers and self.timers[0][0] <= now:
                heapq.heappop(self.timers)[2]()
            next_at = min(until, self.timers[0][0] if self.timers else until)
            for key, _ in self.selector.select(max(0, next_at - time.monotonic())):
                key.data()

    def kill(self):
        self.killed_at[self.server.generation] = time.monotonic()
        self.server.kill()
        # What it had sent before it died belongs to this life.
        while events := self.selector.select(0):
            for key, _ in events:
                key.data()
        for sender in self.senders:
            for text in sender.waiting.values():
                text.cut = True

    def wander(self):
        """Somebody comes or goes."""
        if self.final:
            return
        device = self.random.choice(self.random.choice(self.users).devices)
        device.register(86400 if self.random.random() < 0.6 else 0)
        self.later(self.random.uniform(0.005, 0.04), self.wander)

    def begin(self):
        for sender in self.senders:
            for user in self.users:
                self.later(self.pause(), lambda s=sender, u=user: s.write(u))
        self.wander()

    def come_home(self):
        """Everybody registers and takes everything; true when nothing waits any more."""
        self.final = True
        for _ in range(60):
            for user in self.users:
                for device in user.devices:
                    device.register(86400)
            self.run(0.5)
            status, waiting = self.server.ask('GET', '/v1/deferred/users')
            if status == 200 and not waiting.get('users', waiting.get('items', waiting)):
                return True
        return False


def settle(world):
    lost = [t for t in world.texts.values() if t.acknowledged and not t.had_by]
    for text in lost[:20]:
        world.fault(f'lost: {text.call_id}, acknowledged with {text.acknowledged}')
    return len(lost)


def play(world, points):
    """As many lives as there are points, each ended by kill -9; and then everybody comes home."""
    begun = time.monotonic()
    world.begin()
    for point in range(points):
        if point and point % PROGRESS == 0:
            print(f'# {point} of {points} kills, {time.monotonic() - begun:.0f} s, {world.said()}, '
                  f'{len(world.faults)} faults', flush=True)
        # Also while it starts: the first moments are where the walk through the waiting is.
        world.run(world.random.uniform(0.02, world.LIFE_S))
        if not world.server.running():
            world.fault(f'parleyd ended by itself: {world.server.process.returncode}')
            return
        world.kill()
        world.server.start()
    if not world.server.wait_ready():
        world.fault('parleyd does not start any more')
    elif not world.come_home():
        world.fault('messages still wait when everybody is there')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('parleyd')
    parser.add_argument('--points', type=int, default=200)
    parser.add_argument('--seed', type=int, default=int(time.time()))
    parser.add_argument('--keep', action='store_true')
    options = parser.parse_args()
    print(f'1..1\n# seed {options.seed}, {options.points} points', flush=True)

    server = Server(options.parleyd, 'deferred: {quota: 100000}\n')
    world = World(server, options.seed)
    begun = time.monotonic()
    try:
        server.start()
        if not server.wait_ready():
            sys.exit('Bail out! parleyd does not start\n' + server.show_log())
        server.add_users([u.name for u in world.users] + [s.name for s in world.senders])
        play(world, options.points)
        lost = settle(world)
        if server.running() and server.stop() != 0:
            world.fault('parleyd does not end cleanly')
        if world.faults:
            print(server.show_log())
    finally:
        server.close(options.keep)
    kept = sum(1 for t in world.texts.values() if t.acknowledged == 202)
    print(f'# {time.monotonic() - begun:.0f} s: {len(world.texts)} messages, {kept} kept, answers {world.statuses}')
    print(f'# {lost} lost; again after a kill: {world.again} whose answer had not reached the disk, '
          f'{world.repeated} that their sender repeated')
    print('not ok 1 - nothing acknowledged is lost, nothing is doubled' if world.faults else
          'ok 1 - nothing acknowledged is lost, nothing is doubled')
    sys.exit(1 if world.faults else 0)


if __name__ == '__main__':
    main()
