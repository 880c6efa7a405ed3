#!/usr/bin/python3
"""The ledger file: missing, foreign, locked, read-only, taken; and who writes to it at once."""

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

from _cli import (FALSE, GOOD, ORIGIN, TROUBLE, UTFALL, WITH_LOG, WITH_PASSPHRASE, Folder, Result,
                  Tap, Town)

WRITERS = 6

READING = (["verify"], ["log"], ["show", "0"], ["prove", "0"], ["settle", "small", "1y"],
           ["explain", "small", "1y"])


def test_missing(tap, folder):
    folder.make_key(ORIGIN, "log.key")
    folder.write("x.note", "x")
    for words in (*READING, ["submit", "x.note", *WITH_LOG]):
        result = folder.run(*words, "--json")
        tap.check(f"{words[0]} tells that there is no ledger", result.coded("NOT_FOUND"),
                  result.ended(TROUBLE))
    tap.check("no ledger is made by asking for one",
              [name for name in os.listdir(folder.path) if "ledger" in name])


def test_foreign(tap, folder):
    folder.make_key(ORIGIN, "log.key")
    folder.write("x.note", "x")
    folder.write("text", "this is not a ledger, and it is long enough to be read as one\n" * 100)
    folder.write("empty", "")
    database = sqlite3.connect(folder.file("other.sqlite"))
    database.execute("CREATE TABLE entries (x)")
    database.commit()
    database.close()
    os.mkdir(folder.file("folder"))
    for name in ("text", "empty", "other.sqlite", "folder"):
        before = folder.read(name) if name != "folder" else None
        for words in (*READING, ["submit", "x.note", *WITH_LOG]):
            result = folder.run(*words, "--ledger", name, "--json")
            if result.exit not in (FALSE, TROUBLE) or result.json.get("ok") is not False:
                tap.check(f"{words[0]} refuses {name}", result)
                break
            if name != "folder" and folder.read(name) != before:
                tap.check(f"{words[0]} refuses {name}", "the file was changed")
                break
        else:
            tap.check(f"a {name} is not taken for a ledger")
    result = folder.run("verify", "--ledger", "text")
    tap.check("the message names the file", result.says("text", "not a ledger"))


def test_names(tap, town):
    """--ledger, then $UTFALL_LEDGER, then utfall.ledger here."""
    os.mkdir(town.file("below"))
    shutil.copy(town.file("utfall.ledger"), town.file("below/other.ledger"))
    os.rename(town.file("utfall.ledger"), town.file("kept"))
    tap.check("$UTFALL_LEDGER names the ledger",
              town.run("log", "--json", UTFALL_LEDGER="below/other.ledger").coded("OK"))
    tap.check("--ledger wins over it",
              town.run("log", "--ledger", "kept", "--json", UTFALL_LEDGER="nowhere").coded("OK"))
    os.symlink("kept", town.file("utfall.ledger"))
    tap.check("a symbolic link to a ledger is one", town.run("log", "--json").coded("OK"))
    os.unlink(town.file("utfall.ledger"))
    os.rename(town.file("kept"), town.file("utfall.ledger"))
    tap.check("$UTFALL_LOG_KEY names the log's key",
              town.run("submit", "town.note", "--json", *WITH_PASSPHRASE,
                       UTFALL_LOG_KEY="log.key").coded("STATEMENT_REPEATED"))


def test_creating(tap, town):
    before = town.read("utfall.ledger")
    result = town.run("init", "charter.note", "--json", *WITH_LOG)
    tap.check("init never overwrites", result.coded("CONFLICT"),
              town.read("utfall.ledger") != before and "the ledger was changed")
    for title, words, code in (
            ("a charter is signed for this log's key",
             ["charter.note", "--log-key", "town.key", *WITH_PASSPHRASE], "LEDGER_OTHER"),
            ("a ledger begins with a charter", ["contract.note", *WITH_LOG], "SIGNER_UNKNOWN"),
            ("a draft is not a charter", ["charter.json", *WITH_LOG], "NOTE_MALFORMED"),
            ("a charter that is missing is told", ["nowhere.note", *WITH_LOG], "NOT_FOUND"),
            ("the log's key is needed", ["charter.note", *WITH_PASSPHRASE], "NOT_FOUND")):
        result = town.run("init", *words, "--ledger", "new.ledger", "--json")
        tap.check(title, result.coded(code), town.exists("new.ledger") and "a ledger was made")
    result = town.run("init", "charter.note", "--ledger", "nowhere/new.ledger", "--json", *WITH_LOG)
    tap.check("a folder that is missing is told", result.ended(TROUBLE),
              "" if result.json.get("ok") is False else result)


def test_log_key(tap, town):
    before = town.read("utfall.ledger")
    town.make_key(ORIGIN, "forged.key")
    for title, words, code in (
            ("without the log's key nothing is appended", [], "NOT_FOUND"),
            ("another log's key appends nothing", ["--log-key", "forged.key"], "INVALID"),
            ("a party's key appends nothing", ["--log-key", "town.key"], "INVALID")):
        result = town.run("submit", "town.note", *words, *WITH_PASSPHRASE, "--json")
        tap.check(title, result.coded(code), "" if result.exit else result,
                  town.read("utfall.ledger") != before and "the ledger was changed")
    result = town.run("submit", "town.note", "nowhere.note", *WITH_LOG, "--json")
    tap.check("a note that is missing is told", result.coded("NOT_FOUND"), result.ended(TROUBLE))


