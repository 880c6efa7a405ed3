#!/usr/bin/python3
"""What is told of corrections, disputes, decisions, terminations and keys that others had."""

import copy
import sys

from _cli import CONTRACT, GOOD, WITH_LOG, Tap, Town

WHY = {"en": "For a reason.", "sv": "Av ett skäl."}


def disputable():
    """The small contract with a second year, one that closes, and an end that two parties can
    bring about."""
    contract = copy.deepcopy(CONTRACT)
    contract["periods"] += [
        {"period": "2y", "from": "2027-01-01", "to": "2027-12-31", "due": "not_published",
         "binding": True},
        {"period": "last", "from": "2027-01-01", "to": "2027-12-31", "due": "not_published",
         "binding": True, "closing": True}]
    contract["termination"] = {"by": ["town.example", "investor.example"], "terms": WHY}
    return contract


def tells(result, *phrases):
    """As Result.prints, of sentences that may be broken into lines."""
    words = " ".join(result.out.split())
    missing = [phrase for phrase in phrases if phrase not in words]
    return f"expected output with {missing}\n{result.out}" if missing else ""


class Life:
    """A contract, told what happens to it."""

    def __init__(self, town):
        self.town = town
        self.count = 0

    def submit(self, draft, *signers):
        """Returns the id."""
        self.count += 1
        self.town.write_json("draft.json", {"version": 1, "date": "2027-06-01", **draft})
        note = self.town.sign("draft.json", f"{self.count}.note", *signers)
        return self.town.good("submit", note, "--json", *WITH_LOG).json["entries"][0]["id"]

    def follow(self, kind, *signers, **members):
        return self.submit({"kind": kind, "contract": "small", **members}, *signers)

    def settle(self, period):
        self.count += 1
        file = f"{self.count}.json"
        told = self.town.good("settle", "small", period, "-o", file)
        note = self.town.sign(file, f"{self.count}.note", "town", "evaluator")
        answer = self.town.good("submit", note, "--json", *WITH_LOG)
        return answer.json["entries"][0]["id"], told

    def show(self, what="small", language="en"):
        return self.town.good("--lang", language, "show", what)


def value_of(amount):
    return [{"outcome": "saving", "value": amount}]


def test_correction(tap, life):
    measured = life.follow("measurement", "evaluator", period="1y", evaluator="evaluator.example",
                           values=value_of("300"))
    first, _ = life.settle("1y")
    corrected = life.follow("correction", "evaluator", corrects=measured,
                            evaluator="evaluator.example", values=value_of("200"), why=WHY)
    shown = life.show()
    tap.check("show tells what was corrected, by what, and why",
              tells(shown, "corrected what entry 5 states of period 1y", "replaced by entry 7",
                           "For a reason.", "period 1y is to be settled again"))
    once = tells(life.town.good("explain", "small", "1y"), "Settled by entry 6")
    second, told = life.settle("1y")
    tap.check("settle tells what is carried forward", told.says("SEK 50.00 settled too much"))
    explained = life.town.good("explain", "small", "1y")
    tap.check("explain tells what a period comes to, what was settled before, and the difference",
              once, tells(explained, "Settled again by entry 8, which adds to entry 6.",
                          "the period comes to SEK 100.00; settled before: SEK 150.00; "
                          "the difference: SEK -50.00"))
    differences = life.town.good("explain", "small", "1y", "--json").json.get("differences")
    tap.check("so does explain --json",
              differences != [{"pay": "payout", "from": "town.example", "to": "investor.example",
                               "whole": "100.00", "before": "150.00", "difference": "-50.00"}]
              and differences)
    shown = life.show()
    tap.check("show tells how a period was settled again, and what is left of it",
              tells(shown, "settled again; what differs from entry 6", "is carried forward",
                           "SEK 50.00 is to be taken off what town.example comes to owe"),
              "to be settled again" in shown.out and shown)
    answer = life.town.good("show", "small", "--json").json
    replaced = [event.get("replaced") for event in answer["events"] if event["id"] == measured]
    tap.check("show --json has the entry that replaced it, and the credit",
              replaced != [[{"outcome": "saving", "by": 7}]] and replaced,
              answer["credits"] != [{"pay": "payout", "from": "town.example",
                                     "to": "investor.example", "amount": "50.00"}]
              and answer["credits"])
    return first, corrected, second


def test_dispute(tap, life, first, corrected):
    disputed = life.follow("dispute", "town", measurement=corrected, outcomes=["saving"],
                           by="town.example", why=WHY)
    shown = life.show()
    tap.check("show tells what is disputed, and what is held",
              tells(shown, "town.example disputes what entry 7 states of period 1y:",
                           "the dispute of entry 9 is to be decided",
                           "held by the dispute of entry 9"))
    answer = life.town.good("show", "small", "--json").json
    tap.check("so does show --json",
              answer["disputes"] != [{"dispute": disputed, "holds": True}] and answer["disputes"],
              answer["dues"][0].get("held_by") != disputed and answer["dues"])
    payment = {"settlement": first, "pay": "payout", "from": "town.example",
               "to": "investor.example", "amount": {"amount": "1.00", "currency": "SEK"},
               "paid_on": "not_published", "reference": "not_published"}
    life.town.write_json("held.json", {"kind": "payment", "version": 1, "date": "2027-06-01",
                                       "contract": "small", **payment})
    life.town.sign("held.json", "held.note", "town")
    tap.check("a payment of it is refused",
              life.town.run("submit", "held.note", "--json", *WITH_LOG).coded("PAYMENT_HELD"))
    decided = life.follow("decision", "town", "investor", dispute=disputed, decision="upheld",
                          by="investor.example", why=WHY)
    shown = life.show()
    tap.check("what was upheld without a value is to be corrected",
              tells(shown, "investor.example upheld the dispute of entry 9",
                           "what the dispute of entry 9 is about is to be corrected", "held by"))
    life.follow("correction", "evaluator", corrects=corrected, evaluator="evaluator.example",
                values=value_of("240"), why=WHY)
    answer = life.town.good("show", "small", "--json").json
    tap.check("the correction releases what was held",
              answer["disputes"] != [{"dispute": disputed, "decision": decided, "holds": False}]
              and answer["disputes"], "held_by" in answer["dues"][0] and answer["dues"])


