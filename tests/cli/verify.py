#!/usr/bin/python3
"""verify: what it says, what it remembers, and which key it believes."""

import os
import re
import shutil
import sqlite3
import sys

from _cli import FALSE, GOOD, ORIGIN, WITH_LOG, WITH_PASSPHRASE, Tap, Town


def remembered(town):
    """The files in which verify keeps what it saw."""
    folder = town.file("state/utfall")
    return [os.path.join(folder, name) for name in os.listdir(folder)] if os.path.isdir(folder) else []


def copy_of(town, name, new):
    """A copy of a ledger that nobody is using."""
    shutil.copy(town.file(name), town.file(new))
    return new


def test_report(tap, town):
    result = town.run("verify", "--vkey", town.vkeys["log"])
    tap.check("verify says what it checked, and what not", result.ended(GOOD),
              result.prints(ORIGIN, " 8", "Checked:", "Not checked:", "OK"),
              "whose key" in result.out and f"the key was given\n{result}")
    unpinned = town.run("verify")
    tap.check("without --vkey it says that the key is not checked",
              unpinned.prints("--vkey"), unpinned.ended(GOOD))
    answer = town.run("verify", "--json", "--vkey", town.vkeys["log"])
    wanted = {"origin": ORIGIN, "entries": 8, "contracts": 1, "settlements": 1, "parties": 5,
              "recovered_keys": 0, "keys": 5, "ended_keys": 0, "log_key_pinned": True, "for_review": [], "conflicts": []}
    tap.check("verify --json counts", answer.coded("OK"),
              *(f"{name}: {answer.json.get(name)}" for name in wanted
                if answer.json.get(name) != wanted[name]))
    one = town.run("verify", "--json", "--threads", "1", "--vkey", town.vkeys["log"])
    tap.check("the number of threads changes nothing", one.out != answer.out and one)


def test_signatures(tap, town):
    """One line, or one object, for each signature; compared with what the notes themselves say."""
    lines = [line for line in town.good("verify", "--signatures").out.splitlines()
             if ", valid from entry " in line]
    answer = town.run("verify", "--signatures", "--json")
    found = answer.json.get("signature_list", [])
    wanted = []
    for index in range(town.size()):
        shown = town.good("show", str(index), "--json").json
        signers = re.findall(r"^\u2014 (\S+) ", shown["note"], re.MULTILINE)
        wanted += [(index, shown["statement"]["kind"], name) for name in signers]
    tap.check("verify --signatures has one line for each signature, charter first",
              len(lines) != len(wanted) and f"{len(lines)} lines for {wanted}",
              *(f"{line}\nis not about {entry}" for line, entry in zip(lines, wanted)
                if not (line.split()[:2] == [str(entry[0]), entry[1]] and f"  {entry[2]}+" in line
                        and f"(The {entry[2].split('.')[0]}), valid from entry " in line)))
    tap.check("with --json one object for each", answer.coded("OK"),
              [(item["index"], item["kind"], item["party"]) for item in found] != wanted and answer,
              {item["vkey"] for item in found} - set(town.vkeys.values()))
    many = town.run("verify", "--signatures", "--json", "--threads", "3")
    tap.check("the number of threads does not change their order", many.out != answer.out and many)
    plain = town.good("verify", "--json").json
    tap.check("without it there is no list, and the rest is the same",
              "signature_list" in plain and plain,
              {**plain, "signature_list": found} != answer.json and answer)
    full = town.run("verify", "--signatures", "--json", TMPDIR="/nowhere")
    tap.check("a folder for temporary files that is not there is no matter", full.coded("OK"))


def test_pins(tap, town):
    result = town.run("verify", "--vkey", town.vkeys["town"], "--json")
    tap.check("a ledger of another key is refused", result.coded("UNTRUSTED"), result.ended(FALSE))
    both = town.run("verify", "--vkey", town.vkeys["town"], "--vkey", town.vkeys["log"], "--json")
    tap.check("one of several keys is enough", both.coded("OK"))
    forged = town.make_key(ORIGIN, "forged.key")
    result = town.run("verify", "--vkey", forged, "--json")
    tap.check("a key of the same name is not the same key", result.coded("UNTRUSTED"))
    result = town.run("verify", "--vkey", "nonsense", "--json")
    tap.check("what is no vkey is refused", "" if result.json.get("ok") is False else result)


def test_remembering(tap, town):
    before = copy_of(town, "utfall.ledger", "before.ledger")
    town.good("verify", "--quiet")
    files = remembered(town)
    tap.check("verify remembers the checkpoint", len(files) != 1 and files)
    town.sign("measurement2.json", "measurement2.note", "evaluator")
    town.good("submit", "measurement2.note", *WITH_LOG)
    known = town.run("verify", "--json")
    tap.check("a ledger that has grown continues what was seen", known.coded("OK"))
    text = town.run("verify")
    tap.check("and verify says so", text.prints("before"))
    shown = town.run("verify", "--ledger", before, "--json")
    tap.check("a copy from before is refused: entries are missing", shown.coded("UNTRUSTED"),
              shown.ended(FALSE))
    still = town.run("verify", "--json")
    tap.check("the refusal does not change what is remembered", still.coded("OK"))
    other = town.run("verify", "--ledger", before, "--json", XDG_STATE_HOME=town.file("elsewhere"))
    tap.check("who has seen nothing accepts the copy", other.coded("OK"))


