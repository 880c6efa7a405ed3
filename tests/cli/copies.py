#!/usr/bin/python3
"""`copy` moves a ledger between files, databases and published sites with the same roots, or
leaves nothing."""

import itertools
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import time

from _cli import CONTRACT, FALSE, GOOD, ROOT, TROUBLE, UTFALL, WITH_LOG, Tap, Town
from witness import Witness

SERVER = os.environ.get("UTFALL_TEST_POSTGRES")
NAMES = (f"copy-{number}" for number in itertools.count())
PROGRAMS = pathlib.Path(os.environ.get("UTFALL_PROGRAMS") or
                        os.path.join(ROOT, "build", "release", "tests", "programs"))
KILLS = 6
CONTRACTS, FUNDINGS = 2000, 24  # 50,000 entries
COLUMNS = {"identity": "origin, vkey", "entry": "idx, id, subject, bytes",
           "node": "level, idx, hash", "checkpoint": "size, note",
           "attachment": "idx, id, size, kind, bytes"}


def url(name=None):
    return f"postgresql://{SERVER}#{name or next(NAMES)}"


def psql(place, sql):
    uri, name = place.split("#")
    done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", uri], check=True, timeout=120,
                          input=f'SET search_path TO "{name}"; {sql}'.encode(), capture_output=True)
    return done.stdout.decode()


def as_hex(value):
    if isinstance(value, int):
        return str(value)
    return (value.encode() if isinstance(value, str) else value).hex()


def rows(town, place, tables=tuple(COLUMNS)):
    """All that is stored, read by the databases' own means."""
    found = {}
    for table in tables:
        names = COLUMNS[table].split(", ")
        if place.startswith("postgresql:"):
            integers = {"idx", "level", "size", "kind"}
            shown = ", ".join(name if name in integers else f"encode({name}, 'hex')"
                              for name in names)
            found[table] = sorted(psql(place, f"SELECT {shown} FROM {table}").split())
        else:
            connection = sqlite3.connect(town.file(place))
            found[table] = sorted("|".join(as_hex(value) for value in row) for row in
                                  connection.execute(f"SELECT {COLUMNS[table]} FROM {table}"))
            connection.close()
    return found


def make_source(town):
    """A ledger of several checkpoints, an earlier one of them cosigned."""
    town.make_key("witness.example", "witness.key")
    witness = Witness(town, [town.vkeys["log"]])
    town.good("checkpoint", "--witness", f"{witness.url}={witness.vkey}")
    town.settle_and_pay()
    town.good("checkpoint", "--witness", f"{witness.url}={witness.vkey}")
    witness.stop()


def test_pairs(tap, town):
    """File and database, in every order, and from a site: the same rows, byte for byte."""
    wanted = rows(town, "utfall.ledger")
    base, other = url(), url()
    for title, source, target in (("file to file", "utfall.ledger", "second.ledger"),
                                  ("file to database", "utfall.ledger", base),
                                  ("database to database", base, other),
                                  ("database to file", other, "third.ledger")):
        copied = town.run("copy", source, target, "--json")
        tap.check(f"{title}: the copy is made, and says what it holds", copied.ended(GOOD),
                  copied.coded("OK"), copied.json["entries"] != len(wanted["entry"]) and copied,
                  copied.json["checkpoints"] != len(wanted["checkpoint"]) and copied,
                  copied.json["attachments"] != 2 and copied,
                  "append to one of the two" not in copied.json["warning"] and copied)
        found = rows(town, target)
        tap.check(f"{title}: what is stored is the same", *(f"{table} differs" for table in wanted
                                                           if found[table] != wanted[table]))
        tap.check(f"{title}: it verifies", town.run("verify", "--ledger", target).ended(GOOD))
    town.good("publish", "site")
    for title, target in (("a site to a file", "fourth.ledger"), ("a site to a database", url())):
        copied = town.run("copy", "site", target)
        found = rows(town, target)
        tap.check(f"{title}: entries, nodes and attachments are the same", copied.ended(GOOD),
                  copied.says("append to one of the two"),
                  *(f"{table} differs" for table in wanted
                    if table != "checkpoint" and found[table] != wanted[table]),
                  not set(found["checkpoint"]) <= set(wanted["checkpoint"]) and "more are there")
    text = town.run("copy", "utfall.ledger", "fifth.ledger", "--lang", "sv")
    tap.check("it says in Swedish what follows", text.ended(GOOD), text.says("bara den ena"))
    return base


def test_grows(tap, town):
    """A copy is a ledger: it can be appended to, and then the other must not be."""
    town.good("copy", "utfall.ledger", "grown.ledger")
    town.write_json("contract.json", {**town.contract, "contract": "other"})
    town.sign("contract.json", "other.note", "town", "investor", "evaluator")
    for place in ("grown.ledger", town.database):
        grown = town.run("submit", "other.note", *WITH_LOG, "--ledger", place)
        tap.check("a copy is appended to", grown.ended(GOOD),
                  town.run("verify", "--ledger", place).ended(GOOD))


