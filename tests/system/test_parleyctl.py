# SPDX-License-Identifier: Apache-2.0
"""The operator's tool against a running server: what is done, what is printed, exit statuses, error texts."""
import json
import subprocess

from port import free_port
from server import PARLEYCTL, PARLEYD
from sip import Endpoint
from tap import case, check, check_eq, check_in, run
from world import World


def done(world, *args, **options):
    answer = world.server.ctl(*args, **options)
    check_eq(answer.status, 0, f"exit status of parleyctl {' '.join(args)}: {answer.err}")
    check_eq(answer.err, "", f"standard error of parleyctl {' '.join(args)}")
    return answer


def refused(world, status, texts, *args, **options):
    """Exit status and one line on standard error: what went wrong, and what to do about it."""
    answer = world.server.ctl(*args, **options)
    check_eq(answer.status, status, f"exit status of parleyctl {' '.join(args)}: {answer.err}")
    check_eq(answer.out, "", f"standard output of parleyctl {' '.join(args)}")
    check(answer.err.startswith("parleyctl: "), f"standard error does not begin with the program: {answer.err!r}")
    check_eq(answer.err.count("\n"), 1, f"lines of {answer.err!r}")
    check(answer.err.count(": ") >= 2, f"no remedy in {answer.err!r}")
    for text in texts:
        check_in(text, answer.err, "standard error")


def users(world):
    return {u["user"]: u["allowed"] for u in done(world, "user", "list", "--json").json()["users"]}


@case("user list says how to begin when there are none")
def no_users(world):
    check_in("parleyctl user add", done(world, "user", "list").out, "the output")


@case("user add: password as an option, and as a line of standard input; names in three ways")
def add(world):
    done(world, "user", "add", "alice", "--password", "one")
    done(world, "user", "add", "bob@example.org", stdin="two\n")
    done(world, "user", "add", "sip:carol@example.org", "--password=three")
    check_eq(users(world), {f"sip:{n}@example.org": True for n in ("alice", "bob", "carol")}, "the users")
    endpoint = Endpoint(world.server)
    request = endpoint.request("REGISTER", "sip:example.org", "sip:bob@example.org", "sip:bob@example.org")
    check_eq(endpoint.ask_as("bob", "two", request).status, 200, "the answer by the password of standard input")
    endpoint.close()


@case("user add refuses what is there, what is no name, what is another domain's, and an empty password")
def add_refused(world):
    refused(world, 1, ["alice", "already"], "user", "add", "alice", "--password", "x")
    refused(world, 1, ["a b"], "user", "add", "a b", "--password", "x")
    refused(world, 1, ["domain"], "user", "add", "alice@elsewhere.example.net", "--password", "x")
    refused(world, 1, ["password is empty"], "user", "add", "dave")
    refused(world, 1, ["password is empty"], "user", "add", "dave", "--password", "")
    check("sip:dave@example.org" not in users(world), "dave was added")


@case("user passwd: the new password counts, the old one does not")
def passwd(world):
    done(world, "user", "passwd", "alice", stdin="changed\n")
    endpoint = Endpoint(world.server)

    def answer(password):
        request = endpoint.request("REGISTER", "sip:example.org", "sip:alice@example.org", "sip:alice@example.org")
        return endpoint.ask_as("alice", password, request).status

    check_eq(answer("changed"), 200, "the answer by the new password")
    check_eq(answer("one"), 401, "the answer by the old password")
    endpoint.close()
    refused(world, 1, ["nobody"], "user", "passwd", "nobody", "--password", "x")


@case("user deny and allow: a denied user's message is answered 403")
def deny(world):
    done(world, "user", "passwd", "alice", "--password", "alice-secret")
    endpoint = Endpoint(world.server)
    done(world, "user", "deny", "alice")
    check_eq(users(world)["sip:alice@example.org"], False, "alice in the list")
    answer = endpoint.final(endpoint.send_message("alice", "bob", "may I"))
    check_eq(answer.status, 403, "the answer to a denied user")
    check_in("127 Service not authorised", answer.get("Warning"), "Warning")
    done(world, "user", "allow", "alice")
    check_eq(endpoint.final(endpoint.send_message("alice", "bob", "may I now")).status, 202, "the answer when allowed")
    endpoint.close()
    refused(world, 1, ["nobody"], "user", "deny", "nobody")


