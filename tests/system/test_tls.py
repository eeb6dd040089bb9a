# SPDX-License-Identifier: Apache-2.0
"""TLS: messages, certificates that change without a restart, peers that do not know TLS."""
import socket
import ssl
import warnings

from certificate import make_certificate
from parley import Parley
from process import until
from sip import Endpoint
from tap import case, check, check_eq, check_in, run
from world import World

ACCOUNTS = """\
accounts:
  - account: sip:{user}@example.org
    password: {user}-secret
    server: {server};transport=tls
    ca-file: {ca}
"""


class Secure(World):
    """The server with a certificate of its own making."""

    def __init__(self):
        super().__init__(listen=("udp", "tcp", "tls"))

    def prepare(self):
        make_certificate(self.server.dir, "first")
        path = self.server.dir / "server"
        self.server.write_config(tls=f"{{certificate: {path}.pem, key: {path}.key}}")

    def presented(self):
        """The certificate that a new connection sees, PEM."""
        return ssl.get_server_certificate((self.server.host, self.server.tls_port))

    def certificate(self):
        return (self.server.dir / "server.pem").read_text()

    def reload(self):
        return self.server.reload()


def same(a, b):
    return ssl.PEM_cert_to_DER_cert(a) == ssl.PEM_cert_to_DER_cert(b)


@case("from TLS to UDP and from UDP to TLS")
def message(world):
    alice, bob = Endpoint(world.server, "tls"), Endpoint(world.server)
    check_eq(alice.register("alice").status, 200, "alice's registration")
    check_eq(bob.register("bob").status, 200, "bob's registration")
    check(world.server.registrations("alice")[0]["received"].startswith("tls:"), "alice is registered over TLS")
    request = alice.send_message("alice", "bob", "from TLS")
    check_eq(bob.take().body, "from TLS", "what bob got")
    check_eq(alice.final(request).status, 200, "alice's answer")
    request = bob.send_message("bob", "alice", "to TLS")
    check_eq(alice.take().body, "to TLS", "what alice got")
    check_eq(bob.final(request).status, 200, "bob's answer")
    alice.register("alice", 0)
    bob.register("bob", 0)
    alice.close()
    bob.close()


@case("the bundled client over TLS, trusting the certificate by its file")
def bundled(world):
    def client(user):
        directory = world.directory(f"accounts-{user}")
        path = directory / "accounts.yaml"
        path.write_text(ACCOUNTS.format(user=user, server=world.server.tls_at, ca=world.server.dir / "server.pem"))
        path.chmod(0o600)
        return Parley(world, user, config=path)

    listener = client("bob")
    listening = listener.listen("--count", "1", "--timeout", "20")
    world.server.wait_registered("bob")
    check(world.server.registrations("bob")[0]["received"].startswith("tls:"), "bob is registered over TLS")
    check_eq(client("alice").send("bob", "in confidence"), 0, "exit status of parley send")
    listener.expect("alice", "in confidence")
    check_eq(listening.wait(), 0, "exit status of parley listen")


@case("the bundled client does not trust a certificate that nobody vouches for")
def untrusted(world):
    sender = Parley(world, "alice", f"{world.server.tls_at};transport=tls")
    check_eq(sender.send("bob", "hello"), 1, "exit status of parley send")
    check_in("certificate", sender.process.output(), "what the sender is told")


@case("SIGHUP: a new connection sees the new certificate, an old connection goes on")
def reload(world):
    old = Endpoint(world.server, "tls")
    check_eq(old.register("alice").status, 200, "the registration before")
    check(same(world.presented(), world.certificate()), "the certificate presented is not the first")
    make_certificate(world.server.dir, "second")
    check_in("reloaded", world.reload(), "the log")
    check(same(world.presented(), world.certificate()), "the certificate presented is not the second")
    check_eq(old.register("alice", 0).status, 200, "the answer on the old connection")
    old.close()


@case("SIGHUP with a certificate that is none: the old one stays, and the log says so")
def bad_reload(world):
    good = world.certificate()
    (world.server.dir / "server.pem").write_text("no certificate\n")
    check_in("reload failed, going on as before", world.reload(), "the log")
    check(same(world.presented(), good), "the certificate presented is not the one of before")
    (world.server.dir / "server.pem").write_text(good)
    check_in("reloaded", world.reload(), "the log")


@case("SIGHUP with a configuration that is wrong changes nothing, and its line is in the log")
def bad_configuration(world):
    good = world.server.config.read_text()
    world.server.config.write_text(good + "lissten: x\n")
    check_in("reload failed", world.reload(), "the log")
    until(lambda: "did you mean listen?" in world.server.process.output(), "the mistake is in the log")
    world.server.config.write_text(good)
    check_in("reloaded", world.reload(), "the log")


@case("what is no TLS on the TLS port is closed and counted")
def no_tls(world):
    before = world.server.count("base.tls.handshake_failed")
    with socket.create_connection((world.server.host, world.server.tls_port), timeout=10) as s:
        s.sendall(b"OPTIONS sip:example.org SIP/2.0\r\n\r\n")
        try:
            while s.recv(4096):
                pass
        except ConnectionResetError:
            pass
    until(lambda: world.server.count("base.tls.handshake_failed") > before, "base.tls.handshake_failed moves")


@case("TLS 1.1 is refused")
def old_tls(world):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    warnings.simplefilter("ignore", DeprecationWarning)
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    try:
        Endpoint(world.server, "tls", context=context).close()
    except (ssl.SSLError, OSError):
        return
    check(False, "a connection of TLS 1.1 was taken")


run(Secure)
