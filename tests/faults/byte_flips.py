#!/usr/bin/python3
"""Changes every byte of a small ledger, one at a time, and asks whether `verify` sees it.

The ledger is Norrköping's contract from charter to payment. tests/programs/auditor answers for
`utfall verify`, which is asked itself about a sample. Whenever the answer is 0, every stored row
must be what it was, and the byte must be one that docs/operating.md names as not looked at: unused
space, or one of a few fields of SQLite's header. What each byte is for comes from a reader of
SQLite's file format that shares no code with SQLite.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import _auditor
from _cosign import cosign
from _sqlite_map import HEADER, NOT_READ, UNUSED, Map
from _world import PROGRAMS, ROOT, Tap, World, rows

# Fields of the header in which a change may go unseen, because no row depends on it.
NOT_LOOKED_AT = {
    "write version", "read version", "change counter", "schema cookie", "schema format",
    "suggested cache size", "text encoding", "reserved for expansion", "version-valid-for",
    "SQLite version"}
CLI_STEP = 170  # of the flips, every so many are shown to the real program
ROWS_STEP = 60  # of the accepted ones, every so many are compared row by row in Python
SANITIZER_STEP = 37


def masks_of(offset, label):
    """Which changes a byte suffers: one in values and free space, all bits where each has a
    meaning to SQLite."""
    one = 0xFF if offset % 2 == 0 else 1 << (offset // 2) % 8
    if label.startswith("header: ") or label == NOT_READ or label.endswith((" header", " pointer")):
        return [1 << bit for bit in range(8)] + [0xFF]
    return [one]


def is_allowed(label):
    return (label in UNUSED or label == NOT_READ or
            label.removeprefix("header: ") in NOT_LOOKED_AT)


def told(flip, label, verdict):
    offset, mask = flip
    return (f"byte {offset} ({label}) ^ {mask:#04x}: exit {verdict.exit} "
            f"{verdict.at}: {verdict.reason}"[:300])


class Flips:
    """All flips of one ledger with what became of them."""

    def __init__(self, world):
        self.world = world
        self.data = world.ledger.read_bytes()
        self.label = Map(self.data).label
        self.flips = [(offset, mask) for offset, label in enumerate(self.label)
                      for mask in masks_of(offset, label)]
        self.verdicts = _auditor.flip_all(PROGRAMS / "auditor", world.ledger, self.flips)

    def each(self, wanted):
        return [(flip, verdict) for flip, verdict in zip(self.flips, self.verdicts)
                if wanted(self.label[flip[0]], verdict)]

    def words(self, found):
        return [told(flip, self.label[flip[0]], verdict) for flip, verdict in found]

    def write(self, folder, flip):
        offset, mask = flip
        path = pathlib.Path(folder) / f"{offset}-{mask}.ledger"
        path.write_bytes(self.data[:offset] + bytes([self.data[offset] ^ mask]) +
                         self.data[offset + 1:])
        return path


def test_verdicts(tap, flips, rows_before):
    seen = {offset for offset, _ in flips.flips}
    tap.ok(seen == set(range(len(flips.data))),
           f"every one of {len(flips.data)} bytes was changed, in {len(flips.flips)} ways")
    bad = flips.each(lambda label, verdict: verdict.exit not in (0, 1, 2))
    tap.ok(not bad, "no change makes the audit crash or hang", flips.words(bad))
    bad = flips.each(lambda label, verdict: verdict.exit == 0 and verdict.rows != rows_before)
    tap.ok(not bad, "what is accepted has every row as it was", flips.words(bad))
    bad = flips.each(lambda label, verdict: verdict.exit == 0 and not is_allowed(label))
    tap.ok(not bad, "no change is accepted but in unused space and in the listed fields",
           flips.words(bad))
    bad = flips.each(lambda label, verdict: label in UNUSED and verdict.exit != 0)
    tap.ok(not bad, "unused space is ignored", flips.words(bad))
    bad = flips.each(lambda label, verdict: verdict.exit not in (None, 0) and
                     not (verdict.at and verdict.reason))
    tap.ok(not bad, "each refusal names a place and a reason", flips.words(bad))
    good = flips.each(lambda label, verdict: verdict.exit == 1)
    caught = flips.each(lambda label, verdict: verdict.exit != 0)
    tap.ok(len(good) > 0.99 * len(caught), "nearly all are told as damage (exit 1)",
           [f"{len(good)} of {len(caught)}"])


def test_list(tap, flips):
    """The documents name exactly the fields in which a change was accepted."""
    accepted = {flips.label[flip[0]].removeprefix("header: ")
                for flip, verdict in zip(flips.flips, flips.verdicts) if verdict.exit == 0}
    accepted -= UNUSED | {NOT_READ}
    tap.ok(accepted == NOT_LOOKED_AT, "each listed field is one that may change unseen",
           [f"listed only: {NOT_LOOKED_AT - accepted}",
            f"accepted only: {accepted - NOT_LOOKED_AT}"])
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    text = text.partition("\n## What `verify` does not look at\n")[2].partition("\n## ")[0]
    documented = {(int(first), int(last or first))
                  for first, last in re.findall(r"^\| (\d+)(?: to (\d+))? \|", text, re.MULTILINE)}
    expected = {(first, first + size - 1) for first, size, name in HEADER if name in NOT_LOOKED_AT}
    tap.ok(documented == expected, "docs/operating.md lists the same bytes of the header",
           [f"documented: {sorted(documented)}", f"expected: {sorted(expected)}"])


def test_rows(tap, flips, folder):
    """A sample of what was accepted, read by Python's own SQLite binding."""
    before = rows(flips.world.ledger)
    accepted = flips.each(lambda label, verdict: verdict.exit == 0)
    chosen = [pair for pair in accepted if flips.label[pair[0][0]] not in UNUSED]
    chosen += accepted[::ROWS_STEP]
    bad = []
    for flip, verdict in chosen:
        path = flips.write(folder, flip)
        # The pure reader refuses a write version above 2; the rows are what counts.
        if flips.label[flip[0]] != "header: write version" and rows(path) != before:
            bad.append((flip, verdict))
        path.unlink()
    tap.ok(not bad and len(chosen) > 400, f"{len(chosen)} accepted files, read by Python, "
           "have the same rows", flips.words(bad))


