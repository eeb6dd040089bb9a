# SPDX-License-Identifier: Apache-2.0
"""Two scripted clients with the server in the media path: every way to set a session up, and all legal traffic."""
import base64
import hashlib
import random

from msrp import Msrp, digest
from talker import LARGE, describe
from tap import case, check, check_eq, check_in, run
from session_world import SessionWorld

RANDOM = random.Random(4975)
CONTENT = RANDOM.randbytes(10_000_000)
LETTERS = base64.b64encode(CONTENT)  # for text/plain: tshark looks for lines in it


def crosses(one, other, data, **how):
    """What one sends arrives at the other, octet for octet."""
    got = other.msrp.message(one.msrp.send(data, **how), 60)
    check_eq((got.end, len(got.data)), ("$", len(data)), "end and length of what came")
    check_eq(digest(got.data), digest(data), "the hash of what came")
    return got


def talk(session):
    crosses(session.alice, session.bob, b"how are you?")
    crosses(session.bob, session.alice, "well – danke".encode())


def both_setups(world, secure=None, transport="udp"):
    for offered in ("active", "passive", "actpass"):
        for wish in ("active", "passive"):
            session = world.session(transport, setups=(offered, wish), secure=secure)
            talk(session)
            session.end("alice" if wish == "active" else "bob")
            world.end_case()


@case("a=setup: every role of the offer and of the answer, over TCP")
def setups(world):
    both_setups(world)


@case("a=setup: every role of the offer and of the answer, over TLS, SIP over TLS too")
def setups_tls(world):
    both_setups(world, world.server.dir, "tls")


@case("no a=setup at all: RFC 4975, the offerer connects")
def no_setup(world):
    session = world.session(setups=(None, None))
    talk(session)
    session.end()


@case("CEMA: c= and m= hold, whatever host a=path names")
def cema(world):
    session = world.session(setups=("passive", "passive"), msrp={"told": "198.51.100.77:2855"},
                            extra=("a=msrp-cema",), answer_extra=("a=msrp-cema",))
    check_eq((session.alice_role, session.bob_role), ("passive", "passive"), "the server connects to both")
    talk(session)
    session.end()


@case("To-Path and From-Path whose hosts an ALG rewrote: the session-id counts")
def alg(world):
    session = world.session()
    for talker in (session.alice, session.bob):
        path = talker.msrp.remote
        host = path.split("://")[1].split("/")[0]
        talker.msrp.to_path = path.replace(host, "203.0.113.9:40001")
        talker.msrp.any_from = True  # RFC 4975 7.2: an answer is from the URI that was asked
    talk(session)
    session.end()


@case("3 kB in pieces of 1000, 200 and 37 octets")
def pieces(world):
    session = world.session("tcp")
    for size in (1000, 200, 37):
        crosses(session.alice, session.bob, LETTERS[:3000], pieces=size, gap_s=0.003)
        crosses(session.bob, session.alice, LETTERS[:3000], pieces=size, gap_s=0.003)
    crosses(session.alice, session.bob, LETTERS[:100], pieces=1)
    session.end()


@case("5 octets to 10 MB in one chunk, both ways, any octets")
def sizes(world):
    session = world.session()
    for size in (5, 2047, 2048, 2049, 8000, 11_000, 11_500, 12_000, 14_336, 16_000, 20_000, 60_000, 65_536, 100_000,
                 300_000, 10_000_000):
        for one, other in ((session.alice, session.bob), (session.bob, session.alice)):
            crosses(one, other, CONTENT[:size], content_type="application/octet-stream")
    session.end()


@case("10 MB in chunks of 2048, 10000 and 65536, total known and unknown")
def chunks(world):
    session = world.session()
    for size, total in ((2048, "known"), (10_000, "unknown"), (65_536, "unknown")):
        crosses(session.alice, session.bob, LETTERS[:10_000_000], chunk=size, total=total)
        crosses(session.bob, session.alice, LETTERS[:1_000_000], chunk=size, total=total)
    session.end()


@case("both talk at once")
def at_once(world):
    session = world.session()
    ways = (session.alice, session.bob), (session.bob, session.alice)
    sent = [(one, other, size, one.msrp.send(LETTERS[:size], wait=False))
            for size in (100, 30_000, 200_000) for one, other in ways]
    for one, other, size, identity in sent:
        check_eq(digest(other.msrp.message(identity).data), digest(LETTERS[:size]), f"the hash of {size} octets")
    session.end()


