"""How somebody who can write the ledger file would change it: with SQL, triggers out of the way."""

import base64
import contextlib
import hashlib
import pathlib
import shutil
import sqlite3

from _world import Key, ORIGIN


def leaf_hash(note):
    return hashlib.sha256(b"\x00" + note).digest()


def tree(notes):
    """Every complete node as {(level, index): hash} (docs/formats.md, 9.1)."""
    nodes = {(0, i): leaf_hash(note) for i, note in enumerate(notes)}
    for level in range(1, 64):
        for i in range(len(notes) >> level):
            nodes[level, i] = hashlib.sha256(
                b"\x01" + nodes[level - 1, 2 * i] + nodes[level - 1, 2 * i + 1]).digest()
    return nodes


def root_of(nodes, size):
    """The root over the first `size` leaves, of complete nodes."""
    root, first = None, size
    for level in range(64):
        if size >> level & 1:
            first -= 1 << level
            node = nodes[level, first >> level]
            root = node if root is None else hashlib.sha256(b"\x01" + node + root).digest()
    return root


def checkpoint(notes, size, key):
    text = f"{ORIGIN}\n{size}\n{base64.b64encode(root_of(tree(notes), size)).decode()}\n"
    return f"{text}\n{key.line(text)}".encode()


class Forgery:
    """A copy of a ledger that is being changed."""

    def __init__(self, ledger, path):
        self.path = pathlib.Path(path)
        shutil.copyfile(ledger, path)
        self.database = sqlite3.connect(path, isolation_level=None)
        # Somebody who wants to can switch off what guards the tables.
        self.database.execute("PRAGMA ignore_check_constraints = ON")
        self.database.execute("PRAGMA synchronous = OFF")
        found = self.database.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        self.triggers = found.fetchall()
        for name, _ in self.triggers:
            self.database.execute(f"DROP TRIGGER {name}")

    def sql(self, text, *values):
        return self.database.execute(text, values).fetchall()

    def notes(self):
        return [bytes(row[0]) for row in self.sql("SELECT bytes FROM entry ORDER BY idx")]

    def entries(self):
        return self.sql("SELECT id, subject, bytes FROM entry ORDER BY idx")

    def set_nodes(self):
        """The tree that belongs to the entries."""
        self.sql("DELETE FROM node")
        for (level, index), value in tree(self.notes()).items():
            self.sql("INSERT INTO node VALUES(?, ?, ?)", level, index, value)

    def set_checkpoints(self, key):
        """As a thief of the log's key would: each one signed anew."""
        notes = self.notes()
        sizes = [row[0] for row in self.sql("SELECT size FROM checkpoint ORDER BY size")]
        sizes = [size for size in sizes if size < len(notes)] + [len(notes)]
        self.sql("DELETE FROM checkpoint")
        for size in sizes:
            self.sql("INSERT INTO checkpoint VALUES(?, ?)", size, checkpoint(notes, size, key))

    def set_entries(self, entries):
        self.sql("DELETE FROM entry")
        for index, (statement_id, subject, note) in enumerate(entries):
            self.sql("INSERT INTO entry VALUES(?, ?, ?, ?)", index, statement_id, subject, note)

    def resign(self, key=None):
        """Everything but the entries fits them again; with the log's own key unless another."""
        self.set_nodes()
        self.set_checkpoints(key or Key(ORIGIN))

    def set_note(self, index, note):
        """Puts a note into a place, with the id that it has."""
        if isinstance(note, str):
            note = note.encode()
        text = note[:note.rindex(b"\n\n") + 1]
        self.sql("UPDATE entry SET bytes = ?, id = ? WHERE idx = ?", note,
                 hashlib.sha256(text).digest(), index)

    def close(self):
        with contextlib.suppress(sqlite3.OperationalError):  # the table may be gone
            for _, sql in self.triggers:
                self.database.execute(sql)
        self.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.database.close()
