# SPDX-License-Identifier: Apache-2.0
"""The server under test, and the operator's ways of asking it."""
import collections
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess

from port import free_port
from process import Process, until
from tap import check, check_eq

PARLEYD = os.environ.get("PARLEYD", "parleyd")
PARLEYCTL = os.environ.get("PARLEYCTL", "parleyctl")

# What must be nothing when all work is done. What clients still hold open counts as work.
GAUGES = ("sip.txn.pending", "sip.txn.client", "sip.txn.lingering", "sip.connections", "sip.dialog.open",
          "sip.invite.open", "sip.invite.setting_up", "im.sessions", "msrp.sessions", "msrp.connections",
          "msrp.transactions")
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

    def __init__(self, directory, host="127.0.0.1", listen=("udp", "tcp"), linger="2s", env=None, keys=None,
                 port=None):
        self.dir = pathlib.Path(directory)
        self.host, self.listen, self.env = host, listen, env
        self.port, self.admin_port = port or free_port(host), free_port()
        self.tls_port = self.port + 1
        self.msrp_port = free_port(host)
        self.msrp_tls_port = self.msrp_port + 1
        self.descriptors = None
        self.config = self.dir / "parley.yaml"
        self.keys = {
            "domain": "example.org",
            "listen": f"[{', '.join(self.listener(transport) for transport in listen)}]",
            "msrp": f"{{listen: ['tcp:{self.address(self.msrp_port)}'{self.msrp_tls()}]}}",
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

    def msrp_tls(self):
        return f", 'tls:{self.address(self.msrp_tls_port)}'" if "tls" in self.listen else ""

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
        self.note_descriptors()
        return self

    def reload(self):
        """SIGHUP; returns the line that says how it went."""
        seen = len(self.process.output())
        self.process.signal(signal.SIGHUP)
        return self.process.wait_for(r"(reloaded|reload failed).*\n", since=seen).group(0)

    def note_descriptors(self):
        """Now nothing is under way: what is open now is open at the end, and no more."""
        until(lambda: not self.busy(), lambda: f"a server without clients is idle: {self.busy()}")
        self.descriptors = self.open_descriptors()

    def open_descriptors(self):
        """How many of each kind the process has. The database's own files are opened when they are wanted."""
        directory = pathlib.Path(f"/proc/{self.process.child.pid}/fd")
        kinds = collections.Counter()
        for entry in directory.iterdir():
            try:
                target = os.readlink(entry)
            except FileNotFoundError:
                continue
            if not target.startswith(str(self.dir)):
                kinds[target.split(":")[0]] += 1
        return kinds

    @staticmethod
    def is_sanitized():
        """Built with a sanitizer, which keeps memory for purposes of its own."""
        return b"__asan_init" in pathlib.Path(shutil.which(PARLEYD) or PARLEYD).read_bytes()

    def check_memory(self, kb, limit_kb, what):
        check(kb <= limit_kb or self.is_sanitized(), lambda: f"{what}: {kb} kB, {limit_kb} kB at the most")

    def memory_kb(self):
        """Resident, now."""
        status = pathlib.Path(f"/proc/{self.process.child.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

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

    def wait_idle(self, deadline_s=60, connections=0):
        """Until nothing is under way any more, and nothing is open that was not at the start; `connections` of SIP, to
        another server, may stay."""
        until(lambda: self.busy() in ({}, {"sip.connections": connections}),
              lambda: f"gauges are zero: {self.busy()}", deadline_s)
        left = collections.Counter(socket=self.busy().get("sip.connections", 0))
        until(lambda: not self.open_descriptors() - self.descriptors - left,
              lambda: f"descriptors that stayed open: {self.open_descriptors() - self.descriptors}", deadline_s)

    def busy(self):
        values = self.metrics()
        missing = [name for name in GAUGES if name not in values]
        check(not missing, f"gauges that the server does not have: {missing}")
        return {name: values[name] for name in GAUGES if values[name]}

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
