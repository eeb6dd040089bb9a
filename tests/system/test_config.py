# SPDX-License-Identifier: Apache-2.0
"""parleyd -t: each mistake with file, line, key and remedy; the usage of parleyd."""
import pathlib
import subprocess
import tempfile

from server import PARLEYD
from tap import case, check, check_eq, check_in, run


class Directory:
    """No server: only configurations."""

    END = "parleyd -t leaves nothing behind"

    def __init__(self):
        self.holder = tempfile.TemporaryDirectory(prefix="parley-system-")
        self.dir = pathlib.Path(self.holder.name)

    def test(self, text):
        path = self.dir / "parley.yaml"
        path.write_text(text)
        return self.parleyd("-t", "-c", path)

    def parleyd(self, *args):
        return subprocess.run([PARLEYD, *args], capture_output=True, text=True, timeout=30, check=False, cwd=self.dir)

    def said(self):
        return ""

    def end_case(self):
        pass

    def finish(self):
        left = [p.name for p in self.dir.iterdir() if p.name != "parley.yaml"]
        check_eq(left, [], "files that parleyd -t left behind")

    def close(self):
        self.holder.cleanup()


# What is written, the line of the mistake, the key, a word of the remedy.
MISTAKES = [
    ("domain: a.example\nlissten: ['udp:127.0.0.1:5060']\n", 2, "lissten", "did you mean listen?"),
    ("deferred:\n  expiry: 7d\n  qouta: 5\n", 3, "deferred.qouta", "did you mean deferred.quota?"),
    ("listen: ['udq:127.0.0.1:5060']\n", 1, "listen", "udp, tcp and tls"),
    ("listen: ['udp:127.0.0.1:99999']\n", 1, "listen", "99999"),
    ("listen: ['tls:127.0.0.1:5061']\n", 1, "listen", "tls.certificate"),
    ("core: ims\n", 1, "core", "set ims.peers"),
    ("core: imbedded\n", 1, "core", "embedded"),
    ("timers: {linger: fast}\n", 1, "timers.linger", "duration"),
    ("registrar:\n  max-contacts: 100\n", 2, "registrar.max-contacts", "from 1 to 16"),
    ("policy: {pager: {max-size: 99999999}}\n", 1, "policy.pager.max-size", "65536"),
    ("admin: {listen: nowhere}\n", 1, "admin.listen", "127.0.0.1:8080"),
    ("store: mysql:x\n", 1, "store", "sqlite:PATH"),
    ("domain: a.example\ndomain: b.example\n", 2, "domain", "keep one"),
    ("authenticate: perhaps\n", 1, "authenticate", "true"),
    ("expired-pager: forget\n", 1, "expired-pager", "discard"),
    ("log: {level: loud}\n", 1, "log.level", "debug"),
]


def mistake(text, line, key, remedy):
    @case(f"{key} is wrong in line {line}: {text.splitlines()[line - 1].strip()}")
    def found(world):
        tested = world.test(text)
        check_eq(tested.returncode, 1, f"exit status ({tested.stdout}{tested.stderr})")
        check(tested.stderr.startswith(f"{world.dir}/parley.yaml:{line}: {key}: "), f"{tested.stderr!r} came")
        check_in(remedy, tested.stderr, "the remedy")


for one in MISTAKES:
    mistake(*one)


@case("all mistakes are told at once, in order")
def together(world):
    said = world.test("core: imbedded\ndomian: x\nlog: {level: loud}\n").stderr.splitlines()
    check_eq([line.split(":")[1:3] for line in said], [["1", " core"], ["2", " domian"], ["3", " log.level"]], "lines")


@case("what is no YAML is told with its line")
def no_yaml(world):
    tested = world.test("domain: example.org\ncore: [embedded\nlisten: x\n")
    check_eq(tested.returncode, 1, "exit status")
    check(tested.stderr.startswith(f"{world.dir}/parley.yaml:"), f"{tested.stderr!r} came")
    check_in("YAML", tested.stderr, "the message")


@case("an empty file is good")
def empty(world):
    tested = world.test("")
    check_eq((tested.returncode, tested.stderr), (0, ""), "exit status and standard error")
    check_in("good", tested.stdout, "standard output")


@case("a file that is not there: exit status 1")
def missing(world):
    tested = world.parleyd("-t", "-c", "nowhere.yaml")
    check_eq(tested.returncode, 1, "exit status")
    check_in("nowhere.yaml: No such file", tested.stderr, "the message")


@case("a wrong configuration does not start: the same words, exit status 1")
def not_started(world):
    path = world.dir / "parley.yaml"
    path.write_text("core: imbedded\n")
    started = world.parleyd("-c", path)
    check_eq(started.returncode, 1, "exit status")
    check_in(f"{path}:1: core: ", started.stderr, "the message")


@case("a store that this parleyd does not have: -t refuses it as the start does, in the same words")
def no_store(world):
    tested = world.test("store: 'postgres:host=db'\n")
    started = world.parleyd("-c", world.dir / "parley.yaml")
    check_eq((tested.returncode, started.returncode), (1, 1), "exit statuses")
    check_eq(tested.stdout, "", "standard output")
    check_in("no PostgreSQL backend: write sqlite:PATH", tested.stderr, "what -t says")
    check_eq(started.stderr.splitlines()[-1:], tested.stderr.splitlines(), "what the start says")


@case("a certificate that is not there, or none: which file, and why")
def no_certificate(world):
    (world.dir / "parley.yaml").write_text("")
    for name, reason in (("nowhere.pem", "No such file"), ("parley.yaml", "no start line")):
        tested = world.test(f"tls: {{certificate: {name}}}\n")
        check_eq(tested.returncode, 1, "exit status")
        check_in(f"certificate {name}: ", tested.stderr, "the file")
        check_in(reason, tested.stderr, "the reason")


@case("wrong usage: exit status 2, one line on standard error")
def usage(world):
    for args in (["extra"], ["--frobnicate"], ["-c"]):
        tested = world.parleyd(*args)
        check_eq(tested.returncode, 2, f"exit status with {args}")
        check_eq(tested.stderr.count("\n"), 1, f"lines of {tested.stderr!r}")
        check(tested.stderr.startswith("parleyd: "), f"{tested.stderr!r} came")
        check_in("--help", tested.stderr, "the remedy")


@case("--help and --version, -h and -V")
def help_and_version(world):
    for option, text in (("--help", "Example"), ("-h", "Example"), ("--version", "parleyd "), ("-V", "parleyd ")):
        tested = world.parleyd(option)
        check_eq((tested.returncode, tested.stderr), (0, ""), f"exit status and standard error with {option}")
        check_in(text, tested.stdout, f"standard output with {option}")


run(Directory)
