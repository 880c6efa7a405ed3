#!/usr/bin/python3
"""The demonstration, and what other suites ask of a ledger in a file, on one in PostgreSQL."""

import os
import re
import subprocess
import sys
import tempfile

from _cli import HERE, ROOT, UTFALL, Tap
from tour import normalised

SERVER = os.environ.get("UTFALL_TEST_POSTGRES")
# Those that look into the ledger's file are not among them.
SUITES = ("serve", "api", "life", "show", "explain")
RESULT = re.compile(r"^(ok|not ok) \d+ - (.*)$")
SECONDS_MAX = 300


def play_demo(folder, **environment):
    """What it prints, without what differs by nature."""
    name = os.path.join(folder, "demo")
    done = subprocess.run([os.path.join(ROOT, "examples", "norrkoping", "demo.sh")], check=False, capture_output=True,
                          timeout=SECONDS_MAX, text=True,
                          env={**os.environ, "UTFALL": UTFALL, "DEMO_FOLDER": name, **environment})
    said = normalised(done.stdout + done.stderr)
    for ledger in (environment.get("DEMO_LEDGER"), f"{name}/utfall.ledger"):
        said = said.replace(ledger, "<ledger>") if ledger else said
    return done.returncode, said.replace(name, "<folder>")


def test_demo(tap):
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        in_file = play_demo(one)
        in_database = play_demo(other, DEMO_LEDGER=f"postgresql://{SERVER}#demo")
    tap.check("the demonstration is played in a database", in_database[0] != 0 and in_database)
    for here, there in zip(in_file[1].splitlines(), in_database[1].splitlines()):
        if here != there:
            break
    else:
        here = there = None
    tap.check("and says the same as in a file", here != there and f"{there}\nis not\n{here}",
              len(in_file[1]) != len(in_database[1]) and "one says more", len(in_file[1]) < 2000 and in_file)


def test_suite(tap, name):
    """Its tests, each told as one of ours."""
    done = subprocess.run([sys.executable, os.path.join(HERE, f"{name}.py")], check=False, capture_output=True,
                          timeout=SECONDS_MAX, text=True,
                          env={**os.environ, "UTFALL_TOWNS_IN": f"postgresql://{SERVER}"})
    lines = done.stdout.splitlines()
    for at, line in enumerate(lines):
        result = RESULT.match(line)
        if result:
            told = [one for one in lines[at + 1:at + 20] if one.startswith("# ")]
            tap.check(f"{name}: {result[2]}", result[1] != "ok" and "\n".join(told or ["no reason"]))
    planned = f"1..{sum(1 for line in lines if RESULT.match(line))}"
    tap.check(f"{name}: it ran to its end", planned not in lines and f"no {planned}\n{done.stderr}",
              done.returncode != 0 and f"it ended with {done.returncode}\n{done.stderr}")


def main():
    tap = Tap()
    test_demo(tap)
    for name in SUITES:
        test_suite(tap, name)
    return tap.end()


if __name__ == "__main__":
    if SERVER is None:
        os.execv(os.path.join(ROOT, "tests", "support", "with-postgres"), ["with-postgres", *sys.argv])
    sys.exit(main())
