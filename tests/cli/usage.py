#!/usr/bin/python3
"""The command line: what is wrong with it is said, data and messages are kept apart, --json."""

import json
import signal
import socket
import subprocess
import sys

from _cli import (FALSE, GOOD, TROUBLE, UTFALL, WITH_LOG, WITH_PASSPHRASE, Folder, Result, Tap, Town,
                  commands, options)

WRONG = [  # words, what the message says
    ([], "command"),
    (["frobnicate"], "frobnicate"),
    (["verfy"], "verfy"),
    (["--frobnicate"], "--frobnicate"),
    (["verify", "--frobnicate"], "--frobnicate"),
    (["verify", "-z"], "-z"),
    (["verify", "--ledger"], "--ledger"),
    (["verify", "extra"], "verify"),
    (["verify", "--key", "k"], "--key"),
    (["verify", "--lang", "de"], "--lang"),
    (["init"], "init"),
    (["init", "a", "b"], "init"),
    (["key"], "key new"),
    (["key", "old"], "key new"),
    (["key", "new"], "--name"),
    (["key", "new", "--name", "a"], "--output"),
    (["key", "new", "--name", "a", "-o", "-"], "--output"),
    (["key", "show"], "key show"),
    (["sign"], "sign"),
    (["sign", "a.json"], "--key"),
    (["sign", "a.json", "b.json", "--key", "k"], "sign"),
    (["submit"], "submit"),
    (["check"], "check"),
    (["settle", "small"], "settle"),
    (["simulate"], "simulate"),
    (["simulate", "a", "b", "c"], "simulate"),
    (["simulate", "a", "--format", "xml"], "--format"),
    (["explain", "small"], "explain"),
    (["reconcile", "small"], "reconcile"),
    (["reconcile", "-", "-"], "standard input"),
    (["show"], "show"),
    (["log", "a", "b"], "log"),
    (["balance", "a", "b"], "balance"),
    (["balance", "--format", "xml"], "--format"),
    (["prove"], "prove"),
    (["copy", "a.ledger"], "copy"),
    (["copy", "a", "b", "c"], "copy"),
    (["publish"], "publish"),
    (["serve"], "--listen"),
    (["publish", "a", "b"], "publish"),
    (["monitor"], "monitor"),
    (["monitor", "site"], "--policy"),
    (["checkpoint", "extra"], "checkpoint"),
    (["witness"], "witness serve"),
    (["witness", "ask"], "witness serve"),
    (["witness", "serve", "--listen", "127.0.0.1:0"], "--state"),
    (["schema", "addendum"], "addendum"),
    (["timestamp"], "--tsa"),
    (["timestamp", "--token", "a.tsr"], "--ca"),
    (["timestamp", "--tsa", "http://a/", "--token", "a.tsr"], "--tsa"),
    (["seal", "a.note"], "--certificate"),
    (["seal", "a.note", "--seal", "a.p7s"], "--ca"),
    (["key", "vkey"], "ssh-agent"),
    (["key", "bind", "town.json"], "--certificate"),
    (["schema", "party", "key"], "schema"),
    (["help", "amend"], "amend"),
]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


WITNESS = ["serve", "--listen", f"127.0.0.1:{free_port()}", "--state", "w", "--key", "town.key",
           *WITH_PASSPHRASE, "--log"]

