#!/usr/bin/python3
"""Records: measuring from a table, auditing it, disclosing one record; nothing personal leaks."""

import base64
import copy
import json
import os
import sys

from _cli import (CONTRACT, FALSE, GOOD, TROUBLE, WITH_LOG, Tap, Town)

INCOMPLETE = 3
SECRET = "19121212-1212"  # stands in cells that are wrong, and must not be shown
HEADER = "who,days,left,school\n"
ROWS = [f"p{number},{number}.50,2026-0{number}-01,yes\n" for number in range(1, 8)]
TABLE = HEADER + "".join(ROWS)
WITH_RECORDS = ("--records", "table.csv")
WITH_SALTS = (*WITH_RECORDS, "--salts", "salts")

# What is wrong with a table, where, and what the message says.
BAD_TABLES = [
    ("nothing", "", "row 1", "no header"),
    ("a missing column", "who,days,left\na,1,\n", "row 1", "no column school"),
    ("a column twice", "who,days,left,school,days\na,1,,x,1\n", "row 1, column 5", "there twice"),
    ("another separator", TABLE.replace(",", ";"), "row 1", "--separator"),
    ("a short row", HEADER + f"a,{SECRET}\n", "row 2, column 3", "fewer cells"),
    ("a long row", HEADER + f"a,1,,x,{SECRET}\n", "row 2, column 5", "more cells"),
    ("an empty line", HEADER + "a,1,,x\n\nb,1,,x\n", "row 3", "empty"),
    ("a quote inside a cell", HEADER + f'a,1,,{SECRET}"x"\n', "row 2, column 4", "quote"),
    ("something behind a quote", HEADER + f'a,1,,"x"{SECRET}\n', "row 2, column 4", "behind"),
    ("an open quote", HEADER + f'a,1,,"{SECRET}\n', "row 2, column 4", "inside quotes"),
    ("a carriage return alone", HEADER + "a,1,,x\rb,1,,x\n", "row 2, column 4", "carriage return"),
    ("a control character", HEADER + f"a,1,,{SECRET}\x07\n", "row 2, column 4", "control"),
    ("a NUL", HEADER + f"a,1,,{SECRET}\0\n", "row 2, column 4", "control"),
    ("Latin-1", (HEADER + f"a,1,,{SECRET}å\n").encode("latin-1"), "row 2, column 4", "UTF-8"),
    ("a number that is a word", HEADER + f"a,{SECRET},,x\n", "row 2, column 2", "days"),
    ("an exponent", HEADER + "a,1e3,,x\n", "row 2, column 2", "decimal"),
    ("a space for thousands", HEADER + "a,1 000,,x\n", "row 2, column 2", "decimal"),
    ("a comma for a point", HEADER + 'a,"1,5",,x\n', "row 2, column 2", "12.5"),
    ("a leading zero", HEADER + "a,01,,x\n", "row 2, column 2", "decimal"),
    ("thirteen decimals", HEADER + "a,0.1234567890123,,x\n", "row 2, column 2", "decimal"),
    ("nineteen digits", HEADER + "a,1000000000000000000,,x\n", "row 2, column 2", "decimal"),
    ("a day that is none", HEADER + f"a,1,2026-02-30,{SECRET}\n", "row 2, column 3", "date"),
    ("a Swedish short date", HEADER + "a,1,260301,x\n", "row 2, column 3", "date"),
    ("nobody", HEADER + f",1,,{SECRET}\n", "row 2, column 1", "person"),
    ("a later row", TABLE + f'"two\nlines",{SECRET},,x\n', "row 9, column 2", "days"),
]


def contract():
    draft = copy.deepcopy(CONTRACT)
    draft["contract"] = "kept"
    draft["records"] = {
        "columns": [{"column": "who", "type": "text"}, {"column": "days", "type": "decimal"},
                    {"column": "left", "type": "date", "optional": True},
                    {"column": "school", "type": "text"}],
        "person": "who", "minimum_cell": 3, "missing": "count_as_missing"}
    draft["outcomes"][0]["aggregation"] = {"value": {"sum": "days"}, "count": {"distinct": "who"}}
    return draft


