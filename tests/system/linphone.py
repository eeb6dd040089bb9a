# SPDX-License-Identifier: Apache-2.0
"""Linphone on the command line (Debian: linphone-cli), without sound."""
import re

from port import free_port
from process import Process, program

CONFIG = """\
[sip]
sip_port={udp}
sip_tcp_port={tcp}
sip_tls_port=0
default_proxy=0
use_ipv6=0
guess_hostname=1

[proxy_0]
reg_proxy=<sip:{server};transport={transport}>
reg_route=<sip:{server};transport={transport};lr>
reg_identity=sip:{user}@example.org
reg_expires=600
reg_sendregister=1
publish=0

[auth_info_0]
username={user}
passwd={password}
realm=example.org
"""


class Linphone:
    """One linphonec with its own home; `chat` writes a message, what arrives is printed."""

    def __init__(self, world, user, transport="udp", password=None):
        home = world.directory(f"linphone-{user}")
        for needed in (".local/share/linphone", ".config/linphone"):  # without them it ends at once
            (home / needed).mkdir(parents=True)
        port = free_port()
        config = home / "linphonerc"
        config.write_text(CONFIG.format(udp=port if transport == "udp" else 0, tcp=port if transport == "tcp" else 0,
                                        server=world.server.at, transport=transport, user=user,
                                        password=password or f"{user}-secret"))
        environment = {"HOME": str(home), "XDG_DATA_HOME": str(home / ".local/share"),
                       "XDG_CONFIG_HOME": str(home / ".config"), "PULSE_SERVER": "/nowhere"}
        self.user = user
        self.process = world.add(Process(f"linphonec of {user}", [program("linphonec"), "-c", config], home,
                                         env=environment, stdin=True))

    def send(self, to, text):
        self.process.say(f"chat sip:{to}@example.org {text}")

    def expect(self, sender, text):
        self.process.wait_for(re.escape(f"Message received from sip:{sender}@example.org: {text}"))

    def quit(self):
        """Takes its registration back."""
        self.process.say("quit")
        self.process.wait()