@case("a short message overtakes a long one that its sender interrupts")
def interrupted(world):
    session = world.session()
    alice, bob = session.alice.msrp, session.bob.msrp
    long = LETTERS[:50_000]
    first = alice.request(headers=[("Message-ID", "longmessage"), ("Byte-Range", f"1-*/{len(long)}"),
                                   ("Content-Type", "text/plain")], body=long[:20_000], flag="+")
    alice.put(first)
    short = alice.send(b"short")
    check_eq(bytes(bob.message(short).data), b"short", "what overtook")
    check("longmessage" not in [i for i, m in bob.messages.items() if m.end], "the long one is not whole yet")
    rest = alice.request(headers=[("Message-ID", "longmessage"), ("Byte-Range", f"20001-50000/{len(long)}"),
                                  ("Content-Type", "text/plain")], body=long[20_000:])
    alice.put(rest)
    check_eq(digest(bob.message("longmessage").data), digest(long), "the hash of the long one")
    for frame in (first, rest):
        check_eq(alice.answer_to(frame.transaction).status, 200, "the answer to a part")
    session.end()


@case("a message that its sender gives up ends with # on the other side")
def aborted(world):
    session = world.session()
    alice, bob = session.alice.msrp, session.bob.msrp
    alice.put(alice.request(headers=[("Message-ID", "givenup1"), ("Byte-Range", "1-*/50000"),
                                     ("Content-Type", "text/plain")], body=LETTERS[:9_000], flag="#"))
    check_eq(bob.message("givenup1").end, "#", "the end of it")
    talk(session)
    session.end()


@case("content that looks like an end-line is content")
def look_alike(world):
    session = world.session("tcp")
    alice, bob = session.alice.msrp, session.bob.msrp
    for number in range(3):
        tid = f"lookalike{number}"
        body = (f"\r\n-------{tid}\r\n-------{tid}x$\r\n\r\n-------{tid[:-1]}$\r\n-------other1234$\r\n"
                f"------{tid}$\r\n -------{tid}$\r\n\n-------{tid}$\n-------{tid}%\r\n-------").encode() * 40
        frame = alice.request(headers=[("Message-ID", f"m-{tid}"), ("Byte-Range", f"1-{len(body)}/{len(body)}"),
                                       ("Content-Type", "text/plain")], body=body, transaction=tid)
        alice.put(frame, pieces=(None, 11, 1)[number])
        check_eq(alice.answer_to(tid).status, 200, "the answer")
        check_eq(bytes(bob.message(f"m-{tid}").data), body, "what came")
    session.end()


@case("headers nobody knows, CPIM, reports: they cross, with new paths")
def headers(world):
    session = world.session()
    alice, bob = session.alice.msrp, session.bob.msrp
    cpim = b"From: <sip:alice@example.org>\r\nTo: <sip:bob@example.org>\r\n\r\nContent-Type: text/plain\r\n\r\nhello"
    got = crosses(session.alice, session.bob, cpim, content_type="message/cpim",
                  headers=[("Success-Report", "yes"), ("X-Unknown", "as it is"), ("Content-Disposition", "render")])
    for name, value in (("Success-Report", "yes"), ("X-Unknown", "as it is"), ("Content-Disposition", "render")):
        check_eq(got.frame.get(name), value, name)
    report = bob.request("REPORT", [("Message-ID", got.id), ("Byte-Range", f"1-{len(cpim)}/{len(cpim)}"),
                                    ("Status", "000 200 OK")])
    bob.put(report)
    alice.wait(lambda: alice.reports, "the report comes")
    check_eq((alice.reports[0].get("Message-ID"), alice.reports[0].get("Status")), (got.id, "000 200 OK"), "the report")
    session.end()


@case("the other side's refusal is the answer; Failure-Report: no asks for none")
def refused(world):
    session = world.session()
    alice, bob = session.alice.msrp, session.bob.msrp
    bob.status = 415
    frame = alice.request(headers=[("Message-ID", "refused1"), ("Byte-Range", "1-5/5"), ("Content-Type", "x/y")],
                          body=b"hello")
    alice.put(frame)
    check_eq(alice.answer_to(frame.transaction).status, 415, "the answer")
    bob.status = 200
    silent = alice.request(headers=[("Message-ID", "silent01"), ("Byte-Range", "1-5/5"), ("Failure-Report", "no"),
                                    ("Content-Type", "text/plain")], body=b"hello")
    alice.put(silent)
    check_eq(bytes(bob.message("silent01").data), b"hello", "what came")
    talk(session)
    check(silent.transaction not in alice.answers, "an answer came that nobody wants")
    session.end()


