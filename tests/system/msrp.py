# SPDX-License-Identifier: Apache-2.0
"""MSRP (RFC 4975) as far as a test needs to speak it by itself: frames, and one end of a session. It shares no code
with the server, and looks at what the server sends with a strict eye: whatever breaks a rule is kept in `faults`."""
import hashlib
import re
import secrets
import select
import socket
import ssl
import threading
import time

from certificate import insecure_client, server_context
from process import DEADLINE_S
from tap import check, check_eq

START = re.compile(rb"MSRP ([A-Za-z0-9][A-Za-z0-9.\-+%=]{3,31}) (?:([A-Z]+)|(\d{3})(?: ([^\r\n]*))?)\r\n")
URI = re.compile(r"^(msrps?)://(?:[^@/]+@)?(\[[^\]]+\]|[^:/;]+):(\d+)/([^;]+);tcp")
RANGE = re.compile(r"^(\d+)-(\d+|\*)/(\d+|\*)$")
HEAD_MAX = 8192


def new_id(octets=8):
    return secrets.token_hex(octets)


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Uri:
    """What a URI of ours or of the server's says."""

    def __init__(self, text):
        found = URI.match(text)
        check(found, f"no MSRP URI: {text!r}")
        self.text, self.secure = text, found.group(1) == "msrps"
        self.host, self.port, self.session = found.group(2).strip("[]"), int(found.group(3)), found.group(4)


class Frame:
    """A request (method) or a response (status); `body` is None where there is none."""

    def __init__(self, transaction, method=None, status=0, headers=(), body=None, flag="$"):
        self.transaction, self.method, self.status = transaction, method, status
        self.headers, self.body, self.flag = list(headers), body, flag
        self.raw = b""

    def get(self, name):
        return next((v for n, v in self.headers if n.lower() == name.lower()), "")

    def head(self):
        start = f"MSRP {self.transaction} {self.method or self.status}"
        lines = "\r\n".join([start, *(f"{n}: {v}" for n, v in self.headers)]) + "\r\n"
        return lines.encode() + (b"" if self.body is None else b"\r\n")

    def end_line(self):
        return (b"" if self.body is None else b"\r\n") + f"-------{self.transaction}{self.flag}\r\n".encode()

    def encode(self):
        return self.head() + (self.body or b"") + self.end_line()

    def __str__(self):
        return f"{self.head().decode()}[{len(self.body or b'')} bytes]{self.flag}"


class Reader:
    """Frames out of a stream, at any split."""

    def __init__(self):
        self.buffer, self.start, self.looked = bytearray(), None, 0

    def feed(self, data):
        self.buffer += data

    def next(self):
        """A frame, or None: more is needed. ValueError: this is no MSRP."""
        if not self.start:
            if b"\r\n" not in self.buffer:
                if len(self.buffer) > HEAD_MAX:
                    raise ValueError("an endless start line")
                return None
            self.start = START.match(self.buffer)
            if not self.start:
                raise ValueError(f"no start line: {bytes(self.buffer[:80])!r}")
            self.start = self.start.groups() + (self.start.end() - 2,)
            self.looked = self.start[-1]
        transaction, method, status, _, at = self.start
        mark = b"\r\n-------" + transaction
        while True:
            found = self.buffer.find(mark, self.looked)
            after = found + len(mark)
            if found < 0:
                self.looked = max(at, len(self.buffer) - len(mark) - 3)
                return None
            if len(self.buffer) < after + 3:
                self.looked = found
                return None
            if self.buffer[after] in b"$+#" and self.buffer[after + 1:after + 3] == b"\r\n":
                break
            self.looked = found + 1
        raw = bytes(self.buffer[:after + 3])
        head, gap, body = bytes(self.buffer[at:found]).partition(b"\r\n\r\n")
        frame = Frame(transaction.decode(), method and method.decode(), int(status or 0),
                      [tuple(line.decode().split(": ", 1)) for line in head.split(b"\r\n") if line],
                      body if gap else None, chr(raw[-3]))
        frame.raw = raw
        del self.buffer[:after + 3]
        self.start = None
        return frame


class Message:
    """A message that came or comes, put together by its ranges."""

    def __init__(self, frame):
        self.id, self.type, self.frame = frame.get("Message-ID"), frame.get("Content-Type"), frame
        self.data, self.chunks, self.end = bytearray(), 0, ""

    def add(self, frame):
        first = int(RANGE.match(frame.get("Byte-Range") or "1-*/*").group(1)) - 1
        body = frame.body or b""
        if first + len(body) > len(self.data):
            self.data.extend(bytes(first + len(body) - len(self.data)))
        self.data[first:first + len(body)] = body
        self.chunks += 1
        if frame.flag != "+":
            self.end = frame.flag


