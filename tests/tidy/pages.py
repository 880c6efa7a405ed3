#!/usr/bin/python3
"""The portal's pages, of which no compiler reads a word before a browser does.

Every module can be parsed (where node is), imports what is exported, uses what it imports and what
it keeps to itself, and nothing of it turns text into markup or code. The check stands by itself:
cli/portal/check imports nothing from outside; nothing of 2023 or later is called, which browsers that
municipalities still have, and Debian's node, lack. Prints `file: what is wrong`, and exits with 1 then.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

PORTAL = pathlib.Path(__file__).resolve().parents[2] / "cli/portal"
IMPORT = re.compile(r'^import (?:\* as (\w+)|\{([^}]*)\}) from "([^"]+)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)
PRIVATE = re.compile(r"^(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)
MARKUP = re.compile(r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|new Function)\b")
TOO_NEW = re.compile(r"\.(toSorted|toReversed|toSpliced|isWellFormed|toWellFormed|groupBy|fromAsync|withResolvers)\(")
CHECK = PORTAL / "check"


def imports(path, text):
    """(name in the other module or None for all of it, name here, the other module)"""
    for everything, names, source in IMPORT.findall(text):
        other = (path.parent / source).resolve()
        if everything:
            yield None, everything, other
        for name in filter(None, (one.strip() for one in names.split(","))):
            there, _, here = name.partition(" as ")
            yield there, here or there, other


def count(name, text):
    return len(re.findall(rf"(?<![\w$])(?:(?<=\.\.\.)|(?<!\.)){name}\b", text))


def complaints(path, text):
    code = IMPORT.sub("", text)
    for there, here, other in imports(path, text):
        if not other.exists():
            yield f"there is no {other.name}"
        elif there is not None and there not in EXPORT.findall(other.read_text(encoding="utf-8")):
            yield f"{other.name} exports no {there}"
        if count(here, code) == 0:
            yield f"{here} is imported and not used"
        if CHECK in path.parents and CHECK not in other.parents:
            yield f"the check imports {other.name}"
    yield from (f"{name} is not used" for name in PRIVATE.findall(code) if count(name, code) == 1)
    yield from (f"{word} turns text into markup or code" for word in MARKUP.findall(code))
    yield from (f"{word} is too new for some browsers" for word in TOO_NEW.findall(code))


def parse_error(path):
    if shutil.which("node") is None:
        return None
    parsed = subprocess.run(["node", "--input-type=module", "--check"], check=False, capture_output=True,
                            text=True, input=path.read_text(encoding="utf-8"))
    return None if parsed.returncode == 0 else next(
        (line for line in parsed.stderr.splitlines() if "SyntaxError" in line), parsed.stderr)


def main():
    bad = 0
    for path in sorted(PORTAL.rglob("*.js")):
        found = [*complaints(path, path.read_text(encoding="utf-8")), *filter(None, [parse_error(path)])]
        for complaint in found:
            print(f"{os.path.relpath(path)}: {complaint}", file=sys.stderr)
        bad += len(found)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
