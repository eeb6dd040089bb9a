# SPDX-License-Identifier: Apache-2.0
"""As much SIP as a test needs to speak by itself: messages, an endpoint, digest. It shares no code with the server."""
import hashlib
import itertools
import re
import secrets
import socket

from certificate import insecure_client
from process import DEADLINE_S
from tap import check

NUMBERS = itertools.count(1)


class Message:
    """A request or a response as it came, or as it shall go."""

    def __init__(self, start, headers=(), body=""):
        self.start, self.headers, self.body = start, list(headers), body

    @classmethod
    def decode(cls, data):
        head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        start, *lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
        return cls(start, [tuple(part.strip() for part in line.split(":", 1)) for line in lines], body)

    def encode(self):
        body = self.body.encode()
        headers = [(n, v) for n, v in self.headers if n.lower() != "content-length"]
        lines = [self.start, *(f"{n}: {v}" for n, v in headers), f"Content-Length: {len(body)}", "", ""]
        return "\r\n".join(lines).encode() + body

    @property
    def status(self):
        """0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self):
        return self.start.split()[0] if not self.status else self.get("CSeq").split()[1]

    @property
    def uri(self):
        return self.start.split()[1]

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def get(self, name):
        return (self.all(name) or [""])[0]

    def response(self, status, reason, headers=(), tag=None):
        copied = [(n, v) for n, v in self.headers if n.lower() in ("via", "from", "call-id", "cseq")]
        to = self.get("To")
        if ";tag=" not in to:
            to += f";tag={tag or secrets.token_hex(6)}"
        return Message(f"SIP/2.0 {status} {reason}", [*copied, ("To", to), *headers])

    def __str__(self):
        return self.encode().decode("utf-8", "replace")


class Endpoint:
    """A socket that speaks SIP over UDP, TCP or TLS; it keeps what came, for the reader of a failure."""

    def __init__(self, server, transport="udp", port=None, host="127.0.0.1", context=None):
        self.server, self.transport = server, transport
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM)
        if transport != "udp":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((host, port or 0))
        self.socket.settimeout(DEADLINE_S)
        self.port = self.socket.getsockname()[1]
        self.host = f"[{host}]" if ":" in host else host
        if transport != "udp":
            self.socket.connect((server.host, server.tls_port if transport == "tls" else server.port))
        if transport == "tls":
            self.socket = (context or insecure_client()).wrap_socket(self.socket, server_hostname="example.org")
        self.pending = b""
        self.seen = []

    @property
    def contact(self):
        return f"{self.host}:{self.port};transport={self.transport}"

    def via(self):
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        return ("Via", f"SIP/2.0/{self.transport.upper()} {self.host}:{self.port};branch={branch};rport")

    def request(self, method, uri, sender, to, headers=(), body="", call_id=None, cseq=None, tag=None):
        """A request of our own; sender and to are URIs."""
        number = next(NUMBERS)
        return Message(f"{method} {uri} SIP/2.0", [
            self.via(), ("Max-Forwards", "70"), ("From", f"<{sender}>;tag={tag or f'p{number}'}"), ("To", f"<{to}>"),
            ("Call-ID", call_id or f"{number}-{secrets.token_hex(6)}"), ("CSeq", f"{cseq or number} {method}"),
            *headers], body)

    def send(self, message):
        self.send_bytes(message.encode())

    def send_bytes(self, data):
        if self.transport == "udp":
            self.socket.sendto(data, (self.server.host, self.server.port))
        else:
            self.socket.sendall(data)

    def receive(self, wanted=None):
        """The next message for which `wanted` holds; others are passed over."""
        while True:
            message = Message.decode(self._read())
            self.seen.append(message)
            if wanted is None or wanted(message):
                return message

    def _read(self):
        try:
            if self.transport == "udp":
                return self.socket.recv(65536)
            while b"\r\n\r\n" not in self.pending:
                self._more()
            head, _, _ = self.pending.partition(b"\r\n\r\n")
            length = re.search(rb"(?im)^content-length\s*:\s*(\d+)", head)
            check(length, f"a message without Content-Length came over a stream (RFC 3261 20.14):\n{head.decode()}")
            size = int(length.group(1)) + len(head) + 4
            while len(self.pending) < size:
                self._more()
            message, self.pending = self.pending[:size], self.pending[size:]
            return message
        except TimeoutError:
            raise AssertionError(f"nothing came within {DEADLINE_S} s; before:\n{self.told()}") from None

    def _more(self):
        data = self.socket.recv(65536)
        check(data, "the server closed the connection")
        self.pending += data

    def told(self):
        return "\n".join(str(m) for m in self.seen)

    def final(self, request):
        """The final response to this request."""
        branch = request.get("Via").split("branch=")[1].split(";")[0]
        return self.receive(lambda m: m.status >= 200 and branch in m.get("Via"))

    def ask(self, request):
        self.send(request)
        return self.final(request)

    def send_as(self, user, password, request):
        """Answers the challenge to a request; returns what was sent then, whose answer is still to come."""
        challenge = self.ask(request)
        check(challenge.status in (401, 407), f"a challenge should come:\n{challenge}")
        number = int(request.get("CSeq").split()[0]) + 1
        again = [(n, v) for n, v in request.headers if n not in ("Via", "CSeq")]
        line = credentials(challenge, user, password, request.method, request.uri)
        headers = [self.via(), *again, ("CSeq", f"{number} {request.method}"), line]
        second = Message(request.start, headers, request.body)
        self.send(second)
        return second

    def ask_as(self, user, password, request):
        return self.final(self.send_as(user, password, request))

    def register(self, user, expires=600, params=""):
        """Registers this endpoint as a device of the user's; returns the answer."""
        address = f"sip:{user}@example.org"
        headers = [("Contact", f"<sip:{user}@{self.contact}>{params}"), ("Expires", str(expires))]
        return self.ask_as(user, f"{user}-secret",
                           self.request("REGISTER", "sip:example.org", address, address, headers))

    def send_message(self, user, to, text, headers=()):
        """A pager message from the user, past the challenge; its answer is still to come."""
        address = f"sip:{to}@example.org"
        return self.send_as(user, f"{user}-secret",
                            self.request("MESSAGE", address, f"sip:{user}@example.org", address,
                                         [("Content-Type", "text/plain"), *headers], text))

    def take(self, text=None):
        """Answers the next MESSAGE with 200 and returns it."""
        message = self.receive(lambda m: not m.status and m.method == "MESSAGE" and (text is None or m.body == text))
        self.send(message.response(200, "OK"))
        return message

    def close(self):
        self.socket.close()