def measure(town, table=TABLE, *more, output=("-o", "draft.json", "--force"), **options):
    """Measures anew, with new salts."""
    if table is not None:
        town.write("table.csv", table)
    if town.exists("salts") and options.get("anew", True):
        os.remove(town.file("salts"))
    return town.run("measure", "kept", "1y", *WITH_SALTS, *output, *more)


def test_draft(tap, town):
    result = measure(town)
    draft = json.loads(town.read("draft.json"))
    salts = town.read("salts").decode().splitlines()
    tap.check("a table becomes a draft", result.ended(GOOD), result.is_silent(),
              result.says("records: 7, of 7 people"),
              draft["values"] != [{"outcome": "saving", "value": "31.5", "count": "7"}] and draft,
              draft["cohort"] != {"count": 7, "missing": 0} and draft)
    tap.check("each record has its own salt, which only the owner can read",
              len(set(salts)) != 7 and salts,
              any(len(base64.b64decode(salt)) != 32 for salt in salts) and salts,
              os.stat(town.file("salts")).st_mode & 0o777 != 0o600 and "others can read it",
              any(name.endswith(".tmp") for name in os.listdir(town.path)) and "a file was left")
    before = town.read("salts")
    again = measure(town, anew=False)
    tap.check("salts are never overwritten", again.ended(FALSE), again.says("salts", "exists"),
              town.read("salts") != before and "they are other ones")
    root = draft["records"]["root"]
    measure(town)
    tap.check("the same records have another root with other salts",
              json.loads(town.read("draft.json"))["records"]["root"] == root and root)
    held = measure(town, output=("-o", "draft.json"))
    tap.check("a draft is not overwritten, and no salts are left behind", held.ended(FALSE),
              town.exists("salts") and "salts")


def test_bad_tables(tap, town):
    for title, table, place, words in BAD_TABLES:
        result = measure(town, table)
        again = measure(town, table, "--json")
        code = "RECORDS_INCOMPLETE" if title == "nobody" else "RECORDS_MALFORMED"
        tap.check(f"{title} is refused where it stands, and not shown", result.ended(FALSE),
                  result.says("table.csv", place, words, code), again.coded(code),
                  again.json.get("at") != place and again.json,
                  SECRET in result.err + again.out and f"it is shown\n{result}",
                  town.exists("salts") and "salts were left behind")


def test_other_tables(tap, town):
    measure(town)
    wanted = json.loads(town.read("draft.json"))["values"]
    tables = {
        "CRLF": (TABLE.replace("\n", "\r\n"),),
        "a byte order mark": ("\ufeff" + TABLE,),
        "no line break at the end": (TABLE[:-1],),
        "quotes everywhere": ("".join('"' + '","'.join(line.split(",")) + '"\n'
                                      for line in TABLE.splitlines()),),
        "semicolons and decimal commas": (TABLE.replace(",", ";").replace(".", ","),
                                          "--separator", ";", "--decimal-comma"),
        "tabs": (TABLE.replace(",", "\t"), "--separator", "tab"),
        "another column": ("".join(f"x,{line}\n" for line in TABLE.splitlines()),),
    }
    for title, (table, *more) in tables.items():
        result = measure(town, table, *more)
        tap.check(f"a table with {title} gives the same", result.ended(GOOD),
                  json.loads(town.read("draft.json"))["values"] != wanted and "other values")
    told = measure(town, "\ufeff" + tables["another column"][0])
    tap.check("what was left out is said", told.says("byte order mark", "left out: 1"))
    piped = town.run("measure", "kept", "1y", "--records", "-", "--salts", "salts2",
                     stdin=TABLE.encode())
    tap.check("records come from standard input too", piped.ended(GOOD), piped.prints('"31.5"'))
    wrong = measure(town, TABLE, "--separator", "x")
    tap.check("letters separate nothing", wrong.ended(FALSE), wrong.says("--separator"))


def test_small(tap, town):
    few = measure(town, HEADER + "".join(ROWS[:2]))
    tap.check("numbers about few people are refused, without the number", few.ended(FALSE),
              few.says("RECORDS_CELL_TOO_SMALL", "fewer than 3"), few.is_silent(),
              town.exists("salts") and "salts were left behind")
    missing = measure(town, TABLE + "m,,,x\n")
    tap.check("a cohort that would show few missing people is left out", missing.ended(GOOD),
              missing.says("cohort is left out", "missing: 1 records"),
              "cohort" in json.loads(town.read("draft.json")) and "it is there")


