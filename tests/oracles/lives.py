#!/usr/bin/python3
"""The program and the second implementation (_replay.py) decide contracts' lives alike.

First every scenario about corrections, disputes, terminations and signatures: each statement that
is submitted there, accepted or refused, is judged here too. Then random lives of contracts, in
which what happens next is drawn by lot, sensible or not: the program fills in the settlements.
"""

import os
import pathlib
import random
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "scenarios"), str(HERE)]
import _replay  # noqa: E402
from _language import Wrong, read_scenarios  # noqa: E402
from _shapes import Refused, VKey  # noqa: E402
from _steps import Player  # noqa: E402
from _world import LogKey, World  # noqa: E402
from _writer import note_of, text_of  # noqa: E402

SCENARIOS = ("correction", "dispute", "termination", "signatures")
SEED = 20160901
LIVES = 24
STEPS = 30


class JudgedWorld(World):
    """A world in which both decide about every statement that is submitted by itself."""

    def __init__(self, folder, log_key):
        super().__init__(folder, log_key)
        self.judged = 0
        self.refused = 0
        self.ledger = None
        self.followed = []

    def state(self):
        """What the second implementation makes of all that was accepted."""
        if self.followed != self.accepted[:len(self.followed)] or self.ledger is None:
            self.ledger, self.followed = _replay.Ledger(VKey(self.log.vkey)), []
        for note in self.accepted[len(self.followed):]:
            self.ledger.append(note)
            self.followed.append(note)
        return self.ledger

    def reason(self, note):
        """Why the second implementation refuses a note as the next one; None when it does not."""
        try:
            self.state().append(note)
        except Refused as refusal:
            self.ledger = None  # it may have begun to take it in
            return str(refusal) or "refused"
        self.ledger = None
        return None

    def submit(self, statement, note):
        if self.batch is not None:
            return super().submit(statement, note)
        reason = self.reason(note)
        answer = super().submit(statement, note)
        self.judged += 1
        self.refused += reason is not None
        if (reason is None) != bool(answer.ok):
            raise Wrong(f"{statement.get('kind')}: here {reason or 'accepted'}, there {answer}")
        return answer


def play_scenarios(folder, log_key):
    """(statements judged, refused, complaints)"""
    judged, refused, bad = 0, 0, []
    for name in SCENARIOS:
        path = HERE.parent / "scenarios" / f"{name}.scenario"
        for number, scenario in enumerate(read_scenarios(path, path.name)):
            place = os.path.join(folder, f"{name}-{number}")
            os.mkdir(place)
            world = JudgedWorld(place, log_key)
            try:
                Player(world).play(scenario)
            except Wrong as wrong:
                bad.append(f"{path.name}: {scenario.title}: {wrong}")
            judged, refused = judged + world.judged, refused + world.refused
    return judged, refused, bad


# --- Random lives ---

