# SPDX-License-Identifier: Apache-2.0
"""The server under test, and the operator's ways of asking it."""
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess

from port import free_port
from process import Process, until
from tap import check, check_eq

PARLEYD = os.environ.get("PARLEYD", "parleyd")
PARLEYCTL = os.environ.get("PARLEYCTL", "parleyctl")

# What must be nothing when all work is done. What clients still hold open counts as work.
GAUGES = ("sip.txn.pending", "sip.txn.client", "sip.txn.lingering", "sip.connections")
REPORTS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "WARNING: ThreadSanitizer",
           "Assertion", "assertion failed")


class Answer:
    """What parleyctl did."""

    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    def json(self):
        return json.loads(self.out)


class Server:
    """parleyd with a configuration of its own, on ports that are free.

    `listen` names transports; `keys` are further keys of the configuration, or other values for those below.
    """

    def __init__(self, directory, host="127.0.0.1", listen=("udp", "tcp"), linger="2s", env=None, keys=None):
        self.dir = pathlib.Path(directory)
        self.host, self.listen, self.env = host, listen, env
        self.port, self.admin_port = free_port(host), free_port()
        self.tls_port = self.port + 1
        self.config = self.dir / "parley.yaml"
        self.keys = {
            "domain": "example.org",
            "listen": f"[{', '.join(self.listener(transport) for transport in listen)}]",
            "store": f"sqlite:{self.dir}/parley.db",
            "admin": f"{{listen: '127.0.0.1:{self.admin_port}'}}",
            "timers": f"{{linger: {linger}}}",
            "log": "{level: debug}",
            **(keys or {}),
        }
        self.process = None
        self.earlier_log = ""
        self.write_config()

    @property
    def at(self):
        """HOST:PORT of UDP and TCP."""
        return self.address(self.port)

    @property
    def tls_at(self):
        return self.address(self.tls_port)

    @property
    def host_text(self):
        """As in a URI: an IPv6 address has brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host

    def address(self, port):
        return f"{self.host_text}:{port}"

    def listener(self, transport):
        # Quoted: an IPv6 address has brackets and colons of its own.
        return f"'{transport}:{self.tls_at if transport == 'tls' else self.at}'"

    def write_config(self, **keys):
        self.keys.update(keys)
        self.config.write_text("".join(f"{key}: {value}\n" for key, value in self.keys.items()))

    def start(self):
        self.process = Process("parleyd", [PARLEYD, "-c", self.config], self.dir, env=self.env)
        self.wait_healthy()
        return self

    def wait_healthy(self):
        until(self.is_healthy, "parleyd answers /v1/health")

    def is_healthy(self):
        check(self.process.alive(), "parleyd ended instead of starting")
        try:
            return self.get("/v1/health")[0] == 200
        except OSError:
            return False

    def get(self, path):
        """Status and body of an answer of the admin API."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def metrics(self):
        """All counters and gauges by their names in the server: parley_sip_requests_total is sip.requests."""
        return json.loads(self.get("/v1/counters")[1])["counters"]

    def count(self, name):
        return self.metrics().get(name, 0)

    def ctl(self, *args, stdin=None, env=None):
        """Runs parleyctl against this server."""
        done = subprocess.run([PARLEYCTL, "--admin", f"127.0.0.1:{self.admin_port}", *args], cwd=self.dir,
                              input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL,
                              env=dict(os.environ, **(env or {})), capture_output=True, text=True, timeout=60,
                              check=False)
        return Answer(done)

    def add_users(self, *names):
        """Users whose password is NAME-secret."""
        for name in names:
            done = self.ctl("user", "add", name, "--password", f"{name}-secret")
            check(done.status == 0, f"user add {name}: {done.err}")

    def renew_users(self, *names):
        """The same accounts without any device: those of killed clients would be reached for still."""
        for name in names:
            self.ctl("user", "del", name)
        self.add_users(*names)

    def registrations(self, user=None):
        path = "/v1/registrations" + (f"?user={user}" if user else "")
        return json.loads(self.get(path)[1])["registrations"]

    def wait_registered(self, user, devices=1):
        until(lambda: len(self.registrations(user)) == devices,
              lambda: f"{user} has {devices} devices: {self.registrations(user)}")

    def wait_idle(self, deadline_s=30):
        """Until nothing is under way any more."""
        until(lambda: not self.busy(), lambda: f"gauges are zero: {self.busy()}", deadline_s)

    def busy(self):
        values = self.metrics()
        return {name: values[name] for name in GAUGES if values.get(name)}

    def stop(self, deadline_s=15):
        """Ends it as a service manager does; it must say so and be clean."""
        self.process.signal(signal.SIGTERM)
        status = self.process.wait(deadline_s)
        self.check_log()
        check_eq(status, 0, "exit status of parleyd after SIGTERM")

    def crash(self):
        self.process.signal(signal.SIGKILL)
        self.process.wait()
        self.earlier_log += self.process.output()
        self.process = None

    def check_log(self):
        for report in REPORTS:
            check(report not in self.log(), f"the server's log has: {report}")

    def log(self):
        return self.earlier_log + (self.process.output() if self.process else "")

    def send_datagram(self, data):
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            s.sendto(data, (self.host, self.port))

    def kill(self):
        if self.process:
            self.process.kill()
