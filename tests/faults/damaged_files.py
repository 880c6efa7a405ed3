#!/usr/bin/python3
"""Damages a ledger file in larger pieces: cut off, pages exchanged, zeroed or doubled, bytes
appended, and strange files beside it.

Whatever is done, `utfall verify` answers (no crash, no hang), and answers 0 only if every stored
row is what it was. What lies beside the file is either SQLite's own and right, or is not believed.
"""

import random
import sqlite3
import sys
import tempfile

import _auditor
from _world import PROGRAMS, Tap, World, rows

PAGE = 4096


class Case:
    """One damaged ledger: the file, and what lies beside it by suffix."""

    def __init__(self, title, data, **beside):
        self.title = title
        self.data = data
        self.beside = beside


def cut(data):
    sizes = {page * PAGE for page in range(len(data) // PAGE)}
    sizes |= {1, 15, 16, 99, 100, 101, 511, 512, PAGE - 1, PAGE + 1, len(data) // 2 + 7,
              len(data) - PAGE + 1, len(data) - 1}
    return [Case(f"cut off at byte {size}", data[:size]) for size in sorted(sizes)]


def exchanged(data):
    pages = [data[at:at + PAGE] for at in range(0, len(data), PAGE)]
    cases = []
    for a in range(len(pages)):
        for b in range(a + 1, len(pages)):
            mixed = list(pages)
            mixed[a], mixed[b] = pages[b], pages[a]
            cases.append(Case(f"pages {a + 1} and {b + 1} exchanged", b"".join(mixed)))
    for a in range(len(pages)):
        for title, page in (("zeroed", bytes(PAGE)), ("all ones", b"\xff" * PAGE),
                            ("as page 1", pages[0]), ("as the last", pages[-1])):
            mixed = list(pages)
            mixed[a] = page
            cases.append(Case(f"page {a + 1} {title}", b"".join(mixed)))
        cases.append(Case(f"page {a + 1} taken out", b"".join(pages[:a] + pages[a + 1:])))
    return cases


def appended(data, noise):
    tails = (("a byte", b"x"), ("half a page", noise[:2048]), ("a page of noise", noise[:PAGE]),
             ("a page of zeros", bytes(PAGE)), ("its own first page", data[:PAGE]),
             ("itself", data))
    return [Case(f"{title} appended", data + tail) for title, tail in tails]


def besides(data, noise, wal):
    """`wal` is a real one, of the same ledger at an earlier moment of its life."""
    files = (("noise", noise), ("one byte", b"x"), ("zeros", bytes(8192)), ("text", b"hello\n" * 9),
             ("the ledger itself", data), ("the head of an old write-ahead log", wal[:32]),
             ("half of an old write-ahead log", wal[:len(wal) // 2]),
             ("an old write-ahead log with noise", wal[:4000] + noise + wal[4000:]))
    names = ("-wal", "-shm", "-journal", ".lock")
    cases = [Case(f"{title} as {name}", data, **{name: file})
             for title, file in files for name in names]
    cases += [Case(f"an old write-ahead log as {name}", data, **{name: wal}) for name in names[1:]]
    cases += [Case("noise as -wal and -shm", data, **{"-wal": noise, "-shm": noise}),
              Case("noise as all of them", data, **{name: noise for name in names})]
    return cases


def scrambled(data, random_source, count=150):
    """Many bytes at once, in a few places."""
    cases = []
    for number in range(count):
        changed = bytearray(data)
        for _ in range(random_source.randint(1, 4)):
            at = random_source.randrange(len(data))
            size = random_source.choice((2, 4, 16, 100, 1000))
            piece = random_source.randbytes(size)
            changed[at:at + size] = piece[:len(data) - at]
        cases.append(Case(f"scrambled, number {number}", bytes(changed)))
    return cases


def judge(tap, title, world, cases, whole):
    """`whole` is the verdict on the file as it was."""
    path = world.folder / "damaged.ledger"
    auditor = _auditor.Auditor(str(PROGRAMS / "auditor"), str(path))
    bad, refused = [], 0
    for case in cases:
        _auditor.remove_side_files(path)
        path.write_bytes(case.data)
        for suffix, data in case.beside.items():
            path.with_name(path.name + suffix).write_bytes(data)
        verdict = auditor.ask()
        refused += verdict.exit in (1, 2)
        same = verdict.exit == 0 and verdict.rows == whole.rows
        if not same and not (verdict.exit in (1, 2) and verdict.reason):
            bad.append(f"{case.title}: exit {verdict.exit} {verdict.reason}")
        if path.read_bytes() != case.data:
            bad.append(f"{case.title}: verify wrote into the file")
    auditor.close()
    tap.ok(not bad, f"{title}: {len(cases)} files, {refused} refused, the others unchanged", bad)
    return refused


def ask_program(tap, world, cases):
    """The real program on some of them."""
    path = world.folder / "shown.ledger"
    bad = []
    for case in cases:
        _auditor.remove_side_files(path)
        path.write_bytes(case.data)
        done = world.verify(path)
        if done.returncode not in (0, 1, 2) or (done.returncode != 0 and not done.stderr):
            bad.append(f"{case.title}: exit {done.returncode} {done.stderr}")
    tap.ok(not bad, f"`utfall verify` itself answers on {len(cases)} of them", bad)


def early_wal(folder):
    """The write-ahead log of the same ledger while it was being written."""
    world = World(folder / "early")
    world.create()
    # A reader that stays keeps the log from being brought into the file and removed.
    reader = sqlite3.connect(f"file:{world.ledger}?mode=ro", uri=True)
    reader.execute("BEGIN").execute("SELECT count(*) FROM entry").fetchone()
    contract = world.contract()
    world.submit(world.funding(contract))
    data = world.ledger.with_name(world.ledger.name + "-wal").read_bytes()
    reader.close()
    return data


def test_old_log(tap, world, data, wal):
    """A valid log of an earlier moment takes the ledger back to it: an older ledger, as SQLite has
    it. Who has seen more is told."""
    path = world.folder / "old.ledger"
    path.write_bytes(data)
    seen = world.verify(path, remember=True)
    _auditor.remove_side_files(path)
    path.with_name(path.name + "-wal").write_bytes(wal)
    done = world.verify(path, remember=True)
    tap.ok(seen.returncode == 0 and done.returncode == 1 and "12 entries" in done.stderr,
           "an old write-ahead log beside it is refused by who has seen the ledger",
           [seen.stderr, f"exit {done.returncode} {done.stderr}"])


def main():
    tap = Tap()
    source = random.Random(20160801)
    noise = source.randbytes(3 * PAGE)
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder)
        world.create()
        world.live()
        before = rows(world.ledger)
        _auditor.remove_side_files(world.ledger)
        data = world.ledger.read_bytes()
        whole = _auditor.flip_some((str(PROGRAMS / "auditor"), str(world.ledger), [(0, 0)]))[0]
        wal = early_wal(world.folder)
        tap.ok(whole.exit == 0 and len(wal) > PAGE, "the ledger verifies, and an old log is there",
               [whole.reason, f"{len(wal)} bytes"])

        cuts, swaps = cut(data), exchanged(data)
        refused = judge(tap, "cut off", world, cuts, whole)
        tap.ok(refused == len(cuts), "every cut is refused")
        judge(tap, "pages moved", world, swaps, whole)
        judge(tap, "bytes appended", world, appended(data, noise), whole)
        judge(tap, "strange files beside it", world, besides(data, noise, wal), whole)
        judge(tap, "scrambled", world, scrambled(data, source), whole)
        test_old_log(tap, world, data, wal)
        ask_program(tap, world, cuts[::2] + swaps[::8])
        tap.ok(rows(world.ledger) == before and world.verify().returncode == 0,
               "the ledger itself is as it was")
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
