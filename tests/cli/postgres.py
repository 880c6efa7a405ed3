#!/usr/bin/python3
"""A ledger in PostgreSQL does what a ledger in a file does; writers that compete or die lose
nothing that was acknowledged."""

import itertools
import os
import random
import signal
import subprocess
import sys
import time

from _cli import (FALSE, GOOD, ROOT, TROUBLE, UTFALL, WITH_LOG, WITH_PASSPHRASE, Folder, Tap, Town)
from witness import Witness

SERVER = os.environ.get("UTFALL_TEST_POSTGRES")
NAMES = (f"ledger-{number}" for number in itertools.count())
WRITERS = 4
EACH = 6
KILLS = 12


def url(name):
    return f"postgresql://{SERVER}#{name}"


class TownInDatabase(Town):
    """The small town, whose ledger is in the database."""

    def __init__(self, **more):
        self.url = url(next(NAMES))
        super().__init__(**more)

    def run(self, *words, **more):
        return super().run(*words, **{"UTFALL_LEDGER": self.url, **more})

    def psql(self, sql):
        uri, name = self.url.split("#")
        done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", uri],
                              input=f'SET search_path TO "{name}"; {sql}'.encode(),
                              capture_output=True, check=False, timeout=60)
        return done.stdout.decode().strip() if done.returncode == 0 else f"refused {done.stderr}"


def test_life(tap):
    """The same statements, once in a file and once in the database."""
    with TownInDatabase() as database, Folder() as folder:
        database.settle_and_pay()
        file = os.path.join(folder.path, "utfall.ledger")
        folder.run("init", database.file("charter.note"), "--ledger", file, "--log-key",
                   database.file("log.key"), "--passphrase-file", database.file("passphrase"))
        names = ("town", "investor", "evaluator", "contract", "measurement", "settlement",
                 "payment")
        for name in names:
            folder.good("submit", database.file(f"{name}.note"), "--ledger", file, "--log-key",
                        database.file("log.key"), "--passphrase-file", database.file("passphrase"))
        for words in (("log",), ("show", "small"), ("explain", "small", "1y"), ("show", "3"),
                      ("log", "small", "--json"), ("verify", "--json")):
            there = database.run(*words)
            here = folder.run(*words, "--ledger", file)
            tap.check(f"`{' '.join(words)}` says the same of both", there.ended(GOOD),
                      here.ended(GOOD), "" if there.out == here.out else f"{there}\nis not\n{here}")
        again = database.run("submit", "contract.note", *WITH_LOG)
        tap.check("what is there is not appended again", again.ended(FALSE),
                  again.says("STATEMENT_REPEATED"))
        twice = database.run("init", "charter.note", *WITH_LOG)
        tap.check("a ledger is created once", twice.ended(FALSE), twice.says("is there already"))


def test_names(tap):
    with TownInDatabase(contract=False) as town:
        other = town.run("log", UTFALL_LEDGER=url("nobody"))
        tap.check("a ledger that is not in the database", other.ended(TROUBLE),
                  other.says("ledger nobody", "no such ledger"))
        bad = town.run("log", UTFALL_LEDGER=url("No Body"))
        tap.check("a name that is none", bad.says("a-z"), bad.ended(FALSE))
        nowhere = town.run("log", UTFALL_LEDGER="postgresql://127.0.0.1:1/none?password=hush")
        tap.check("a database that does not answer, and whose password is not shown",
                  nowhere.ended(TROUBLE), nowhere.says("127.0.0.1"),
                  "hush" in nowhere.err and nowhere.err)
        second = url(next(NAMES))
        made = town.run("init", "charter.note", *WITH_LOG, UTFALL_LEDGER=second)
        tap.check("a second ledger in the same database", made.ended(GOOD),
                  town.run("verify", UTFALL_LEDGER=second).ended(GOOD))


