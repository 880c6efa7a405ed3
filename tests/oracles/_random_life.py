"""Random lives of contracts, sensible or not, which two judges follow statement by statement.

The one judge is the program's own state (tests/programs/judge.c), the other the second
implementation (_replay.py). Nothing is stored, so thousands of lives take seconds. Each life is
drawn from its own number, and can be played alone.
"""

import collections
import copy
import json
import pathlib
import random
import re
import subprocess
import sys

import nacl.exceptions
import nacl.signing

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "scenarios"), str(HERE)]
import _replay  # noqa: E402
from _language import Wrong  # noqa: E402
from _shapes import Refused, VKey  # noqa: E402
from _world import World  # noqa: E402
from _writer import note_of, text_of  # noqa: E402

JUDGE = HERE.parents[1] / "build" / "release" / "tests" / "programs" / "judge"
LIVES_PER_LEDGER = 25  # then a new one: what it holds slows down both
STEPS = 18
CONTRACTS = ("small", "funds", "both", "layers")
DATES = ("2025-07-01", "2026-01-01", "2027-01-01", "2027-06-30", "2028-01-01", "2029-01-01")
SUBSTITUTES = {"investor": ("investor", "partner", "stranger"),
               "evaluator": ("evaluator", "assessor"), "payer": ("town", "stranger")}


def verify(key, text, signature):
    """As _ed25519.verify, which tests/oracles/openssl.py compares with it, and fast."""
    try:
        nacl.signing.VerifyKey(key).verify(text, signature)
    except (nacl.exceptions.BadSignatureError, ValueError):
        return False
    return True


class Verdict:
    """What the program says."""

    def __init__(self, said):
        self.code = said.get("code", "OK")
        self.ok = "code" not in said
        self.said = said

    def __str__(self):
        return f"{self.code} at {self.said.get('at')}: {self.said.get('reason')}"


class Court(World):
    """A ledger in memory, in two implementations, which must agree about every statement."""

    def __init__(self, folder, log_key):
        super().__init__(folder, log_key)
        self.judge = subprocess.Popen([str(JUDGE)], stdin=subprocess.PIPE, text=True,
                                      stdout=subprocess.PIPE)
        self.codes = collections.Counter()
        self.judged = 0

    def ask(self, **question):
        self.judge.stdin.write(json.dumps(question) + "\n")
        self.judge.stdin.flush()
        answer = self.judge.stdout.readline()
        if not answer:
            raise Wrong(f"{JUDGE} ended with {self.judge.wait()}")
        return json.loads(answer)

    def close(self):
        self.judge.stdin.close()
        self.judge.wait()

    def start(self):
        """A new ledger, with the parties of a town."""
        folder, log_key, judge, codes = self.folder, self.log_key, self.judge, self.codes
        World.__init__(self, folder, log_key)
        self.judge, self.codes = judge, codes
        self.choose("town")
        self.ask(log=self.log.vkey)
        self.ledger = _replay.Ledger(VKey(self.log.vkey))
        self.send(self.charter())
        for name in self.setup.parties:
            self.send(self.party(name))

    def send(self, draft, labels=None):
        keys = [self.key(label) for label in labels or self.default_signers(draft)]
        return self.submit(draft, note_of(text_of(draft), keys))

    def submit(self, statement, note):
        try:
            self.ledger.append(note)
            reason = None
        except Refused as refusal:
            reason = str(refusal) or "refused"
        verdict = Verdict(self.ask(note=note.decode()))
        self.judged += 1
        self.codes[verdict.code] += 1
        if (reason is None) != verdict.ok:
            raise Wrong(f"{statement.get('kind')}: here {reason or 'accepted'}, there {verdict}: "
                        f"{json.dumps(statement)}")
        if verdict.ok:
            self.accept(statement, note)
            self.count(statement)
        return verdict

    def count(self, statement):
        """What was accepted, for whoever asks whether enough of each was."""
        self.codes[statement["kind"]] += 1
        computed = statement.get("computed", {})
        self.codes["settled again"] += "supplements" in computed
        self.codes["settled by new terms"] += "terms" in computed
        self.codes["settled again by new terms"] += {"terms", "supplements"} <= set(computed)
        for pay in computed.get("pays", []):
            self.codes["credit"] += "carried_in" in pay

    def compute(self, contract, period):
        """The form of a period, as both fill it in; None if neither can."""
        try:
            computed, reason = self.ledger.contracts[contract].compute(period)[0], None
        except Refused as refusal:
            computed, reason = None, str(refusal)
        verdict = Verdict(self.ask(contract=contract, period=period))
        if computed != (verdict.said if verdict.ok else None):
            raise Wrong(f"{contract} {period}: here {computed or reason}, there {verdict.said}")
        self.codes["form" if verdict.ok else "no form"] += 1
        return computed