@case("registration list: all, of one user, as a table and as JSON")
def registrations(world):
    check_eq(done(world, "registration", "list").out, "nobody is registered\n", "without any")
    endpoint = Endpoint(world.server, "tcp")
    check_eq(endpoint.register("alice", 300).status, 200, "alice's registration")
    table = done(world, "registration", "list").out.splitlines()
    check_eq(len(table), 2, f"lines of {table}")
    for text in ("sip:alice@example.org", f"{endpoint.port}", "tcp:127.0.0.1:"):
        check_in(text, table[1], "the row")
    rows = done(world, "registration", "list", "alice", "--json").json()["registrations"]
    check_eq([r["user"] for r in rows], ["sip:alice@example.org"], "the rows")
    check(0 < rows[0]["expires_s"] <= 300, f"expires_s is {rows[0]['expires_s']}")
    check_eq(done(world, "registration", "list", "bob", "--json").json()["registrations"], [], "bob's rows")
    endpoint.register("alice", 0)
    endpoint.close()


@case("user del: the account is gone, and its devices with it")
def delete(world):
    endpoint = Endpoint(world.server)
    endpoint.register("alice")
    done(world, "user", "del", "alice")
    check("sip:alice@example.org" not in users(world), "alice is still there")
    check_eq(done(world, "registration", "list", "--json").json()["registrations"], [], "registrations")
    refused(world, 1, ["alice"], "user", "del", "alice")
    endpoint.close()


@case("settings, policy and groups: a value that will not do is told with what would")
def values(world):
    done(world, "user", "add", "dora", "--password", "x")
    for words, texts in (
            ("settings set dora history=yes", ["history cannot be \"yes\"", "on or off"]),
            ("settings set dora history=", ["history cannot be \"\"", "on or off"]),
            ("settings set dora histry=maybe", ["histry", "did you mean history?"]),
            ("policy set pager.max-size=huge", ["pager.max-size", "\"huge\"", "64k"]),
            ("policy set dora pager.max-size=9G", ["pager.max-size", "9G", "from 1 to 65536"]),
            ("policy set large.types=text", ["large.types", "\"text\"", "TYPE/SUBTYPE"]),
            ("policy set charging=yes", ["charging", "\"yes\"", "on or off"]),
            ("group create team dora invite=yes", ["invite cannot be \"yes\"", "on or off"]),
            ("group create team dora max=-1", ["max cannot be \"-1\"", "a number"]),
            ("group create team dora duration=1h", ["duration cannot be \"1h\"", "seconds"]),
            ("group create team dora colour=red", ["no colour", "advertise"])):
        refused(world, 1, texts, *words.split())
    done(world, "user", "del", "dora")


@case("group create and add: who is nobody here is a member, and said to be nobody; who is elsewhere is not")
def unknown_members(world):
    done(world, "user", "add", "dora", "--password", "x")
    done(world, "group", "create", "team", "dora", "sip:guest@elsewhere.example")
    done(world, "group", "create", "all", "dora", "team")
    added = world.server.ctl("group", "add", "team", "dorra")
    check_eq(added.status, 0, "exit status")
    check_in("sip:dorra@example.org", added.out, "the group")
    check_eq(added.err.count("\n"), 1, f"lines of {added.err!r}")
    check_in("sip:dorra@example.org is a member now, but no user here", added.err, "the note")
    check_eq(done(world, "group", "show", "team").err, "", "what is said later")
    made = world.server.ctl("group", "create", "more", "dora", "x1", "x2", "dora", "x1")
    check_eq((made.status, made.err.count("\n")), (0, 2), f"exit status and notes: {made.err!r}")
    refused(world, 1, ["there is a group sip:team@example.org", "another name"], "user", "add", "team",
            "--password", "x")
    done(world, "group", "remove", "team", "dorra")
    for group in ("team", "all", "more"):
        done(world, "group", "delete", group)
    done(world, "user", "del", "dora")