class Life:
    """One contract of a setup, and a lottery of what happens to it."""

    def __init__(self, world, source, contract):
        self.world, self.source, self.name = world, source, contract
        world.choose("town")
        world.start()
        draft = world.new_contract(contract)
        draft.pop("caps", None)
        if source.random() < 0.5:
            draft["roles"]["arbiter"] = ["assessor.example"]
        if source.random() < 0.5:
            draft["signatures"] = {"settlement": {"at_least": 1, "parties": [
                "investor.example", "partner.example" if contract != "small" else
                "town.example"]}}
        self.send(draft)
        self.terms = world.terms(contract)
        self.outcomes = [one["outcome"] for one in draft["outcomes"]]
        self.periods = [one["period"] for one in draft["periods"]]
        self.disputes = []
        self.settled = []  # (period, id, pays)

    def send(self, draft):
        keys = [self.world.key(label) for label in self.world.default_signers(draft)]
        return self.world.submit(draft, note_of(text_of(draft), keys))

    def values(self, outcomes=None):
        chosen = outcomes or self.source.sample(self.outcomes,
                                                self.source.randint(1, len(self.outcomes)))
        return [(name, str(self.source.randint(-20 if self.name == "both" else 0, 300)))
                for name in chosen]

    def fund(self):
        investor = self.source.choice(self.terms["roles"]["investor"])
        self.send(self.world.funding(self.name, investor, "town.example", {
            "amount": f"{self.source.randint(1, 900)}.00", "currency": "SEK"}))

    def measure(self, period=None, outcomes=None):
        period = period or self.source.choice(self.periods)
        self.send(self.world.measurement(self.name, period, "evaluator.example",
                                         self.values(outcomes)))

    def correct(self):
        self.send(self.world.correction(self.name, self.source.choice(self.periods),
                                        "evaluator.example", self.values()))

    def settle(self):
        period = self.source.choice(self.periods)
        told = self.world.run("settle", self.name, period)
        try:
            contract = self.world.state().contracts[self.name]
            need_settling = period not in contract.settled or contract.is_changed(period)
            computed = contract.compute(period)[0]
        except Refused:
            computed, need_settling = None, True
        if not told.ok:
            if computed is not None and need_settling and (
                    contract.terms.periods[period]["binding"] and contract.goes_on(period)):
                raise Wrong(f"settle {period}: here {computed}, there {told}")
            return
        draft = told.json["draft"]
        if computed != draft["computed"]:
            raise Wrong(f"settle {period}: here {computed}, there {draft['computed']}")
        if self.send(draft).ok:
            self.settled.append((period, self.world.ids["last settlement"], computed["pays"]))

    def pay(self):
        if not self.settled:
            return
        _, settlement, pays = self.source.choice(self.settled)
        owed = self.source.choice(pays)
        minor = round(float(owed["amount"]["amount"]) * 100)
        part = self.source.randint(0, minor + 1)
        draft = self.world.following(
            "payment", self.name, settlement=settlement, paid_on="not_published",
            reference="not_published", amount={"amount": f"{part // 100}.{part % 100:02}",
                                               "currency": "SEK"},
            **{key: owed[key] for key in ("pay", "from", "to", "tranche") if key in owed})
        self.send(draft)

    def dispute(self):
        period = self.source.choice(self.periods)
        answer = self.send(self.world.following(
            "dispute", self.name, by=self.source.choice(["town.example", "investor.example"]),
            why={"en": "x"}, measurement=self.world.newest_measurement(self.name, period),
            outcomes=self.source.sample(self.outcomes, 1)))
        if answer.ok:
            self.disputes.append(self.world.ids["last dispute"])

    def decide(self):
        if not self.disputes:
            return
        word = self.source.choice(["rejected", "upheld", "upheld", "withdrawn"])
        draft = self.world.following(
            "decision", self.name, dispute=self.source.choice(self.disputes[-2:]), decision=word,
            by=self.source.choice(["town.example", "investor.example", "assessor.example"]),
            why={"en": "x"})
        if word == "upheld" and self.source.random() < 0.5:
            draft["values"] = self.world.measurement(self.name, "", "", self.values())["values"]
        self.send(draft)

    def terminate(self):
        if self.source.random() < 0.1:
            self.send(self.world.following("termination", self.name, on="2027-01-01",
                                           why={"en": "x"}))

    def go_on(self):
        acts = [self.fund, self.measure, *4 * [self.correct], *6 * [self.settle], *2 * [self.pay],
                self.dispute, self.decide, self.terminate]
        self.fund()
        for period in self.periods[:2]:
            self.measure(period, self.outcomes)
        for _ in range(STEPS):
            self.source.choice(acts)()
        self.world.check_ledger()


def live(folder, log_key):
    """(statements judged, refused, supplementary settlements, complaints)"""
    source, judged, refused, again, bad = random.Random(SEED), 0, 0, 0, []
    for number in range(LIVES):
        place = os.path.join(folder, f"life-{number}")
        os.mkdir(place)
        world = JudgedWorld(place, log_key)
        try:
            life = Life(world, source, source.choice(["small", "funds", "both", "layers"]))
            life.go_on()
            periods = [period for period, _, _ in life.settled]
            again += len(periods) - len(set(periods))
        except Wrong as wrong:
            bad.append(f"life {number}: {wrong}")
        judged, refused = judged + world.judged, refused + world.refused
    return judged, refused, again, bad


def tell(number, is_ok, title, complaints=()):
    print(f"{'ok' if is_ok else 'not ok'} {number} - {title}")
    for complaint in complaints:
        print(f"# {complaint}")
    sys.stdout.flush()
    return is_ok


def main():
    print("1..4")
    with tempfile.TemporaryDirectory(prefix="utfall-lives-") as folder:
        log_key = LogKey(folder)
        judged, refused, bad = play_scenarios(folder, log_key)
        told = [tell(1, not bad, f"{judged} statements of scenarios are judged alike", bad),
                tell(2, judged > 200 and 80 < refused < judged, f"{refused} of them refused")]
        judged, refused, again, bad = live(folder, log_key)
        told += [tell(3, not bad, f"{LIVES} random lives: {judged} statements judged alike", bad),
                 tell(4, 50 < refused < judged and again > 10,
                      f"{refused} of them refused, {again} supplementary settlements")]
    return 0 if all(told) else 1


if __name__ == "__main__":
    sys.exit(main())
