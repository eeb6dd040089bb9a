# SPDX-License-Identifier: Apache-2.0
"""A world with core: ims: the server; in front of it Kamailio with examples/ims-kamailio, the only peer it trusts."""
from kamailio import Kamailio
from port import free_port
from process import until
from sip import Endpoint
from tap import check_eq
from world import World


class Core(World):
    """keys: further ones of the server's configuration."""

    def __init__(self, keys=None):
        self.core, self.devices = None, []
        self.core_port = free_port()
        super().__init__(users=(), keys={"core": "ims", "ims": f"{{peers: ['127.0.0.1:{self.core_port}'], "
                                                              f"next-hop: 'sip:127.0.0.1:{self.core_port}'}}",
                                         **(keys or {})})

    def prepare(self):
        self.start_core()

    def start_core(self, define=()):
        if self.core:
            self.core.stop()
        self.core = Kamailio(self.directory("kamailio"), self.server.port, self.core_port, define)
        self.core.wait_ready()

    def said(self):
        return f"{super().said()}\n---- kamailio\n{self.core.process.output()[-8000:] if self.core else ''}"

    def device(self, user, params=""):
        """A device, registered at the core until the case ends."""
        endpoint = Endpoint(self.core.at)
        self.devices.append((user, endpoint))
        check_eq(endpoint.register(user, 600, params).status, 200, f"the core's answer to the REGISTER of {user}")
        self.server.wait_registered(f"sip:{user}@example.org")
        return endpoint

    def end_case(self):
        super().end_case()
        for user, endpoint in self.devices:
            endpoint.register(user, 0)
            endpoint.close()
        self.devices = []
        if self.server.process and self.server.process.alive():
            until(lambda: not self.server.registrations(), lambda: f"nobody is left: {self.server.registrations()}")

    def close(self):
        if self.core:
            self.core.stop()
        super().close()