def test_fork(tap, town):
    """The same key signs another history of the same length."""
    town.good("verify", "--quiet")
    copy_of(town, "start.ledger", "fork.ledger")
    town.write("fork.json", town.read("measurement.json").replace(b'"3"', b'"4"'))
    town.good("sign", "fork.json", "-o", "fork.note", "--key", "evaluator.key", "--ledger",
              "fork.ledger", *WITH_PASSPHRASE)
    town.good("submit", "fork.note", "--ledger", "fork.ledger", *WITH_LOG)
    town.good("settle", "small", "1y", "-o", "fork-settlement.json", "--ledger", "fork.ledger")
    town.good("sign", "fork-settlement.json", "-o", "fs1.note", "--key", "town.key", *WITH_PASSPHRASE)
    town.good("sign", "fs1.note", "-o", "fs.note", "--key", "evaluator.key", *WITH_PASSPHRASE)
    town.good("submit", "fs.note", "--ledger", "fork.ledger", *WITH_LOG)
    for number in range(3):
        town.write_json("rename.json", {"kind": "party", "version": 1, "date": "2026-01-15",
                                        "party": "town.example", "legal_name": f"Town {number}",
                                        "registration": "not_published",
                                        "vkeys": [town.vkeys["town"]]})
        town.good("sign", "rename.json", "-o", "r1.note", "--force", "--key", "town.key",
                  "--ledger", "fork.ledger", *WITH_PASSPHRASE)
        town.good("sign", "r1.note", "-o", "r.note", "--force", "--key", "registrar.key",
                  *WITH_PASSPHRASE)
        town.good("submit", "r.note", "--ledger", "fork.ledger", *WITH_LOG)
    result = town.run("verify", "--ledger", "fork.ledger", "--json")
    tap.check("another history under the same key is refused", result.coded("UNTRUSTED"),
              result.ended(FALSE), "" if "history" in result.json.get("reason", "") else result)


def test_other_key(tap, town):
    """A whole ledger of the same name, made with another key."""
    with Town() as imposter:
        copy = town.file("imposter.ledger")
        shutil.copy(imposter.file("utfall.ledger"), copy)
    result = town.run("verify", "--ledger", "imposter.ledger", "--json")
    tap.check("a ledger of the same name signed by another key is refused",
              result.coded("UNTRUSTED"), result.ended(FALSE))


def test_memory_files(tap, town):
    """What is remembered may be damaged, or impossible to keep."""
    path = remembered(town)[0]
    with open(path, "rb") as file:
        good = file.read()
    for title, data in (("an empty memory", b""), ("half a memory", good[:len(good) // 2]),
                        ("a changed memory", good.replace(b"\n8\n", b"\n7\n")
                         .replace(b"\n9\n", b"\n8\n"))):
        with open(path, "wb") as file:
            file.write(data)
        result = town.run("verify", "--json")
        tap.check(f"{title} is told, not believed", "" if result.json.get("ok") is False else result)
    os.unlink(path)
    tap.check("without it verify begins anew", town.run("verify", "--json").coded("OK"))
    town.write("file", "")
    result = town.run("verify", XDG_STATE_HOME=town.file("file"))
    tap.check("a memory that cannot be kept is told, and the ledger is verified",
              result.ended(GOOD), result.says("remembered"))


def test_tampering(tap, town):
    """Somebody edits the database with its own tools."""
    size = town.size()
    edits = {
        "an entry is changed": "UPDATE {entries} SET {bytes} = "
                               "CAST(replace(CAST({bytes} AS TEXT), '1.50', '9.50') AS BLOB)",
        "the last entry is removed": "DELETE FROM {entries} WHERE rowid = (SELECT max(rowid) FROM {entries})",
    }
    database = sqlite3.connect(f"file:{town.file('utfall.ledger')}?mode=ro", uri=True)
    tables = [row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    triggers = [row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")]
    columns = {table: [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
               for table in tables}
    database.close()
    entries = next(table for table in tables if "bytes" in columns[table] or "note" in columns[table])
    column = "bytes" if "bytes" in columns[entries] else "note"
    for title, edit in edits.items():
        copy_of(town, "utfall.ledger", "edited.ledger")
        database = sqlite3.connect(town.file("edited.ledger"))
        refused = ""
        try:
            database.execute(edit.format(entries=entries, bytes=column))
            refused = "the triggers let it happen"
        except sqlite3.Error:
            database.rollback()
        for trigger in triggers:
            database.execute(f"DROP TRIGGER {trigger}")
        try:
            database.execute(edit.format(entries=entries, bytes=column))
            database.commit()
        finally:
            database.close()
        result = town.run("verify", "--ledger", "edited.ledger", "--json")
        tap.check(f"{title}: verify tells", result.coded("UNTRUSTED"), result.ended(FALSE), refused)
    tap.check("the ledger itself is as it was", town.size() != size and "it is not")


def main():
    tap = Tap()
    with Town() as town:
        copy_of(town, "utfall.ledger", "start.ledger")
        town.settle_and_pay()
        town.write("measurement2.json", town.read("measurement.json"))
        test_report(tap, town)
        test_signatures(tap, town)
        test_pins(tap, town)
        test_other_key(tap, town)
        test_fork(tap, town)
        test_tampering(tap, town)
        test_memory_files(tap, town)
    with Town() as town:
        town.write("measurement2.json", town.read("measurement.json"))
        test_remembering(tap, town)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
