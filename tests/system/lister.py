# SPDX-License-Identifier: Apache-2.0
"""A server of nobody's that gives out lists of what it keeps, whatever is asked for: the client must cope with it."""
import re
import socket
import threading

from msrp import Msrp
from process import DEADLINE_S
from sip import Message
from talker import Sdp, describe

LIST = """<?xml version="1.0"?>
<history-list xmlns="urn:oma:xml:im:history-list" xmlns:p="urn:parley:im:history"><history
history-reference="sip:history@example.org;id={page}" p:kind="pager"><pager><time-stamp>2026-11-21T10:41:03Z</time-stamp>
<from uri="sip:bob@example.org"/><to uri="sip:alice@example.org"/></pager><size>2</size></history>
<p:next>{next}</p:next></history-list>"""


class Lister:
    """`next_of` makes the reference of the next page from the number of the page, which is the id of its one entry."""

    def __init__(self, next_of):
        self.next_of, self.asked, self.open = next_of, 0, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.at = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        try:
            while True:
                data, peer = self.socket.recvfrom(65536)
                message = Message.decode(data)
                if not message.status:
                    self._take(message, peer)
        except OSError:
            pass

    def _take(self, message, peer):
        if message.method == "INVITE":
            self.asked += 1
            msrp = Msrp()
            msrp.listen()
            self.open.append(msrp)
            msrp.remote = msrp.expected_from = Sdp(message.body[message.body.index("v=0"):]).path
            answer = message.response(200, "OK", [("Contact", f"<sip:history@{self.at}>"),
                                                  ("Content-Type", "application/sdp")], tag="keeper")
            answer.body = describe(msrp, "passive")
            self.socket.sendto(answer.encode(), peer)
            threading.Thread(target=self._give, args=(message, peer, msrp, self.asked), daemon=True).start()

    def _give(self, invite, peer, msrp, page):
        msrp.wait(lambda: msrp.empty, "the connection is bound", DEADLINE_S)
        msrp.send(LIST.format(page=page, next=self.next_of(page)).encode(),
                  content_type="application/vnd.oma.im.history-list+xml")
        contact = re.search(r"<([^>]*)>", invite.get("Contact")).group(1)
        self.socket.sendto(Message(f"BYE {contact} SIP/2.0", [
            ("Via", f"SIP/2.0/UDP {self.at};branch=z9hG4bKbye{page}"), ("Max-Forwards", "70"),
            ("From", invite.get("To") + ";tag=keeper"), ("To", invite.get("From")), ("Call-ID", invite.get("Call-ID")),
            ("CSeq", "1 BYE"), ("Reason", "SIP;cause=200")]).encode(), peer)

    def close(self):
        self.socket.close()
        for msrp in self.open:
            msrp.close()
