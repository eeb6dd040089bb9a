# SPDX-License-Identifier: Apache-2.0
"""A scripted client that has sessions: INVITE with its SDP, the dialog, and an MSRP end of its own."""
import re
import secrets

from msrp import Msrp
from sip import Endpoint, Message, credentials
from tap import check, check_eq

IM = "*;+g.oma.sip-im"
LARGE = "*;+g.oma.sip-im;+g.oma.sip-im.large-message"


class Sdp:
    """A description with one m=message section."""

    def __init__(self, text):
        self.text, self.lines = text, text.split("\r\n")
        self.media = next(line for line in self.lines if line.startswith("m=message"))
        self.port, self.protocol = int(self.media.split()[1]), self.media.split()[2]
        self.connection = next(line for line in reversed(self.lines) if line.startswith("c=")).split()[-1]
        self.path, self.setup = self.attribute("path"), self.attribute("setup")

    def attribute(self, name):
        return next((line.split(":", 1)[1] for line in self.lines if line.startswith(f"a={name}:")), "")

    def has(self, line):
        return line in self.lines


def describe(msrp, setup, extra=(), types="*", path=None, address=None, session=1, version=1):
    """SDP of one of our ends. setup: None leaves a=setup out; address: other (host, port) in c= and m=."""
    host, port = address or (msrp.host, msrp.port)
    protocol = "TCP/TLS/MSRP" if msrp.secure else "TCP/MSRP"
    lines = ["v=0", f"o=- {session} {version} IN IP4 {msrp.host}", "s=-", f"c=IN IP4 {host}", "t=0 0",
             f"m=message {port} {protocol} *", f"a=accept-types:{types}", *([f"a=setup:{setup}"] if setup else []),
             f"a=path:{path or msrp.uri}", *extra]
    return "\r\n".join(lines) + "\r\n"


class Dialog:
    """One side's knowledge of it."""

    def __init__(self, talker, call_id, local, remote, target, routes):
        self.talker, self.call_id, self.local, self.remote = talker, call_id, local, remote
        self.target, self.routes, self.number = target, routes, secrets.randbelow(1000) + 1

    def request(self, method, headers=(), body="", number=None):
        if number is None:
            self.number += 1
        return Message(f"{method} {self.target} SIP/2.0", [
            self.talker.via(), ("Max-Forwards", "70"), *(("Route", route) for route in self.routes),
            ("From", self.local), ("To", self.remote), ("Call-ID", self.call_id),
            ("CSeq", f"{number or self.number} {method}"), *headers], body)


def target_of(message):
    return re.search(r"<([^>]*)>", message.get("Contact")).group(1)


def routes_of(message, reverse):
    found = [part.strip() for value in message.all("Record-Route") for part in re.split(r",(?=\s*<)", value)]
    return found[::-1] if reverse else found


