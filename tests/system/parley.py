# SPDX-License-Identifier: Apache-2.0
"""The project's own client, as a program."""
import os
import re

from process import Process

PARLEY = os.environ.get("PARLEY", "parley")


class Parley:
    """Runs `parley` for one user. server: what stands behind --server; config: accounts.yaml in place of options."""

    def __init__(self, world, user, server=None, password=None, config=None):
        self.world, self.user = world, user
        self.account = ["--account", f"sip:{user}@example.org", "--password", password or f"{user}-secret",
                        "--server", server or world.server.at]
        if config:
            self.account = ["--config", config]
        self.process = None

    def run(self, *args, stdin=False):
        home = self.world.directory(f"parley-{self.user}")
        self.process = self.world.add(Process(f"parley of {self.user}", [PARLEY, *self.account, *args], home,
                                              env={"HOME": str(home), "XDG_CONFIG_HOME": str(home)},
                                              stdin=stdin))
        return self.process

    def listen(self, *args):
        """Prints what arrives."""
        return self.run("listen", *args)

    def send(self, to, text, *args):
        """Sends and returns the exit status: 0 when the message was taken."""
        return self.run("send", f"sip:{to}@example.org", text, *args).wait()

    def expect(self, sender, text):
        self.process.wait_for(rf"sip:{re.escape(sender)}@example\.org.*{re.escape(text)}")
