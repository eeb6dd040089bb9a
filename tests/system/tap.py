# SPDX-License-Identifier: Apache-2.0
"""Cases, told in the Test Anything Protocol.

A file of tests declares its cases with @case in the order in which they run, and ends with
run(World, keys of the configuration...). All cases of a file share one World; after them comes one case more,
World.finish, as a rule the clean end of the server. A case that fails prints what the server and the clients said.
"""
import sys
import time
import traceback

CASES = []


def case(title):
    """Declares the function, which takes the world, as a case."""
    def declare(function):
        CASES.append((title, function))
        return function
    return declare


def comment(text):
    for line in text.splitlines():
        print("#", line)


def play(number, title, function, world):
    started = time.monotonic()
    try:
        function(world)
        why = None
    except Exception:  # whatever it was: the case failed, the next one runs
        why = traceback.format_exc()
    took_s = time.monotonic() - started
    print(f"{'not ok' if why else 'ok'} {number} - {title}", flush=True)
    if took_s > 1:
        comment(f"{took_s:.1f} s")
    if why:
        comment(why)
        comment(world.said())
    world.end_case()
    return why is None


def run(world_class, **options):
    """Plays all cases of the file, prints the plan, ends the program: 0 when all passed."""
    total = len(CASES) + 1
    print(f"1..{total}", flush=True)
    passed = 0
    try:
        world = world_class(**options)
    except Exception:
        comment(traceback.format_exc())
        print("Bail out! the world did not begin")
        sys.exit(1)
    try:
        for number, (title, function) in enumerate(CASES, 1):
            passed += play(number, title, function, world)
        passed += play(total, world_class.END, type(world).finish, world)
    finally:
        world.close()
    sys.exit(0 if passed == total else 1)


def check(good, why):
    """As assert, whatever the interpreter's options; `why` may be a function."""
    if not good:
        raise AssertionError(why() if callable(why) else why)


def check_eq(got, wanted, what):
    check(got == wanted, f"{what}: {wanted!r} was expected, {got!r} came")


def check_in(part, text, what):
    check(part in text, f"{what}: {part!r} is not in\n{text}")