class Talker(Endpoint):
    """A user's device."""

    def __init__(self, world, user, transport="udp", server=None, domain="example.org", port=None, host="127.0.0.1"):
        super().__init__(server or world.server, transport, port, host)
        self.world, self.user, self.domain = world, user, domain
        self.address = f"sip:{user}@{domain}"
        self.ours = self.socket.getsockname()[:2]
        self.theirs = (self.server.host, self.server.tls_port if transport == "tls" else self.server.port)
        self.dialog = self.msrp = self.invited = None
        self.invitation = None
        world.talkers.append(self)

    # What goes and comes is kept for tshark.

    def send_bytes(self, data):
        if self.world.capture:
            self.world.capture.sip_message(self.transport, self.ours, self.theirs, data)
        super().send_bytes(data)

    def _read(self):
        data = super()._read()
        if self.world.capture:
            self.world.capture.sip_message(self.transport, self.theirs, self.ours, data)
        return data

    def join(self):
        address = self.address
        answer = self.ask_as(self.user, f"{self.user}-secret", self.request(
            "REGISTER", f"sip:{self.domain}", address, address,
            [("Contact", f"<sip:{self.user}@{self.contact}>;+g.oma.sip-im;+g.oma.sip-im.large-message"),
             ("Expires", "600")]))
        check_eq(answer.status, 200, f"{self.user}'s registration")
        return self

    def leave(self):
        """The end of the registration, and of whoever is invited still."""
        address = self.address
        self.socket.settimeout(2)
        self.ask_as(self.user, f"{self.user}-secret", self.request(
            "REGISTER", f"sip:{self.domain}", address, address, [("Contact", "*"), ("Expires", "0")]))

    def contact_header(self):
        return ("Contact", f"<sip:{self.user}@{self.contact}>;+g.oma.sip-im")

    # ---- as caller

    def invite(self, to, sdp, wanted=IM, headers=()):
        """INVITE, past the challenge; its answer is still to come."""
        uri = to if ":" in to else f"sip:{to}@{self.domain}"
        first = self.request("INVITE", uri, self.address, uri.split(";")[0], [
            self.contact_header(), ("Accept-Contact", wanted), ("Supported", "timer"),
            ("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE"),
            *headers, ("Content-Type", "application/sdp")], sdp)
        self.send(first)
        answer = self.final(first)
        if answer.status not in (401, 407):
            raise AssertionError(f"a challenge should come:\n{answer}")
        self.acknowledge_failure(first, answer)
        number = int(first.get("CSeq").split()[0]) + 1
        kept = [(n, v) for n, v in first.headers if n not in ("Via", "CSeq")]
        line = credentials(answer, self.user, f"{self.user}-secret", "INVITE", uri)
        self.invited = Message(first.start, [self.via(), *kept, ("CSeq", f"{number} INVITE"), line], sdp)
        self.send(self.invited)
        return self.invited

    def acknowledge_failure(self, request, answer):
        self.send(Message(request.start.replace("INVITE", "ACK", 1), [
            ("Via", request.get("Via")), ("Max-Forwards", "70"), ("From", request.get("From")),
            ("To", answer.get("To")),
            ("Call-ID", request.get("Call-ID")), ("CSeq", request.get("CSeq").replace("INVITE", "ACK"))]))

    def outcome(self):
        """The final answer, acknowledged."""
        branch = self.invited.get("Via").split("branch=")[1].split(";")[0]
        answer = self.receive(lambda m: m.status >= 200 and branch in m.get("Via") and m.method == "INVITE")
        if answer.status >= 300:
            self.acknowledge_failure(self.invited, answer)
            return answer
        self.dialog = Dialog(self, answer.get("Call-ID"), answer.get("From"), answer.get("To"), target_of(answer),
                             routes_of(answer, True))
        self.dialog.number = int(self.invited.get("CSeq").split()[0])
        self.send(self.dialog.request("ACK", number=self.dialog.number))
        return answer

    # ---- as the called

    def take_invite(self):
        self.invitation = self.receive(lambda m: not m.status and m.method == "INVITE")
        return self.invitation

    def accept(self, sdp, headers=()):
        """200 to the invitation, and its ACK."""
        request = self.invitation
        tag = secrets.token_hex(4)
        recorded = [("Record-Route", value) for value in request.all("Record-Route")]
        answer = request.response(200, "OK", [*recorded, self.contact_header(), *headers,
                                              ("Content-Type", "application/sdp")], tag)
        answer.body = sdp
        self.dialog = Dialog(self, request.get("Call-ID"), answer.get("To"), request.get("From"), target_of(request),
                             routes_of(request, False))
        self.send(answer)

    def take_ack(self):
        return self.receive(lambda m: not m.status and m.method == "ACK")

    # ---- both

    def change(self, sdp):
        """A re-INVITE; its answer is still to come."""
        self.invited = self.dialog.request("INVITE", [self.contact_header(), ("Content-Type", "application/sdp")], sdp)
        self.send(self.invited)

    def changed(self):
        """The answer to it, acknowledged; its SDP."""
        answer = self.final(self.invited)
        check_eq(answer.status, 200, f"the answer to {self.user}'s re-INVITE")
        self.send(self.dialog.request("ACK", number=self.dialog.number))
        return Sdp(answer.body)

    def agree(self, setup):
        """Takes the other side's re-INVITE, with no change of its own; returns what was offered."""
        request = self.receive(lambda m: not m.status and m.method == "INVITE")
        answer = request.response(200, "OK", [self.contact_header(), ("Content-Type", "application/sdp")])
        answer.body = describe(self.msrp, setup)
        self.send(answer)
        self.take_ack()
        return Sdp(request.body)

    def bye(self):
        answer = self.ask(self.dialog.request("BYE"))
        check_eq(answer.status, 200, f"the answer to {self.user}'s BYE")

    def take_bye(self):
        request = self.receive(lambda m: not m.status and m.method == "BYE")
        self.send(request.response(200, "OK"))
        return request

    def close(self):
        if self.msrp:
            self.msrp.close()
        super().close()


