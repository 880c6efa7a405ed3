"""Cosignatures in a ledger, written from docs/formats.md, 9.6 and 9.9."""

import base64
import hashlib
import sqlite3
import struct

from _world import Key

TIME = 1800000000
COSIGNATURE = 1  # the kind, as the table has it


class Witness:
    """A witness whose seed follows from its name."""

    def __init__(self, name):
        self.name = name
        self.secret = Key(name, salt="witness ").secret
        typed = b"\x04" + bytes(self.secret.verify_key)
        self.id = hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{base64.b64encode(typed).decode()}"

    def line(self, text, time=TIME):
        message = f"cosignature/v1\ntime {time}\n{text}".encode()
        blob = self.id + struct.pack(">Q", time) + self.secret.sign(message).signature
        return f"\u2014 {self.name} {base64.b64encode(blob).decode()}\n"

    def attachment(self, text, time=TIME):
        return f"{self.vkey}\n{self.line(text, time)}".encode()


def attachment_id(size, kind, data):
    """As ledger/store/store.h says."""
    about = hashlib.sha256(f"{size} {kind}\n".encode()).digest()
    return hashlib.sha256(b"\x01" + about + hashlib.sha256(data).digest()).digest()


def text_of_checkpoint(database, size):
    note = database.execute("SELECT note FROM checkpoint WHERE size = ?", (size,)).fetchone()[0]
    return bytes(note).decode().rpartition("\n\n")[0] + "\n"


def attach(database, size, data, kind=COSIGNATURE):
    index = database.execute("SELECT count(*) FROM attachment").fetchone()[0]
    database.execute("INSERT INTO attachment VALUES(?, ?, ?, ?, ?)",
                     (index, attachment_id(size, kind, data), size, kind, data))


def cosign(ledger, sizes):
    """Attaches the lines of two witnesses to the checkpoints of these sizes."""
    database = sqlite3.connect(ledger, isolation_level=None)
    for size in sizes:
        text = text_of_checkpoint(database, size)
        for name in ("witness.example/w1", "witness.example/w2"):
            attach(database, size, Witness(name).attachment(text))
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
