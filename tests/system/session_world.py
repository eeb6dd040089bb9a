# SPDX-License-Identifier: Apache-2.0
"""The world of tests with sessions: media pass through the server, scripted clients, a capture of it all."""
from capture import Capture
from certificate import make_certificate
from tap import comment
from talker import Session, Talker
from world import World


class SessionWorld(World):
    """Talkers end with the case; with `captured`, all that they saw is shown to tshark at the end."""

    def __init__(self, captured=False, keys=None, users=("alice", "bob"), **options):
        self.talkers, self.capture = [], Capture() if captured else None
        super().__init__(users=users, keys={"media-path": "always", "log": "{level: info}", **(keys or {})}, **options)

    def prepare(self):
        if "tls" in self.server.listen:
            make_certificate(self.server.dir, "first")
            path = self.server.dir / "server"
            self.server.write_config(tls=f"{{certificate: {path}.pem, key: {path}.key, verify: false}}")

    def pair(self, transport="udp"):
        """alice and bob, registered."""
        return Talker(self, "alice", transport).join(), Talker(self, "bob", transport).join()

    def session(self, transport="udp", **options):
        return Session(self, *self.pair(transport), **options)

    def end_case(self):
        super().end_case()
        for talker in self.talkers:
            if talker.msrp:
                talker.msrp.close()
            try:
                talker.leave()
            except (OSError, AssertionError):
                pass
            talker.close()
        self.talkers = []

    def judge_capture(self):
        if self.capture:
            sip, msrp = self.capture.check(self.dir / "capture.pcap")
            comment(f"tshark: {sip} packets of SIP, {msrp} of MSRP, none malformed")

    def finish(self):
        super().finish()
        self.judge_capture()
