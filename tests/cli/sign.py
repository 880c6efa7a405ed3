#!/usr/bin/python3
"""Signing: drafts are filled in and written canonically, signatures are added in order."""

import base64
import json
import os
import stat
import sys

import nacl.signing

from _cli import (CHARTER, CONTRACT, FALSE, GOOD, ORIGIN, TROUBLE, WITH_LOG, WITH_PASSPHRASE,
                  Folder, Tap, Town, identity)
from _writer import id_of, text_of

PARTY = {"kind": "party", "version": 1, "ledger": ORIGIN, "date": "2026-01-15",
         **identity("town"), "registration": "not_published",
         "vkeys": ["town.example+00000000+AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAh"]}

# Texts that are not acceptable JSON, whatever they would mean.
BAD_JSON = {
    "nothing": b"",
    "white space": b" \n",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "two values": b"{} {}",
    "a comma at the end of an object": b'{"a":1,}',
    "a comma at the end of an array": b"[1,]",
    "a missing comma": b'{"a":1 "b":2}',
    "a missing colon": b'{"a" 1}',
    "an open object": b'{"a":1',
    "an open array": b"[1",
    "an open string": b'{"a":"b',
    "a wrong bracket": b'{"a":[1}',
    "a name without quotes": b"{a:1}",
    "single quotes": b"{'a':1}",
    "a comment": b'{"a":1} // x',
    "a block comment": b'{/* x */"a":1}',
    "the same name twice": b'{"a":1,"a":1}',
    "the same name twice, once escaped": b'{"a":1,"\\u0061":1}',
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":-Infinity}',
    "a fraction": b'{"a":1.5}',
    "an exponent": b'{"a":1e3}',
    "a leading zero": b'{"a":01}',
    "a plus sign": b'{"a":+1}',
    "minus zero": b'{"a":-0}',
    "a number too large": b'{"a":2147483648}',
    "a hexadecimal number": b'{"a":0x10}',
    "True": b'{"a":True}',
    "a control character": b'{"a":"x\ty"}',
    "an escape that is none": b'{"a":"\\x41"}',
    "half a surrogate": b'{"a":"\\ud800"}',
    "surrogates in the wrong order": b'{"a":"\\udc00\\ud800"}',
    "U+0000": b'{"a":"\\u0000"}',
    "a NUL byte": b'{"a":"x\0"}',
    "invalid UTF-8": b'{"a":"\xff"}',
    "an overlong character": b'{"a":"\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "a code point beyond Unicode": b'{"a":"\xf4\x90\x80\x80"}',
}


def test_bad_json(tap, town):
    for title, text in BAD_JSON.items():
        town.write("bad.json", text)
        signed = town.run("sign", "bad.json", "-o", "bad.note", "--key", "town.key", "--json",
                          *WITH_PASSPHRASE)
        shape = town.run("check", "--shape", "bad.json", "--json")
        checked = town.run("check", "bad.json", "--json")
        tap.check(f"{title} is not acceptable JSON",
                  *(result.coded("JSON_INVALID") for result in (signed, shape, checked)),
                  *(result.ended(FALSE) for result in (signed, shape, checked)),
                  town.exists("bad.note") and "something was signed")
    for title, text, code in (
            ("a draft that is deeper than any statement", b"[" * 33 + b"]" * 33, "LIMIT"),
            ("a draft that is a text", b'"party"', "FIELD_MALFORMED"),
            ("a draft that is a list", b"[]", "FIELD_MALFORMED"),
            ("a draft of null", b"null", "FIELD_MALFORMED"),
            ("a draft of nothing", b"{}", "FIELD_MISSING"),
            ("a draft larger than any", b'{"a":"' + b"x" * 1100000 + b'"}', "LIMIT")):
        town.write("bad.json", text)
        signed = town.run("sign", "bad.json", "-o", "bad.note", "--key", "town.key", "--json",
                          *WITH_PASSPHRASE)
        found = signed.json.get("code")
        tap.check(f"{title} is refused",
                  "" if found == code or code == "LIMIT" and found == "JSON_INVALID" else signed,
                  "" if signed.exit in (FALSE, TROUBLE) else signed,
                  town.exists("bad.note") and "something was signed")