# Words for a good call of each command in a town where everything has happened; and for one that
# fails, with its code and exit status.
EACH = {
    "init": (["charter.note", "--ledger", "second.ledger", *WITH_LOG],
             ["charter.note", *WITH_LOG], "CONFLICT", FALSE),
    "key": (["show", "town.key"], ["show", "missing.key"], "NOT_FOUND", TROUBLE),
    "sign": (["measurement.json", "-o", "x.note", "--key", "evaluator.key", *WITH_PASSPHRASE],
             ["bad.json", "-o", "y.note", "--key", "town.key", *WITH_PASSPHRASE], "JSON_INVALID",
             FALSE),
    "submit": (["renamed.note", *WITH_LOG], ["measurement.note", *WITH_LOG], "STATEMENT_REPEATED",
               FALSE),
    "check": (["third.json", "renamed.json"], ["third.json", "bad.json"], "JSON_INVALID", FALSE),
    "simulate": (["contract.json", "--vary", "saving=0:10:1"],
                 ["contract.json", "--vary", "savings=0:10:1"], "OUTCOME_UNKNOWN", FALSE),
    "measure": (["kept.json", "1y", "--records", "table.csv", "--salts", "new-salts"],
                ["kept", "9y", "--records", "table.csv", "--salts", "no-salts"], "PERIOD_UNKNOWN",
                FALSE),
    "audit-records": (["measured.json", "--records", "table.csv", "--salts", "salts"],
                      ["measured.json", "--records", "missing.csv", "--salts", "salts"],
                      "NOT_FOUND", TROUBLE),
    "disclose": (["{measured}", "--records", "table.csv", "--salts", "salts", "--row", "2"],
                 ["{measured}", "--records", "table.csv", "--salts", "salts", "--row", "99"],
                 "NOT_FOUND", TROUBLE),
    "settle": (["second", "1y"], ["small", "1y"], "SETTLEMENT_REPEATED", FALSE),
    "explain": (["small", "1y"], ["small", "9y"], "PERIOD_UNKNOWN", FALSE),
    "reconcile": (["small", "published.json"], ["small", "bad.json"], "JSON_INVALID", FALSE),
    "show": (["small"], ["nothing"], "NOT_FOUND", TROUBLE),
    "log": ([], ["nothing"], "CONTRACT_UNKNOWN", FALSE),
    "balance": (["small"], ["nothing"], "NOT_FOUND", TROUBLE),
    "prove": (["0"], ["99"], "NOT_FOUND", TROUBLE),
    "verify": ([], ["--vkey", "{town}"], "UNTRUSTED", FALSE),
    "timestamp": (["--request", "r.tsq", "--force"], ["--token", "missing.tsr", "--ca", "missing.pem"],
                  "NOT_FOUND", TROUBLE),
    "checkpoint": ([], ["--policy", "missing"], "NOT_FOUND", TROUBLE),
    "witness": ([*WITNESS, "{log}"], [*WITNESS, "nonsense"], "INVALID", FALSE),
    "serve": (["--listen", f"127.0.0.1:{free_port()}"], ["--listen", "nowhere"], "INVALID", FALSE),
    "copy": (["utfall.ledger", "second-copy.ledger"], ["missing.ledger", "no.ledger"], "NOT_FOUND",
             TROUBLE),
    "publish": (["site", "--ledger", "copy.ledger"], ["other-site", "--ledger", "copy.ledger"],
                "CONFLICT", FALSE),
    "monitor": (["site", "--policy", "policy", "--state", "watched", "--contract", "none", "--once"],
                ["site", "--policy", "missing", "--once"], "NOT_FOUND", TROUBLE),
    "seal": (["contract.note", "--seal", "seal.p7s", "--ca", "seal.pem"],
             ["contract.note", "--seal", "contract.note", "--ca", "seal.pem"], "INVALID", FALSE),
    "schema": (["party"], ["addendum"], "USAGE", TROUBLE),
    "help": (["sign"], ["amend"], "USAGE", TROUBLE),
}

# What makes something, and refuses to make it again.
WRITES = ("sign", "timestamp")  # a file: nothing is left to print
ONCE = ("init", "copy", "sign", "submit", "measure")


def test_wrong(tap, folder):
    for words, phrase in WRONG:
        result = folder.run(*words)
        coded = folder.run("--json", *words)
        tap.check(f"`utfall {' '.join(words)}` is refused as usage", result.ended(TROUBLE),
                  result.is_silent(), result.says(phrase), coded.ended(TROUBLE),
                  coded.coded("USAGE"))
    late = folder.run("verify", "--frobnicate", "--json")
    tap.check("--json counts wherever it stands", late.coded("USAGE"))


