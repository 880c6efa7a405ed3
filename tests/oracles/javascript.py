#!/usr/bin/python3
"""What a page of the portal checks, it checks as utfall-verify does: the vectors, and forged cases."""

import base64
import json
import pathlib
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "faults")]
import case_forgeries as forged  # noqa: E402
from _case import Bundle  # noqa: E402
from _javascript import Browser  # noqa: E402
from _world import Tap  # noqa: E402

# Of the other vectors a page asks nothing: it knows no witnesses, policies or tiles.
ASKED = ("case", "checkpoint", "note", "proof", "settlement")
WORDS = {forged.GOOD: "good", forged.FALSE: "refused"}


def verdict(answer, expected):
    """As exact as what is expected: "refused" without the reason, "good" with its number."""
    return answer if expected.startswith("good ") else answer.split(":")[0].split(" ")[0]


def test_vectors(tap, browser):
    for name in ASKED:
        vectors = json.loads((HERE.parent / f"vectors/{name}.json").read_text(encoding="utf-8"))
        told = [(row, browser.ask(vectors["asks"], *row["input"])) for row in vectors["vectors"]]
        bad = [f"{row['name']}: wants {row['expect']}, the page says {answer}"
               for row, answer in told if verdict(answer, row["expect"]) != row["expect"]]
        tap.ok(told and not bad, f"{len(told)} vectors of {name}", bad)


def judge(browser, world, case):
    return browser.ask("bytes", world.log.vkey, base64.b64encode(case).decode())


def test_forgeries(tap, browser, world, good):
    for title, change, wanted, _ in forged.ROWS:
        case = Bundle.read(good)
        change(case, world)
        answer = judge(browser, world, case.bytes())
        tap.ok(verdict(answer, WORDS[wanted]) == WORDS[wanted], title, [answer])
    for title, forge, wanted, said in forged.THIEVES:
        notes = [note.encode() for note in world.notes]
        forge(notes, world)
        answer = judge(browser, world, Bundle.of(forged.CONTRACT, notes, world.log).bytes())
        place = re.search("entry [0-9]+", said)[0]
        is_there = answer.startswith(f"{WORDS[wanted]}: {place}:")
        tap.ok(is_there, f"with the log's key: {title}", [f"wanted {WORDS[wanted]} at {place}: {answer}"])


def test_bytes(tap, browser, world, good):
    """Any byte: a case says nothing that is not signed, or under a signed root."""
    changed = [good[:at] + bytes([good[at] ^ 1]) + good[at + 1:] for at in range(0, len(good), 211)]
    cut = [good[:size] for size in range(1, len(good), 499)]
    bad = [f"{len(case)} bytes: {answer}" for case in changed + cut
           if not (answer := judge(browser, world, case)).startswith("refused: ")]
    tap.ok(not bad, f"{len(changed) + len(cut)} cases that were cut or changed in a byte", bad)


def main():
    tap, browser = Tap(), Browser()
    with tempfile.TemporaryDirectory() as name:
        world = forged.make_world(pathlib.Path(name) / "world")
        world.must("prove", forged.CONTRACT, "-o", f"{name}/x.case")
        good = pathlib.Path(name, "x.case").read_bytes()
        test_vectors(tap, browser)
        test_forgeries(tap, browser, world, good)
        test_bytes(tap, browser, world, good)
    browser.close()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
