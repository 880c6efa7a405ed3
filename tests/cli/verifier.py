#!/usr/bin/python3
"""utfall-verify: what it is made of, what it may do, and that it says what `utfall verify` says."""

import json
import os
import re
import subprocess
import sys

from _cli import FALSE, GOOD, ORIGIN, TROUBLE, UTFALL, Folder, Tap, Town, ROOT

INCOMPLETE = 3
VERIFIER = os.environ.get("UTFALL_VERIFY") or f"{UTFALL}-verify"
CONFINED = os.path.join(os.environ.get("UTFALL_PROGRAMS") or
                        os.path.join(ROOT, "build", "release", "tests", "programs"), "confined")
SIGSYS = -31

# What the verifier must not be linked with, and what it must not call.
FOREIGN_LIBRARIES = r"sqlite|curl|microhttpd|libpq|p11|seccomp|ssl\.so|pthread"
FOREIGN_CALLS = (r"^(sqlite3_.*|curl_.*|MHD_.*|PQ.*|socket|connect|bind|listen|accept4?|getaddrinfo|"
                 r"dlopen|fork|exec.*|popen|system|pthread_create)$")


def output(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def verify(folder, *words, program=VERIFIER, **environment):
    process = subprocess.run([program, *words], cwd=folder.path, capture_output=True, check=False,
                             env={**folder.environment, **environment}, timeout=60)
    return process.returncode, process.stdout.decode(), process.stderr.decode()


def wanted(told, status, *phrases):
    """A complaint unless a run ended so and said so."""
    text = told[1] + told[2]
    missing = [phrase for phrase in phrases if phrase not in text]
    return f"exit {told[0]}, not {status}; missing {missing}\n{text[:1500]}" \
        if told[0] != status or missing else ""


def test_made_of(tap):
    libraries = re.findall(r"NEEDED.*\[(.*)\]", output("readelf", "-d", VERIFIER))
    foreign = [name for name in libraries if re.search(FOREIGN_LIBRARIES, name)]
    tap.check("it needs no database, network or server library", foreign and f"{foreign}",
              "" if libraries else "no library at all was seen")
    symbols = [line.split()[-1].split("@")[0] for line in
               output("nm", "-D", "--undefined-only", VERIFIER).splitlines()]
    calls = [name for name in symbols if re.search(FOREIGN_CALLS, name)]
    tap.check("and calls nothing of the kind", calls and f"{calls}",
              "" if "EVP_MD_fetch" in symbols else f"not the symbols of the verifier: {symbols[:9]}")
    ours = [line.split()[-1] for line in output("nm", "--defined-only", VERIFIER).splitlines()]
    inside = [name for name in ours if re.match(r"(ledger_|store_|sqlite_|workspace_|keyfile_|http_)",
                                                name)]
    tap.check("nor is the ledger's storage in it", inside and f"{inside}",
              "" if "case_replay" in ours else "its own functions were not seen")


def test_sandbox(tap, folder):
    if verify(folder, "compute", program=CONFINED)[0] == 77:
        tap.skip("the sandbox", "this architecture has none")
        return
    computed = verify(folder, "compute", program=CONFINED)
    tap.check("in the sandbox one can compute and print", wanted(computed, 0, "computed"))
    for deed in ("open", "create", "socket", "fork", "exec", "executable", "read"):
        free = verify(folder, deed, "--free", program=CONFINED)
        held = verify(folder, deed, program=CONFINED)
        tap.check(f"but not {deed}: it ends the process", wanted(free, 0), wanted(held, SIGSYS))
    with open(os.path.join(ROOT, "cli", "verifier", "main.c"), encoding="utf-8") as file:
        tap.check("utfall-verify enters it", "" if "sandbox_enter(" in file.read() else "no call")


def make_files(town):
    town.settle_and_pay()
    town.good("prove", "small", "-o", "x.case")
    town.good("prove", "7", "-o", "7.tlog-proof")
    note = town.good("show", "7", "--json").json["note"]
    town.write("7.note", note)
    town.write("policy", f"log {town.vkeys['log']}\nquorum none\n")
    town.write("damaged.case", town.read("x.case").replace(b'"1.50"', b'"9.50"'))
    town.write("short.case", town.read("x.case")[:900])


def test_case(tap, town):
    key = ("--vkey", town.vkeys["log"])
    told = verify(town, *key, "x.case")
    tap.check("a case is told to a person", wanted(
        told, GOOD, ORIGIN, "given by --vkey", "The town (town.example)", "SEK 1.50", "SEK 0.00",
        "revocation of a key", "OK:"))
    swedish = verify(town, *key, "x.case", "--lang", "sv")
    tap.check("in Swedish too", wanted(swedish, GOOD, "Fastställt:", "Hälften av besparingen",
                                       "Utbetalningar:", "Inte fastställt:"))
    answer = json.loads(verify(town, *key, "x.case", "--json")[1])
    dues = answer["contract"]["dues"]
    tap.check("and to programs", "" if answer["ok"] and answer["code"] == "OK" and
              answer["log_key_from"] == "vkey" and answer["not_established"] == [] and
              [(due["settled"], due["paid"]) for due in dues] == [("1.50", "1.50")] else answer)
    policy = verify(town, "--policy", "policy", "x.case")
    tap.check("by a policy", wanted(policy, GOOD, "a log of the policy"))
    nobody = verify(town, "x.case")
    tap.check("without a key it is incomplete", wanted(nobody, INCOMPLETE, "--vkey", "INCOMPLETE"))
    tap.check("and says so to programs", wanted(verify(town, "--json", "x.case"), INCOMPLETE,
                                                '"code":"INCOMPLETE"', '["log_key"]'))
    tap.check("by another key it is refused", wanted(
        verify(town, "--vkey", town.vkeys["town"], "x.case"), FALSE, "none of the keys"))
    tap.check("a damaged one is refused with its entry", wanted(
        verify(town, *key, "damaged.case"), FALSE, "damaged.case", "entry "))
    tap.check("a cut one with its byte", wanted(
        verify(town, *key, "short.case"), FALSE, "short.case", "byte "))
    tap.check("--quiet says nothing on success",
              "" if verify(town, "-q", *key, "x.case") == (GOOD, "", "") else "it did")


def test_proof(tap, town):
    key = ("--vkey", town.vkeys["log"])
    tap.check("a proof with its note", wanted(
        verify(town, *key, "7.tlog-proof", "7.note"), GOOD, "entry 7", "OK"))
    signer = verify(town, *key, "--vkey", town.vkeys["evaluator"], "--vkey", town.vkeys["town"],
                    "--vkey", town.vkeys["investor"], "--json", "7.note", "7.tlog-proof")
    answer = json.loads(signer[1])
    tap.check("signatures by keys that were given are verified",
              "" if answer["verified_signatures"] == answer["signatures"] > 0 else answer)
    tap.check("a proof alone says nothing of a statement", wanted(
        verify(town, *key, "7.tlog-proof"), INCOMPLETE, "give the note"))
    tap.check("a note alone is in no log", wanted(
        verify(town, *key, "7.note"), INCOMPLETE, "give its proof"))
    tap.check("another note is refused", wanted(
        verify(town, *key, "7.tlog-proof", "contract.note"), FALSE, "contract.note"))


def test_usage(tap, town):
    for words, phrase in (((), "case"), (("a", "b", "c"), "case"), (("--frob", "x.case"), "--frob"),
                          (("--policy",), "--policy"), (("--lang", "de", "x.case"), "--lang"),
                          (("missing.case",), "missing.case"),
                          (("--policy", "missing", "x.case"), "missing")):
        tap.check(f"utfall-verify {' '.join(words)}", wanted(verify(town, *words), TROUBLE, phrase))
    tap.check("two cases are refused", wanted(verify(town, "x.case", "x.case"), FALSE, "alone"))
    tap.check("a policy that is none is refused", wanted(
        verify(town, "--policy", "x.case", "x.case"), FALSE, "x.case"))
    tap.check("help", wanted(verify(town, "--help"), GOOD, "--policy", "--vkey"))
    tap.check("--version", wanted(verify(town, "--version"), GOOD, "utfall-verify "))


def test_same(tap, town):
    """`utfall verify FILE` is the same check."""
    key = ("--vkey", town.vkeys["log"])
    for words in ((*key, "x.case"), ("x.case",), (*key, "damaged.case"), (*key, "short.case"),
                  ("--policy", "policy", "x.case"), (*key, "7.tlog-proof", "7.note"),
                  (*key, "x.case", "--json"), (*key, "x.case", "--lang", "sv")):
        alone = verify(town, *words)
        result = town.run("verify", *words)
        tap.check(f"utfall verify {words[-1]} ({alone[0]})", "" if (
            result.exit, result.out, result.err) == alone else f"{alone}\nis not\n{result}")


def main():
    tap = Tap()
    test_made_of(tap)
    with Folder() as folder:
        test_sandbox(tap, folder)
    with Town() as town:
        make_files(town)
        test_case(tap, town)
        test_proof(tap, town)
        test_usage(tap, town)
        test_same(tap, town)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