def test_help(tap, folder):
    whole = folder.run("help")
    same = folder.run("--help")
    tap.check("help lists every command", whole.ended(GOOD), whole.is_quiet(),
              whole.prints(*(f"\n  {name} " for name in commands())),
              "" if same.out == whole.out else "--help says something else")
    shown = ""
    for name in commands():
        one = folder.run("help", name)
        short = folder.run(name, "-h")
        shown += one.out
        tap.check(f"help {name} shows its usage", one.ended(GOOD), one.is_quiet(),
                  one.prints(f"utfall {name}", "--json", "--ledger"),
                  "" if short.out == one.out else f"{name} -h says something else\n{short}")
    unshown = [name for name in options() if f"--{name}" not in shown]
    tap.check("every option is shown by some command", unshown and f"{unshown} are not")
    version = folder.run("--version")
    tap.check("--version", version.ended(GOOD), version.prints("utfall "))


def everything(town):
    """Brings the town to where EACH can be called."""
    town.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-keyout", "seal.pk", "-out", "seal.pem", "-subj", "/O=Town")
    town.good("seal", "contract.note", "--certificate", "seal.pem", "--key", "seal.pk", "-o",
              "seal.p7s")
    town.settle_and_pay()
    town.write("bad.json", "{")
    town.write_json("published.json", {
        "kind": "published", "version": 1, "contract": "small", "sources": ["The town's report"],
        "periods": [{"period": "1y", "claims": [{"pay": "payout", "published": "1.50"}]}]})
    town.write("second.json", town.read("contract.json").replace(b'"small"', b'"second"'))
    town.write("second-measurement.json",
               town.read("measurement.json").replace(b'"small"', b'"second"'))
    town.write("third.json", town.read("contract.json").replace(b'"small"', b'"third"'))
    town.sign("second.json", "second.note", "town", "investor", "evaluator")
    town.good("submit", "second.note", *WITH_LOG)
    town.sign("second-measurement.json", "second-measurement.note", "evaluator")
    town.good("submit", "second-measurement.note", *WITH_LOG)
    town.write("renamed.json", town.read("town.json").replace(b"The town", b"The city"))
    town.good("sign", "renamed.json", "-o", "renamed.note", "--key", "town.key", "--vkey",
              town.vkeys["town"], *WITH_PASSPHRASE)
    town.sign("renamed.note", "renamed.note", "registrar")
    town.measured = with_records(town)
    publish(town)


def filled_in(town, words):
    return [word.format(**town.vkeys, measured=town.measured) for word in words]


def with_records(town):
    """A contract that is measured from records, and its measurement; gives the entry."""
    draft = json.loads(town.read("contract.json"))
    draft["contract"] = "kept"
    draft["records"] = {"columns": [{"column": "who", "type": "text"},
                                    {"column": "days", "type": "decimal"}],
                        "person": "who", "minimum_cell": 2, "missing": "count_as_missing"}
    draft["outcomes"][0]["aggregation"] = {"value": {"sum": "days"}, "count": {"count": "rows"}}
    town.write_json("kept.json", draft)
    town.write("table.csv", "who,days\na,1.5\nb,2.5\nc,3\n")
    town.sign("kept.json", "kept.note", "town", "investor", "evaluator")
    town.good("submit", "kept.note", *WITH_LOG)
    town.good("measure", "kept", "1y", "--records", "table.csv", "--salts", "salts", "-o",
              "measured.json")
    town.sign("measured.json", "measured.note", "evaluator")
    return str(town.good("submit", "measured.note", "--json",
                         *WITH_LOG).json["entries"][0]["index"])


def publish(town):
    """A ledger that stays as it is, in "site", which is watched; "other-site" was damaged."""
    town.write("copy.ledger", town.read("utfall.ledger"))
    for site in ("site", "other-site"):
        town.good("publish", site, "--ledger", "copy.ledger")
    town.write("policy", f"log {town.vkeys['log']}\nquorum none\n")
    town.good("monitor", "site", "--policy", "policy", "--state", "watched", "--once")
    with open(town.file(f"other-site/tile/0/000.p/{town.size()}"), "r+b") as file:
        file.write(b"?")


def call(town, name, words, *more):
    """A good call. What serves is told to end as soon as it has answered."""
    words = [name, *filled_in(town, words), *more]
    if name not in ("witness", "serve"):
        return town.run(*words)
    with subprocess.Popen([UTFALL, *words], cwd=town.path, env=town.environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        first = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=60)
    done = subprocess.CompletedProcess(words, process.returncode, first + rest[0], rest[1])
    return Result(words, done)


