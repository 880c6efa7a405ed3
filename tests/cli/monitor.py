#!/usr/bin/python3
"""monitor: follows a ledger, tells what is new, and keeps evidence of forks and rollbacks."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

from _cli import FALSE, GOOD, TROUBLE, UTFALL, Tap, Town
from publish import add_contract, files, served

INCOMPLETE = 3
# A witness that has signed nothing here; of tlog-policy's reference vectors.
WITNESS = "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"


def look(town, place, *words, state="watched", policy="policy"):
    return town.run("monitor", place, "--policy", policy, "--state", state, "--once", *words)


def lines(result):
    """What --json told: the statements, and the answer that ends it."""
    told = [json.loads(line) for line in result.out.splitlines()]
    return told[:-1], told[-1] if told else {}


def evidence(town, state="watched"):
    folder = town.file(f"{state}/evidence")
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def test_growth(tap, town):
    first = look(town, "site", "--json")
    statements, answer = lines(first)
    tap.check("the first look tells every statement", first.ended(GOOD),
              [one["index"] for one in statements] != list(range(8)) and first,
              statements[4].get("subject") != "contract/small" and first,
              statements[4].get("signed_by") != [f"{name}.example" for name in
                                                 ("evaluator", "investor", "town")] and first,
              answer.get("code") != "OK" and first, answer.get("first_look") is not True and first)
    again = look(town, "site", "--json")
    tap.check("the second tells nothing", again.coded("OK"), again.json.get("size") != 8 and again)
    add_contract(town, "second")
    town.good("publish", "site")
    more = look(town, "site", "--json")
    statements, answer = lines(more)
    tap.check("then what is new", more.ended(GOOD),
              [one["subject"] for one in statements] != ["contract/second"] and more,
              answer.get("size_before") != 8 and more)
    text = look(town, "site", state="text")
    tap.check("for people it is a list", text.ended(GOOD), text.prints("contract/second", "9"))
    chosen, _ = lines(look(town, "site", "--json", "--contract", "second", "--vkey",
                           town.vkeys["registrar"], state="chosen"))
    tap.check("contracts and keys are chosen", [one["index"] for one in chosen] != [1, 2, 3, 8]
              and chosen)
    mirror = town.run("--ledger", "watched/mirror.ledger", "verify", "--json")
    tap.check("the mirror is a ledger", mirror.coded("OK"), mirror.json.get("entries") != 9 and mirror)
    straight, _ = lines(look(town, "utfall.ledger", "--json", state="file"))
    tap.check("a ledger file is followed too", len(straight) != 9 and straight)
    with served(town.file("site")) as url:
        web, answer = lines(look(town, url, "--json", state="web"))
        tap.check("and a URL", len(web) != 9 and web, answer.get("code") != "OK" and answer)
    gone = look(town, url, "--json", state="web")
    tap.check("no answer is no accusation", gone.ended(TROUBLE), gone.coded("STORAGE"))


def test_fork(tap, town):
    shutil.copy(town.file("first.ledger"), town.file("fork.ledger"))
    add_contract(town, "fork", "fork.ledger")
    town.good("publish", "fork", "--ledger", "fork.ledger")
    before = town.read("watched/checkpoint")
    same = look(town, "fork", "--json")
    tap.check("another history of the same size is a fork", same.coded("FORK"), same.ended(FALSE))
    add_contract(town, "longer", "fork.ledger")
    town.good("publish", "fork", "--ledger", "fork.ledger")
    longer = look(town, "fork")
    tap.check("and so is one that is longer", longer.ended(FALSE), longer.says("contradict", "evidence"))
    tap.check("the state stays", town.read("watched/checkpoint") != before and "it changed")
    kept = evidence(town)
    tap.check("all three checkpoints are kept", [name.split("-")[0] for name in kept] !=
              ["10", "9", "9"] and kept)
    complaints = []
    for name in kept:
        vkey, _, note = town.read(f"watched/evidence/{name}").decode().partition("\n")
        complaints.append(vkey != town.vkeys["log"] and f"{name} has another key")
        complaints.append(not note.endswith("\n") and name)
    tap.check("with the key that signed them", *complaints)
    straight = look(town, "fork.ledger", "--json", state="file")
    tap.check("a forked ledger file is a fork as well", straight.coded("FORK"),
              len(evidence(town, "file")) != 2 and evidence(town, "file"))
    still = look(town, "site", "--json")
    tap.check("the ledger that was followed is still good", still.coded("OK"))


def test_rollback(tap, town):
    town.good("publish", "old", "--ledger", "first.ledger")
    result = look(town, "old", "--json", state="text")
    tap.check("fewer entries are a rollback", result.coded("ROLLBACK"), result.ended(FALSE),
              len(evidence(town, "text")) != 2 and evidence(town, "text"))


def test_damage(tap, town):
    """New tiles that are wrong: refused, not a fork, and not remembered."""
    add_contract(town, "third")
    shutil.copytree(town.file("site"), town.file("bad"))
    town.good("publish", "bad")
    before = town.read("watched/checkpoint")
    whole = files(town, "bad")
    for path in ("checkpoint", "tile/0/000.p/10", "tile/entries/000.p/10"):
        data = whole[path]
        town.write(f"bad/{path}", data[:40] + bytes([data[40] ^ 1]) + data[41:])
        result = look(town, "bad", "--json")
        tap.check(f"a flipped bit in {path} is refused", result.ended(FALSE),
                  result.json.get("code") in ("FORK", "ROLLBACK", "OK") and result)
        os.remove(town.file(f"bad/{path}"))
        result = look(town, "bad", "--json")
        tap.check(f"and so is {path} when it is missing",
                  result.ended(TROUBLE if path == "checkpoint" else FALSE))
        town.write(f"bad/{path}", data)
    tap.check("nothing of it is remembered", town.read("watched/checkpoint") != before and "it is")
    whole_again, _ = lines(look(town, "bad", "--json"))
    tap.check("repaired, it is followed", [one["index"] for one in whole_again] != [9] and whole_again)
    town.write("watched/checkpoint", "nonsense")
    broken = look(town, "bad", "--json")
    tap.check("a damaged state is told", broken.coded("STORAGE"))


def test_policy(tap, town):
    other = town.make_key("other.example/log", "other.key")
    town.write("other", f"log {other}\nquorum none\n")
    result = look(town, "site", "--json", state="p1", policy="other")
    tap.check("a log that the policy does not name is refused", result.coded("UNTRUSTED"))
    town.write("strict", f"log {town.vkeys['log']}\nwitness w {WITNESS}\nquorum w\n")
    result = look(town, "site", "--json", state="p2", policy="strict")
    tap.check("without its witness the quorum is incomplete", result.coded("INCOMPLETE"),
              result.ended(INCOMPLETE), town.exists("p2/checkpoint") and "it was remembered")
    town.write("malformed", "log\n")
    result = look(town, "site", "--json", state="p3", policy="malformed")
    tap.check("a malformed policy is refused by its name", result.ended(FALSE),
              "" if "malformed" in result.json.get("at", "") else result)


def test_following(tap, town):
    """It stays, sees what is published meanwhile, and can be killed at any time."""
    command = [UTFALL, "monitor", "live", "--policy", "policy", "--state", "live-state", "--every",
               "1", "--json"]
    town.good("publish", "live", "--ledger", "first.ledger")
    shutil.copy(town.file("first.ledger"), town.file("live.ledger"))
    with subprocess.Popen(command, cwd=town.path, env=town.environment, stdout=subprocess.PIPE,
                          text=True) as process:
        told = [json.loads(process.stdout.readline()) for _ in range(9)]
        add_contract(town, "live", "live.ledger")
        town.good("publish", "live", "--ledger", "live.ledger")
        seen = []
        deadline = time.time() + 30
        while not any(one.get("subject") == "contract/live" for one in seen) and time.time() < deadline:
            seen.append(json.loads(process.stdout.readline()))
        process.send_signal(signal.SIGKILL)
    tap.check("it tells what is there", told[7].get("index") != 7 and told,
              told[8].get("size") != 8 and told)
    tap.check("and what is published later", seen[-1].get("subject") != "contract/live" and seen)
    after, answer = lines(look(town, "live", "--json", state="live-state"))
    tap.check("killed, it goes on from what it knew", answer.get("size") != 9 and answer,
              len(after) > 1 and after)


def main():
    tap = Tap()
    with Town() as town:
        town.settle_and_pay()
        shutil.copy(town.file("utfall.ledger"), town.file("first.ledger"))
        town.write("policy", f"log {town.vkeys['log']}\nquorum none\n")
        town.good("publish", "site")
        test_growth(tap, town)
        test_fork(tap, town)
        test_rollback(tap, town)
        test_damage(tap, town)
        test_policy(tap, town)
        test_following(tap, town)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