def test_damage(tap):
    """Whoever has every right can change rows; then the tree tells."""
    changes = [
        ("an entry changed", "ALTER TABLE entry DISABLE TRIGGER ALL; UPDATE entry SET bytes = "
         "decode(replace(encode(bytes, 'escape'), '2026', '2028'), 'escape') WHERE idx = 4;"
         "ALTER TABLE entry ENABLE TRIGGER ALL"),
        ("the last entry removed", "ALTER TABLE entry DISABLE TRIGGER ALL; DELETE FROM entry "
         "WHERE idx = (SELECT max(idx) FROM entry); ALTER TABLE entry ENABLE TRIGGER ALL"),
        ("a node changed", "ALTER TABLE node DISABLE TRIGGER ALL; UPDATE node SET hash = "
         "(SELECT hash FROM node WHERE level = 0 AND idx = 0) WHERE level = 0 AND idx = 1;"
         "ALTER TABLE node ENABLE TRIGGER ALL"),
        ("rolled back whole", "ALTER TABLE entry DISABLE TRIGGER ALL;"
         "ALTER TABLE node DISABLE TRIGGER ALL; ALTER TABLE checkpoint DISABLE TRIGGER ALL;"
         "DELETE FROM checkpoint WHERE size > 3; DELETE FROM entry WHERE idx >= 3;"
         "DELETE FROM node WHERE (idx + 1) << level::int > 3;"
         "ALTER TABLE entry ENABLE TRIGGER ALL; ALTER TABLE node ENABLE TRIGGER ALL;"
         "ALTER TABLE checkpoint ENABLE TRIGGER ALL"),
        ("a trigger switched off", "ALTER TABLE entry DISABLE TRIGGER ALL"),
    ]
    for title, sql in changes:
        with TownInDatabase() as town:
            town.good("verify")
            done = town.psql(sql)
            verified = town.run("verify", "--json")
            tap.check(f"{title}: verify refuses it", done, verified.ended(FALSE),
                      verified.coded("UNTRUSTED"))


def cosign(town, **more):
    """Has a new witness cosign the newest checkpoint."""
    name = next(NAMES)
    town.make_key(f"{name}.example", f"{name}.key")
    witness = Witness(town, [town.vkeys["log"]], key=f"{name}.key", state=f"state-{name}")
    answer = town.run("checkpoint", "--witness", f"{witness.url}={witness.vkey}", **more)
    witness.stop()
    return answer


def test_attachments(tap):
    """A ledger that is cosigned, and an administrator who damages that."""
    with TownInDatabase(contract=False) as town:
        tap.check("a checkpoint is cosigned", cosign(town).ended(GOOD),
                  town.run("checkpoint").out.count("\N{EM DASH} ") != 2 and "it is not shown")
        tap.check("and the ledger verifies", town.run("verify").ended(GOOD))
        for title, sql in (("damaged", "UPDATE attachment SET bytes = bytes || '\\x00'::bytea"),
                           ("of no checkpoint", "UPDATE attachment SET size = 77")):
            done = town.psql(f"ALTER TABLE attachment DISABLE TRIGGER ALL; {sql};"
                             "ALTER TABLE attachment ENABLE TRIGGER ALL")
            verified = town.run("verify", "--json")
            tap.check(f"a cosignature that is {title}: verify refuses it", done,
                      verified.ended(FALSE), verified.coded("UNTRUSTED"))


FIRST_VERSION = ("DROP TABLE attachment; ALTER TABLE format DISABLE TRIGGER ALL;"
                 "UPDATE format SET version = 1; ALTER TABLE format ENABLE TRIGGER ALL")


def start_submitting(town, writer, notes):
    """One process that submits one note after the other and records what it was told."""
    script = "; ".join(f"'{UTFALL}' submit {note} --log-key log.key --passphrase-file passphrase "
                       f">>told-{writer} 2>>err-{writer}" for note in notes)
    return subprocess.Popen(["sh", "-c", script], cwd=town.path, start_new_session=True,
                            env={**town.environment, "UTFALL_LEDGER": town.url})


def more_parties(town, count):
    """Notes of parties, which have nothing to do with each other."""
    notes = []
    for number in range(count):
        draft = town.read("town.json").replace(b"town.example", f"p{number}.example".encode())
        draft = draft.replace(b'"The town"', f'"Party {number}"'.encode())
        vkey = town.make_key(f"p{number}.example", f"p{number}.key")
        town.write(f"p{number}.json", draft)
        town.good("sign", f"p{number}.json", "-o", f"p{number}.note", "--key", f"p{number}.key",
                  "--vkey", vkey, *WITH_PASSPHRASE)
        town.sign(f"p{number}.note", f"p{number}.note", "registrar")
        notes.append(f"p{number}.note")
    return notes


def acknowledged(town):
    """The indexes that the writers were told."""
    found = []
    for name in os.listdir(town.path):
        if name.startswith("told-"):
            found += [int(line.split()[0]) for line in town.read(name).decode().splitlines()]
    return found