def test_json(tap, town):
    tap.check("each command is called", set(commands()) != set(EACH) and "the table is not complete")
    for name, (words, wrong_words, code, status) in EACH.items():
        good = call(town, name, words, "--json")
        swedish = call(town, name, words, "--json", "--lang", "sv")
        wrong = town.run(name, *filled_in(town, wrong_words), "--json")
        tap.check(f"{name} --json answers with one object", good.coded("OK"), good.ended(GOOD))
        tap.check(f"{name} --json names what is wrong", wrong.coded(code), wrong.ended(status),
                  "" if name == "check" or wrong.json.get("reason") else f"no reason\n{wrong}")
        if name not in ONCE:
            tap.check(f"{name} --json is the same in every language",
                      "" if swedish.out == good.out else f"{swedish}\nis not\n{good}")


def test_data_and_messages(tap, town):
    """Without --json: data on standard output, messages on standard error."""
    for name, (words, wrong_words, code, status) in EACH.items():
        if name in ONCE or name in WRITES:
            continue
        good = call(town, name, words)
        wrong = town.run(name, *filled_in(town, wrong_words))
        verdicts = name == "check"  # its verdicts are its data
        tap.check(f"{name} keeps data and messages apart", good.ended(GOOD),
                  "" if good.out else f"no data\n{good}", wrong.ended(status),
                  "" if verdicts else wrong.is_silent(),
                  "" if verdicts or wrong.err.startswith("utfall: ") else f"no message\n{wrong}",
                  wrong.prints(code) if verdicts else "")
    submitted = town.run("submit", "charter.note", *WITH_LOG)
    tap.check("a refusal names file, rule and reason", submitted.ended(FALSE),
              submitted.says("charter.note", "STATEMENT_REPEATED", "in the ledger already", "entry 0"))


def test_quiet(tap, town):
    verified = town.run("verify", "--quiet")
    tap.check("verify --quiet says nothing on success", verified.ended(GOOD), verified.is_silent(),
              verified.is_quiet())
    checked = town.run("check", "-q", "third.json")
    tap.check("check --quiet says nothing on success", checked.ended(GOOD), checked.is_silent(),
              checked.is_quiet())
    repeated = town.run("check", "contract.json", "measurement.json", "--json")
    tap.check("check applies the ledger's rules to a draft", repeated.ended(FALSE), repeated.prints(
        "CONTRACT_REPEATED", "MEASUREMENT_REPEATED"))


def test_language(tap, town):
    swedish = town.run("submit", "charter.note", "--lang", "sv", *WITH_LOG)
    tap.check("--lang sv speaks Swedish", swedish.ended(FALSE),
              swedish.says("Dokumentet finns redan i liggaren."))
    from_environment = town.run("submit", "charter.note", *WITH_LOG, LC_ALL="sv_SE.UTF-8")
    tap.check("the environment chooses Swedish too",
              from_environment.says("Dokumentet finns redan i liggaren."))
    english = town.run("submit", "charter.note", "--lang", "en", *WITH_LOG, LC_ALL="sv_SE.UTF-8")
    tap.check("--lang wins over the environment",
              english.says("The statement is in the ledger already."))
    labels = town.run("show", "small", "--lang", "sv")
    tap.check("texts of the contract are shown in the language", labels.prints(
        "Hälften av besparingen", "Besparing"))
    usage = town.run("help", "--lang", "sv")
    tap.check("help is in Swedish", usage.prints("Användning:"))


def test_broken_output(tap, folder):
    with open("/dev/full", "wb") as full:
        process = subprocess.run([UTFALL, "help"], stdout=full, stderr=subprocess.PIPE, check=False,
                                 env=folder.environment, cwd=folder.path)
    tap.check("output that cannot be written is told",
              "" if process.returncode == TROUBLE and process.stderr else
              f"it ended with {process.returncode}")


def main():
    tap = Tap()
    with Folder() as folder:
        test_wrong(tap, folder)
        test_help(tap, folder)
        test_broken_output(tap, folder)
    with Town() as town:
        everything(town)
        test_data_and_messages(tap, town)
        test_json(tap, town)
        test_quiet(tap, town)
        test_language(tap, town)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
