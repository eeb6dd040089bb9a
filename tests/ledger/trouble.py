#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Bad days of the store: a full disk, a store that cannot be written, one that is slow for seconds, a WAL with
rubbish at its end. The server answers 5xx, lives, and nothing that it acknowledged is lost.

    trouble.py PARLEYD
"""
import os
import resource
import signal
import sqlite3
import sys
import time

sys.dont_write_bytecode = True

import sip  # noqa: E402
from server import DOMAIN, Server


class Sender:
    """Sends one message after the other, and waits for each answer."""

    def __init__(self, server):
        self.server = server
        self.socket = sip.udp_socket()
        self.port = self.socket.getsockname()[1]
        self.number = 0
        self.kept = []

    def send(self, size=20, seconds=12):
        self.number += 1
        call_id = f'm{self.number}@trouble'
        uri = f'sip:bob@{DOMAIN}'
        data = sip.request('MESSAGE', uri, self.port, f'b{self.number}', f'sip:alice@{DOMAIN}', uri, call_id, 1,
                           ('Content-Type: text/plain',), call_id.encode() + b'.' * size)
        until, again = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            if time.monotonic() >= again:
                self.socket.sendto(data, self.server.address)
                again = time.monotonic() + 0.5
            try:
                m = sip.Message(self.socket.recv(65536))
            except OSError:
                time.sleep(0.002)
                continue
            if m.status >= 200 and m.get('call-id') == call_id:
                if m.status == 202:
                    self.kept.append(call_id)
                return m.status
        return 0


def receive_all(server, seconds=20):
    """bob registers and takes everything; the Call-IDs in the order in which they came."""
    s, came, until, again = sip.udp_socket(), [], time.monotonic() + seconds, 0
    port = s.getsockname()[1]
    quiet = time.monotonic() + 3
    cseq = 0
    while time.monotonic() < min(until, quiet):
        if time.monotonic() >= again and not came:
            cseq += 1
            again = time.monotonic() + 0.5
            uri = f'sip:bob@{DOMAIN}'
            s.sendto(sip.request('REGISTER', f'sip:{DOMAIN}', port, f'reg{cseq}', uri, uri, 'reg@trouble', cseq,
                                 (f'Contact: <sip:bob@127.0.0.1:{port}>', 'Expires: 600')), server.address)
        try:
            m = sip.Message(s.recv(65536))
        except OSError:
            time.sleep(0.002)
            continue
        if m.method == 'MESSAGE':
            quiet = time.monotonic() + 1
            if m.get('call-id') not in came:
                came.append(m.get('call-id'))
            s.sendto(sip.answer(m, 200), server.address)
    return came


class Case:
    def __init__(self, parleyd, more=''):
        self.server = Server(parleyd, more)
        self.faults = []

    def check(self, ok, text):
        if not ok:
            self.faults.append(text)

    def begin(self, before=None):
        self.server.start(before)
        self.check(self.server.wait_ready(), 'parleyd does not start')
        self.server.add_users(['alice', 'bob'])
        return Sender(self.server)

    def end(self, sender):
        self.check(self.server.running(), 'parleyd has ended')
        if self.server.running():
            came = receive_all(self.server)
            self.check(came == sender.kept, f'kept {len(sender.kept)}, came {len(came)}: '
                       f'missing {[c for c in sender.kept if c not in came][:5]}')
            self.check(self.server.stop() == 0, 'parleyd does not end cleanly')


def full_disk(case):
    """RLIMIT_FSIZE is a disk of that size, for root too."""
    limit = 600 * 1024

    def small():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    sender = case.begin(small)
    statuses = [sender.send(8000) for _ in range(200)]
    case.check(202 in statuses, f'nothing was kept: {set(statuses)}')
    case.check(500 in statuses or 503 in statuses, f'the disk was never full: {set(statuses)}')
    case.check(set(statuses) <= {202, 500, 503}, f'answers {set(statuses)}')
    case.check(case.server.running(), 'parleyd ended when the disk was full')
    resource.prlimit(case.server.process.pid, resource.RLIMIT_FSIZE,
                     (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    case.check(sender.send() == 202, 'room again, and nothing is kept')
    case.end(sender)


def read_only(case):
    """Files and folder that the process may not write: it says so and does not serve, or serves and answers 5xx."""
    sender = case.begin()
    for _ in range(10):
        case.check(sender.send() == 202, 'not kept')
    case.server.stop()
    folder = case.server.dir
    modes = {os.path.join(folder, name): 0o444 for name in os.listdir(folder) if name.startswith('parley.db')}
    for path in modes:
        os.chmod(path, 0o444)
    os.chmod(folder, 0o555)

    def nobody():
        if os.getuid() == 0:
            os.setgid(65534)
            os.setuid(65534)

    case.server.start(nobody)
    if case.server.wait_ready(5):
        status = sender.send()
        case.check(status in (500, 503), f'answer {status}')
        case.server.kill()
    else:
        case.check(case.server.process.wait() == 1, 'it ended otherwise than by saying so')
        with open(case.server.log, errors='replace') as f:
            said = f.read().splitlines()[-1]
        case.check(case.server.db in said or 'read' in said, f'it does not say why: {said}')
    os.chmod(folder, 0o755)
    for path in modes:
        os.chmod(path, 0o644)
    case.server.start()
    case.check(case.server.wait_ready(), 'parleyd does not start again')
    case.check(sender.send() == 202, 'writable again, and nothing is kept')
    case.end(sender)


def slow(case):
    """Somebody else holds the database: 2 s are waited out, 8 s are not."""
    sender = case.begin()
    other = sqlite3.connect(case.server.db, isolation_level=None)
    case.check(sender.send() == 202, 'not kept')
    begun = time.monotonic()
    other.execute('BEGIN IMMEDIATE')
    # The answer comes when the store does; the lock is let go by a timer.
    signal.signal(signal.SIGALRM, lambda *_: other.execute('ROLLBACK'))
    signal.setitimer(signal.ITIMER_REAL, 2)
    case.check(sender.send() == 202, 'not kept after 2 s')
    case.check(time.monotonic() - begun > 1.9, '202 before it could be on disk')
    other.execute('BEGIN IMMEDIATE')
    signal.setitimer(signal.ITIMER_REAL, 8)
    begun = time.monotonic()
    status = sender.send()
    case.check(status in (500, 503), f'answer {status} of a store that is away')
    time.sleep(max(0, 8.2 - (time.monotonic() - begun)))
    case.check(sender.send() == 202, 'it is back, and nothing is kept')
    other.close()
    case.end(sender)


def corrupt_tail(case):
    """kill -9, and what a torn write leaves behind the last commit."""
    sender = case.begin()
    for rubbish in (b'\0', b'\xff' * 24, os.urandom(4096 + 24), os.urandom(30000), None):
        for _ in range(20):
            case.check(sender.send(500) == 202, 'not kept')
        case.server.kill()
        wal = case.server.db + '-wal'
        with open(wal, 'ab') as f:
            if rubbish is None:
                # The last page written once more, with its checksum broken.
                with open(wal, 'rb') as r:
                    r.seek(-(4096 + 24), os.SEEK_END)
                    rubbish = bytearray(r.read())
                rubbish[16] ^= 1
            f.write(rubbish)
        case.server.start()
        case.check(case.server.wait_ready(), 'parleyd does not start')
    case.end(sender)


CASES = (full_disk, read_only, slow, corrupt_tail)


def main():
    failed = 0
    print(f'1..{len(CASES)}')
    for number, play in enumerate(CASES, 1):
        case = Case(sys.argv[1])
        try:
            play(case)
        except Exception as e:  # noqa: the others are to be played
            case.faults.append(f'{type(e).__name__}: {e}')
        finally:
            for fault in case.faults:
                print(f'# {fault}')
            if case.faults:
                print(case.server.show_log())
                failed += 1
            os.chmod(case.server.dir, 0o755)
            case.server.close()
        print(f'{"not ok" if case.faults else "ok"} {number} - {play.__name__.replace("_", " ")}', flush=True)
    sys.exit(1 if failed else 0)


main()