def test_termination(tap, life):
    ended = life.follow("termination", "town", "investor", on="2026-12-31", why=WHY,
                        closing="last")
    shown = life.show()
    tap.check("show tells when the contract ends, and what is left to settle",
              tells(shown, "the contract ends on 2026-12-31, and is closed by period last",
                           "period last (2027-01-01 to 2027-12-31) is to be settled"),
              "period 2y" in shown.out and shown)
    tap.check("show --json has the termination",
              life.town.good("show", "small", "--json").json.get("termination") != ended and "no")
    swedish = life.show(language="sv")
    tap.check("all of it is told in Swedish",
              tells(swedish, "rättade det som post 5 anger för period 1y", "ersatt genom post 7",
                             "avräknad på nytt", "bestrider det som post 7", "biföll bestridandet",
                             "kontraktet upphör den 2026-12-31", "Av ett skäl."))


def test_quorum(tap, life):
    contract = {**copy.deepcopy(CONTRACT), "contract": "quorum", "signatures": {"measurement": {
        "parties": ["town.example", "investor.example"], "at_least": 1}}}
    life.submit(contract, "town", "investor", "evaluator")
    draft = {"kind": "measurement", "version": 1, "contract": "quorum", "period": "1y",
             "evaluator": "evaluator.example", "values": value_of("1")}
    life.town.write_json("quorum.json", draft)
    life.town.sign("quorum.json", "quorum.note", "evaluator")
    refused = life.town.run("submit", "quorum.note", *WITH_LOG)
    tap.check("a quorum that is missed tells how many are missing, and who they could be",
              refused.says("SIGNER_MISSING", "1 more of these must sign: town.example, "
                                             "investor.example"))
    life.town.sign("quorum.note", "quorum.note", "investor")
    tap.check("one of them is enough",
              life.town.run("submit", "quorum.note", "--json", *WITH_LOG).coded("OK"))


def test_keys(tap, life):
    town = life.town
    vkey = town.make_key("evaluator.example", "other.key")
    life.submit({"kind": "key", "party": "evaluator.example", "action": "add", "vkey": vkey},
                "registrar", "evaluator")
    life.submit({"kind": "key", "party": "evaluator.example", "action": "revoke",
                 "revokes": town.vkeys["evaluator"], "reason": WHY,
                 "compromised_since": "2026-03-01"}, "registrar", "other")
    shown = life.show("5")
    tap.check("show INDEX tells of each key from where to where it was valid, and why it ended",
              tells(shown, "The evaluator, valid from entry 3 to", "revoked by entry",
                           ": For a reason.", "for review: others may have had the key since "
                                              "2026-03-01"))
    signature = town.good("show", "5", "--json").json["signatures"][0]
    wanted = {"vkey": town.vkeys["evaluator"], "party": "evaluator.example", "valid_from": 3,
              "ended_by": "revoke", "reason": "For a reason.", "compromised_since": "2026-03-01"}
    tap.check("so does show --json", *(f"{name}: {signature.get(name)}" for name in wanted
                                       if signature.get(name) != wanted[name]))
    fresh = life.show(str(signature["valid_until"]))
    tap.check("the key that signed its end is told as valid still",
              tells(fresh, "The evaluator, valid from entry"),
              fresh.out.count("for review") != 0 and fresh)
    tap.check("show PARTY tells it too", tells(life.show("evaluator.example"), "for review"))
    verified = town.run("verify")
    signed = [entry for entry in range(town.size())
              if town.vkeys["evaluator"] in [line["vkey"] for line in
                                             town.good("show", str(entry), "--json").json["signatures"]]]
    tap.check("verify passes, and names what is for review", verified.ended(GOOD),
              tells(verified, "For review", "evaluator.example (The evaluator): what evaluator.example+",
                    "signed from entry 3 to", "since 2026-03-01",
                    f"{len(signed)} in all: {', '.join(map(str, signed))}"))
    reviews = town.good("verify", "--json").json["for_review"]
    tap.check("verify --json names each entry that the key signed",
              len(reviews) != 1 and reviews,
              reviews and reviews[0]["entries"] != len(signed) and reviews,
              reviews and [item["index"] for item in reviews[0]["signed"]] != signed and reviews)
    tap.check("verify tells it in Swedish",
              tells(town.run("--lang", "sv", "verify"), "För granskning"))


def main():
    tap = Tap()
    with Town(contract=False) as town:
        life = Life(town)
        life.submit(disputable(), "town", "investor", "evaluator")
        first, corrected, _ = test_correction(tap, life)
        test_dispute(tap, life, first, corrected)
        test_termination(tap, life)
        test_quorum(tap, life)
        test_keys(tap, life)
    return tap.end()


sys.exit(main())
