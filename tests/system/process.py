# SPDX-License-Identifier: Apache-2.0
"""Programs under test, and waiting for what they do.

Nothing here sleeps for a fixed time: a condition is looked at until it holds, and the deadline is only the bound
after which the case has failed.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time

DEADLINE_S = 60
LOOK_S = 0.02


def until(condition, what, deadline_s=DEADLINE_S):
    """Returns the first true value of condition(); what: words for the failure, or a function of them."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {what() if callable(what) else what}")
        time.sleep(LOOK_S)


def program(name):
    """A program of Debian. One that is missing is a failure: the tests say what works with it."""
    path = shutil.which(name)
    if not path:
        raise AssertionError(f"{name} is not installed: run scripts/install-deps test")
    return path


class Process:
    """One program; standard output and standard error come together, as they were written."""

    def __init__(self, name, argv, cwd, env=None, stdin=False):
        self.name = name
        self.cwd = pathlib.Path(cwd)
        self.chunks = []
        self.more = threading.Condition()
        self.argv = [str(a) for a in argv]
        self.child = subprocess.Popen(self.argv, cwd=cwd, env=dict(os.environ, **(env or {})),
                                      stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while True:
            chunk = os.read(self.child.stdout.fileno(), 65536)
            with self.more:
                if chunk:
                    self.chunks.append(chunk)
                self.more.notify_all()
            if not chunk:
                return

    def output(self):
        with self.more:
            return b"".join(self.chunks).decode("utf-8", "replace")

    def alive(self):
        return self.child.poll() is None

    def wait_for(self, pattern, deadline_s=DEADLINE_S, since=0):
        """Until the output, from character `since` on, matches; returns the match."""
        expression = re.compile(pattern)
        end = time.monotonic() + deadline_s
        while True:
            ended = not self.alive() and not self.reader.is_alive()
            found = expression.search(self.output(), since)
            if found:
                return found
            if ended:
                raise AssertionError(f"{self.name} ended (status {self.child.returncode}) without {pattern!r}")
            if time.monotonic() > end:
                raise AssertionError(f"{self.name} did not print {pattern!r} within {deadline_s} s")
            with self.more:
                self.more.wait(0.1)

    def say(self, line):
        """A line to its standard input."""
        self.child.stdin.write(line.encode() + b"\n")
        self.child.stdin.flush()

    def signal(self, number):
        self.child.send_signal(number)

    def wait(self, deadline_s=DEADLINE_S):
        """Its exit status; -N when signal N ended it."""
        try:
            status = self.child.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end within {deadline_s} s") from None
        self.reader.join(5)
        return status

    def kill(self):
        """At the end of a test, whatever the state."""
        if self.alive():
            self.child.send_signal(signal.SIGKILL)
            self.child.wait()
        self.reader.join(5)
        if self.child.stdin:
            try:
                self.child.stdin.close()
            except BrokenPipeError:
                pass
        self.child.stdout.close()
