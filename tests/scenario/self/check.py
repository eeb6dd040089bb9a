#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plays the scenarios that must fail and compares what is printed, to the byte, with FILE.out.

usage: check.py SCN DIRECTORY [--write]
"""
import difflib
import pathlib
import subprocess
import sys


def play(scn, path):
    done = subprocess.run([scn, path.name], cwd=path.parent, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def main():
    scn, directory = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    write = "--write" in sys.argv[3:]
    files = sorted(directory.glob("*.scn"))
    failed = 0
    print(f"1..{len(files)}")
    for number, path in enumerate(files, 1):
        status, got = play(scn, path)
        again = play(scn, path)[1]
        expected = path.with_suffix(".out")
        if write:
            expected.write_text(got)
        want = expected.read_text() if expected.exists() else ""
        good = status == 1 and got == want and got == again
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {path.name}")
        for line in difflib.unified_diff(want.splitlines(), got.splitlines(), "expected", "came", lineterm=""):
            print("#", line)
        if status != 1:
            print(f"# exit status {status}, not 1")
    return 1 if failed else 0


sys.exit(main())
