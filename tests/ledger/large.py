#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
The ledger of large messages and of the history: kill -9 at random points, as in ledger.py, whose pager messages go on
beside them.

Large messages of 2 to 200 kB are sent to the same users, in sessions of their own, through the server or to its disk.
Written down apart from the server: which was acknowledged (200 to its last chunk), and which device answered 200 to its
last chunk, in which life of the server. Some of the users and senders keep a history. In the end it must hold, besides
what ledger.py asks of pager messages, that

  lost      every large message that was acknowledged reached a device of its recipient;
  half      what a device has whole is what was sent, by its hash, whether it was acknowledged or not;
  doubled   no device gets one again that it had answered 200, unless the server died just then;
  history   what was acknowledged is in the histories of those who want that, of the sender and of the recipient,
            exactly once and with the same hash; nothing is there twice, and nothing that nobody sent. What
            passes in a session is written a moment after it has passed (HISTORY_GATHER_MS): that moment before a kill
            is nobody's;
  orphans   when the histories are deleted, nothing is left on disk.

    large.py PARLEYD [--points N] [--seed N] [--keep]
"""
import argparse
import hashlib
import os
import random
import re
import sys
import time

sys.dont_write_bytecode = True

import ledger  # noqa: E402
import msrp  # noqa: E402
import sip  # noqa: E402
from server import Server, free_port  # noqa: E402

TYPE = 'text/plain'
WANTED = 'Accept-Contact: *;+g.oma.sip-im;+g.oma.sip-im.large-message'
NAME = re.compile(rb'large-[\w-]+\n')
SMALLEST, LARGEST = 2000, 200_000
CHUNKS = (2048, 8192, 65536)
# An entry of a session that is younger than this at the moment of the kill may not have been on disk.
MOMENT_S = 1.0
GIVE_UP_S = 5.0
PAGE = 500


class Large:
    """One large message."""

    def __init__(self, sender, user, number, size):
        self.sender, self.user = sender, user
        self.name = f'large-{sender.name}-{user.name}-{number}'
        self.data = f'{self.name}\n'.encode() + random.Random(self.name).randbytes(size // 2).hex().encode()
        self.hash = hashlib.sha256(self.data).digest()
        self.acknowledged = None   # (life, when)
        self.had = {}              # by device: (life, when) of its 200 to the last chunk
        self.waited = False        # it had been kept


def was_written(world, at):
    """Whether the server lived long enough after this moment."""
    life, when = at
    return world.killed_at.get(life, float('inf')) - when > MOMENT_S


class Reception:
    """One session that a device was invited to."""

    def __init__(self, device, invite):
        self.device, self.world = device, device.world
        self.ours = f'd{device.port}n{device.sessions}'
        self.data = bytearray()
        self.life = self.world.server.generation
        self.waited = bool(invite.get('date'))
        self.answer = sip.answer(invite, 200, extra=(
            *(f'Record-Route: {v}' for k, v in invite.headers if k.lower() == 'record-route'),
            f'Contact: <sip:{device.user.name}@127.0.0.1:{device.port}>', 'Content-Type: application/sdp'),
            body=msrp.describe(self.ours, 'recvonly'))
        self.line = msrp.Line(self.world.selector, msrp.path_in(invite.body), self.ours, self.got, lambda: None)
        # RFC 4975 5.4: who connects says so at once.
        self.line.send(f'{self.ours}-first', b'', 0, 0, None, True)

    def got(self, frame):
        if frame.method != 'SEND':
            return
        span = re.match(r'(\d+)-', frame.get('byte-range'))
        if span and frame.body:
            at = int(span.group(1)) - 1
            if at > len(self.data):
                self.world.fault(f'half: bytes are left out before {at} at {self.device.user.name}')
            self.data[at:at + len(frame.body)] = frame.body
        if frame.flag == '$' and frame.body:
            self.device.has_whole(bytes(self.data), self)
            self.data = bytearray()
        self.line.answer(frame)


class Device(ledger.Device):
    """Takes large messages, too; now and then not."""

    FEATURES = ';+g.oma.sip-im;+g.oma.sip-im.large-message'

    def __init__(self, world, user, number):
        super().__init__(world, user, number)
        self.sessions, self.receptions = 0, {}

    def other(self, m):
        if m.method in ('BYE', 'CANCEL'):
            self.send(sip.answer(m, 200))
            reception = self.receptions.pop(m.get('call-id'), None)
            if reception:
                reception.line.close()
        elif m.method == 'INVITE':
            self.invited(m)

    def invited(self, m):
        call_id = m.get('call-id')
        if call_id not in self.receptions:
            path = msrp.path_in(m.body)
            if not path or (not self.world.final and self.world.random.random() > 0.93):
                self.send(sip.answer(m, 480, 'Temporarily Unavailable'))
                return
            self.sessions += 1
            self.receptions[call_id] = Reception(self, m)
        self.send(self.receptions[call_id].answer)

    def has_whole(self, data, reception):
        world, life = self.world, reception.life
        found = NAME.match(data)
        message = world.larges.get(found.group()[:-1].decode()) if found else None
        if not message or hashlib.sha256(data).digest() != message.hash:
            world.fault(f'half: {self.user.name} has {len(data)} bytes that are not what was sent, {data[:40]!r}')
            return
        if message.user is not self.user:
            world.fault(f'{message.name} came to {self.user.name}')
        before = message.had.get(self)
        if before and (before[0] == life or world.killed_at.get(before[0], 0) - before[1] > ledger.LONG_AGO_S):
            world.fault(f'doubled: {message.name}, taken in life {before[0]}')
        elif before:
            world.large_again += 1
        message.waited = reception.waited
        message.had[self] = (life, time.monotonic())

    def forget(self):
        """The server has died."""
        for reception in self.receptions.values():
            reception.line.close()
        self.receptions = {}


class User(ledger.User):
    DEVICE = Device


class Sending:
    """One large message on its way: INVITE, its chunks, BYE."""

    def __init__(self, sender, message):
        self.sender, self.world, self.message = sender, sender.world, message
        self.life = self.world.server.generation
        self.call_id = f'{message.name}@ledger'
        self.line, self.last, self.over, self.answered = None, None, False, False
        self.number = 0
        self.request('INVITE', message.user.uri, (
            WANTED, f'Contact: <sip:{sender.name}@127.0.0.1:{sender.port}>', 'Allow: INVITE, ACK, BYE, CANCEL',
            'Content-Type: application/sdp'), msrp.describe(message.name, 'sendonly'))
        self.transmit(0)
        self.world.later(GIVE_UP_S, lambda: self.end('given up'))

    def request(self, method, uri, extra=(), body=b'', to_tag='', branch=None):
        if method != 'ACK':
            self.number += 1
        s = self.sender
        self.bytes = sip.request(method, uri, s.port, f'{self.message.name}-{branch or method}', s.uri,
                                 self.message.user.uri, self.call_id, self.number, extra, body, to_tag)

    def transmit(self, n):
        if not self.over and not self.answered and n < len(ledger.RESEND_S):
            self.sender.send(self.bytes)
            self.world.later(ledger.RESEND_S[n], lambda: self.transmit(n + 1))

    def response(self, m):
        if m.status < 200:
            self.answered = True
        elif m.status >= 300 and 'INVITE' in m.get('cseq'):
            # RFC 3261 17.1.1.3: the branch of the INVITE.
            self.request('ACK', self.message.user.uri, to_tag=tag_of(m), branch='INVITE')
            self.sender.send(self.bytes)
            self.end(m.status)
        elif 'INVITE' in m.get('cseq'):
            self.established(m)

    def established(self, m):
        self.target = re.search(r'<([^>]*)>', m.get('contact')).group(1)
        self.routes = [f'Route: {v}' for k, v in reversed(m.headers) if k.lower() == 'record-route']
        self.to_tag = tag_of(m)
        self.request('ACK', self.target, self.routes, to_tag=self.to_tag)
        self.sender.send(self.bytes)
        if self.line:
            return
        self.answered = True
        self.line = msrp.Line(self.world.selector, msrp.path_in(m.body), self.message.name, self.got,
                              lambda: self.end('connection lost'))
        data, chunk = self.message.data, self.world.random.choice(CHUNKS)
        for at in range(0, len(data), chunk):
            last = at + chunk >= len(data)
            self.last = self.line.send(self.message.name, data[at:at + chunk], at, len(data), TYPE, last)

    def got(self, frame):
        if frame.status and frame.status != 200:
            self.end(f'chunk {frame.status}')
        elif frame.status and frame.tid == self.last:
            self.message.acknowledged = (self.life, time.monotonic())
            self.request('BYE', self.target, self.routes, to_tag=self.to_tag)
            self.sender.send(self.bytes)
            self.end('sent')

    def end(self, how):
        if self.over:
            return
        self.over = True
        if self.line:
            self.line.close()
        self.sender.sent(self, how)


def tag_of(m):
    found = re.search(r';tag=([^;,\s]+)', m.get('to'))
    return found.group(1) if found else ''


class Sender(ledger.Sender):
    """Writes pager messages, and large ones to everybody in turn, two at a time."""

    AT_ONCE = 2

    def __init__(self, world, number):
        super().__init__(world, number)
        self.sendings, self.large_number = {}, 0

    def send(self, data):
        try:
            self.socket.sendto(data, self.world.server.address)
        except OSError:
            pass

    def send_large(self):
        if self.world.final:
            return
        self.large_number += 1
        chance = self.world.random
        # Mostly small ones, so that there are many.
        size = int(SMALLEST * (LARGEST / SMALLEST) ** chance.random())
        message = Large(self, chance.choice(self.world.users), self.large_number, size)
        self.world.larges[message.name] = message
        sending = Sending(self, message)
        self.sendings[sending.call_id] = sending

    def sent(self, sending, how):
        self.sendings.pop(sending.call_id, None)
        self.world.large_ends[how] = self.world.large_ends.get(how, 0) + 1
        self.world.later(self.world.pause(), self.send_large)

    def other(self, m):
        sending = self.sendings.get(m.get('call-id'))
        if sending and m.status:
            sending.response(m)
        elif m.method:  # the server ends a session
            self.send(sip.answer(m, 200))

    def forget(self):
        for sending in list(self.sendings.values()):
            sending.end('killed')


class World(ledger.World):
    USER, SENDER = User, Sender
    LIFE_S = 0.8

    def __init__(self, server, seed):
        self.larges, self.large_ends, self.large_again = {}, {}, 0
        super().__init__(server, seed)

    def said(self):
        return f'{len(self.larges)} large messages'

    def begin(self):
        super().begin()
        for sender in self.senders:
            for _ in range(sender.AT_ONCE):
                self.later(self.pause(), sender.send_large)

    def kill(self):
        super().kill()
        for sender in self.senders:
            sender.forget()
        for user in self.users:
            for device in user.devices:
                device.forget()


# ---- The accounts

def settle_large(world):
    lost = [m for m in world.larges.values() if m.acknowledged and not m.had]
    for m in lost[:20]:
        world.fault(f'lost: {m.name}, {len(m.data)} bytes, acknowledged in life {m.acknowledged[0]}')
    return len(lost)


class History:
    """One owner's, as the server has it, beside what it should be."""

    def __init__(self, world, owner, sent):
        self.world, self.server, self.owner, self.sent = world, world.server, owner, sent
        self.found = {}
        self.path = f'/v1/users/{owner.name}/history'

    def read(self):
        after, more = 0, True
        while more:
            status, page = self.server.ask('GET', f'{self.path}?limit={PAGE}&after={after}')
            if status != 200:
                self.world.fault(f'history: {self.owner.name} answers {status}')
                return
            for entry in page['history']:
                self.take(entry)
                after = entry['id']
            more = page.get('more')

    def take(self, entry):
        if entry['aborted']:
            return
        data = b''
        while len(data) < entry['size']:
            piece = self.server.fetch(f'{self.path}/{entry["id"]}/content?at={len(data)}')
            if not piece:
                break
            data += piece
        name = self.known(data)
        if not name or (entry['direction'] == 'out') != self.sent:
            self.world.fault(f'history: {self.owner.name} has what was not sent, {entry["kind"]} {data[:60]!r}')
            return
        self.found[name] = self.found.get(name, 0) + 1
        if self.found[name] == 2:
            self.world.fault(f'history: {self.owner.name} has {name} twice')

    def known(self, data):
        found = NAME.match(data)
        if found:
            message = self.world.larges.get(found.group()[:-1].decode())
            return message.name if message and hashlib.sha256(data).digest() == message.hash else None
        text = self.world.texts.get(data.decode('latin-1'))
        return text.call_id if text else None

    def wanted(self):
        mine = (lambda x: x.sender is self.owner) if self.sent else (lambda x: x.user is self.owner)
        for text in self.world.texts.values():
            if mine(text) and text.acknowledged and (self.sent or text.had_by):
                yield text.call_id
        for m in self.world.larges.values():
            # The recipient's is written when a device has it; the last that has it counts.
            at = m.acknowledged if self.sent or not m.had else max(m.had.values(), key=lambda a: a[1])
            if mine(m) and m.acknowledged and at and was_written(self.world, at):
                yield m.name

    def judge(self):
        self.read()
        missing = [name for name in self.wanted() if name not in self.found]
        for name in missing[:5]:
            self.world.fault(f'history: {self.owner.name} lacks {name}')
        return len(self.found)

    def delete(self):
        self.server.ask('DELETE', self.path)


