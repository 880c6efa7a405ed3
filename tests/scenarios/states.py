#!/usr/bin/python3
"""Plays every row of contracts/state/life.def with the real program, and prints TAP.

Each row is a scenario of its own: the shortest way of moves to its state, then its event. After a
move, everything that the next state bars is tried too, so that the state is known to be that one.
"""

import collections
import concurrent.futures
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from _language import Line, Scenario  # noqa: E402
from _world import ROOT, LogKey  # noqa: E402
from run import WORKERS, play, tell  # noqa: E402

TABLE = os.path.join(ROOT, "contracts", "state", "life.def")
CLOSING = ('  add to periods: {"period": "last", "from": "2026-01-01", "to": "2026-12-31", '
           '"due": "not_published", "binding": true, "closing": true}')

# What comes before the first state, and other states that a machine may begin in.
BEGINNINGS = {
    "CONTRACT_ABSENT": ["start town"],
    "CELL_UNMEASURED": ["start town", "contract small", "measure 1y: school = 4"],
    "DISPUTE_ABSENT": ["start town", "contract small", "measure 1y: saving = 300"],
    "PERIOD_OPEN": ["start town", "contract small", "measure 1y: saving = 300"],
    "PERIOD_REPORTED": ["start town", "contract small", "measure 3y: saving = 300"],
    "PERIOD_CLOSING": ["start town", "contract small", CLOSING, "measure last: saving = 300"],
    "DUE_OWED": ["start town", "contract small", "measure 1y: saving = 300", "settle 1y"],
    "KEY_ABSENT": ["start town", "contract small", "measure 1y: saving = 300"],
}

# The period that a beginning is about.
PERIODS = {"PERIOD_REPORTED": "3y", "PERIOD_CLOSING": "last"}

EVENTS = {
    "CONTRACT_AGREE": ["contract small", "  change title.en to Another"],
    "CONTRACT_AMEND": ["amend from 2y"],
    "CONTRACT_FUND": ["funding from investor: 1.00"],
    "CONTRACT_TERMINATE": ["terminate on 2026-06-30"],
    "CONTRACT_LATER": ["measure later: saving = 1"],
    "CONTRACT_FOLLOW": ["measure 1y: saving = 1"],
    "CELL_MEASURE": ["measure 1y: saving = 3"],
    "CELL_CORRECT": ["correct 1y: saving = {n}"],
    "CELL_DISPUTE": ["dispute 1y by town: saving", "  change why.en to Again {n}."],
    "CELL_REJECT": ["decide rejected by town"],
    "CELL_DECIDE_VALUE": ["decide upheld by town: saving = 5"],
    "CELL_UPHOLD": ["decide upheld by town"],
    "DISPUTE_BEGIN": ["dispute 1y by town: saving"],
    "DISPUTE_DECIDE": ["decide rejected by town", "  change why.en to Again {n}."],
    "PERIOD_SETTLE": ["settle {period}"],
    "PERIOD_REPLACE": ["correct {period}: saving = {n}"],
    "PERIOD_RESETTLE": ["amend from 1y", "  change resettles to [\"1y\"]"],
    "PERIOD_NAME": ["terminate on 2026-06-30 with {period}"],
    "DUE_PAY_PART": ["pay payout for 1y to investor: 50.00"],
    "DUE_PAY_REST": ["pay payout for 1y to investor: 150.00"],
    "DUE_PAY_MORE": ["pay payout for 1y to investor: 150.01"],
    "DUE_HOLD": ["dispute 1y by investor: saving"],
    "DUE_RELEASE": ["decide withdrawn by investor"],
    "KEY_ADD": ["key add town#2", "  change date to 2026-02-{n}"],
    "KEY_REPLACE": ["key replace town#2 by town#3", "  change date to 2026-02-{n}"],
    "KEY_REVOKE": ["key revoke town#2", "  change date to 2026-02-{n}"],
    "KEY_SIGN": ["settle 1y", "  signed by town#2, evaluator"],
}
LATER = ('  add to periods: {"period": "later", "from": "2027-01-01", "to": "2027-12-31", '
         '"due": "not_published", "binding": true}')


def read_table():
    """(states in order, moves as state -> [(event, next)], bars as state -> [(event, rule)])."""
    with open(TABLE, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.DOTALL)
    states = re.findall(r"^STATE\((\w+),", text, re.MULTILINE)
    moves, bars = collections.defaultdict(list), collections.defaultdict(list)
    for word, rows in (("MOVE", moves), ("BAR", bars)):
        for state, event, result in re.findall(rf"^{word}\((\w+), (\w+), (\w+)\)", text, re.MULTILINE):
            rows[state].append((event, result))
    return states, moves, bars


def ways(moves):
    """The shortest way to each state: (beginning, events)."""
    found = {state: (state, []) for state in BEGINNINGS}
    queue = collections.deque(found)
    while queue:
        state = queue.popleft()
        beginning, events = found[state]
        for event, after in moves[state]:
            if after not in found:
                found[after] = (beginning, events + [event])
                queue.append(after)
    return found


class Script:
    """The lines of one scenario."""

    def __init__(self, beginning):
        self.period = PERIODS.get(beginning, "1y")
        self.is_agreed = beginning != "CONTRACT_ABSENT"
        self.lines = list(BEGINNINGS[beginning])
        self.count = 10

    def do(self, event, rule=None):
        self.count += 1
        lines = [line.format(n=self.count, period=self.period) if "{" in line else line
                 for line in EVENTS[event]]
        if event == "CONTRACT_AGREE" and not self.is_agreed:
            lines = ["contract small", LATER]
            self.is_agreed = True
        elif not self.is_agreed: # a statement of a contract is drafted after another one
            lines = ["contract small", *lines, "  change contract to large"]
            self.is_agreed = True
        self.lines += lines + ([f"refused {rule}"] if rule else [])

    def scenario(self, title):
        made = Scenario("states.py", 0, title)
        for number, line in enumerate(self.lines, 1):
            if line.startswith(" "):
                made.steps[-1].clauses.append(Line(number, line.strip()))
            else:
                made.steps.append(Line(number, line))
        return made


def scripts(moves, bars, found):
    for state, rows in [*moves.items(), *bars.items()]:
        for event, result in rows:
            beginning, events = found[state]
            script = Script(beginning)
            for step in events:
                script.do(step)
            is_move = rows is moves[state]
            script.do(event, None if is_move else result)
            for barred, rule in bars[result] if is_move else ():
                script.do(barred, rule)
            yield script.scenario(f"{state}, {event}: {'then ' if is_move else 'refused '}{result}")


def main():
    states, moves, bars = read_table()
    found = ways(moves)
    wanted = list(scripts(moves, bars, found))
    print(f"1..{len(wanted) + 1}")
    lost = [state for state in states if state not in found]
    tell(1, f"each of {len(states)} states is reached", [f"{state} is not" for state in lost])
    failed = bool(lost)
    with tempfile.TemporaryDirectory(prefix="utfall-states-") as folder, \
            concurrent.futures.ThreadPoolExecutor(max_workers=WORKERS) as pool:
        log_key = LogKey(folder)
        results = pool.map(lambda pair: play(pair[1], pair[0], log_key), enumerate(wanted))
        for number, (scenario, (problems, _)) in enumerate(zip(wanted, results), 2):
            tell(number, scenario.title, problems)
            failed = failed or bool(problems)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