class Session:
    """A session of two talkers that are registered, established; SIP and both MSRP ends."""

    def __init__(self, world, alice, bob, to=None, setups=("active", "passive"), secure=None, wanted=IM, extra=(),
                 answer_extra=(), msrp=None, change=None, host="127.0.0.1", bob_host="127.0.0.1", connected=True):
        """setups: a=setup of the offer, and the role the answerer takes where it may choose (None: RFC 4975 alone).
        msrp: keys of Msrp. change: function of (which, describe's keys) that returns other keys. connected: bob's
        end, too, gets a connection."""
        self.world, self.alice, self.bob = world, alice, bob
        options = {"secure": secure, "capture": world.capture, **(msrp or {})}
        alice.msrp, bob.msrp = Msrp(host=host, **options), Msrp(host=bob_host, **options)
        change = change or (lambda which, keys: keys)
        offer_setup, wish = setups
        if offer_setup not in ("active", None):
            alice.msrp.listen()
        offer = describe(alice.msrp, **change("offer", {"setup": offer_setup, "extra": extra}))
        alice.invite(to or bob.user, offer, wanted)
        invitation = bob.take_invite()
        self.offered = Sdp(invitation.body)
        role = self.role_of_answer(self.offered.setup, wish)
        if role == "passive" or role is None:
            bob.msrp.listen()
        bob.accept(describe(bob.msrp, **change("answer", {"setup": role, "extra": answer_extra})))
        answer = alice.outcome()
        check_eq(answer.status, 200, "the answer to the INVITE")
        bob.take_ack()
        self.answered = Sdp(answer.body)
        self.bob_role = role or "passive"
        self.alice_role = {"active": "passive", "passive": "active", "": "active"}[self.answered.setup]
        check(offer_setup in (None, "actpass") or offer_setup == self.alice_role,
              f"alice offered {offer_setup}, the answer has a=setup:{self.answered.setup}")
        for talker, role, sdp in ((alice, self.alice_role, self.answered), (bob, self.bob_role, self.offered)):
            talker.msrp.remote = talker.msrp.expected_from = sdp.path
            if role == "active":
                talker.msrp.connect(sdp.path)
        for talker, role in ((alice, self.alice_role), (bob, self.bob_role)):
            if role == "active":
                talker.msrp.bind()
        for talker in (alice, bob) if connected else (alice,):
            talker.msrp.wait_connected()

    @staticmethod
    def role_of_answer(offered, wish):
        if offered == "actpass":
            return wish or "active"
        return {"active": "passive", "passive": "active", "": None}[offered]

    def end(self, by="alice"):
        one, other = (self.alice, self.bob) if by == "alice" else (self.bob, self.alice)
        request = one.dialog.request("BYE")
        one.send(request)
        other.take_bye()
        check_eq(one.final(request).status, 200, "the answer to the BYE")
        for talker in (self.alice, self.bob):
            talker.msrp.close()
            talker.msrp.check_faultless(talker.user)
            talker.msrp = None
