#!/usr/bin/python3
"""What a compiler does not see: the rules of style.md for the text of the tree.

Prints `file:line: what is wrong` and exits with 1 when anything is. With `--worst`, prints the ten
longest and the ten most deeply nested functions instead.
"""

import os
import re
import subprocess
import sys

# A screen. A table of rows inside a function is data, and its lines are not counted.
FUNCTION_LINES_MAX = 70
NEVER_VISITED = {".git", "build", "__pycache__"}

# Bytes that are what they are: examples for parsers, good and bad.
VERBATIM = ("tests/vectors/", "tests/fuzz/corpus/")
# Documents show what the program prints, which is separated by tabs.
TABS_BELONG = ("Makefile", ".go", ".md", ".1")
MARKED_SUFFIXES = (".c", ".h", ".def", ".py", ".sh", ".go", ".js", "Makefile")

# Written in two parts, so that this file does not refuse itself. In quotes, three X are the ISO 4217
# code for no currency.
MARKER = re.compile(
    r"\b(?:TO" r"DO|FIX" r"ME|not imple" r"mented|unimple" r"mented)\b|(?<![\w\"])XX" r"X(?![\w\"\\])"
)
MACHINE = re.compile(
    r"(?:^|[^\w.])/(?:work|farm)/|\b(?:deb|registry|proxy|files)\.[a-z]+\.(?:org|com)\b"
)
FLOAT = re.compile(r"\b(float|double|_Float\d+|_Decimal\d+)\b")
EXIT = re.compile(r"\bexit\(")
RULE = re.compile(r"^RULE\(\s*(\w+)", re.MULTILINE)

# Comments, strings and character constants of C, whichever begins first.
C_TOKEN = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL
)


def files():
    """Every file that is tracked or could be; in an unpacked archive, every file."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, check=False,
    ) if os.path.exists(".git") else None
    if listed is not None and listed.returncode == 0:
        names = listed.stdout.decode().split("\0")
        return sorted({name for name in names if os.path.isfile(name)})
    found = []
    for folder, folders, names in os.walk("."):
        folders[:] = [name for name in folders if name not in NEVER_VISITED]
        found += [os.path.relpath(os.path.join(folder, name)) for name in names]
    return sorted(found)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def code_of(text):
    """The C text with the inside of comments and strings blanked, and where `//` begins one."""
    slashes = []

    def blank(match):
        token = match.group()
        if token.startswith("//"):
            slashes.append(line_of(text, match.start()))
        keep = token[0] if token[0] in "\"'" else " "
        return keep + re.sub(r"[^\n]", " ", token[1:-1]) + keep if len(token) > 1 else token

    return C_TOKEN.sub(blank, text), slashes


def functions(code):
    """Yields (line, lines, depth, name) of every function: its braces stand in column 0."""
    start = depth = deepest = rows = 0
    name = ""
    in_table = False
    for number, line in enumerate(code.split("\n"), 1):
        if start == 0:
            named = re.match(r"Test\(.*|[A-Za-z].*?(?=\()", line)
            name = named.group() if named else name
            if line.rstrip() == "{":
                start, depth, deepest, rows = number, 0, 0, 0
            continue
        if line.startswith("}"):
            yield start, number - start + 1 - rows, deepest, name
            start = 0
            continue
        in_table = in_table and line.strip() != "};"
        rows += in_table
        in_table = in_table or line.rstrip().endswith("] = {")
        depth += line.count("{") - line.count("}")
        deepest = max(deepest, depth)


def check_any(name, data):
    """Rules for every text file."""
    if not data.endswith(b"\n"):
        yield data.count(b"\n") + 1, "does not end with a newline"
    if b"\r" in data:
        yield 1 + data[: data.index(b"\r")].count(b"\n"), "has a carriage return"
    for number, line in enumerate(data.decode().split("\n"), 1):
        if line.rstrip(" \t") != line:
            yield number, "ends with white space"
        if "\t" in line and not name.endswith(TABS_BELONG):
            yield number, "has a tab"
        if MACHINE.search(line):
            yield number, "names a path of one machine or the host of a registry"
        if name.endswith(MARKED_SUFFIXES) and MARKER.search(line):
            yield number, "marks unfinished work"


def check_c(name, text):
    """Rules for C sources and headers."""
    code, slashes = code_of(text)
    for number in slashes:
        yield number, "has a // comment"
    for start, lines, _, function in functions(code):
        if lines > FUNCTION_LINES_MAX:
            yield start, f"{function} has {lines} lines, more than {FUNCTION_LINES_MAX}"
    if name.startswith(("ledger/", "contracts/")):
        for match in FLOAT.finditer(code):
            yield line_of(code, match.start()), f"uses {match.group()}"
    if name.startswith("tests/unit/"):
        for match in EXIT.finditer(code):
            yield line_of(code, match.start()), "calls exit: to Criterion, a test that passed"
    if name.endswith(".h"):
        if not text.startswith("/*"):
            yield 1, "does not begin with a comment that says what it is"
        if not re.search(r"^#pragma once$", code, re.MULTILINE):
            yield 1, "has no #pragma once"


def check_rules(names):
    """Every rule of rules.def is provoked by a scenario."""
    source = "contracts/rule/rules.def"
    if source not in names:
        return
    with open(source, encoding="utf-8") as file:
        text = file.read()
    said = set()
    for name in names:
        if name.startswith("tests/scenarios/") and name.endswith(".scenario"):
            with open(name, encoding="utf-8") as file:
                said.update(re.findall(r"\w+", file.read()))
    for match in RULE.finditer(text):
        if match.group(1) not in said:
            yield source, line_of(text, match.start()), f"no scenario provokes {match.group(1)}"


def read_text(name):
    """The bytes of a text file, or None for anything else."""
    with open(name, "rb") as file:
        data = file.read()
    try:
        data.decode()
    except UnicodeDecodeError:
        return None
    return None if b"\0" in data else data


def complaints(names):
    for name in names:
        if name.startswith(VERBATIM) or os.path.islink(name):
            continue
        data = read_text(name)
        if not data:
            continue
        found = list(check_any(name, data))
        if name.endswith((".c", ".h")):
            found += check_c(name, data.decode())
        for number, what in sorted(found):
            yield name, number, what
    yield from check_rules(names)


def worst(names):
    found = []
    for name in names:
        if name.endswith(".c") and name.startswith(("ledger/", "contracts/", "cli/")):
            with open(name, encoding="utf-8") as file:
                code, _ = code_of(file.read())
            found += [(lines, depth, f"{name}:{start}: {function}")
                      for start, lines, depth, function in functions(code)]
    print("The longest functions")
    for lines, _, where in sorted(found, reverse=True)[:10]:
        print(f"  {lines:4} lines   {where}")
    print("The most deeply nested functions")
    for depth, _, where in sorted(((d, l, w) for l, d, w in found), reverse=True)[:10]:
        print(f"  {depth:4} levels  {where}")


def main():
    names = files()
    if sys.argv[1:] == ["--worst"]:
        worst(names)
        return 0
    found = list(complaints(names))
    for name, number, what in found:
        print(f"{name}:{number}: {what}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
