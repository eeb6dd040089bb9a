#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds every #include of src/ and client/ against docs/layers; says file:line for each that is against it, and
which folder is told of that is not there."""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def read_layers(path):
    folders, libraries = {}, {}
    for line in path.read_text().splitlines():
        line = line.split("#")[0].rstrip()
        if line.startswith("<"):
            prefix, *owners = line.split()
            libraries[prefix[1:].rstrip(">")] = owners
        elif ":" in line:
            folder, allowed = line.split(":")
            folders[folder.strip()] = allowed.split()
    return folders, libraries


def source_files(root):
    for top in ("src", "client", "apps"):
        for path in sorted((root / top).rglob("*.[ch]")):
            parts = path.relative_to(root).parts
            yield path, parts[1] if parts[0] == "src" else parts[0]


def sibling_functions(path, target):
    """The functions under im/ do not include one another (design: they meet in im/*.h)."""
    here, there = path.parts, target.split("/")
    if "im" not in here or there[0] != "im" or len(there) < 3:
        return False
    at = here.index("im")
    return len(here) - at > 2 and here[at + 1] != there[1]


def check(root):
    folders, libraries = read_layers(root / "docs/layers")
    wrong = [f"docs/layers: there is no folder {folder}" for folder in folders
             if not any((root / top / folder).is_dir() for top in ("src", "."))]
    for path, folder in source_files(root):
        allowed = folders.get(folder, ["*"])
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            kind, target = found.groups()
            where = f"{path.relative_to(root)}:{number}"
            if kind == '"':
                to = target.split("/")[0]
                if to in folders and to != folder and "*" not in allowed and to not in allowed:
                    wrong.append(f'{where}: {folder} -> {to} is against docs/layers ("{target}")')
                if sibling_functions(path.relative_to(root), target):
                    wrong.append(f'{where}: functions under im/ do not include one another ("{target}")')
            for prefix, owners in libraries.items():
                if kind == "<" and target.startswith(prefix) and folder not in owners:
                    wrong.append(f"{where}: <{target}> belongs to {', '.join(owners)} alone")
    return wrong


if __name__ == "__main__":
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    problems = check(root)
    print("\n".join(problems))
    sys.exit(1 if problems else 0)
