#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the numbered schema files as one C table: embed.py OUTPUT.c FILE.sql..."""
import os
import re
import sys


def literal(line):
    return '"' + line.replace('\\', '\\\\').replace('"', '\\"') + '\\n"'


def main(output, files):
    rows = []
    for number, path in enumerate(sorted(files, key=os.path.basename), 1):
        name = os.path.basename(path)
        match = re.fullmatch(r'(\d{4})-([a-z0-9-]+)\.sql', name)
        if not match or int(match.group(1)) != number:
            sys.exit(f'{path}: schema files are numbered without gaps: expected {number:04d}-NAME.sql')
        with open(path, encoding='ascii') as f:
            text = '\n'.join('\t\t' + literal(l) for l in f.read().splitlines())
        rows.append(f'\t{{{number}, "{match.group(2)}",\n{text}}},\n')
    with open(output, 'w', encoding='ascii') as f:
        f.write('/* Made from src/store/schema by embed.py. */\n#include "store/sqlite/schema.h"\n\n')
        f.write('const struct sqlite_schema sqlite_schemas[] = {\n' + ''.join(rows) + '};\n')
        f.write(f'const unsigned sqlite_schemas_n = {len(rows)};\n')


main(sys.argv[1], sys.argv[2:])
