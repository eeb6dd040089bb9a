# SPDX-License-Identifier: Apache-2.0
"""One parleyd on loopback: configured, started, killed, asked."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

DOMAIN = 'ledger.test'


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Server:
    def __init__(self, parleyd, more=''):
        self.parleyd = parleyd
        self.dir = tempfile.mkdtemp(prefix='parley-ledger.')
        self.port = free_port(socket.SOCK_DGRAM)
        self.admin = free_port(socket.SOCK_STREAM)
        self.db = os.path.join(self.dir, 'parley.db')
        self.log = os.path.join(self.dir, 'log')
        self.process = None
        self.generation = 0
        with open(os.path.join(self.dir, 'parley.yaml'), 'w') as f:
            f.write(f'domain: {DOMAIN}\nlisten: [udp:127.0.0.1:{self.port}]\nauthenticate: false\n'
                    f"store: 'sqlite:{self.db}'\nadmin: {{listen: 127.0.0.1:{self.admin}}}\n"
                    f'log: {{level: notice}}\n{more}')

    @property
    def address(self):
        return ('127.0.0.1', self.port)

    def start(self, before=None):
        """Starts; does not wait. `before` runs in the new process."""
        self.generation += 1
        self.process = subprocess.Popen([self.parleyd, '-c', os.path.join(self.dir, 'parley.yaml')],
                                        stdout=subprocess.DEVNULL, stderr=open(self.log, 'ab'), preexec_fn=before)

    def running(self):
        return self.process is not None and self.process.poll() is None

    def wait_ready(self, seconds=20):
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.running():
            try:
                self.ask('GET', '/v1/status')
                return True
            except OSError:
                time.sleep(0.01)
        return False

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds=30):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def ask(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        r = urllib.request.Request(f'http://127.0.0.1:{self.admin}{path}', data=data, method=method)
        try:
            with urllib.request.urlopen(r, timeout=10) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as e:
            return e.code, None

    def fetch(self, path):
        """What is no JSON, as it is."""
        with urllib.request.urlopen(f'http://127.0.0.1:{self.admin}{path}', timeout=10) as answer:
            return answer.read()

    def add_users(self, names):
        for name in names:
            status, _ = self.ask('POST', '/v1/users', {'user': name, 'password': 'x'})
            assert status < 300, f'user {name}: {status}'

    def show_log(self):
        with open(self.log, errors='replace') as f:
            return ''.join('# ' + line for line in f.readlines()[-30:])

    def close(self, keep=False):
        if self.running():
            self.kill()
        if not keep:
            shutil.rmtree(self.dir, ignore_errors=True)
