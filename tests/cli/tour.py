#!/usr/bin/python3
"""The README's tour shows what really happens, and the README's other claims hold. Prints TAP.

usage: tour.py             compares
       tour.py --write     puts the real output into the README instead

The commands of the tour are run one after the other, in one shell, in the folder that a
demonstration has just made. Hashes, keys and dates are different each time, so they are compared
by their form only.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
README = os.path.join(ROOT, "README.md")
EXAMPLE = os.path.join(ROOT, "examples", "norrkoping")
UTFALL = os.environ.get("UTFALL") or os.path.join(ROOT, "build", "release", "utfall")
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
MARK = "--- end of command ---"

CHANGING = [
    (re.compile(r"\+[0-9a-f]{8}\+[A-Za-z0-9+/]{43,44}=?"), "+<key>"),
    (re.compile(r"sha256:[0-9a-f]{64}"), "sha256:<id>"),
    (re.compile(r"  [0-9a-f]{12}  "), "  <id>  "),
    (re.compile(r"\b20\d\d-\d\d-\d\d(?=  )"), "<date>"),
]


def normalised(text):
    for pattern, name in CHANGING:
        text = pattern.sub(name, text)
    return text


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def commands_of(block):
    """Yields (command, shown output) of a block: what follows `$ ` and the lines after it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def play(folder):
    """Makes a demonstration in `folder`."""
    subprocess.run([os.path.join(EXAMPLE, "demo.sh")], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL,
                   env=dict(os.environ, UTFALL=UTFALL, DEMO_FOLDER=folder))


def run(commands, folder):
    """The output of each command, in one shell, both streams as a terminal shows them."""
    script = "".join(f"{command}\necho '{MARK}'\n" for command in commands)
    environment = dict(os.environ, XDG_STATE_HOME=os.path.join(folder, "state"),
                       PATH=f"{os.path.dirname(UTFALL)}:{os.environ['PATH']}", LC_ALL="C.UTF-8")
    environment.pop("UTFALL_LEDGER", None)
    done = subprocess.run(["sh", "-c", script], cwd=folder, env=environment, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    return done.stdout.split(f"{MARK}\n")[:-1]


def tour(text):
    """(command, shown output, real output) of every command of the README."""
    shown = [pair for block in BLOCK.findall(text) for pair in commands_of(block)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = os.path.join(temporary, "demo")
        play(folder)
        real = run([command for command, _ in shown], folder)
    if len(real) != len(shown):
        raise SystemExit(f"{len(shown)} commands are in the tour, and {len(real)} ended")
    return [(command, before, after) for (command, before), after in zip(shown, real)]


def write(text):
    outputs = iter(tour(text))

    def block(match):
        written = "".join(f"$ {command}\n{after}" for (command, _), (_, _, after) in
                          zip(commands_of(match.group(1)), outputs))
        return f"```console\n{written}```"

    with open(README, "w", encoding="utf-8") as file:
        file.write(BLOCK.sub(block, text))


class Report:
    """Counts and prints results; the plan comes last."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def tell(self, is_good, name, details=""):
        self.count += 1
        self.failed += not is_good
        print(f"{'ok' if is_good else 'not ok'} {self.count} - {name}")
        for line in details.splitlines() if not is_good else []:
            print(f"# {line}")

    def end(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0


def check_claims(report, text):
    line = json.loads(re.search(r"```json\n(.*?)```", text, re.DOTALL).group(1))
    contract = json.loads(read(os.path.join(EXAMPLE, "contract-rise-spent.json")))
    report.tell(line in contract["lines"], "the line that is shown is in the contract")

    linked = [path for path in re.findall(r"\]\(([^)#:]+)", text)
              if not os.path.exists(os.path.join(ROOT, path))]
    report.tell(not linked, "every link leads somewhere", "\n".join(linked))

    targets = set(re.findall(r"`?\bmake ([a-z][a-z-]*)", text))
    known = set(re.findall(r"^([a-z0-9-]+):", read(os.path.join(ROOT, "Makefile")), re.MULTILINE))
    unknown = targets - known
    report.tell(targets and not unknown, "every make target exists", "\n".join(sorted(unknown)))

    folders = [name for name in re.findall(r"^\| `([^|]*)` \|", text, re.MULTILINE)]
    missing = [name for row in folders for name in re.split(r"`, `", row)
               if not os.path.isdir(os.path.join(ROOT, name))]
    report.tell(folders and not missing, "every folder of the map exists", "\n".join(missing))


def main():
    text = read(README)
    if sys.argv[1:] == ["--write"]:
        write(text)
        return 0
    report = Report()
    steps = tour(text)
    report.tell(6 <= len(steps) <= 12, f"the tour has {len(steps)} commands: few enough")
    for command, before, after in steps:
        report.tell(normalised(before) == normalised(after), f"$ {command}",
                    f"README:\n{normalised(before)}\nreally:\n{normalised(after)}\n"
                    "tests/cli/tour.py --write brings the README up to date")
    check_claims(report, text)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
