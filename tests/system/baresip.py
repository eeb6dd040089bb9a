# SPDX-License-Identifier: Apache-2.0
"""baresip (Debian: baresip-core), without sound: only the modules that messages need."""
import re

from port import free_port
from process import Process, program

CONFIG = """\
poll_method epoll
sip_listen 127.0.0.1:{port}
module_path /usr/lib/baresip/modules
module stdio.so
module g711.so
module_tmp uuid.so
module_tmp account.so
module_app contact.so
module_app menu.so
"""
ACCOUNT = ('<sip:{user}@example.org;transport={transport}>;auth_user={user};auth_pass={password}'
           ';outbound="sip:{server};transport={transport}";regint=600\n')


class Baresip:
    """One baresip with its own home. Messages go to its current contact."""

    def __init__(self, world, user, transport="udp", contacts=(), password=None):
        home = world.directory(f"baresip-{user}")
        (home / "config").write_text(CONFIG.format(port=free_port()))
        (home / "accounts").write_text(ACCOUNT.format(user=user, transport=transport, server=world.server.at,
                                                      password=password or f"{user}-secret"))
        (home / "contacts").write_text("".join(f'"{name}" <sip:{name}@example.org>\n' for name in contacts))
        self.user, self.contacts = user, contacts
        self.process = world.add(Process(f"baresip of {user}", [program("baresip"), "-4", "-f", home], home,
                                         env={"HOME": str(home)}, stdin=True))

    def wait_registered(self):
        self.process.wait_for(r"registered successfully|: \{\d+/\w+/v\d\} 200 ")

    def send(self, to, text):
        """The first contact is the current one; /contact_next goes on to the next, and names it."""
        wanted = f"<sip:{to}@example.org>"
        seen = len(self.process.output())
        self.process.say("/contacts")
        current = self.process.wait_for(r"> \w+ (<sip:[^>]*>)", since=seen).group(1)
        for _ in range(len(self.contacts)):
            if current == wanted:
                break
            seen = len(self.process.output())
            self.process.say("/contact_next")
            current = self.process.wait_for(r"Current contact: \w+ (<sip:[^>]*>)", since=seen).group(1)
        self.process.say(f"/message {text}")

    def expect(self, sender, text):
        self.process.wait_for(re.escape(f'sip:{sender}@example.org: "{text}"'))

    def quit(self):
        self.process.say("/quit")
        self.process.wait()