def challenge_params(value):
    return {n.lower(): quoted or plain
            for n, quoted, plain in re.findall(r'([\w-]+)=(?:"([^"]*)"|([^\s,"]+))', value)}


def credentials(challenge, user, password, method, uri, algorithm="MD5", count=1):
    """The header that answers a 401 or 407 (RFC 7616), as (name, value)."""
    proxy = challenge.status == 407
    offers = [challenge_params(v) for v in challenge.all("Proxy-Authenticate" if proxy else "WWW-Authenticate")]
    offer = next(o for o in offers if o.get("algorithm", "MD5").upper() == algorithm)

    def digest(text):
        return hashlib.new(algorithm.replace("-", "").lower(), text.encode()).hexdigest()

    cnonce, nc = secrets.token_hex(8), f"{count:08x}"
    secret = digest(f"{user}:{offer['realm']}:{password}")
    response = digest(f"{secret}:{offer['nonce']}:{nc}:{cnonce}:auth:{digest(f'{method}:{uri}')}")
    return ("Proxy-Authorization" if proxy else "Authorization",
            f'Digest username="{user}", realm="{offer["realm"]}", nonce="{offer["nonce"]}", uri="{uri}", '
            f'response="{response}", algorithm={algorithm}, qop=auth, nc={nc}, cnonce="{cnonce}"')