def files_of(server):
    return [os.path.join(path, name) for path, _, names in os.walk(server.db + '-content') for name in names]


def judge_histories(world, histories):
    entries = sum(h.judge() for h in histories)
    for h in histories:
        h.delete()
    until = time.monotonic() + 10
    while files_of(world.server) and time.monotonic() < until:
        world.run(0.1)
    if files_of(world.server):
        world.fault(f'orphans: {files_of(world.server)[:5]} belong to nothing')
    return entries


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('parleyd')
    parser.add_argument('--points', type=int, default=30)
    parser.add_argument('--seed', type=int, default=int(time.time()))
    parser.add_argument('--keep', action='store_true')
    options = parser.parse_args()
    print(f'1..1\n# seed {options.seed}, {options.points} points', flush=True)

    server = Server(options.parleyd, 'deferred: {quota: 100000}\nmedia-path: always\n'
                    f'msrp: {{listen: [tcp:127.0.0.1:{free_port(ledger.sip.socket.SOCK_STREAM)}]}}\n')
    world = World(server, options.seed)
    begun = time.monotonic()
    # Half of each.
    histories = [History(world, u, False) for u in world.users[::2]]
    histories += [History(world, s, True) for s in world.senders[::2]]
    lost = entries = 0
    try:
        server.start()
        if not server.wait_ready():
            sys.exit('Bail out! parleyd does not start\n' + server.show_log())
        server.add_users([u.name for u in world.users] + [s.name for s in world.senders])
        for h in histories:
            status, _ = server.ask('PUT', f'/v1/users/{h.owner.name}/settings', {'history.pager-large': True})
            assert status < 300, f'history of {h.owner.name}: {status}'
        ledger.play(world, options.points)
        lost = ledger.settle(world) + settle_large(world)
        if server.running():
            world.run(2 * MOMENT_S)
            entries = judge_histories(world, histories)
            if server.stop() != 0:
                world.fault('parleyd does not end cleanly')
        if world.faults:
            print(server.show_log())
    finally:
        server.close(options.keep)
    larges = world.larges.values()
    print(f'# {time.monotonic() - begun:.0f} s: {len(larges)} large messages, '
          f'{sum(1 for m in larges if m.acknowledged)} acknowledged, {sum(1 for m in larges if m.had)} taken, '
          f'{sum(1 for m in larges if m.waited)} after they had waited; {world.large_ends}')
    print(f'# {len(world.texts)} pager messages, answers {world.statuses}; {entries} entries of histories')
    print(f'# {lost} lost; {world.large_again} large ones again whose answer had not reached the disk')
    print(f'{"not ok" if world.faults else "ok"} 1 - large messages and histories: nothing lost, halved or doubled')
    sys.exit(1 if world.faults else 0)


main()