@case("status: for people and as JSON")
def status(world):
    check_in("example.org", done(world, "status").out, "the output")
    node = done(world, "status", "--json").json()["nodes"][0]
    check_eq(node["core"], "embedded", "core")
    check_eq(node["state"], "running", "state")
    check_eq(node["store"], {"kind": "sqlite", "healthy": True, "detail": ""}, "store")


@case("config: as YAML that parleyd takes again, and as JSON")
def config(world):
    text = done(world, "config").out
    check_in(f"udp:{world.server.at}", text, "the configuration")
    path = world.directory("config") / "parley.yaml"
    path.write_text(text)
    tested = subprocess.run([PARLEYD, "-t", "-c", path], capture_output=True, text=True, check=False)
    check_eq(tested.returncode, 0, f"exit status of parleyd -t: {tested.stdout}{tested.stderr}")
    check_eq(json.loads(done(world, "config", "--json").out)["core"], "embedded", "core in JSON")


@case("where the server is: --admin, -c, PARLEY_ADMIN")
def target(world):
    def ctl(*args, env=None):
        return subprocess.run([PARLEYCTL, *args], capture_output=True, text=True, check=False,
                              env={"PATH": "/usr/bin", **(env or {})})

    at = f"127.0.0.1:{world.server.admin_port}"
    check_eq(ctl("status", "--admin", at).returncode, 0, "exit status with --admin")
    check_eq(ctl("-c", world.server.config, "status").returncode, 0, "exit status with -c")
    check_eq(ctl("status", env={"PARLEY_ADMIN": at}).returncode, 0, "exit status with PARLEY_ADMIN")
    away = ctl("--admin", f"127.0.0.1:{free_port()}", "status")
    check_eq(away.returncode, 1, "exit status when nobody answers")
    check_in("start parleyd", away.stderr, "the remedy")
    check_eq(ctl("--admin", "nonsense", "status").returncode, 2, "exit status with a wrong --admin")


@case("wrong usage: exit status 2, and what would be right")
def usage(world):
    for text, *args in (("--help",), ("add, del, list, passwd, allow, deny", "user"),
                        ("add, del, list, passwd, allow, deny", "user", "frobnicate"), ("--help", "frobnicate"),
                        ("--help", "--frobnicate"), ("parleyctl status", "status", "extra"),
                        ("parleyctl user add USER", "user", "add"), ("--password", "--password", "x", "status")):
        refused(world, 2, [text], *args)


@case("--help and --version")
def help_and_version(world):
    check_in("Example", done(world, "--help").out, "the help")
    check(done(world, "--version").out.startswith("parleyctl "), "the version")


@case("/metrics is what Prometheus reads")
def metrics(world):
    code, page = world.server.get("/metrics")
    check_eq(code, 200, "status")
    values = {}
    for line in page.splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            values[name] = float(value)
    check(values["parley_core_registrar_accepted_total"] >= 2, "registrations are not counted")
    check_eq(values["parley_sip_connections"], 0.0, "the gauge of connections")


@case("a web page of elsewhere is refused by the admin API")
def foreign(world):
    import http.client
    for headers in ({"Host": "evil.example.net"}, {"Origin": "http://evil.example.net"}):
        connection = http.client.HTTPConnection("127.0.0.1", world.server.admin_port, timeout=10)
        connection.request("POST", "/v1/users", json.dumps({"user": "eve", "password": "x"}), headers)
        check_eq(connection.getresponse().status, 403, f"status with {headers}")
        connection.close()
    check("sip:eve@example.org" not in users(world), "eve was added")


run(World, users=())