def test_texts(tap, town):
    """What is signed is the canonical text, verified by somebody else's Ed25519."""
    town.write("draft.json", json.dumps({**PARTY, "vkeys": [town.vkeys["town"]],
                                         "legal_name": "Tøwn \U0001f600 \"\\"}, indent=7,
                                        ensure_ascii=True))
    wanted = text_of(json.loads(town.read("draft.json")))
    result = town.run("sign", "draft.json", "-o", "draft.note", "--key", "town.key", "--json",
                      *WITH_PASSPHRASE)
    note = town.read("draft.note")
    # The ledger has the town already, so `after` is filled in.
    statement = json.loads(note.split(b"\n")[0])
    wanted = text_of({**json.loads(wanted), "after": statement.get("after")})
    tap.check("sign writes the canonical text", result.coded("OK"),
              not note.startswith(wanted + b"\n") and note)
    tap.check("sign tells the id of the text", result.json.get("id") != id_of(wanted) and result,
              result.json.get("kind") != "party" and result)
    line = note.decode().split("\n\n")[1]
    encoded = line.rstrip("\n").split(" ")[2]
    name, _, public = town.vkeys["town"].split("+", 2)
    decoded = base64.b64decode(encoded)
    verify = nacl.signing.VerifyKey(base64.b64decode(public)[1:])
    tap.check("the signature verifies elsewhere", verify.verify(wanted, decoded[4:]) != wanted
              and "it does not", not line.startswith(f"— {name} ") and line)
    mode = stat.S_IMODE(os.stat(town.file("draft.note")).st_mode)
    tap.check("a note may be read by everyone", mode & 0o444 != 0o444 and f"{mode:o}")


def test_adding(tap, town):
    names = {}
    for order in (("town", "investor", "evaluator"), ("evaluator", "town", "investor"),
                  ("investor", "evaluator", "town")):
        note = town.sign("contract.json", "-".join(order) + ".note", *order, force=True)
        names[note] = town.read(note)
    tap.check("signatures stand in one order, whoever signed first",
              len(set(names.values())) != 1 and names)
    lines = names[note].decode().split("\n\n")[1].splitlines()
    tap.check("the lines ascend by name", lines != sorted(lines) and lines)

    before = town.read(note)
    twice = town.run("sign", note, "-o", note, "--key", "town.key", "--json", *WITH_PASSPHRASE)
    tap.check("nobody signs a note twice", twice.coded("CONFLICT"),
              town.read(note) != before and "the note was changed")
    in_place = town.run("sign", "contract.note", "-o", "contract.note", "--key", "registrar.key",
                        "--json", *WITH_PASSPHRASE)
    tap.check("a signature is added in place", in_place.coded("OK"))
    same = town.run("sign", "contract.json", "-o", note, "--key", "town.key", "--json",
                    *WITH_PASSPHRASE)
    tap.check("another file is not overwritten without being told", same.coded("CONFLICT"),
              town.read(note) != before and "the note was changed")
    forced = town.run("sign", "contract.json", "-o", note, "--key", "town.key", "--force", "--json",
                      *WITH_PASSPHRASE)
    tap.check("--force overwrites", forced.coded("OK"), town.read(note) == before and "it did not")
    left = [name for name in os.listdir(town.path) if ".tmp" in name]
    tap.check("no temporary file is left", left)

    broken = before.replace(b"small", b"large", 1)
    town.write("broken.note", broken)
    result = town.run("sign", "broken.note", "-o", "out.note", "--key", "registrar.key", "--json",
                      *WITH_PASSPHRASE)
    # Signing does not vouch for the others: the ledger verifies every signature.
    submitted = town.run("submit", "out.note", "--json", *WITH_LOG)
    tap.check("a note whose text was changed is refused at the latest when it is submitted",
              "" if result.exit != GOOD or submitted.coded("SIGNATURE_WRONG") == "" else submitted)
    town.write("spaced.note", before.replace(b'"version":1', b'"version": 1'))
    result = town.run("sign", "spaced.note", "-o", "out2.note", "--key", "registrar.key", "--json",
                      *WITH_PASSPHRASE)
    tap.check("a note that is not canonical is not signed", result.coded("JSON_NOT_CANONICAL"))