def commit(town):
    """A measurement of TABLE in the ledger. Returns its index."""
    town.good("measure", "kept", "1y", *WITH_SALTS, "-o", "draft.json", "--force")
    audited = town.run("audit-records", "draft.json", *WITH_SALTS)
    town.sign("draft.json", "draft.note", "evaluator", force=True)
    answer = town.good("submit", "draft.note", "--json", *WITH_LOG)
    return str(answer.json["entries"][0]["index"]), audited


def test_audit(tap, town):
    town.write("table.csv", TABLE)
    os.remove(town.file("salts"))
    index, audited = commit(town)
    tap.check("a draft agrees with its records", audited.ended(GOOD),
              audited.prints("/records/root: agrees", "/values/saving/value: agrees"))
    audit = town.run("audit-records", index, *WITH_SALTS)
    tap.check("a measurement agrees with its records", audit.ended(GOOD), audit.is_quiet())
    blind = town.run("audit-records", index, *WITH_RECORDS)
    tap.check("without salts the values are checked, and the root is not", blind.ended(INCOMPLETE),
              blind.prints("/values/saving/value: agrees", "/records/root: not checked"))
    salts = town.read("salts").decode()
    lines = salts.splitlines(keepends=True)
    changes = {
        "a changed cell": (TABLE.replace("3.50", "3.51"), salts, "/values/saving/value"),
        "a changed text": (TABLE.replace("yes", "no", 1), salts, "/records/root"),
        "another order": (HEADER + "".join(reversed(ROWS)), salts, "/records/root"),
        "two salts exchanged": (TABLE, "".join([lines[1], lines[0], *lines[2:]]), "/records/root"),
        "a forged salt": (TABLE, "".join(["A" * 43 + "=\n", *lines[1:]]), "/records/root"),
    }
    for title, (table, kept, place) in changes.items():
        town.write("table.csv", table)
        town.write("other", kept)
        result = town.run("audit-records", index, *WITH_RECORDS, "--salts", "other")
        again = town.run("audit-records", index, *WITH_RECORDS, "--salts", "other", "--json")
        tap.check(f"{title} is noticed", result.ended(FALSE), result.prints(f"{place}: differs"),
                  again.coded("RECORDS_DIFFER"))
    town.write("table.csv", TABLE)
    for title, kept in (("too few salts", "".join(lines[:-1])), ("too many salts", salts + lines[0])):
        town.write("other", kept)
        result = town.run("audit-records", index, *WITH_RECORDS, "--salts", "other")
        tap.check(f"{title} are noticed", result.ended(FALSE), result.says("RECORDS_DIFFER"))
    town.write("other", "salt\n" + salts)
    result = town.run("audit-records", index, *WITH_RECORDS, "--salts", "other")
    tap.check("what is no salt is said", result.ended(FALSE), result.says("line 1"))
    other = town.run("audit-records", "0", *WITH_SALTS)
    tap.check("only measurements are audited", other.ended(FALSE), other.says("KIND_UNKNOWN"))
    return index


def test_correction(tap, town, index):
    """A correction commits to records of its own, of the period that it corrects."""
    corrected = town.good("log", "kept", "--json").json["entries"][-1]["id"]
    table = TABLE.replace("3.50", "4")
    town.write("new.csv", table)
    town.good("measure", "kept.json", "1y", "--records", "new.csv", "--salts", "new.salts", "-o",
              "new.json")
    draft = json.loads(town.read("new.json"))
    del draft["period"]
    town.write_json("new.json", {**draft, "kind": "correction", "corrects": corrected,
                                 "why": {"en": "a slip"}})
    words = ("--records", "new.csv", "--salts", "new.salts")
    audited = town.run("audit-records", "new.json", *words)
    town.sign("new.json", "new.note", "evaluator")
    entry = town.good("submit", "new.note", "--json", *WITH_LOG).json["entries"][0]["index"]
    again = town.run("audit-records", str(entry), *words)
    other = town.run("audit-records", str(entry), *WITH_SALTS)
    made = town.run("disclose", str(entry), *words, "--row", "4", "-o", "new-record.json")
    checked = town.run("disclose", "--check", "new-record.json")
    tap.check("a correction is audited and disclosed as a measurement is", audited.ended(GOOD),
              again.ended(GOOD), other.ended(FALSE), made.ended(GOOD), checked.ended(GOOD),
              checked.prints('"days":"4"'))
    before = town.run("audit-records", index, *WITH_SALTS)
    tap.check("what it corrects still agrees with its own records", before.ended(GOOD))


