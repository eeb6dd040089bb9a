# SPDX-License-Identifier: Apache-2.0
"""Kamailio as the SIP/IP core: examples/ims-kamailio/kamailio.cfg, on ports that are free."""
import subprocess
import os
import pathlib
import types

from port import free_port
from process import Process, program, until
from sip import Endpoint

CONFIG = pathlib.Path(__file__).parents[2] / "examples" / "ims-kamailio" / "kamailio.cfg"


class Kamailio:
    """`define`: further names that the configuration looks at, such as WITH_REGISTER_BODY."""

    def __init__(self, directory, parley_port, port=None, define=()):
        self.port = port or free_port()
        names = [f"CORE_PORT={self.port}", f"PARLEY_PORT={parley_port}", *define]
        # -DD: in the foreground, with its children in our process group; the run-time directory is its own.
        self.process = Process("kamailio", [program("kamailio"), "-DD", "-E", "-f", CONFIG, "-Y", directory, "-m", "32",
                                            "-M", "4", *(part for name in names for part in ("-A", name))], directory)

    @property
    def at(self):
        """What an Endpoint wants to know of a server."""
        return types.SimpleNamespace(host="127.0.0.1", port=self.port)

    @property
    def text(self):
        return f"127.0.0.1:{self.port}"

    def wait_ready(self):
        def answers():
            if not self.process.alive():
                raise AssertionError(f"kamailio ended instead of starting:\n{self.process.output()}")
            endpoint = Endpoint(self.at)
            endpoint.socket.settimeout(0.2)
            try:
                return endpoint.ask(endpoint.request("OPTIONS", f"sip:{self.text}", "sip:test@example.net",
                                                     f"sip:{self.text}")).status
            except (AssertionError, ConnectionError):
                return 0
            finally:
                endpoint.close()
        until(answers, lambda: f"kamailio answers:\n{self.process.output()}")
        return self

    def stop(self):
        """Its main process ends its children; how long that takes is no affair of this test, so it is not waited for in vain."""
        children = subprocess.run(["pgrep", "-P", str(self.process.child.pid)], capture_output=True, text=True).stdout.split()
        if self.process.alive():
            self.process.signal(15)
            try:
                self.process.wait(5)
            except AssertionError:
                pass
        self.process.kill()
        for child in children:
            try:
                os.kill(int(child), 9)
            except ProcessLookupError:
                pass
