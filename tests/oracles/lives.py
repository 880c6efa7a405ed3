#!/usr/bin/python3
"""The program and the second implementation (_replay.py) decide contracts' lives alike.

First every scenario about amendments, corrections, disputes, terminations and signatures: each
statement that is submitted there, accepted or refused, is judged here too. Then random lives of
contracts (_random_life.py), in which what happens next is drawn by lot, sensible or not.

    LIVES=50000 tests/oracles/lives.py     more lives than otherwise
    LIFE=1234 tests/oracles/lives.py       one of them alone
"""

import collections
import concurrent.futures
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "scenarios"), str(HERE)]
import _random_life  # noqa: E402
import _replay  # noqa: E402
from _language import Wrong, read_scenarios  # noqa: E402
from _shapes import Refused, VKey  # noqa: E402
from _steps import Player  # noqa: E402
from _world import LogKey, World  # noqa: E402

SCENARIOS = ("amendment", "correction", "dispute", "fund", "roles", "termination", "signatures")
LIVES = int(os.environ.get("LIVES", "1000"))
WORKERS = min(os.cpu_count() or 1, 4)
LIVES_PER_TURN = 100
# What random lives must have met, for the number of them that is usual.
MET = ("amendment", "correction", "decision", "dispute", "funding", "key", "measurement", "payment",
       "settlement", "termination", "settled again", "settled by new terms",
       "settled again by new terms", "credit", "form", "no form", "AFTER_STALE", "AMENDMENT_REWRITES", "CONTRACT_TERMINATED",
       "DECISION_REPEATED", "DISPUTE_REPEATED", "FUNDING_ABOVE_COMMITMENT",
       "MEASUREMENT_RANGE", "MEASUREMENT_REPEATED", "MEASUREMENT_UNKNOWN", "OUTCOME_UNKNOWN",
       "PAYMENT_ABOVE_SETTLED", "PAYMENT_HELD", "PAY_ABOVE_CAP", "PERIOD_UNKNOWN",
       "ROLE_PARTY", "SETTLEMENT_DIFFERS", "SETTLEMENT_NOT_BINDING", "SETTLEMENT_REPEATED",
       "SIGNER_MISSING", "SIGNER_NOT_ALLOWED")


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
            return str(refusal) or "refused"
        self.followed.append(note)
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

def play_lives(folder, log_key, numbers):
    """(statements judged, how often each answer came, complaints)"""
    turns = [numbers[start:start + LIVES_PER_TURN]
             for start in range(0, len(numbers), LIVES_PER_TURN)]
    judged, codes, bad = 0, collections.Counter(), []
    with concurrent.futures.ProcessPoolExecutor(max_workers=WORKERS) as pool:
        for some, answers, wrong in pool.map(_random_life.play, [folder] * len(turns),
                                             [log_key] * len(turns), turns):
            judged, codes, bad = judged + some, codes + answers, bad + wrong
    return judged, codes, bad


def tell(number, is_ok, title, complaints=()):
    print(f"{'ok' if is_ok else 'not ok'} {number} - {title}")
    for complaint in complaints:
        print(f"# {complaint}")
    sys.stdout.flush()
    return is_ok


def main():
    print("1..4")
    numbers = range(LIVES)
    if "LIFE" in os.environ:
        numbers = range(int(os.environ["LIFE"]), int(os.environ["LIFE"]) + 1)
    with tempfile.TemporaryDirectory(prefix="utfall-lives-") as folder:
        log_key = LogKey(folder)
        judged, refused, bad = play_scenarios(folder, log_key)
        told = [tell(1, not bad, f"{judged} statements of scenarios are judged alike", bad),
                tell(2, judged > 200 and 80 < refused < judged, f"{refused} of them refused")]
        judged, codes, bad = play_lives(folder, log_key, numbers)
        told.append(tell(3, not bad, f"{len(numbers)} random lives: {judged} statements and "
                         f"{codes['form']} settlements are judged alike", bad))
        missing = [code for code in MET if codes[code] == 0]
        told.append(tell(4, len(numbers) < 1000 or not missing,
                         f"{judged - codes['OK']} of them refused, in {len(codes)} ways",
                         [f"never {code}" for code in missing]))
    return 0 if all(told) else 1


if __name__ == "__main__":
    sys.exit(main())