def test_writers(tap):
    with TownInDatabase(contract=False) as town:
        before = town.size()
        notes = more_parties(town, WRITERS * EACH)
        writers = [start_submitting(town, i, notes[i::WRITERS]) for i in range(WRITERS)]
        for writer in writers:
            writer.wait(timeout=120)
        indexes = sorted(acknowledged(town))
        tap.check("writers that compete append each of theirs once",
                  indexes != list(range(before, before + len(notes))) and indexes,
                  town.size() != before + len(notes) and "the size is another one")


def test_kill(tap):
    """Writers are killed at any moment; what one was told is there, once, and others go on."""
    lot = random.Random(20261124)
    with TownInDatabase(contract=False) as town:
        before = town.size()
        notes = more_parties(town, KILLS)
        for number, note in enumerate(notes):
            writer = start_submitting(town, number, [note])
            time.sleep(lot.uniform(0.0, 0.25))
            os.killpg(writer.pid, signal.SIGKILL)
            writer.wait()
        # A lease whose holder is dead runs out; the next writer waits for it.
        left = [note for note in notes
                if town.run("submit", note, *WITH_LOG).exit not in (GOOD, FALSE)]
        size = town.size()
        stored = town.psql("SELECT count(DISTINCT id), count(*), max(idx) + 1 FROM entry")
        tap.check("after kills, what was acknowledged is there once and the rest can be submitted",
                  left, stored != f"{size}|{size}|{size}" and stored,
                  size != before + len(notes) and f"{size} entries",
                  len(set(acknowledged(town))) != len(acknowledged(town)) and "an index twice")


def test_rights(tap):
    """The roles of docs/operating.md: a writer that could not change a row without any trigger."""
    with TownInDatabase(contract=False) as town:
        schema = town.url.split("#")[1]
        role = "w" + schema.replace("-", "")
        with open(os.path.join(ROOT, "docs", "operating.md"), encoding="utf-8") as file:
            text = file.read()
        grants = text.split("<!-- grants -->")[1].split("```")[1].removeprefix("sql")
        grants = grants.replace('"norrkoping"', f'"{schema}"').replace("utfall_writer", role)
        done = town.psql(grants)
        town.write("town2.json", town.read("town.json").replace(b"The town", b"The city"))
        town.good("sign", "town2.json", "-o", "town2.note", "--key", "town.key", "--vkey",
                  town.vkeys["town"], *WITH_PASSPHRASE)
        town.sign("town2.note", "town2.note", "registrar")
        as_writer = {"UTFALL_LEDGER": town.url.replace("user=utfall", f"user={role}")}
        appended = town.run("submit", "town2.note", *WITH_LOG, **as_writer)
        tap.check("the writer's role appends and verifies", done, appended.ended(GOOD),
                  town.run("verify", **as_writer).ended(GOOD))
        cosigned = cosign(town, **as_writer)
        tap.check("and attaches", cosigned.ended(GOOD))
        refused = [sql for sql in ("UPDATE entry SET subject = subject", "DELETE FROM node",
                                   "TRUNCATE checkpoint", "DROP TRIGGER entry_never ON entry",
                                   "ALTER TABLE entry DISABLE TRIGGER ALL",
                                   "UPDATE attachment SET kind = 2",
                                   "UPDATE format SET version = 1")
                   if "refused" not in town.psql(f"SET ROLE {role}; {sql}")]
        tap.check("and can change nothing that is stored", refused)
        done = town.psql(FIRST_VERSION)
        verified = town.run("verify", **as_writer)
        told = cosign(town, **as_writer)
        tap.check("a ledger of the first version is read, and its writer told what it lacks", done,
                  verified.ended(GOOD), told.ended(TROUBLE),
                  told.says("format version 1", "the role that created it"))
        tap.check("its owner adds the table, with the writer's rights", cosign(town).ended(GOOD),
                  cosign(town, **as_writer).ended(GOOD),
                  town.run("verify", **as_writer).ended(GOOD))


def main():
    tap = Tap()
    test_life(tap)
    test_names(tap)
    test_damage(tap)
    test_attachments(tap)
    test_writers(tap)
    test_kill(tap)
    test_rights(tap)
    return tap.end()


if __name__ == "__main__":
    if SERVER is None:
        os.execv(os.path.join(ROOT, "tests", "support", "with-postgres"),
                 ["with-postgres", *sys.argv])
    sys.exit(main())