class Life:
    """One contract of a setup, and a lottery of what happens to it."""

    def __init__(self, court, number):
        self.court, self.source = court, random.Random(f"life {number}")
        setup = self.source.choice(CONTRACTS)
        draft = court.new_contract(setup)
        draft["contract"] = self.name = f"{setup}-{number}"
        self.settled = []  # (id, pays)
        self.disputes = []
        self.newest = {}  # period -> id of its newest measurement or correction
        if self.source.random() < 0.7:
            draft.pop("caps", None)
        if self.source.random() < 0.4:
            draft["roles"]["arbiter"] = ["assessor.example"]
        if self.source.random() < 0.4:
            draft["signatures"] = {"settlement": {"at_least": 1, "parties": [
                "investor.example", draft["roles"]["investor"][-1]][:len(draft["roles"]["investor"])]}}
        if self.source.random() < 0.3:
            draft["termination"] = {"by": ["town.example"], "terms": {"en": "x"}}
        if self.source.random() < 0.3:
            draft["periods"].append(self.period("end", closing=True))
        self.send(draft)

    @property
    def body(self):
        return self.court.contracts[self.name]

    def chance(self, probability):
        return self.source.random() < probability

    def period(self, name, **more):
        start = self.source.choice(DATES)
        return {"period": name, "from": start, "to": f"{int(start[:4]) + 1}-12-31",
                "due": "not_published", "binding": True, **more}

    def send(self, draft):
        """Mostly signed by whoever must, and following what stands last."""
        labels = self.court.default_signers(draft)
        if self.chance(0.04):
            labels.remove(self.source.choice(labels))
        if self.chance(0.02):
            labels.append("stranger")
        if self.chance(0.02) and "after" in draft:
            draft["after"] = self.court.ids.get("last party")
        return self.court.send(draft, sorted(set(labels)) or ["stranger"])

    def follow(self, kind, **members):
        return self.send(self.court.following(kind, self.name, **members))

    def periods(self):
        """Those that some terms have or had."""
        versions = self.court.ledger.contracts[self.name].versions
        return sorted({one for version in versions for one in version.terms.periods})

    def any_period(self):
        return self.source.choice(self.periods())

    def outcomes(self):
        return sorted(one["outcome"] for one in self.body["outcomes"])

    def values(self, outcomes=None):
        """Of some outcomes, sometimes below zero."""
        names = self.outcomes()
        chosen = outcomes or self.source.sample(names, self.source.randint(1, len(names)))
        return [{"outcome": name, "value": str(self.source.randint(
            -20 if self.name.startswith("both") else 0, 300))} for name in chosen]

    def evaluator(self):
        return self.body["roles"]["evaluator"][0] if self.chance(0.9) else "evaluator.example"

    def party(self):
        return self.source.choice(sorted({one for role in self.body["roles"].values()
                                          for one in role}))

    # --- What can happen ---

    def fund(self):
        self.follow("funding", investor=self.source.choice(self.body["roles"]["investor"]),
                    receiver="town.example", placed_on="not_published", reference="not_published",
                    amount={"amount": f"{self.source.randint(1, 900)}.00", "currency": "SEK"})

    def measure(self, period=None, outcomes=None):
        period = period or self.any_period()
        told = self.follow("measurement", period=period, evaluator=self.evaluator(),
                           values=self.values(outcomes))
        if told.ok:
            self.newest[period] = self.court.ids["last measurement"]

    def stated(self):
        """(period, id) of a statement of values; at first of none."""
        return self.source.choice(sorted(self.newest.items()) or [("1y", "sha256:" + 64 * "0")])

    def correct(self):
        period, corrected = self.stated()
        told = self.follow("correction", corrects=corrected, evaluator=self.evaluator(),
                           values=self.values(), why={"en": "x"})
        if told.ok:
            self.newest[period] = self.court.ids["last correction"]

    def settle(self):
        computed = self.court.compute(self.name, self.any_period())
        if computed is None:
            return
        if self.chance(0.05):
            computed = {**computed, "pays": computed["pays"][1:]}
        if self.follow("settlement", computed=computed).ok:
            self.settled.append((self.court.ids["last settlement"], computed))

    def pay(self):
        if not self.settled:
            return
        settlement, computed = self.source.choice(self.settled)
        if not computed["pays"]:
            return
        owed = self.source.choice(computed["pays"])
        minor = int(owed["amount"]["amount"].replace(".", ""))
        part = self.source.choice((minor, self.source.randint(0, minor + 1)))
        self.follow("payment", settlement=settlement, paid_on="not_published",
                    reference="not_published",
                    amount={"amount": f"{part // 100}.{part % 100:02}", "currency": "SEK"},
                    **{key: owed[key] for key in ("pay", "from", "to", "tranche") if key in owed})

    def dispute(self):
        _, contested = self.stated()
        told = self.follow("dispute", by=self.party(), why={"en": "x"}, measurement=contested,
                           outcomes=self.source.sample(self.outcomes(), 1))
        if told.ok:
            self.disputes.append(self.court.ids["last dispute"])

    def decide(self):
        if not self.disputes:
            return
        word = self.source.choice(["rejected", "upheld", "upheld", "withdrawn"])
        values = {"values": self.values()} if word == "upheld" and self.chance(0.5) else {}
        self.follow("decision", dispute=self.source.choice(self.disputes[-2:]), decision=word,
                    by=self.party(), why={"en": "x"}, **values)

    def terminate(self):
        if self.chance(0.2):
            closing = {"closing": "end"} if self.chance(0.5) else {}
            self.follow("termination", on=self.source.choice(DATES), why={"en": "x"}, **closing)

    def replace_key(self):
        """Of somebody: what was signed before stays, and the next is signed by the new one."""
        if not self.chance(0.3):
            return
        name = self.source.choice(["town", "investor", "evaluator"])
        old, number = self.court.valid[name][0], len(self.court.known)
        draft = self.court.common(
            "key", party=f"{name}.example", action="replace", replaces=self.court.vkey(old),
            vkey=self.court.vkey(f"{name}#{number}"), reason={"en": "x"},
            after=self.court.heads[f"party/{name}.example"])
        self.send(draft)

    # --- Amendments ---

    def amend(self):
        draft = self.court.amendment(self.name, self.source.choice(self.body["periods"])["period"])
        for _ in range(self.source.randint(1, 2)):
            changed = self.source.choice(AMENDMENTS)(self, draft)
            draft = draft if changed is None else changed
        if self.chance(0.04):
            draft["from"] = self.source.choice(["never", "1y"])
        contract = self.court.ledger.contracts[self.name]
        settled = sorted(contract.settled)
        if self.chance(0.7):
            draft["resettles"] = self.must_resettle(draft, settled)
        elif settled:
            draft["resettles"] = self.source.sample(settled, self.source.randint(0, len(settled)))
        elif self.chance(0.2):
            draft["resettles"] = ["1y"]
        if not draft.get("resettles"):
            draft.pop("resettles", None)
        self.send(draft)

    def must_resettle(self, draft, settled):
        """What would otherwise be rewritten, and perhaps something more."""
        dates = {one["period"]: one["from"] for one in draft["periods"]}
        start = dates.get(draft["from"], "0001-01-01")
        return [one for one in settled if dates.get(one, "") >= start or self.chance(0.2)]

    def another_period(self, draft):
        draft["periods"].append(self.period(f"{len(draft['periods']) + 1}y"))
        if self.chance(0.5):
            draft["from"] = draft["periods"][-1]["period"]

    def without_a_period(self, draft):
        gone = draft["periods"].pop(self.source.randrange(len(draft["periods"])))
        if not draft["periods"]:
            draft["periods"].append(gone)

    def other_dates(self, draft):
        one = self.source.choice(draft["periods"])
        one.update(self.period(one["period"]))

    def another_share(self, draft):
        """Another way to make what is paid."""
        for line in draft["lines"]:
            if line.get("multiply"):
                line["multiply"][0] = self.source.choice(["0.25", "0.75", "1"])
            elif line.get("round") == {"measured": "saving", "field": "value"}:
                line["to"]["value"] = self.source.choice(["0.01", "1", "10"])
            elif "by" in line:
                line["by"] = self.source.choice(["down", "half_even", "ceiling"])

    def another_sum(self, draft):
        """A line that asks for what was settled earlier, of any line that can be asked for."""
        paid = [pay["pay"] for pay in draft["pays"]]
        before = [one["line"] for one in draft["lines"]]
        draft["lines"].append({"line": f"sum_{len(before)}", "label": {"en": "x"},
                               "take": {"earlier": self.source.choice(paid + before)}})

    def another_outcome(self, draft):
        draft["outcomes"].append(dict(draft["outcomes"][0], outcome=f"o{len(draft['outcomes'])}"))

    def without_an_outcome(self, draft):
        if len(draft["outcomes"]) > 1:
            draft["outcomes"].pop()

    def another_unit(self, draft):
        one = self.source.choice(draft["outcomes"])
        key = self.source.choice(["unit", "count_unit"])
        one[key] = self.source.choice(["1", "SEK", "day"])

    def a_range(self, draft):
        self.source.choice(draft["outcomes"])["range"] = {
            "at_most": str(self.source.randint(50, 400))}

    def without_reverse(self, draft):
        for pay in draft["pays"]:
            pay.pop("negative", None)

    def without_a_pay(self, draft):
        if len(draft["pays"]) > 1:
            draft["pays"].pop()

    def other_shares(self, draft):
        pay = draft["pays"][0]
        if "to" in pay and len(pay["to"]) > 1:
            weights = self.source.choice([("1", "2"), ("funding", "funding"), ("0", "1")])
            for to, weight in zip(pay["to"], weights):
                to["share"] = weight

    def another_line_paid(self, draft):
        """The same amount, as a pay of another name."""
        text = re.sub(r'"(payout|share)(\d*)"(?!:)',
                      lambda found: f'"{found[1]}{int(found[2] or 0) + 1}"', json.dumps(draft))
        return json.loads(text)

    def less_room(self, draft):
        amount = {"amount": f"{self.source.randint(0, 1500)}.00", "currency": "SEK"}
        key, party = self.source.choice([("caps", draft["roles"]["payer"][0]),
                                         ("commitments", draft["roles"]["investor"][0])])
        draft[key] = [{"party": party, "amount": amount}]

    def more_room(self, draft):
        draft.pop("caps", None)
        draft.pop("commitments", None)

    def another_party(self, draft):
        """A party gives its place, everywhere, to another one."""
        role = self.source.choice(sorted(SUBSTITUTES))
        old = self.source.choice(draft["roles"][role])
        new = self.source.choice(SUBSTITUTES[role]) + ".example"
        if new in json.dumps(draft["roles"]) and self.chance(0.9):
            return None
        return json.loads(json.dumps(draft).replace(f'"{old}"', f'"{new}"'))

    def another_quorum(self, draft):
        draft["signatures"] = {self.source.choice(["funding", "settlement", "correction"]): {
            "at_least": 1, "parties": sorted(set(draft["roles"]["investor"]))}}

    def another_currency(self, draft):
        if self.chance(0.3):
            return json.loads(json.dumps(draft).replace('"SEK"', '"EUR"'))
        return None

    # --- The whole ---

    def live(self):
        acts = [self.fund, *2 * [self.measure], *3 * [self.correct], *6 * [self.settle],
                *2 * [self.pay], self.dispute, self.decide, self.terminate, self.replace_key,
                *3 * [self.amend]]
        if self.name not in self.court.contracts:
            return
        self.fund()
        for period in self.periods()[:2]:
            self.measure(period, self.outcomes())
        for _ in range(STEPS):
            self.source.choice(acts)()
        for period in self.periods():
            self.court.compute(self.name, period)


AMENDMENTS = (Life.another_period, Life.another_period, Life.without_a_period, Life.other_dates,
              Life.another_share, Life.another_share, Life.another_share, Life.another_sum,
              Life.another_outcome, Life.without_an_outcome, Life.another_unit, Life.a_range,
              Life.without_reverse, Life.without_a_pay, Life.other_shares, Life.another_line_paid,
              Life.less_room, Life.more_room, Life.another_party, Life.another_party,
              Life.another_quorum, Life.another_currency)


def play(folder, log_key, numbers):
    """(statements judged, what was answered how often, complaints) of some lives."""
    _replay._ed25519.verify = verify
    court, bad, judged = Court(folder, log_key), [], 0
    for count, number in enumerate(numbers):
        if count % LIVES_PER_LEDGER == 0:
            judged += court.judged
            court.judged = 0
            court.start()
        try:
            Life(court, number).live()
        except Wrong as wrong:
            bad.append(f"life {number}: {wrong}")
    court.close()
    return judged + court.judged, court.codes, bad