class Msrp:
    """One end of one session. With `listening` it waits for the server, else connect() goes there.

    A thread reads; it answers requests with `status`, unless `answering` is False. `reading` cleared stops it: a
    slow reader.
    """

    def __init__(self, secure=None, host="127.0.0.1", capture=None, session=None, buffer=None, told=None):
        """secure: directory with server.pem and server.key; TLS then. told: HOST:PORT that our URI names in the place
        of ours."""
        self.secure, self.host, self.capture = secure, host, capture
        self.listener = socket.socket()
        if buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.listener.bind((host, 0))
        self.port = self.listener.getsockname()[1]
        self.session = session or new_id()
        scheme = "msrps" if secure else "msrp"
        self.uri = f"{scheme}://{told or f'{host}:{self.port}'}/{self.session};tcp"
        self.socket = self.peer = None
        self.remote = ""  # To-Path of what is sent: a=path of the other side
        self.to_path = None  # in its place: an ALG has been there
        self.expected_from, self.any_from = None, False
        self.status, self.answering = 200, True
        self.messages, self.answers, self.reports, self.requests, self.faults = {}, {}, [], [], []
        self.empty = self.accepted = 0
        self.closed = self.lost = self.broken = False
        self.more = threading.Condition()
        self.writing, self.tls = threading.Lock(), threading.Lock()
        self.reading = threading.Event()
        self.reading.set()
        self.thread = None

    # ---- the connection

    def listen(self):
        self.listener.listen(8)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def connect(self, path, address=None):
        """To the first URI of the path, or where c= and m= say; RFC 4975 5.4: a SEND at once binds the connection."""
        uri = Uri(path.split()[0])
        host, port = address or (uri.host, uri.port)
        self.remote = self.expected_from = path
        self.socket = socket.create_connection((host, port), timeout=DEADLINE_S)
        self._connected(self.socket)
        if uri.secure:
            self.socket = insecure_client().wrap_socket(self.socket, server_hostname="example.org")
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        return self

    def _connected(self, connection):
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.ours, self.peer = connection.getsockname()[:2], connection.getpeername()[:2]

    def _serve(self):
        while True:
            try:
                accepted, _ = self.listener.accept()
                self._connected(accepted)
                if self.secure:
                    accepted = server_context(self.secure).wrap_socket(accepted, server_side=True)
            except (OSError, ValueError) as failure:
                if not self.closed:
                    self.faults.append(f"accept: {failure}")
                return
            with self.more:
                self.socket, self.broken = accepted, False
                self.accepted += 1
                self.more.notify_all()
            self._read()
            if self.closed:
                return

    def stop_listening(self):
        self.closed = True
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def wait_connected(self):
        self.wait(lambda: self.socket, "the server connects")

    def _read(self):
        reader = Reader()
        try:
            while True:
                self.reading.wait()
                data = self._receive()
                if not data:
                    break
                reader.feed(data)
                while frame := reader.next():
                    self._take(frame)
        except (OSError, ValueError) as failure:
            if not self.closed and not self.broken:
                self.faults.append(f"reading: {failure!r}")
        if reader.buffer and not self.closed and not self.broken:
            self.faults.append(f"the connection ended inside a frame: {bytes(reader.buffer[:80])!r}")
        with self.more:
            self.lost = True
            self.more.notify_all()

    # One TLS session must not be read and written at the same time, nor may a write that waits keep the reader out.

    def _receive(self):
        if not isinstance(self.socket, ssl.SSLSocket):
            return self.socket.recv(65536)
        self.socket.setblocking(False)
        while True:
            with self.tls:
                try:
                    return self.socket.recv(65536)
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    pass
            select.select([self.socket], [], [], 0.2)

    def _send(self, data):
        if not isinstance(self.socket, ssl.SSLSocket):
            self.socket.sendall(data)
            return
        left = memoryview(data)
        while left:
            with self.tls:
                try:
                    left = left[self.socket.send(left[:16384]):]
                    continue
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    pass
            select.select([], [self.socket], [], 0.2)

    # ---- what comes

    def _take(self, frame):
        if self.capture:
            self.capture.stream(self.peer, self.ours, frame.raw)
        self._judge(frame)
        with self.more:
            if frame.status:
                self.answers[frame.transaction] = frame
            else:
                self.requests.append(frame)
                self._request(frame)
            self.more.notify_all()
        if frame.method not in (None, "REPORT") and self.answering:
            if frame.get("Failure-Report") not in ("no", "partial") or frame.method != "SEND":
                self.answer(frame, self.status)

    def _request(self, frame):
        if frame.method == "REPORT":
            self.reports.append(frame)
        elif frame.method == "SEND" and frame.body is None and not frame.get("Content-Type") and \
                frame.get("Message-ID") not in self.messages:
            self.empty += 1
        elif frame.method == "SEND":
            identity = frame.get("Message-ID")
            if identity not in self.messages:
                self.messages[identity] = Message(frame)
            self.messages[identity].add(frame)

    def _judge(self, frame):
        """RFC 4975 7 and 9: what every frame of the server must be like."""
        names = [name for name, _ in frame.headers]
        if names[:2] != ["To-Path", "From-Path"]:
            self.faults.append(f"To-Path and From-Path do not come first: {frame}")
        if frame.get("To-Path").split()[-1:] != [self.uri]:
            self.faults.append(f"To-Path is not {self.uri}: {frame}")
        if self.expected_from and not self.any_from and frame.get("From-Path") not in (self.expected_from, self.expected_from.split()[0]):
            self.faults.append(f"From-Path is not {self.expected_from}: {frame}")
        if frame.method == "SEND":
            span = frame.get("Byte-Range")
            found = RANGE.match(span) if span else None
            if not frame.get("Message-ID"):
                self.faults.append(f"no Message-ID: {frame}")
            if span and not found:
                self.faults.append(f"Byte-Range: {frame}")
            elif found and frame.flag == "$" and found.group(2) != "*" and \
                    int(found.group(2)) - int(found.group(1)) + 1 != len(frame.body or b""):
                self.faults.append(f"Byte-Range and the {len(frame.body or b'')} bytes differ: {frame}")
            if frame.body is not None and not frame.get("Content-Type"):
                self.faults.append(f"no Content-Type: {frame}")

    def wait(self, condition, what, deadline_s=DEADLINE_S):
        with self.more:
            good = self.more.wait_for(condition, deadline_s)
        check(good, lambda: f"not within {deadline_s} s: {what}; faults: {self.faults}; ended: {self.lost}; "
                            f"last: {[str(f) for f in self.requests[-3:]]}")
        return condition()

    def message(self, identity, deadline_s=DEADLINE_S):
        """The message of this Message-ID, when its last chunk is here."""
        self.wait(lambda: identity in self.messages and self.messages[identity].end,
                  f"message {identity} is whole (here: {[(m.id, len(m.data), m.end) for m in self.messages.values()]})",
                  deadline_s)
        return self.messages[identity]

    def answer_to(self, transaction, deadline_s=DEADLINE_S):
        self.wait(lambda: transaction in self.answers, f"an answer to {transaction}", deadline_s)
        return self.answers[transaction]

    def check_faultless(self, what):
        check_eq(self.faults, [], f"what the server did wrong towards {what}")

    # ---- what goes

    def write(self, data):
        with self.writing:
            self._send(data)

    def put(self, frame, pieces=None, gap_s=0.0):
        """A frame, in segments of so many bytes with a gap between them."""
        data = frame.encode()
        if self.capture:
            self.capture.stream(self.ours, self.peer, data)
        with self.writing:
            for at in range(0, len(data), pieces or len(data)):
                self._send(data[at:at + (pieces or len(data))])
                if gap_s:
                    time.sleep(gap_s)
        return frame.transaction

    def answer(self, request, status=200, reason="OK"):
        frame = Frame(request.transaction, status=f"{status} {reason}" if reason else status,
                      headers=[("To-Path", request.get("From-Path").split()[0]), ("From-Path", self.uri)])
        try:
            self.put(frame)
        except OSError:
            pass

    def request(self, method="SEND", headers=(), body=None, flag="$", transaction=None):
        return Frame(transaction or new_id(), method,
                     headers=[("To-Path", self.to_path or self.remote), ("From-Path", self.uri), *headers],
                     body=body, flag=flag)

    def bind(self):
        """The empty SEND with which the active side begins."""
        transaction = self.put(self.request(headers=[("Message-ID", new_id()), ("Byte-Range", "1-0/0")]))
        check_eq(self.answer_to(transaction).status, 200, "the answer to the first, empty SEND")

    def send(self, data, content_type="text/plain", chunk=None, total="known", headers=(), wait=True, **how):
        """A message, in chunks of so many bytes; returns its Message-ID. total: known | unknown ('*')."""
        identity = new_id()
        chunk = chunk or max(len(data), 1)
        transactions = []
        for at in range(0, max(len(data), 1), chunk):
            part = data[at:at + chunk]
            last = at + chunk >= len(data)
            whole = len(data) if total == "known" else "*"
            end = at + len(part) if total == "known" else "*"
            frame = self.request(headers=[("Message-ID", identity), ("Byte-Range", f"{at + 1}-{end}/{whole}"),
                                          *headers, ("Content-Type", content_type)],
                                 body=part, flag="$" if last else "+")
            transactions.append(self.put(frame, **how))
        if wait:
            for transaction in transactions:
                check_eq(self.answer_to(transaction, 30).status, 200, f"the answer to a chunk of {identity}")
        return identity

    def can_write(self, within_s):
        return bool(select.select([], [self.socket], [], within_s)[1])

    def close(self):
        self.closed = True
        self.reading.set()
        for s in (self.listener, self.socket):
            if s and s.fileno() >= 0:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                s.close()
        if self.thread:
            self.thread.join(5)

    def reset(self):
        """Its connection goes as if a machine had lost its power and come back: RST. A listener listens on."""
        self.broken = True
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.shutdown(socket.SHUT_RD)  # wakes the reader, who holds the socket; nothing is sent
        self.reading.set()
        self.wait(lambda: self.lost, "the reader has ended")
        self.socket.close()
