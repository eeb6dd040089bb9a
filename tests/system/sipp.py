# SPDX-License-Identifier: Apache-2.0
"""sipp (Debian: sip-tester) with the scenarios of sipp/.

sipp before 3.7 looks at the first challenge alone and knows nothing but MD5, while the server offers SHA-256
first (RFC 8760 2.4), so credentials are not made by sipp's [authentication] but here: one nonce is asked for, and
each call has a nonce-count of its own in the file of calls, field 0.
"""
import pathlib

from port import free_port
from process import DEADLINE_S, Process, program
from sip import Endpoint, credentials
from tap import check_eq

SCENARIOS = pathlib.Path(__file__).parent / "sipp"
TARGETS = {"register": "REGISTER sip:example.org", "message": "MESSAGE sip:{to}@example.org",
           "call": "INVITE sip:{to}@example.org", "call-heard": "INVITE sip:{to}@example.org"}


def credentials_of(world, scenario, user, password, to, calls):
    """The file of calls."""
    method, uri = TARGETS[scenario].format(to=to).split()
    endpoint = Endpoint(world.server, host=world.server.host)
    # A MESSAGE in place of an INVITE: the challenge is the same, and nothing has to be acknowledged.
    asked = "MESSAGE" if method == "INVITE" else method
    challenge = endpoint.ask(endpoint.request(asked, uri, f"sip:{user}@example.org", f"sip:{user}@example.org"))
    endpoint.close()
    lines = (": ".join(credentials(challenge, user, password, method, uri, count=n + 1)) for n in range(calls))
    return "SEQUENTIAL\n" + "".join(f"{line}\n" for line in lines)


class Sipp:
    """One run of one scenario. `fill` replaces words in capitals such as @STATUS@ in it."""

    def __init__(self, world, scenario, user, transport="udp", port=None, to=None, calls=1, rate=10, password=None,
                 sender=None, fill=None):
        directory = world.directory(f"sipp-{scenario}")
        text = (SCENARIOS / f"{scenario}.xml").read_text()
        for word, value in (fill or {}).items():
            text = text.replace(f"@{word}@", str(value))
        path = directory / f"{scenario}.xml"
        path.write_text(text)
        self.port = port or free_port(world.server.host)
        self.log = directory / "errors.log"
        argv = [program("sipp"), world.server.at, "-sf", path, "-i", world.server.host_text,
                "-p", self.port, "-t", {"udp": "u1", "tcp": "t1"}[transport], "-m", calls, "-r", rate,
                "-key", "from", sender or user, "-s", to or user, "-nostdin", "-timeout", 60, "-timeout_error",
                "-trace_err", "-error_file", self.log]
        if scenario in TARGETS:
            calls_file = directory / "calls.csv"
            calls_file.write_text(credentials_of(world, scenario, user, password or f"{user}-secret", to, calls))
            argv += ["-inf", calls_file]
        self.process = world.add(Process(f"sipp {scenario} of {user}", argv, directory))

    def finish(self, deadline_s=DEADLINE_S):
        """Every call went as the scenario says."""
        status = self.process.wait(deadline_s)
        errors = self.log.read_text()[:3000] if self.log.exists() else ""
        check_eq(status, 0, f"exit status of {self.process.name} {errors}")


def play(world, scenario, user, deadline_s=DEADLINE_S, **options):
    """Runs a scenario to its end."""
    run = Sipp(world, scenario, user, **options)
    run.finish(deadline_s)
    return run


def register(world, user, **options):
    """Registers, and returns the port on which the user can then be reached."""
    return play(world, "register", user, **options).port
