#!/usr/bin/python3
"""Plays every tests/scenarios/*.scenario and prints TAP: one test for each scenario.

usage: run.py [PATTERN...]    scenarios whose `file: title` contains a pattern

The last test says that every rule of contracts/rule/rules.def was provoked, and refused by name.
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

WORKERS = min(os.cpu_count() or 1, 4)


def play(scenario, number, log_key):
    """Returns (what went wrong, codes that were refused)."""
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
        return re.findall(r"^RULE\(\s*(\w+)", file.read(), re.MULTILINE)


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
        missing = [f"nothing was refused with {rule}" for rule in rules() if rule not in codes]
        tell(len(scenarios) + 1, "every rule was provoked", missing)
        failed = failed or bool(missing)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
