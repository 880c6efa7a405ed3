#!/usr/bin/python3
"""Plays every tests/scenarios/*.scenario and prints TAP: one test for each scenario.

usage: run.py [PATTERN...]    scenarios whose `file: title` contains a pattern

The last test says that every rule of contracts/rule/rules.def was provoked, and refused by name: by the
ledger itself when something is submitted, not only by a command that looks ahead.
README.md describes the language.
"""

import concurrent.futures
import glob
import os
import re
import sys
import tempfile
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from _language import Wrong, read_scenarios  # noqa: E402
from _steps import Player  # noqa: E402
from _world import HERE, ROOT, LogKey, World  # noqa: E402

# Rules about records, which never enter the ledger.
OUTSIDE = {"RECORDS_MALFORMED": "measure", "RECORDS_INCOMPLETE": "measure", "RECORDS_EMPTY": "measure",
           "RECORDS_CELL_TOO_SMALL": "measure", "RECORDS_DIFFER": "audit-records"}
WORKERS = min(os.cpu_count() or 1, 4)


def play(scenario, number, log_key):
    """Returns (what went wrong, what was refused: codes, and by which commands)."""
    folder = os.path.join(log_key.folder, f"scenario-{number}")
    os.mkdir(folder)
    player = Player(World(folder, log_key))
    try:
        player.play(scenario)
    except Wrong as wrong:
        return [f"{scenario.file}:{wrong.line or scenario.number}: {wrong}"], player.codes
    except Exception:  # a fault of ours, told like any other
        return traceback.format_exc().splitlines(), player.codes
    return [], player.codes


def rules():
    with open(os.path.join(ROOT, "contracts", "rule", "rules.def"), encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.DOTALL)
    found = re.findall(r"\bRULE\(\s*(\w+)", text)
    if not found or len(found) != text.count("RULE(") or len(set(found)) != len(found):
        raise ValueError("rules.def cannot be read: is it written otherwise?")
    return found


def unprovoked(refused):
    """What is wrong with (code, command) pairs: a rule that the ledger never refused by."""
    commands = {rule: {OUTSIDE[rule]} if rule in OUTSIDE else {"submit", "init"} for rule in rules()}
    return [f"{'/'.join(sorted(some))} refused nothing with {rule}" for rule, some in commands.items()
            if not any((rule, command) in refused for command in some)]


def tell(number, title, problems):
    print(f"{'not ok' if problems else 'ok'} {number} - {title}")
    for problem in problems:
        print(f"# {problem}")
    sys.stdout.flush()


def main():
    scenarios = []
    for path in sorted(glob.glob(os.path.join(HERE, "*.scenario"))):
        scenarios += read_scenarios(path, os.path.basename(path))
    patterns = sys.argv[1:]
    if patterns:
        scenarios = [scenario for scenario in scenarios
                     if any(p in f"{scenario.file}: {scenario.title}" for p in patterns)]
    print(f"1..{len(scenarios) + (0 if patterns else 1)}")
    failed = False
    codes = set()
    with tempfile.TemporaryDirectory(prefix="utfall-scenarios-") as folder, \
            concurrent.futures.ThreadPoolExecutor(max_workers=WORKERS) as pool:
        log_key = LogKey(folder)
        results = pool.map(lambda pair: play(pair[1], pair[0], log_key), enumerate(scenarios))
        for number, (scenario, (problems, refused)) in enumerate(zip(scenarios, results), 1):
            tell(number, f"{scenario.file}: {scenario.title}", problems)
            failed = failed or bool(problems)
            codes |= refused
    if not patterns:
        missing = unprovoked(codes)
        tell(len(scenarios) + 1, "every rule was provoked", missing)
        failed = failed or bool(missing)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