def test_refused(tap, town):
    before = rows(town, "second.ledger")
    for place in ("second.ledger", town.database, "utfall.ledger"):
        refused = town.run("copy", "utfall.ledger", place, "--json")
        tap.check("a target that holds a ledger is left alone", refused.ended(FALSE),
                  refused.coded("CONFLICT"))
    tap.check("byte for byte", rows(town, "second.ledger") != before and "it was changed")
    nothing = town.run("copy", "missing.ledger", "new.ledger", "--json")
    tap.check("a source that is not there", nothing.ended(TROUBLE), nothing.coded("NOT_FOUND"),
              town.exists("new.ledger") and "a file was left behind")
    folder = town.run("copy", "utfall.ledger", "site")
    tap.check("a folder is no target", folder.says("utfall publish"))
    nowhere = town.run("copy", "utfall.ledger", "postgresql://127.0.0.1:1/none?password=hush")
    tap.check("a database that does not answer, and whose password is not shown",
              nowhere.ended(TROUBLE), "hush" in nowhere.err + nowhere.out and nowhere)


def test_damage(tap, town):
    """A source that is damaged is refused, and nothing is left of the copy."""
    changes = [
        ("an entry", "UPDATE entry SET bytes = CAST(replace(bytes, '2026', '2028') AS BLOB) "
         "WHERE idx = 4"),
        ("a label", "UPDATE entry SET subject = 'party/x' WHERE idx = 4"),
        ("a node", "UPDATE node SET hash = zeroblob(32) WHERE level = 0 AND idx = 1"),
        ("an earlier checkpoint", "UPDATE checkpoint SET note = (SELECT note FROM checkpoint "
         "WHERE size = 3) WHERE size = 2"),
        ("an attachment", "UPDATE attachment SET bytes = CAST(bytes || 'x' AS BLOB) WHERE idx = 0"),
    ]
    for title, sql in changes:
        town.good("copy", "utfall.ledger", "bad.ledger")
        connection = sqlite3.connect(town.file("bad.ledger"))
        triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        triggers = triggers.fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.executescript(sql)
        for _, text in triggers:
            connection.execute(text)
        connection.commit()
        connection.close()
        place = url()
        for target in ("new.ledger", place):
            refused = town.run("copy", "bad.ledger", target, "--json")
            tap.check(f"{title} that is damaged is refused", refused.ended(FALSE),
                      refused.coded("UNTRUSTED"))
        tap.check("and nothing is left of the copy", town.exists("new.ledger") and "a file is left",
                  town.run("log", "--ledger", place).says("no such ledger"))
        for end in ("", "-wal", "-shm", ".lock"):
            if town.exists("bad.ledger" + end):
                os.remove(town.file("bad.ledger" + end))


def test_big(tap, town):
    """Many entries; killed at any moment, what is left does not open, and the copy can be made."""
    made = subprocess.run([PROGRAMS / "make_big", town.file("big.ledger"), str(CONTRACTS),
                           str(FUNDINGS)], check=True, stdout=subprocess.PIPE)
    size = int(made.stdout)
    lot = random.Random(20261124)
    file, place = "killed.ledger", url()
    started = time.monotonic()
    done = town.run("copy", "big.ledger", "whole.ledger", "--json")
    seconds = time.monotonic() - started
    tap.check(f"{size} entries into a file, in {seconds:.1f} s", done.ended(GOOD),
              done.json["entries"] != size and done)
    for target in (file, place):
        for _ in range(KILLS // 2):
            copier = subprocess.Popen([UTFALL, "copy", "big.ledger", target], cwd=town.path,
                                      env=town.environment, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)
            time.sleep(lot.uniform(0.05, 0.95) * seconds)
            copier.send_signal(signal.SIGKILL)
            killed = copier.wait() != 0
            opened = town.run("log", "--ledger", target).exit == GOOD
            whole = opened and town.run("verify", "--ledger", target).exit == GOOD
            tap.check("a copy that is killed opens whole or not at all", killed and opened and
                      not whole and "it opens and is not whole")
            if opened:
                target = "again.ledger" if target == file else url()
        started = time.monotonic()
        again = town.run("copy", "big.ledger", target, "--json")
        tap.check(f"and can be made in the same place, in {time.monotonic() - started:.1f} s",
                  again.ended(GOOD), again.coded("OK"))


def main():
    tap = Tap()
    with Town() as town:
        make_source(town)
        town.contract = CONTRACT
        town.database = test_pairs(tap, town)
        test_refused(tap, town)
        test_damage(tap, town)
        test_grows(tap, town)
        test_big(tap, town)
    return tap.end()


if __name__ == "__main__":
    if SERVER is None:
        os.execv(os.path.join(ROOT, "tests", "support", "with-postgres"),
                 ["with-postgres", *sys.argv])
    sys.exit(main())