def test_pipes(tap, town):
    draft = town.read("contract.json")
    one = town.run("sign", "-", "--key", "town.key", *WITH_PASSPHRASE, stdin=draft)
    tap.check("sign - reads a draft and writes a note", one.ended(GOOD), one.prints("— town.example "))
    two = town.run("sign", "-", "-o", "-", "--key", "investor.key", *WITH_PASSPHRASE,
                   stdin=one.out.encode())
    tap.check("sign - adds to a note", two.ended(GOOD),
              two.prints("— investor.example ", "— town.example "))
    three = town.run("sign", "-", "--key", "evaluator.key", *WITH_PASSPHRASE,
                     stdin=two.out.encode())
    submitted = town.run("submit", "-", "--json", *WITH_LOG, stdin=three.out.encode())
    tap.check("submit - reads a note", submitted.coded("OK"))
    both = town.run("sign", "contract.json", "-o", "-", "--key", "town.key", "--json",
                    *WITH_PASSPHRASE)
    tap.check("a note and --json are not both written to standard output", both.coded("USAGE"))
    draft = town.run("settle", "small", "1y")
    tap.check("settle names what is missing", draft.ended(FALSE), draft.says("SETTLEMENT_NOT_MEASURED"))
    town.sign("measurement.json", "measurement.note", "evaluator")
    town.good("submit", "measurement.note", *WITH_LOG)
    draft = town.run("settle", "small", "1y")
    parsed = json.loads(draft.out) if draft.exit == GOOD else {}
    tap.check("settle writes its draft to standard output", draft.ended(GOOD),
              parsed.get("kind") != "settlement" and draft,
              not draft.out.endswith("}\n") and "no newline at the end")
    asked = town.run("settle", "small", "1y", "--json")
    tap.check("settle --json has the draft in its answer", asked.coded("OK"),
              asked.json.get("draft") != parsed and asked)
    proof = town.run("prove", "0", "--json")
    plain = town.run("prove", "0")
    tap.check("prove --json has the proof in its answer", proof.coded("OK"),
              proof.json.get("proof") != plain.out and proof)


