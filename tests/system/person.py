# SPDX-License-Identifier: Apache-2.0
"""People with bundled clients in a chat: what they say, what they hear, whom they see."""
import json

from parley import Parley
from process import until
from tap import check_eq


class Person:
    """One client with --json: what it tells, as events. at: HOST:PORT where it registers, if that is not the server."""

    def __init__(self, world, user, *args, command="chat", transport="udp", at=None):
        self.world, self.user, self.uri = world, user, f"sip:{user}@example.org"
        self.parley = Parley(world, user, f"{at or world.server.at};transport={transport}")
        self.process = self.parley.run("--json", command, *args, stdin=True)
        self.seen = 0

    def events(self):
        lines = self.process.output().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n") and line.startswith("{")]

    def has(self, **fields):
        return [e for e in self.events()[self.seen:] if all(e.get(k) == v for k, v in fields.items())]

    def wait(self, **fields):
        """The first event like this after those waited for before."""
        found = until(lambda: self.has(**fields), lambda: f"{self.user}: {fields} among\n{self.process.output()}")
        self.seen = self.events().index(found[0], self.seen) + 1
        return found[0]

    def say(self, line):
        self.process.say(line)

    def established(self):
        return self.wait(event="chat", state="established")

    def hears(self, text, speaker, **fields):
        return self.wait(event="message", text=text, **{"from": speaker.uri}, **fields)

    def here(self):
        """Who is there, asked anew."""
        self.seen = len(self.events())
        self.say("/who")
        roster = self.wait(event="roster")
        return sorted(p["uri"] for p in roster["people"] if p["state"] == "here")

    def leave(self):
        self.say("/leave")
        check_eq(self.process.wait(), 0, f"exit status of {self.user}'s client")


def all_here(person, *people):
    wanted = sorted(p.uri for p in people)
    until(lambda: person.here() == wanted, lambda: f"{person.user} sees {person.here()}, not {wanted}")
