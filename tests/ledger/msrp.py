# SPDX-License-Identifier: Apache-2.0
"""As much MSRP as the ledger needs: one connection, its frames as they come, and messages cut into chunks."""
import re
import selectors
import socket

START = re.compile(rb'MSRP (\S+) (?:(\d{3})[^\r]*|([A-Z]+))\r\n')
URI = re.compile(r'msrp://([\d.]+):(\d+)/')


class Frame:
    def __init__(self, tid, status, method, headers, body, flag):
        self.tid, self.status, self.method = tid, status, method
        self.headers, self.body, self.flag = headers, body, flag

    def get(self, name):
        return self.headers.get(name.lower(), '')


def take(buffer):
    """The first frame of a bytearray, taken out of it; None: there is no whole one yet."""
    start = START.match(buffer)
    if not start:
        return None
    tid = start.group(1)
    line = b'-------' + tid
    end = buffer.find(b'\r\n' + line)
    if end < 0 or len(buffer) < end + 2 + len(line) + 3:
        return None
    flag = chr(buffer[end + 2 + len(line)])
    head, parted, body = bytes(buffer[start.end():end + 2]).partition(b'\r\n\r\n')
    headers = {}
    for part in head.decode('latin-1').split('\r\n'):
        if ':' in part:
            name, value = part.split(':', 1)
            headers[name.strip().lower()] = value.strip()
    frame = Frame(tid.decode(), int(start.group(2) or 0), (start.group(3) or b'').decode(), headers,
                  body[:-2] if parted else b'', flag)
    del buffer[:end + 2 + len(line) + 3]
    return frame


class Line:
    """A connection that we open, to `path`; `got(frame)` hears what comes, `lost()` that it is over."""

    def __init__(self, selector, path, ours, got, lost):
        self.selector, self.path, self.ours, self.got, self.lost = selector, path, ours, got, lost
        self.incoming, self.outgoing, self.number, self.connected = bytearray(), bytearray(), 0, False
        host, port = URI.match(path).groups()
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex((host, int(port)))
        self.selector.register(self.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self.ready)

    def close(self):
        if self.socket:
            self.selector.unregister(self.socket)
            self.socket.close()
            self.socket = None

    def over(self):
        self.close()
        self.lost()

    def ready(self):
        try:
            self.write()
            while self.socket and (data := self.socket.recv(262144)):
                self.incoming += data
                while self.socket and (frame := take(self.incoming)):
                    self.got(frame)
            if self.socket:
                self.over()
        except BlockingIOError:
            self.write_interest()
        except OSError:
            self.over()

    def write(self):
        while self.socket and self.outgoing:
            del self.outgoing[:self.socket.send(self.outgoing)]

    def write_interest(self):
        if self.socket:
            more = selectors.EVENT_WRITE if self.outgoing else 0
            self.selector.modify(self.socket, selectors.EVENT_READ | more, self.ready)

    def put(self, data):
        self.outgoing += data
        self.write_interest()

    def send(self, message_id, data, at, size, content_type, last):
        """One chunk; its transaction."""
        self.number += 1
        tid = f'{self.ours}x{self.number}'
        head = (f'MSRP {tid} SEND\r\nTo-Path: {self.path}\r\nFrom-Path: {self.uri}\r\nMessage-ID: {message_id}\r\n'
                f'Byte-Range: {at + 1}-{at + len(data)}/{size}\r\n')
        body = f'Content-Type: {content_type}\r\n\r\n'.encode() + data + b'\r\n' if content_type else b''
        self.put(head.encode() + body + f'-------{tid}{"$" if last else "+"}\r\n'.encode())
        return tid

    def answer(self, frame, status=200):
        self.put((f'MSRP {frame.tid} {status} OK\r\nTo-Path: {frame.get("from-path").split()[0]}\r\n'
                  f'From-Path: {self.uri}\r\n-------{frame.tid}$\r\n').encode())

    @property
    def uri(self):
        return path_of(self.ours)


def path_of(ours):
    """Nobody comes to us: the port is never listened on."""
    return f'msrp://127.0.0.1:9/{ours};tcp'


def describe(ours, direction):
    return ('v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=message 9 TCP/MSRP *\r\n'
            f'a={direction}\r\na=accept-types:*\r\na=setup:active\r\na=path:{path_of(ours)}\r\n').encode()


def path_in(sdp):
    found = re.search(rb'a=path:(\S+)', sdp)
    return found.group(1).decode() if found else None
