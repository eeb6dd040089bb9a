# SPDX-License-Identifier: Apache-2.0
"""What a file of tests works in: a directory, a server, and the clients that were started."""
import os
import pathlib
import shutil
import tempfile

from server import Server

LOG_TAIL = 12000
CLIENT_TAIL = 4000


def working_directory():
    """In memory where that is possible: how long a disk takes to write is not what is tested here."""
    where = os.environ.get("TMPDIR") or ("/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    return pathlib.Path(tempfile.mkdtemp(prefix="parley-system-", dir=where))


class World:
    """Clients started in a case end with it; the server lives for the whole file."""

    END = "the server ends cleanly, with nothing left over"

    def __init__(self, users=("alice", "bob"), start=True, **options):
        self.dir = working_directory()
        self.clients = []
        self.names = 0
        self.server = Server(self.directory("server"), **options)
        try:
            self.prepare()
            if start:
                self.server.start()
                self.server.add_users(*users)
        except BaseException:
            print("\n".join("# " + line for line in self.said().splitlines()))
            self.close()
            raise

    def prepare(self):
        """Before the server starts: files that it needs."""

    def directory(self, name):
        self.names += 1
        path = self.dir / f"{self.names}-{name}"
        path.mkdir()
        return path

    def add(self, client):
        """Ends with the case, and is shown when it fails."""
        self.clients.append(client)
        return client

    def said(self):
        """For the reader of a failure."""
        parts = [f"---- the server's log\n{self.server.log()[-LOG_TAIL:]}"]
        for client in self.clients:
            parts.append(f"---- {client.name}: {' '.join(client.argv)}\n{client.output()[-CLIENT_TAIL:]}")
        return "\n".join(parts)

    def end_case(self):
        for client in self.clients:
            client.kill()
        self.clients = []

    def finish(self):
        """The last case of a file."""
        self.server.wait_idle()
        self.server.stop()

    def close(self):
        self.end_case()
        self.server.kill()
        shutil.rmtree(self.dir, ignore_errors=True)
