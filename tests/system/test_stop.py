# SPDX-License-Identifier: Apache-2.0
"""The end of a server, and what its service manager is told."""
import os
import signal
import socket

from process import Process, until
from server import PARLEYD, Server
from sip import Endpoint
from sipp import Sipp, register
from tap import case, check, check_eq, check_in, run
from world import World


class Manager:
    """The socket of a service manager (sd_notify(3))."""

    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(20)
        self.told = []

    def wait_for(self, state):
        while state not in self.told:
            self.told += self.socket.recv(4096).decode().split("\n")

    def close(self):
        self.socket.close()


class Another:
    """A server of its own for one case."""

    def __init__(self, world, users=("alice", "bob"), **options):
        self.world, self.dir, self.clients = world, world.dir, world.clients
        self.server = Server(world.directory("another"), **options).start()
        self.server.add_users(*users)

    def directory(self, name):
        return self.world.directory(name)

    def add(self, client):
        return self.world.add(client)

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.world.server.earlier_log += f"---- another server\n{self.server.log()[-8000:]}"
        self.server.kill()


@case("the service manager is told READY=1, RELOADING=1 and STOPPING=1")
def notified(world):
    manager = Manager(str(world.directory("manager") / "notify"))
    with Another(world, env={"NOTIFY_SOCKET": manager.path}) as another:
        manager.wait_for("READY=1")
        manager.told = []
        another.server.process.signal(signal.SIGHUP)
        manager.wait_for("RELOADING=1")
        manager.wait_for("READY=1")
        check("STOPPING=1" not in manager.told, "it is not stopping yet")
        another.server.stop()
        manager.wait_for("STOPPING=1")
    manager.close()


@case("an abstract socket of the service manager is understood")
def notified_abstract(world):
    name = f"parley-system-{os.getpid()}"
    manager = Manager(f"\0{name}")
    with Another(world, env={"NOTIFY_SOCKET": f"@{name}"}) as another:
        manager.wait_for("READY=1")
        another.server.stop()
        manager.wait_for("STOPPING=1")
    manager.close()


@case("SIGTERM under load: what is under way is finished, exit status 0")
def under_load(world):
    with Another(world) as another:
        device = register(another, "bob", fill={"STATUS": 200})
        Sipp(another, "message-taken", "bob", port=device, calls=100000)
        Sipp(another, "message", "alice", to="bob", calls=5000, rate=500, fill={"STATUS": 200})
        until(lambda: another.server.count("im.delivered") > 300, "messages flow")
        another.server.stop()
        check("work unfinished" not in another.server.log(), "it gave up on work under way")


@case("what is under way when SIGTERM comes is finished, and new work is answered 503")
def finishes(world):
    with Another(world) as another:
        alice, bob = Endpoint(another.server), Endpoint(another.server)
        bob.register("bob")
        request = alice.send_message("alice", "bob", "the last one")
        arrived = bob.receive(lambda m: m.method == "MESSAGE" and not m.status)
        another.server.process.signal(signal.SIGTERM)
        another.server.process.wait_for("stopping: finishing what is under way")
        late = alice.request("OPTIONS", "sip:example.org", "sip:alice@example.org", "sip:example.org")
        refused = alice.ask(late)
        check_eq(refused.status, 503, "the answer to new work")
        check(refused.get("Retry-After"), "it should say when to try again")
        bob.send(arrived.response(200, "OK"))
        check_eq(alice.final(request).status, 200, "alice's answer")
        check_eq(another.server.process.wait(15), 0, "exit status")
        check("work unfinished" not in another.server.log(), "it says that work was unfinished")
        alice.close()
        bob.close()


@case("SIGINT ends it as well")
def interrupted(world):
    with Another(world) as another:
        another.server.process.signal(signal.SIGINT)
        check_eq(another.server.process.wait(15), 0, "exit status")


def refused(world, **keys):
    """What a server says that cannot start."""
    second = Server(world.directory("second"))
    second.write_config(**keys)
    second.process = world.add(Process("a second parleyd", [PARLEYD, "-c", second.config], second.dir))
    check_eq(second.process.wait(), 1, "exit status")
    return second.log()


@case("a port that is taken: exit status 1, and the key to change is named")
def taken(world):
    said = refused(world, listen=f"['udp:{world.server.at}']")
    check_in(f"cannot listen on udp:{world.server.at}", said, "the message")
    check_in("`listen`", said, "the message")


@case("an admin port that is taken: exit status 1, and the key to change is named")
def admin_taken(world):
    said = refused(world, admin=f"{{listen: '127.0.0.1:{world.server.admin_port}'}}")
    check_in(f"cannot listen on 127.0.0.1:{world.server.admin_port}", said, "the message")
    check_in("`admin.listen`", said, "the message")


@case("a database that cannot be opened: exit status 1, and it is named")
def no_database(world):
    check_in("/dev/null/parley.db", refused(world, store="sqlite:/dev/null/parley.db"), "the message")


run(World)
