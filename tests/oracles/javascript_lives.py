#!/usr/bin/python3
"""Random lives of contracts, as lives.py plays them, replayed by the check of the portal's pages.

Whatever the program accepted, a page accepts, and computes every settlement of it to the same byte:
also those that were settled again, by corrections or under new terms, with credits carried.

    LIVES=5000 tests/oracles/javascript_lives.py     more lives than otherwise
"""

import json
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "scenarios"), str(HERE)]
import _random_life  # noqa: E402
import _replay  # noqa: E402
from _javascript import Browser  # noqa: E402
from _language import Wrong  # noqa: E402
from _world import LogKey  # noqa: E402

LIVES = int(os.environ.get("LIVES", "500"))
LIVES_PER_LEDGER = 5
ABOUT_ALL = ("charter", "party", "key")


def bodies(notes):
    return [json.loads(note.decode().rpartition("\n\n")[0]) for note in notes]


def replay(browser, court):
    """(settlements computed, complaints) of every contract of a ledger."""
    told = bodies(court.accepted)
    settled, bad = 0, []
    for contract in dict.fromkeys(body["contract"] for body in told if body["kind"] == "contract"):
        entries = [[index, note.decode()] for index, (note, body) in enumerate(zip(court.accepted, told))
                   if body["kind"] in ABOUT_ALL or body.get("contract") == contract]
        answer = browser.ask("replay", court.log.vkey, contract, entries)
        expected = sum(body["kind"] == "settlement" and body["contract"] == contract for body in told)
        if answer != f"good {expected}":
            bad.append(f"{contract}, {expected} settlements: {answer}")
        settled += expected
    return settled, bad


def main():
    print("1..2")
    _replay._ed25519.verify = _random_life.verify
    browser = Browser()
    settled, bad = 0, []
    with tempfile.TemporaryDirectory(prefix="utfall-lives-") as folder:
        court = _random_life.Court(folder, LogKey(folder))
        for first in range(0, LIVES, LIVES_PER_LEDGER):
            court.start()
            for number in range(first, first + LIVES_PER_LEDGER):
                try:
                    _random_life.Life(court, number).live()
                except Wrong as wrong:
                    bad.append(f"life {number}: {wrong}")
            some, wrong = replay(browser, court)
            settled, bad = settled + some, bad + wrong
        codes = court.codes
        court.close()
    browser.close()
    print(f"{'not ok' if bad else 'ok'} 1 - {LIVES} lives with {settled} settlements, by the page as by the program")
    for complaint in bad[:20]:
        print(f"# {complaint}")
    wanted = ("settled again", "settled by new terms", "settled again by new terms", "credit")
    missing = [word for word in wanted if codes[word] == 0]
    print(f"{'not ok' if missing else 'ok'} 2 - among them were {', '.join(wanted)}")
    for word in missing:
        print(f"# never {word}")
    return 1 if bad or missing else 0


if __name__ == "__main__":
    sys.exit(main())
