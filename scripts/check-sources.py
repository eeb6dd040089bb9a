#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""House rules a compiler does not know (CONTRIBUTING.md): licence line, header guards, allocation, owed work."""
import pathlib
import re
import sys

ALLOCATION = re.compile(r"(?<![\w.>])(malloc|calloc|realloc|strdup|strndup|free)\s*\(")
OWED = re.compile(r"\b(TODO|FIXME|XXX)\b")
UNSAFE = re.compile(r"(?<![\w.>])(strcpy|strcat|sprintf|gets|alloca)\s*\(")
EMPTY_NOUNS = {"utils", "util", "common", "helpers", "helper", "misc"}
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"", re.S)


def code_of(text):
    """The text without comments and strings, line for line."""
    return COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def guard_of(path, root):
    parts = path.relative_to(root).parts
    if parts[0] == "src":
        parts = parts[1:]
    return re.sub(r"[^A-Z0-9]", "_", "/".join(parts).upper())


def check_file(path, root):
    text = path.read_text()
    where = path.relative_to(root)
    if not text.startswith("/* SPDX-License-Identifier: Apache-2.0 */"):
        yield f"{where}:1: begins without its licence line"
    if path.stem in EMPTY_NOUNS:
        yield f"{where}:1: '{path.stem}' is no noun: name what it holds"
    if path.suffix == ".h" and where.parts[0] == "src" and f"#ifndef {guard_of(path, root)}\n" not in text:
        yield f"{where}:1: the guard should be {guard_of(path, root)}"
    for number, line in enumerate(code_of(text).splitlines(), 1):
        if where.parts[0] in ("src", "client") and path.name != "mem.c" and ALLOCATION.search(line):
            yield f"{where}:{number}: allocates without base/mem.h"
        if where.parts[0] != "tests" and UNSAFE.search(line):
            yield f"{where}:{number}: writes without knowing the size"
    for number, line in enumerate(text.splitlines(), 1):
        if OWED.search(line):
            yield f"{where}:{number}: owed work belongs in an issue"
        if len(line.expandtabs(8)) > 120:
            yield f"{where}:{number}: longer than 120 columns"


def main(root):
    problems = []
    for top in ("src", "client", "apps", "tests"):
        for path in sorted((root / top).rglob("*.[ch]")):
            problems.extend(check_file(path, root))
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
