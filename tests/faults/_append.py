"""Notes to append by the hundred, and processes that append them until somebody stops them."""

import contextlib
import pathlib
import shutil
import sqlite3
import subprocess

from _auditor import SIDE_FILES
from _world import PROGRAMS

SECONDS_MAX = 60


class Notes:
    """Fundings of one contract, each `after` the one before it, as files."""

    def __init__(self, world, count):
        contract = world.contract()
        self.world = world
        self.first = len(entries(world.ledger))  # the index that the first note gets
        self.paths, self.ids = [], []
        for number in range(count):
            note = world.funding(contract, "1.00", f"transfer {number}")
            self.ids.append(world.heads[f"contract/{contract}"])
            path = world.folder / f"funding-{number}.note"
            path.write_text(note, encoding="utf-8")
            self.paths.append(path)

    def stored(self, ledger):
        """How many of the notes are in a ledger: a beginning of them, or it is an error."""
        found = entries(ledger)[self.first:]
        assert found == self.ids[:len(found)], "the ledger holds something else"
        return len(found)


def entries(ledger):
    """The ids in a ledger, by index; a write-ahead log beside it counts."""
    database = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
    try:
        found = database.execute("SELECT idx, id FROM entry ORDER BY idx").fetchall()
    finally:
        database.close()
    assert [row[0] for row in found] == list(range(len(found))), "there is a gap"
    return ["sha256:" + row[1].hex() for row in found]


def copy(ledger, path):
    """A fresh copy of a ledger file that nobody uses."""
    for suffix in SIDE_FILES:
        pathlib.Path(f"{path}{suffix}").unlink(missing_ok=True)
    shutil.copyfile(ledger, path)
    return path


class Appender:
    """A process that appends a batch for each line it is given."""

    def __init__(self, world, ledger, *action):
        command = [PROGRAMS / "appender", ledger, bytes(world.log.secret).hex(), *map(str, action)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)

    def give(self, batches):
        """Hands over all batches; a process that died does not take them."""
        with contextlib.suppress(BrokenPipeError):
            for batch in batches:
                self.process.stdin.write(" ".join(map(str, batch)) + "\n")
            self.process.stdin.close()

    def lines(self, count):
        """The next answers, fewer at the end."""
        found = []
        for _ in range(count):
            line = self.process.stdout.readline()
            if not line:
                break
            found.append(line)
        return found

    def rest(self):
        """What it still says until it ends; then .process.returncode is known."""
        with contextlib.suppress(BrokenPipeError, ValueError):
            self.process.stdin.close()
        found = self.process.stdout.readlines()
        self.errors = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        self.process.wait(SECONDS_MAX)
        return found


def acknowledged(lines):
    """{index: id} of complete lines of `utfall submit` or the appender."""
    found = {}
    for line in lines:
        words = line.split()
        if line.endswith("\n") and len(words) >= 2 and words[1].startswith("sha256:"):
            found[int(words[0])] = words[1]
    return found
