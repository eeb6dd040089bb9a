#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up the test cases of JUnit reports: "N passed, N failed", with ", N skipped" when there are any.

What failed is named above that line, with what it said: whoever reads only the end of a long log finds
it. A program that died before it reported a case is one failure: meson writes it as an error.
"""
import os
import sys
import xml.etree.ElementTree as ElementTree

SAID_LINES = 25


def said(suite, case):
    """What is known about a failed case: the lines from "not ok" on, or the last ones."""
    texts = [e.text or e.get("message") or "" for e in (*case.findall("failure"), *case.findall("error"))]
    texts += [e.text or "" for e in (*suite.findall("system-err"), *suite.findall("system-out"))]
    lines = "\n".join(text for text in texts if text.strip()).splitlines()
    at = next((i for i, line in enumerate(lines) if line.startswith("not ok")), len(lines) - SAID_LINES)
    return lines[max(at, 0):][:SAID_LINES]


def main(paths):
    passed = skipped = missing = 0
    failures = []
    for path in paths:
        if not os.path.exists(path):
            print(f"failed: there is no {path}: what should have written it did not run (above)")
            missing += 1
            continue
        for suite in ElementTree.parse(path).iter("testsuite"):
            for case in suite.findall("testcase"):
                if case.find("failure") is not None or case.find("error") is not None:
                    failures.append((path, suite, case))
                elif case.find("skipped") is not None:
                    skipped += 1
                else:
                    passed += 1
    for path, suite, case in failures:
        print(f"failed: {suite.get('name')}: {case.get('name')} ({path})")
        for line in said(suite, case):
            print("    " + line)
    failed = len(failures) + missing
    line = f"{passed} passed, {failed} failed"
    print(line + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