def test_filling(tap, town):
    """What a draft leaves out is filled in from the ledger and --vkey."""
    log = town.good("log", "small", "--json").json["entries"]
    draft = json.loads(town.read("measurement.json"))
    result = town.good("sign", "measurement.json", "-o", "m.note", "--key", "evaluator.key",
                       "--json", *WITH_PASSPHRASE)
    statement = json.loads(town.read("m.note").split(b"\n")[0])
    tap.check("ledger and after are filled in",
              statement.get("ledger") != ORIGIN and statement,
              statement.get("after") != log[-1]["id"] and statement, result.coded("OK"))
    del draft["date"]
    town.write_json("undated.json", draft)
    town.good("sign", "undated.json", "-o", "undated.note", "--key", "evaluator.key",
              *WITH_PASSPHRASE)
    tap.check("a date that is absent is today's",
              len(json.loads(town.read("undated.note").split(b"\n")[0]).get("date", "")) != 10
              and "it is not")
    town.write_json("other.json", {**draft, "date": "2026-01-15", "ledger": "other.example",
                                   "after": "sha256:" + 64 * "a"})
    town.good("sign", "other.json", "-o", "other.note", "--key", "evaluator.key", *WITH_PASSPHRASE)
    statement = json.loads(town.read("other.note").split(b"\n")[0])
    tap.check("what the draft says is kept", statement["ledger"] != "other.example" and statement,
              statement["after"] != "sha256:" + 64 * "a" and statement)
    submitted = town.run("submit", "other.note", "--json", *WITH_LOG)
    tap.check("and refused by the ledger", submitted.coded("LEDGER_OTHER"))

    town.write_json("new.json", {"kind": "party", "version": 1, "date": "2026-01-15",
                                 **identity("new")})
    vkeys = [town.make_key("new.example", "new.key"), town.make_key("new.example/b", "new-b.key")]
    town.good("sign", "new.json", "-o", "new.note", "--key", "new.key", *WITH_PASSPHRASE,
              "--vkey", vkeys[0], "--vkey", vkeys[1])
    statement = json.loads(town.read("new.note").split(b"\n")[0])
    tap.check("vkeys are filled in from --vkey", statement.get("vkeys") != vkeys and statement,
              "after" in statement and statement)
    for title, words, code in (
            ("a vkey of somebody else is refused", ["--vkey", town.vkeys["town"]], "INVALID"),
            ("a vkey that cannot be read is refused", ["--vkey", "new.example+1+2"], "INVALID"),
            ("vkeys that are missing are told", [], "FIELD_MISSING")):
        result = town.run("sign", "new.json", "-o", "no.note", "--key", "new.key", "--json",
                          *WITH_PASSPHRASE, *words)
        tap.check(title, result.coded(code), town.exists("no.note") and "something was signed")


def test_without_ledger(tap):
    with Folder() as folder:
        folder.make_key("town.example", "town.key")
        folder.write_json("contract.json", CONTRACT)
        folder.write_json("measurement.json", {"kind": "measurement", "contract": "small",
                                               "version": 1, "date": "2026-01-15",
                                               "ledger": ORIGIN})
        sign = ("-o", "x.note", "--key", "town.key", "--json", *WITH_PASSPHRASE)
        tap.check("without a ledger a draft names it itself",
                  folder.run("sign", "contract.json", *sign).coded("NOT_FOUND"))
        tap.check("without a ledger `after` cannot be filled in",
                  folder.run("sign", "measurement.json", *sign).coded("NOT_FOUND"))
        folder.write_json("contract.json", {**CONTRACT, "ledger": ORIGIN})
        tap.check("a complete draft is signed without a ledger",
                  folder.run("sign", "contract.json", *sign).coded("OK"))
        folder.write_json("charter.json", CHARTER)
        checked = folder.run("check", "charter.json", "contract.json", "--json")
        tap.check("check needs no ledger, and no keys", checked.coded("OK"))
        shape = folder.run("check", "--shape", "charter.json", "--json")
        tap.check("check --shape takes the text as it is", shape.coded("FIELD_MISSING"))
        folder.write_json("units.json", {**CONTRACT, "lines": [
            {"line": "wrong", "label": {"en": "Wrong"},
             "add": [{"measured": "saving", "field": "value"}, "1"]}, *CONTRACT["lines"]]})
        checked = folder.run("check", "units.json", "charter.json")
        tap.check("check names file, rule, place and both units", checked.ended(FALSE),
                  checked.prints("units.json: UNITS_DIFFER", "/lines/0/add/1", "SEK",
                                 "charter.json: OK"))


def main():
    tap = Tap()
    with Town(contract=False) as town:
        test_bad_json(tap, town)
        test_texts(tap, town)
    with Town(contract=False) as town:
        town.sign("contract.json", "contract.note", "town", "investor", "evaluator")
        test_adding(tap, town)
        test_pipes(tap, town)
    with Town() as town:
        test_filling(tap, town)
    test_without_ledger(tap)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