@case("a session unknown to the server: 481")
def unknown(world):
    session = world.session()
    alice = session.alice.msrp
    right, alice.remote = alice.remote, alice.remote.replace(alice.remote.split("/")[3], "unknownsession;tcp")
    alice.any_from = True
    frame = alice.request(headers=[("Message-ID", "stray001"), ("Byte-Range", "1-2/2"), ("Content-Type", "text/plain")],
                          body=b"hi")
    alice.put(frame)
    check_eq(alice.answer_to(frame.transaction).status, 481, "the answer")
    alice.remote = right
    talk(session)
    session.end()


@case("a Large Message by its feature tag: 1 MB, one direction, BYE by its sender")
def large(world):
    for setup in ("active", "passive"):
        session = world.session(wanted=LARGE, setups=(setup, setup), extra=("a=sendonly", "a=max-size:1000000"),
                                answer_extra=("a=recvonly",))
        check(session.offered.has("a=sendonly"), f"a=sendonly reaches bob:\n{session.offered.text}")
        check_in("+g.oma.sip-im.large-message", session.bob.invitation.get("Accept-Contact"), "Accept-Contact")
        crosses(session.alice, session.bob, LETTERS[:1_000_000], chunk=2048 if setup == "active" else None)
        session.end()
        world.end_case()


@case("a file (RFC 5547): 10 MB, its selector and its hash intact")
def file_transfer(world):
    sha1 = hashlib.sha1(CONTENT).hexdigest().upper()
    sha1 = ":".join(sha1[i:i + 2] for i in range(0, 40, 2))
    selector = f'a=file-selector:name:"a b.bin" type:application/octet-stream size:{len(CONTENT)} hash:sha-1:{sha1}'
    extra = ("a=sendonly", selector, "a=file-transfer-id:vBnG916bdberum2fFEABR1FR3ExZMUrd",
             "a=file-disposition:attachment")
    session = world.session("tcp", extra=extra, answer_extra=("a=recvonly", *extra[1:3]))
    for line in extra:
        check(session.offered.has(line), f"bob is offered {line!r}:\n{session.offered.text}")
    check(session.answered.has(selector), f"alice is answered the selector:\n{session.answered.text}")
    crosses(session.alice, session.bob, CONTENT, content_type="application/octet-stream", chunk=100_000)
    session.end()


@case("bob is busy: the refusal comes back and nothing stays")
def busy(world):
    alice, bob = world.pair()
    alice.msrp = Msrp()
    alice.invite("bob", describe(alice.msrp, "active"))
    bob.send(bob.take_invite().response(486, "Busy Here"))
    check_eq(alice.outcome().status, 486, "the answer")
    bob.take_ack()


@case("bob moves to another address in the session, alice does after him: what follows goes there")
def moved(world):
    session = world.session("tcp")
    talk(session)
    for one, other, role in ((session.bob, session.alice, "active"), (session.alice, session.bob, "passive")):
        old, one.msrp = one.msrp, Msrp(capture=world.capture)
        one.msrp.listen()
        one.change(describe(one.msrp, "passive", version=2))
        offered = other.agree(role)
        check_eq(offered.path, other.msrp.remote, f"the path that {other.user} is offered again")
        one.msrp.remote = one.changed().path
        one.msrp.wait_connected()
        old.wait(lambda o=old: o.lost, "the old connection is closed")
        old.check_faultless(one.user)
        old.close()
        talk(session)
        crosses(session.alice, session.bob, LETTERS[:100_000])
    session.end()


def lose_bob(session):
    """In the middle of a message; returns what waits for its answer."""
    alice, bob = session.alice.msrp, session.bob.msrp
    bob.answering = False
    frame = alice.request(headers=[("Message-ID", "broken01"), ("Byte-Range", "1-5/5"), ("Content-Type", "text/plain")],
                          body=b"hello")
    alice.put(frame)
    bob.message("broken01")
    bob.answering = True
    return frame.transaction


@case("bob's connection breaks in a message: 408 to alice at once, the server connects anew, the session goes on")
def connected_anew(world):
    session = world.session()
    alice, bob = session.alice.msrp, session.bob.msrp
    transaction = lose_bob(session)
    bob.reset()
    check_eq(alice.answer_to(transaction).status, 408, "the answer to what was under way")
    bob.wait(lambda: bob.accepted == 2, "the server connects anew")
    talk(session)
    session.end()


@case("bob is gone for good in a message: 408 to alice, whose BYE ends what is left")
def gone(world):
    session = world.session()
    alice, bob = session.alice.msrp, session.bob.msrp
    transaction = lose_bob(session)
    bob.stop_listening()
    bob.reset()
    check_eq(alice.answer_to(transaction).status, 408, "the answer to what was under way")
    session.end()


run(SessionWorld, captured=True, listen=("udp", "tcp", "tls"))
