# SPDX-License-Identifier: Apache-2.0
"""SIP and MSRP over TLS between two bundled clients, the server in the media path, certificates of a private CA."""
from certificate import Authority
from parley import Parley
from tap import case, check, check_eq, check_in, run
from world import World

ACCOUNTS = """\
accounts:
  - account: sip:{user}@example.org
    password: {user}-secret
    server: {server};transport={transport}
    media: {media}
    ca-file: {ca}
"""

# What an operator's certificate may name: RFC 5922 4 for SIP, RFC 4975 6.1 for MSRP, whose paths have the host of the
# listener. The last is what most authorities make.
NAMES = (
    "URI:sip:example.org,URI:sip:127.0.0.1",
    "URI:sip:example.org,DNS:example.org,IP:127.0.0.1",
    "DNS:example.org,IP:127.0.0.1",
)


class SecureSessions(World):
    def __init__(self):
        super().__init__(listen=("udp", "tcp", "tls"), keys={"media-path": "always"})

    def prepare(self):
        self.authority = Authority(self.server.dir)
        self.certify(NAMES[0])
        path = self.server.dir
        self.server.write_config(tls=f"{{certificate: {path}/server.pem, key: {path}/server.key, ca: {path}/ca.pem}}")

    def certify(self, names):
        self.authority.certify("server", names)

    def client(self, user, transport="tls", media="tls", more=""):
        directory = self.directory(f"accounts-{user}")
        path = directory / "accounts.yaml"
        at = self.server.tls_at if transport == "tls" else self.server.at
        path.write_text(ACCOUNTS.format(user=user, server=at, transport=transport, media=media,
                                        ca=self.server.dir / "ca.pem") + more)
        path.chmod(0o600)
        return Parley(self, user, config=path)

    def renew(self, names):
        """The server with another certificate, by SIGHUP."""
        self.certify(names)
        check_in("reloaded", self.server.reload(), "the log")


def large_message(world, media, bob_media):
    text = f"in confidence, {media} and {bob_media}"
    listener = world.client("bob", media=bob_media)
    listening = listener.listen("--count", "1", "--timeout", "20")
    world.server.wait_registered("bob")
    check_eq(world.client("alice", media=media).send("bob", text, "--large"), 0, "exit status of parley send --large")
    listener.expect("alice", text)
    check_eq(listening.wait(), 0, "exit status of parley listen")


@case("a large message, whatever form the certificate's names have")
def names(world):
    for form in NAMES:
        world.renew(form)
        large_message(world, "tls", "tls")
        world.end_case()


@case("MSRP over TLS on one side, over TCP on the other")
def mixed(world):
    for media, bob_media in (("tls", "tcp"), ("tcp", "tls")):
        large_message(world, media, bob_media)
        world.end_case()


@case("a chat there and back, and a line of 50 kB")
def chat(world):
    bob, alice = world.client("bob"), world.client("alice")
    hers = bob.run("chat", stdin=True)
    world.server.wait_registered("bob")
    his = alice.run("chat", "sip:bob@example.org", "--report", "delivery", stdin=True)
    his.say("how are you?")
    hers.wait_for(r"how are you\?")
    hers.say("fine, thank you")
    his.wait_for("fine, thank you")
    his.say("x" * 50_000)
    hers.wait_for("x{50000}")
    his.child.stdin.close()
    check_eq(his.wait(), 0, "exit status of alice's chat")
    hers.child.stdin.close()
    check_eq(hers.wait(), 0, "exit status of bob's chat")


@case("bob's client takes connections, with a certificate of the same authority")
def passive(world):
    world.authority.certify("bob", "URI:sip:127.0.0.1,IP:127.0.0.1")
    listener = world.client("bob", more=f"    certificate: {world.server.dir}/bob.pem\n"
                                        f"    key: {world.server.dir}/bob.key\n")
    listening = listener.listen("--count", "1", "--timeout", "20")
    world.server.wait_registered("bob")
    check_eq(world.client("alice").send("bob", "to a listener", "--large"), 0, "exit status of parley send --large")
    listener.expect("alice", "to a listener")
    check_eq(listening.wait(), 0, "exit status of parley listen")


@case("a certificate for another host: the message does not arrive, and it is said why")
def wrong_name(world):
    world.renew("URI:sip:example.org")
    listener = world.client("bob", transport="tcp", media="tcp")
    listener.listen("--count", "1", "--timeout", "20")
    world.server.wait_registered("bob")
    sender = world.client("alice", transport="tcp")
    check_eq(sender.send("bob", "to somebody else", "--large"), 1, "exit status of parley send --large")
    check_in("certificate", sender.process.output(), "what the sender is told")
    check("to somebody else" not in listener.process.output(), "the message arrived")


run(SecureSessions)
