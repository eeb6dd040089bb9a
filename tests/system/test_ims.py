# SPDX-License-Identifier: Apache-2.0
"""core: ims, beside a scripted S-CSCF: third-party REGISTER, both sides of a MESSAGE, who is trusted."""
from port import free_port
from sip import Endpoint
from tap import case, check, check_eq, check_in, run
from world import World

SCSCF_PORT = free_port()
ALICE, BOB = "sip:alice@example.org", "sip:bob@example.org"
TEXT = ("Content-Type", "text/plain")
CHARGING = ("P-Charging-Vector", "icid-value=1234bc9876e;icid-generated-at=127.0.0.6;orig-ioi=example.org")


class Core(World):
    """The server beside the only peer it trusts."""

    def __init__(self, **options):
        super().__init__(users=(), keys={"core": "ims", "ims": f"{{peers: ['127.0.0.1:{SCSCF_PORT}'], "
                                                              f"next-hop: 'sip:127.0.0.1:{SCSCF_PORT}'}}"}, **options)
        self.scscf = Endpoint(self.server, port=SCSCF_PORT)

    def said(self):
        return f"{super().said()}\n---- what came to the S-CSCF\n{self.scscf.told() if hasattr(self, 'scscf') else ''}"

    def close(self):
        if hasattr(self, "scscf"):
            self.scscf.close()
        super().close()

    def register(self, user, expires):
        """As TS 24.229 5.4.1.7: the S-CSCF registers the user with the application server."""
        request = self.scscf.request("REGISTER", f"sip:{self.server.at}", "sip:scscf.example.org", user,
                                     [("Contact", f"<sip:127.0.0.1:{SCSCF_PORT}>"), ("Expires", str(expires)),
                                      CHARGING])
        return self.scscf.ask(request)

    def route(self, params):
        """The set that the S-CSCF writes: the server first, then back to itself, with a mark of its own."""
        return ("Route", f"<sip:{self.server.at};lr{params}>, <sip:odi-4711@127.0.0.1:{SCSCF_PORT};lr>")

    def cross(self, request, answer_status=200):
        """Sends a request through the server, answers it on the other side; returns what came, and the final answer."""
        self.scscf.send(request)
        came = self.scscf.receive(lambda m: not m.status and m.method == request.method)
        self.scscf.send(came.response(answer_status, "Answer"))
        return came, self.scscf.final(request)


def message(world, headers, sender=ALICE, to=BOB, text="hello"):
    return world.scscf.request("MESSAGE", to, sender, to, [TEXT, *headers], text)


@case("a third-party REGISTER makes the user known, with Expires 0 unknown again")
def third_party(world):
    check_eq(world.register(BOB, 3600).status, 200, "the answer to the REGISTER")
    check_eq([r["user"] for r in world.server.registrations()], [BOB], "who is registered")
    check_eq(world.register(BOB, 0).status, 200, "the answer to the REGISTER with Expires 0")
    check_eq(world.server.registrations(), [], "who is registered")


@case("a terminating MESSAGE goes back along the Route set, its identity and charging vector kept")
def terminating(world):
    world.register(BOB, 3600)
    request = message(world, [world.route(""), ("P-Asserted-Identity", f"<{ALICE}>"), CHARGING,
                              ("P-Served-User", f"<{BOB}>;sescase=term;regstate=reg")])
    came, answer = world.cross(request)
    check_eq(answer.status, 200, "the answer")
    check_eq(came.body, "hello", "the text")
    check_eq(came.uri, BOB, "the Request-URI")
    check_eq(came.all("Route"), [f"<sip:odi-4711@127.0.0.1:{SCSCF_PORT};lr>"], "the rest of the Route set")
    check_in(ALICE, came.get("P-Asserted-Identity"), "P-Asserted-Identity")
    check_eq(came.get("P-Charging-Vector"), CHARGING[1], "P-Charging-Vector")
    check_eq(came.get("Max-Forwards"), "69", "Max-Forwards")


@case("an originating MESSAGE (orig in the Route) goes back along the Route set")
def originating(world):
    request = message(world, [world.route(";orig"), ("P-Asserted-Identity", f"<{ALICE}>"), CHARGING],
                      to="sip:zoe@elsewhere.example.net")
    came, answer = world.cross(request)
    check_eq(answer.status, 200, "the answer")
    check_eq(came.uri, "sip:zoe@elsewhere.example.net", "the Request-URI")
    check_eq(came.all("Route"), [f"<sip:odi-4711@127.0.0.1:{SCSCF_PORT};lr>"], "the rest of the Route set")


@case("without a Route set a MESSAGE goes to ims.next-hop")
def next_hop(world):
    world.register(BOB, 3600)
    came, answer = world.cross(message(world, [("P-Asserted-Identity", f"<{ALICE}>")]))
    check_eq(answer.status, 200, "the answer")
    check_eq(came.uri, BOB, "the Request-URI")


@case("an answer of the other side comes back as it is")
def refusal(world):
    world.register(BOB, 3600)
    _, answer = world.cross(message(world, [world.route(""), ("P-Asserted-Identity", f"<{ALICE}>")]), 486)
    check_eq(answer.status, 486, "the answer")


@case("a MESSAGE of now or never to a user whom the core has not registered is answered 480")
def unregistered(world):
    world.register(BOB, 0)
    headers = [world.route(""), ("P-Asserted-Identity", f"<{ALICE}>"), ("Expires", "0")]
    answer = world.scscf.ask(message(world, headers))
    check_eq(answer.status, 480, "the answer")


@case("an originator whom the operator denied is answered 403")
def denied(world):
    check_eq(world.server.ctl("user", "deny", ALICE).status, 0, "exit status of user deny")
    request = message(world, [world.route(";orig"), ("P-Asserted-Identity", f"<{ALICE}>")])
    answer = world.scscf.ask(request)
    check_eq(answer.status, 403, "the answer")
    check_in("127 Service not authorised", answer.get("Warning"), "Warning")
    check_eq(world.server.ctl("user", "allow", ALICE).status, 0, "exit status of user allow")
    world.register(BOB, 3600)
    _, answer = world.cross(message(world, [world.route(";orig"), ("P-Asserted-Identity", f"<{ALICE}>")]))
    check_eq(answer.status, 200, "the answer after user allow")


@case("whoever is no peer is answered 403, whatever it asserts")
def untrusted(world):
    stranger = Endpoint(world.server)
    headers = [TEXT, ("P-Asserted-Identity", f"<{ALICE}>"), world.route("")]
    check_eq(stranger.ask(stranger.request("MESSAGE", BOB, ALICE, BOB, headers, "hello")).status, 403, "to a MESSAGE")
    request = stranger.request("REGISTER", f"sip:{world.server.at}", "sip:scscf.example.org", BOB,
                               [("Contact", "<sip:127.0.0.1:9>"), ("Expires", "3600")])
    check_eq(stranger.ask(request).status, 403, "to a REGISTER")
    tcp = Endpoint(world.server, "tcp")
    check_eq(tcp.ask(tcp.request("MESSAGE", BOB, ALICE, BOB, headers, "hello")).status, 403, "to a MESSAGE over TCP")
    stranger.close()
    tcp.close()


@case("the embedded core's commands say that there is none")
def no_accounts(world):
    done = world.server.ctl("user", "add", "alice", "--password", "x")
    check_eq(done.status, 1, "exit status of user add")
    check(done.err.startswith("parleyctl: "), f"it should say what went wrong: {done.err!r}")


run(Core)