def test_program(tap, flips, folder):
    """The auditor's verdict is that of `utfall verify`."""
    pairs = list(zip(flips.flips, flips.verdicts))
    header = [pair for pair in pairs if pair[0][0] < 100 and pair[0][1] == 0xFF]
    chosen = header + pairs[::CLI_STEP]

    def ask(pair):
        flip, verdict = pair
        path = flips.write(folder, flip)
        done = flips.world.verify(path)
        path.unlink()
        _auditor.remove_side_files(path)
        return done.returncode == verdict.exit and (done.returncode == 0 or done.stderr != "")

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        agreed = list(pool.map(ask, chosen))
    bad = [pair for pair, good in zip(chosen, agreed) if not good]
    tap.ok(not bad, f"`utfall verify` says the same on {len(chosen)} of them", flips.words(bad))


def test_sanitizers(tap, flips):
    """The same under ASan and UBSan: a damaged file must not be a way into the program."""
    title = "a sample under sanitizers"
    program = ROOT / "build/sanitize/tests/programs/auditor"
    built = subprocess.run(["make", "-s", "VARIANT=sanitize", str(program.relative_to(ROOT))],
                           cwd=ROOT, capture_output=True, text=True, check=False)
    if not tap.ok(built.returncode == 0, "the auditor is built with sanitizers",
                  built.stderr.splitlines()):
        return
    chosen = [flip for i, flip in enumerate(flips.flips)
              if i % SANITIZER_STEP == 0 or flip[0] < 100 or
              "page header" in flips.label[flip[0]] and flip[1] == 0xFF]
    verdicts = dict(zip(flips.flips, flips.verdicts))
    found = _auditor.flip_all(program, flips.world.ledger, chosen)
    bad = [(flip, verdict) for flip, verdict in zip(chosen, found)
           if verdict.exit != verdicts[flip].exit]
    tap.ok(not bad, f"{title}: {len(chosen)} verdicts are the same", flips.words(bad))


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder)
        world.create()
        world.live()
        cosign(world.ledger, (8, 12))
        _auditor.remove_side_files(world.ledger)
        whole = _auditor.flip_some((str(PROGRAMS / "auditor"), str(world.ledger), [(0, 0)]))[0]
        tap.ok(whole.exit == 0, "the ledger verifies before anything is changed", [whole.reason])
        flips = Flips(world)
        test_verdicts(tap, flips, whole.rows)
        test_list(tap, flips)
        test_rows(tap, flips, folder)
        test_program(tap, flips, folder)
        test_sanitizers(tap, flips)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
