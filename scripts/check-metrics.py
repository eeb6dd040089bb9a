#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the metrics that documents name against those that src/ counts, and the other way round: what is named is
counted (base/counter.h), what is counted has a name of the house's form, an explanation, and its family in
docs/operating/."""
import pathlib
import re
import sys

DECLARED = re.compile(r'\b(COUNTER|GAUGE)\(\s*"([^"]*)"\s*,\s*("(?:[^"\\\\]|\\\\.)*")?')
FORM = re.compile(r"[a-z][a-z_-]*(\.[a-z0-9_-]+)+")
NAMED = re.compile(r"\bparley_([a-z0-9_]+)(\*?)")
# "parley_im_fanout_messages_total, _copies_total"
SHORT = re.compile(r"`(_[a-z_]+_total)`")
# Not of the registry.
OTHERS = {"build_info"}


def metric_of(kind, name):
    """As src/admin/metrics.c writes it, without "parley_"."""
    return re.sub(r"[^a-z0-9]", "_", name) + ("_total" if kind == "COUNTER" else "")


def read_counted(root):
    """Metrics, families, and what is wrong with their declarations."""
    metrics, families, wrong = set(OTHERS), set(), []
    for path in sorted((root / "src").rglob("*.c")):
        text = path.read_text()
        for found in DECLARED.finditer(text):
            kind, name, explanation = found.groups()
            where = f"{path.relative_to(root)}:{text.count(chr(10), 0, found.start()) + 1}"
            metric = metric_of(kind, name)
            if not FORM.fullmatch(name) or name.endswith("_total"):
                wrong.append(f"{where}: {name} is no path of words: folder first, without _total")
            if not explanation or len(explanation) < 8:
                wrong.append(f"{where}: {name} is not explained")
            if metric in metrics:
                wrong.append(f"{where}: {name} is counted elsewhere, too")
            metrics.add(metric)
            families.add(re.sub(r"[^a-z0-9]", "_", name.split(".")[0]) + "_")
    return metrics, families, wrong


def documents(root):
    yield from (root / name for name in ("README.md", "CHANGELOG.md") if (root / name).exists())
    for top in ("docs", "examples", "packaging"):
        yield from sorted(p for p in (root / top).rglob("*") if p.is_file())


def check(root):
    metrics, families, wrong = read_counted(root)
    told = set()
    for path in documents(root):
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            for name, star in NAMED.findall(line):
                if path.parts[len(root.parts):][:2] == ("docs", "operating") and star:
                    told.add(name)
                if not (any(m.startswith(name) for m in metrics) if star else name in metrics):
                    wrong.append(f"{path.relative_to(root)}:{number}: there is no metric parley_{name}{star}")
            for name in SHORT.findall(line):
                if not any(m.endswith(name) for m in metrics):
                    wrong.append(f"{path.relative_to(root)}:{number}: there is no metric parley_…{name}")
    wrong += [f"docs/operating: nothing is said of the metrics parley_{f}*" for f in sorted(families - told)]
    return wrong


if __name__ == "__main__":
    problems = check(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve())
    print("\n".join(problems))
    sys.exit(1 if problems else 0)