def test_lock(tap, town):
    """A lock that another process holds keeps writers out, and readers not."""
    town.sign("measurement.json", "measurement.note", "evaluator", force=True)
    size = town.size()
    with open(town.file("utfall.ledger.lock"), "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for words in READING[:4]:
            result = town.run(*words, "--json")
            tap.check(f"{words[0]} does not wait for a writer", result.coded("OK"))
        result = town.run("submit", "measurement.note", *WITH_LOG, "--json")
        tap.check("submit waits for the other writer, then gives up", result.coded("CONFLICT"))
        tap.check("and nothing was appended", town.size() != size and "something was")
    result = town.run("submit", "measurement.note", *WITH_LOG, "--json")
    tap.check("afterwards it can be submitted", result.coded("OK"))


def test_many_writers(tap, town):
    """Several writers at once: each contract gets its statement, none is lost."""
    size = town.size()
    contract = town.read("contract.json")
    for number in range(WRITERS):
        town.write(f"c{number}.json", contract.replace(b'"small"', b'"c%d"' % number))
        town.sign(f"c{number}.json", f"c{number}.note", "town", "investor", "evaluator")
    processes = [subprocess.Popen([UTFALL, "submit", f"c{number}.note", *WITH_LOG, "--json"],
                                  cwd=town.path, env=town.environment, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE) for number in range(WRITERS)]
    answers = [process.communicate(timeout=60) + (process.returncode,) for process in processes]
    tap.check("writers take turns", *(str(answer) for answer in answers if answer[2] != GOOD))
    tap.check("all of it is there", town.size() != size + WRITERS and f"{town.size()} entries")

    same = [subprocess.Popen([UTFALL, "submit", "measurement.note", *WITH_LOG, "--json"],
                             cwd=town.path, env=town.environment, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE) for _ in range(2)]
    statuses = sorted(process.wait(timeout=60) for process in same)
    for process in same:
        process.communicate()
    tap.check("of two who submit the same note, one is told that it is there",
              statuses != [GOOD, FALSE] and statuses, town.size() != size + WRITERS + 1 and "twice")


def as_nobody(folder, program, *words):
    """Root may write everywhere: what is protected is tried as somebody else."""
    command = [program, *words]
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    return Result(words, subprocess.run(
        command, cwd=folder, capture_output=True, check=False, timeout=60, stdin=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": folder}))


def test_read_only(tap, town):
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        tap.skip("a ledger that may only be read", "root may write everywhere, and there is no setpriv")
        return
    town.sign("measurement.json", "measurement.note", "evaluator")
    # The folder of the test itself may be closed to others.
    folder = tempfile.mkdtemp(prefix="utfall-read-only-", dir="/tmp")
    try:
        for name in ("utfall.ledger", "log.key", "passphrase", "measurement.note"):
            shutil.copy(town.file(name), folder)
            os.chmod(os.path.join(folder, name), 0o444)
        program = os.path.join(folder, "utfall")
        shutil.copy(UTFALL, program)
        os.chmod(program, 0o755)
        os.chmod(folder, 0o555)
        with open(os.path.join(folder, "utfall.ledger"), "rb") as file:
            before = file.read()
        for words in (["log"], ["show", "small"], ["verify"]):
            result = as_nobody(folder, program, *words, "--json")
            tap.check(f"{words[0]} reads a ledger that may only be read", result.coded("OK"))
        result = as_nobody(folder, program, "submit", "measurement.note", *WITH_LOG, "--json")
        with open(os.path.join(folder, "utfall.ledger"), "rb") as file:
            after = file.read()
        tap.check("submit tells that it may not be written", result.coded("STORAGE"),
                  result.ended(TROUBLE), after != before and "it was written")
        os.chmod(os.path.join(folder, "utfall.ledger"), 0o000)
        result = as_nobody(folder, program, "verify", "--json")
        tap.check("a ledger that may not be read is told", result.coded("STORAGE"),
                  result.ended(TROUBLE))
        result = as_nobody(folder, program, "settle", "small", "1y", "-o", "draft.json", "--json")
        tap.check("a folder that may not be written is told", result.ended(TROUBLE))
    finally:
        os.chmod(folder, 0o755)
        shutil.rmtree(folder)


def main():
    tap = Tap()
    with Folder() as folder:
        test_missing(tap, folder)
    with Folder() as folder:
        test_foreign(tap, folder)
    with Town() as town:
        test_names(tap, town)
        test_creating(tap, town)
        test_log_key(tap, town)
        test_read_only(tap, town)
        test_lock(tap, town)
    with Town() as town:
        town.sign("measurement.json", "measurement.note", "evaluator")
        test_many_writers(tap, town)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