def test_disclose(tap, town, index):
    for row in range(2, 9):
        made = town.run("disclose", index, *WITH_SALTS, "--row", str(row), "-o", f"{row}.json")
        checked = town.run("disclose", "--check", f"{row}.json")
        tap.check(f"the record in row {row} can be shown", made.ended(GOOD), checked.ended(GOOD),
                  checked.prints(f'"who":"p{row - 1}"', f"record {row - 1} of the 7"),
                  os.stat(town.file(f"{row}.json")).st_mode & 0o777 != 0o600 and "others read it")
    for row in ("1", "9", "0"):
        absent = town.run("disclose", index, *WITH_SALTS, "--row", row)
        tap.check(f"there is no record in row {row}", absent.ended(TROUBLE), absent.is_silent())
    shown = json.loads(town.read("4.json"))
    forgeries = {
        "another cell": ("record", {**shown["record"], "days": "9"}),
        "one more cell": ("record", {**shown["record"], "more": ""}),
        "another salt": ("salt", json.loads(town.read("5.json"))["salt"]),
        "another index": ("index", 3),
        "another count": ("count", 8),
        "a shorter proof": ("proof", shown["proof"][:-1]),
        "a longer proof": ("proof", shown["proof"] + shown["proof"][:1]),
        "another contract": ("contract", "small"),
    }
    for title, (name, value) in forgeries.items():
        town.write_json("forged.json", {**shown, name: value})
        result = town.run("disclose", "--check", "forged.json", "--json")
        tap.check(f"a disclosed record with {title} is refused", result.coded("RECORDS_DIFFER"))
    town.write_json("forged.json", {**shown, "salt": "AAAA"})
    result = town.run("disclose", "--check", "forged.json", "--json")
    tap.check("a salt has 32 bytes", result.coded("FIELD_MALFORMED"))
    town.write_json("forged.json", {**shown, "measurement": "sha256:" + 64 * "0"})
    result = town.run("disclose", "--check", "forged.json")
    tap.check("the measurement is in the ledger", result.ended(TROUBLE))
    os.remove(town.file("salts"))
    os.remove(town.file("table.csv"))
    checked = town.run("disclose", "--check", "4.json")
    verified = town.run("verify")
    tap.check("when records and salts are destroyed, what was shown and the ledger stay valid",
              checked.ended(GOOD), verified.ended(GOOD))


def test_usage(tap, town):
    for words in (("measure", "kept"), ("measure", "kept", "1y"), ("audit-records", "1"),
                  ("audit-records",), ("disclose",), ("disclose", "1"),
                  ("disclose", "1", "--check", "x"), ("measure", "kept", "1y", *WITH_RECORDS)):
        result = town.run(*words)
        tap.check(f"`{' '.join(words)}` lacks something", result.ended(TROUBLE))
    result = town.run("measure", "small", "1y", *WITH_SALTS)
    tap.check("a contract without records is not measured from any", result.ended(FALSE),
              result.says("RECORDS_UNDECLARED"))
    result = town.run("measure", "kept", "9y", *WITH_SALTS)
    tap.check("only periods of the contract are measured", result.says("PERIOD_UNKNOWN"))
    result = town.run("measure", "kept", "1y", *WITH_SALTS, "--evaluator", "town.example")
    tap.check("only evaluators measure", result.ended(TROUBLE))


def main():
    tap = Tap()
    with Town() as town:
        town.write_json("kept.json", contract())
        town.sign("kept.json", "kept.note", "town", "investor", "evaluator")
        town.good("submit", "kept.note", *WITH_LOG)
        test_usage(tap, town)
        test_draft(tap, town)
        test_bad_tables(tap, town)
        test_other_tables(tap, town)
        test_small(tap, town)
        measure(town)
        index = test_audit(tap, town)
        test_correction(tap, town, index)
        test_disclose(tap, town, index)
        late = measure(town)
        tap.check("what was measured already is refused before salts are made",
                  late.says("MEASUREMENT_REPEATED"), town.exists("salts") and "salts")
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
