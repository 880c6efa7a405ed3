#!/usr/bin/python3
"""A second implementation (tests/oracles/_replay.py) and the program judge the same ledgers.

The ledgers: the demonstration's, Norrköping's four variants, one with keys that come and go,
contracts of random lines settled by the program and recomputed here, forged ledgers, and statements
of two contracts with one thing changed; one of them has every mechanism of payment. Both must accept
the same, refuse the same, and compute the same.
"""

import copy
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "faults"))
import _random_terms  # noqa: E402
import _replay  # noqa: E402
import forgeries  # noqa: E402
from _auditor import remove_side_files  # noqa: E402
from _replay import Refused, VKey  # noqa: E402
from _world import EXAMPLE, Key, READINGS, Tap, UTFALL, World, draft, note_of  # noqa: E402

RANDOM_CONTRACTS = 70
CHANGES_PER_STATEMENT = 60
CONTRACT_TURNS = 6  # for the contract with every mechanism, which is long
PARTIES_END = 6  # the first entry after the charter and the parties


def judge(path, vkey):
    """(root or None, reason) by the second implementation."""
    try:
        return _replay.verify(*_replay.read(str(path)), vkey)[1].hex(), ""
    except Refused as refusal:
        return None, str(refusal)


def test_agreed(tap, title, world):
    """Both accept the world's ledger, with the same root."""
    told = json.loads(world.run("verify", "--json", "--vkey", world.log.vkey).stdout)
    root, reason = judge(world.ledger, world.log.vkey)
    tap.ok(told["ok"] and root is not None and told["root"] == f"sha256:{root}",
           f"{title}: {told.get('entries')} entries, the same root", [str(told), reason])


# --- Whole ledgers ---

def test_demo(tap, folder):
    environment = dict(os.environ, DEMO_FOLDER=str(folder), UTFALL=UTFALL, LC_ALL="C.UTF-8")
    done = subprocess.run([str(EXAMPLE / "demo.sh")], env=environment, capture_output=True,
                          text=True, check=False, timeout=300)
    vkey = (folder / "log.vkey").read_text(encoding="utf-8").strip()
    root, reason = judge(folder / "utfall.ledger", vkey)
    tap.ok(done.returncode == 0 and root is not None and root in done.stdout,
           "the demonstration: the same root", [reason, *done.stderr.splitlines()])
    root, reason = judge(folder / "tampered.ledger", vkey)
    tap.ok(root is None, "the demonstration's tampered copy is refused by both")


def test_readings(tap, folder):
    for reading in READINGS:
        world = World(folder / reading)
        world.create()
        world.live(reading)
        test_agreed(tap, f"Norrköping, {reading}", world)


def key_statement(world, party, action, signers, **members):
    statement = {"kind": "key", "version": 1, "date": "2026-11-23", "party": party,
                 "action": action, "reason": {"en": "because"}, **members}
    return note_of(world.complete(statement, f"party/{party}"), signers)


def test_keys(tap, folder):
    """Keys are added, replaced, revoked and recovered; a party changes its name."""
    world = World(folder)
    world.create()
    party, registrar = "lumell.se", world.registrar
    first, second, third = (world.keys[party], Key(f"{party}/b"), Key(f"{party}/c"))
    lost, found = world.keys["norrkoping.se"], Key("norrkoping.se/new")
    world.submit(key_statement(world, party, "add", [first, registrar], vkey=second.vkey))
    world.submit(key_statement(world, party, "revoke", [first, registrar], revokes=first.vkey))
    world.submit(key_statement(world, party, "replace", [second, registrar],
                               replaces=second.vkey, vkey=third.vkey))
    world.submit(key_statement(world, "norrkoping.se", "replace", [registrar],
                               replaces=lost.vkey, vkey=found.vkey))
    named = dict(draft("party-lumell"), legal_name="Another name", vkeys=[third.vkey])
    world.submit(note_of(world.complete(named, f"party/{party}"), [third, registrar]))
    world.keys.update({party: third, "norrkoping.se": found})
    world.live()
    test_agreed(tap, "keys that come and go", world)


# --- Random contracts ---

class RandomLife:
    """Contracts of random lines in one ledger, which both implementations follow."""

    def __init__(self, folder, source):
        self.source = source
        self.world = World(folder)
        self.world.create()
        self.ledger = _replay.Ledger(VKey(self.world.log.vkey))
        for note in self.world.notes:
            self.ledger.append(note.encode())
        self.bad, self.settled, self.paid, self.refused, self.unsigned = [], 0, 0, 0, 0

    def submit(self, note):
        self.ledger.append(note.encode())
        self.world.submit(note)

    def begin(self, name):
        """Whether both take the contract."""
        statement = _random_terms.contract(self.source, draft("contract-rise-spent"), name)
        parties = sorted({party for role in statement["roles"].values() for party in role})
        note = self.world.sign(statement, *parties)
        done = self.world.submit_files(self.world.save(note))
        try:
            self.ledger.append(note.encode())
            reason = None
        except Refused as refusal:
            reason = str(refusal)
        self.unsigned += done.returncode != 0
        if (reason is None) != (done.returncode == 0):
            self.bad.append(f"{name}: here {reason or 'accepted'}, there {done.stderr}")
        return done.returncode == 0 and reason is None

    def say(self, name, kind, *parties, **members):
        """A statement of a contract, which both take."""
        self.submit(self.world.sign({"kind": kind, "version": 1, "date": "2026-11-23",
                                     "contract": name, **members}, *parties))

    def fund(self, name):
        for investor in _random_terms.INVESTORS:
            if self.source.random() < 0.8:
                amount = f"{self.source.randint(1, 5000)}.{self.source.randint(0, 99):02d}"
                self.say(name, "funding", investor, "norrkoping.se", investor=investor,
                         receiver="norrkoping.se", placed_on="not_published",
                         reference="not_published",
                         amount={"amount": amount, "currency": "SEK"})

    def measure(self, name):
        self.fund(name)
        body = self.ledger.contracts[name].body
        for period in ("2y", "3y"):
            values = _random_terms.values(self.source, body)
            if values:
                self.say(name, "measurement", "lumell.se", period=period, evaluator="lumell.se",
                         values=values)

    def compute(self, name, period):
        """The `computed` member, or the refusals, by the second implementation."""
        contract = self.ledger.contracts[name]
        try:
            computed, _, pays = contract.compute(period)
            contract.owed_after(pays)
            return computed, None
        except Refused as refusal:
            return None, refusal.codes

    def settle(self, name, period):
        computed, codes = self.compute(name, period)
        told = self.world.run("settle", name, period)
        statement = json.loads(told.stdout) if told.returncode == 0 else {}
        named = codes is not None and any(code in told.stderr for code, _ in codes)
        if statement.get("computed") != computed or (computed is None) != named:
            self.bad.append(f"{name} {period}: here {computed or codes}, there {told.stdout}"
                            f"{told.stderr}")
        elif computed is None:
            self.refused += 1
        else:
            statement.pop("after")
            self.submit(self.world.sign(statement, "norrkoping.se", "lumell.se"))
            self.settled += 1
            self.pay(name, computed["pays"])

    def pay(self, name, pays):
        """Some of what is owed, in part or in full."""
        settlement = self.world.heads[f"contract/{name}"]
        for pay in pays:
            minor = int(pay["amount"]["amount"].replace(".", ""))
            if minor and self.source.random() < 0.4:
                part = self.source.choice((minor, minor // 2 + 1))
                self.say(name, "payment", pay["from"], settlement=settlement,
                         **{key: pay[key] for key in ("pay", "tranche", "from", "to") if key in pay},
                         amount={"amount": f"{part // 100}.{part % 100:02d}", "currency": "SEK"},
                         paid_on="not_published", reference="not_published")
                self.paid += 1


def test_random_terms(tap, folder):
    """The program settles; the second implementation computes it too, and then replays it all.
    What the one will not settle, the other cannot."""
    life = RandomLife(folder, random.Random(20190731))
    for number in range(RANDOM_CONTRACTS):
        name = f"random-{number}"
        if life.begin(name):
            life.measure(name)
            life.settle(name, "2y")
            life.settle(name, "3y")
    tap.ok(not life.bad, f"{life.settled} random settlements are computed alike, {life.refused} "
           f"refused alike, {life.paid} payments made, {life.unsigned} contracts not signed",
           life.bad)
    tap.ok(life.settled > RANDOM_CONTRACTS // 3 and min(life.refused, life.paid) > 10,
           "there were enough of each",
           [f"{life.settled} settled, {life.refused} refused, {life.paid} paid"])
    test_agreed(tap, "the ledger of random contracts", life.world)


# --- Forged ledgers ---

def test_forged(tap, world):
    """What a thief of the log's key wrote is refused by both; what was not changed, by neither."""
    path = world.folder / "forged.ledger"
    bad = []
    for title, change, _ in (("nothing", lambda f, w: None, ""), *forgeries.THIEVES):
        path.unlink(missing_ok=True)
        forgery = forgeries.Forgery(world.ledger, path)
        change(forgery, world)
        forgery.resign()
        forgery.close()
        root, reason = judge(path, world.log.vkey)
        program = world.verify(path)
        remove_side_files(path)
        if (root is not None) != (title == "nothing") or (root is not None) != (
                program.returncode == 0):
            bad.append(f"{title}: here {root} {reason}, there exit {program.returncode}")
    tap.ok(not bad, f"{len(forgeries.THIEVES)} forgeries that the log signed are refused by both",
           bad)


# --- Statements with one thing changed ---

def places(value, path=()):
    """Every place in a statement."""
    yield path
    if isinstance(value, (dict, list)):
        for key in sorted(value) if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def at(value, path):
    for key in path:
        value = value[key]
    return value


STRANGE = (None, True, 0, -1, 1.5, "", "x", "0", "-0", "1", "-1", "1.10", "01", "1e3", "2019-02-29",
           "not_published", "SEK", "EUR", "XXX", "norrkoping.se", "lumell.se", "nobody.example",
           "sha256:" + "0" * 64, "kr", "SEK*1", "person/SEK", "senior",
           {"days_after_period": 36526}, {"date": "2030-01-01"}, {"funded": "lumell.se"}, [], {},
           {"en": "x"}, {"EN": "x"}, [1], 2**31, 60, "9" * 19, "0.0000000000001", "\u0000",
           "\ud800", "å", "A" * 5000)


def changed(source, statement):
    """A copy with one thing changed, and words for it."""
    other = copy.deepcopy(statement)
    path = source.choice([path for path in places(other) if path])
    *above, key = path
    holder, kind = at(other, above), source.random()
    if kind < 0.2:
        del holder[key]
        return other, f"without {path}"
    if kind < 0.35 and isinstance(holder, list):
        holder.insert(source.randint(0, len(holder)), copy.deepcopy(holder[key]))
        return other, f"{path} twice"
    if kind < 0.45 and isinstance(holder, list) and len(holder) > 1:
        holder.reverse()
        return other, f"{path[:-1]} reversed"
    if kind < 0.55 and isinstance(holder, dict):
        holder[source.choice(("extra", "note", "after", "unit", "share", "tranche", "due",
                              "up_to"))] = holder[key]
        return other, f"{path} under another name too"
    if kind < 0.8:
        same = [one for one in places(other)
                if one and type(at(other, one)) is type(holder[key]) and one[:len(path)] != path
                and path[:len(one)] != one]
        if same:
            chosen = source.choice(same)
            holder[key] = copy.deepcopy(at(other, chosen))
            return other, f"{path} as {chosen}"
    value = source.choice(STRANGE)
    if isinstance(holder[key], str) and source.random() < 0.3:
        value = holder[key] + source.choice((" ", "0", "x", "\u00e9")) if holder[key] else "y"
    holder[key] = value
    return other, f"{path} = {value!r:.40}"


# Who they are in the example of a contract with every mechanism.
EXAMPLE_PARTIES = {"municipality.example": "norrkoping.se", "evaluator.example": "lumell.se",
                   "investor.example": "leksellsocialventures.com",
                   "second.example": "uppdragpsykiskhalsa.se",
                   "provider.example": "nystart.norrkoping.se"}
EXAMPLE_VALUES = [{"outcome": "jobs", "count": "20", "numerator": "30", "denominator": "60",
                   "value": "0.5", "control_count": "5", "control_numerator": "10",
                   "control_denominator": "40", "p_value": "0.01", "low": "0.1", "high": "0.4"},
                  {"outcome": "prices", "value": "350", "low": "310", "high": "390"}]


def live_by_mechanisms(world):
    """A contract with a waterfall, a pay that is reversed, and every operation and condition."""
    path = ROOT / "schemas" / "examples" / "contract" / "valid-every-mechanism.json"
    text = path.read_text(encoding="utf-8")
    for name, party in EXAMPLE_PARTIES.items():
        text = text.replace(f'"{name}"', f'"{party}"')
    statement = json.loads(text)
    contract = statement["contract"]
    world.submit(world.sign(statement, *EXAMPLE_PARTIES.values()))
    for investor, amount in (("leksellsocialventures.com", "30000.00"),
                             ("uppdragpsykiskhalsa.se", "10000.01")):
        world.submit(world.sign(
            dict(draft("funding"), contract=contract, investor=investor,
                 amount={"amount": amount, "currency": "SEK"}), investor, "norrkoping.se"))
    world.submit(world.sign(
        {"kind": "measurement", "version": 1, "date": "2026-11-23", "contract": contract,
         "period": "first", "evaluator": "lumell.se", "values": EXAMPLE_VALUES}, "lumell.se"))
    settlement, computed = world.settle(contract, "first")
    kinds = {(pay.get("tranche"), pay["from"], "due" in pay) for pay in computed["pays"]}
    assert {("senior", "norrkoping.se", True), ("rest", "norrkoping.se", True),
            (None, "nystart.norrkoping.se", True)} <= kinds, kinds
    world.pay(contract, settlement, computed)


class Life:
    """A ledger's life, and what it was before each statement: as a file, and as a state here."""

    def __init__(self, folder, live):
        self.world = World(folder)
        self.world.create()
        live(self.world)
        self.entries, _ = _replay.read(str(self.world.ledger))

    def keys_of(self, index):
        _, lines = forgeries.parts(self.entries[index])
        world = self.world
        known = {key.name: key for key in (*world.keys.values(), world.operator, world.registrar)}
        return [known[line.split(" ")[1]] for line in lines]

    def file_before(self, index):
        """A ledger of the first entries, as the log would have signed it."""
        path = self.world.folder / f"before-{index}.ledger"
        forgery = forgeries.Forgery(self.world.ledger, path)
        forgery.set_entries(forgery.entries()[:index])
        forgery.resign()
        forgery.close()
        return path

    def state_before(self, index):
        state = _replay.Ledger(VKey(self.world.log.vkey))
        for entry in self.entries[:index]:
            state.append(entry)
        return state


def sign_changed(source, life, index, statement):
    """A note, or None when it cannot even be written; sometimes the signers change instead."""
    keys = life.keys_of(index)
    words = "signed as before"
    if source.random() < 0.1:
        others = [*life.world.keys.values(), life.world.registrar, life.world.operator]
        extra = source.choice([key for key in others if key not in keys])
        keys = source.choice((keys[1:] or [extra], keys + [extra], [extra] + keys[1:]))
        words = "by others"
    try:
        return note_of(statement, keys), words
    except (UnicodeEncodeError, ValueError):
        return None, words


def take(state, note):
    """None when the second implementation accepts the note as the next one, or its reason."""
    try:
        copy.deepcopy(state).append(note.encode())
        return None
    except Refused as refusal:
        return str(refusal)


def compare_changes(life, source, index):
    """Changes one statement of the life in many ways. [(accepted by the program, complaint)]."""
    target = life.world.folder / "target.ledger"
    before, state = life.file_before(index), life.state_before(index)
    statement, _ = forgeries.parts(life.entries[index])
    path = life.world.folder / "changed.note"
    found, fresh = [], False
    for _ in range(CHANGES_PER_STATEMENT):
        if not fresh:
            shutil.copyfile(before, target)
            remove_side_files(target)
        other, what = changed(source, statement)
        note, by = sign_changed(source, life, index, other)
        if note is None:
            continue
        path.write_text(note, encoding="utf-8")
        done = life.world.run("submit", "--log-key", life.world.log_file, "--passphrase-file",
                              life.world.folder / "passphrase", path, ledger=target)
        reason = take(state, note)
        fresh = done.returncode != 0  # the file is as it was
        agreed = fresh == (reason is not None)
        found.append((not fresh, None if agreed else (
            f"{statement['kind']} {what}, {by}: here {reason or 'accepted'}, there "
            f"{done.returncode} {done.stderr.strip()}")))
    return found


def test_changed(tap, folder):
    """Each kind of statement, changed in one place and signed by those who had signed it."""
    source = random.Random(20150102)
    life = Life(folder / "norrkoping", World.live)
    found = []
    for index in range(1, len(life.entries)):
        if not 2 <= index <= 5:  # parties like the first one
            found += compare_changes(life, source, index)
    life = Life(folder / "mechanisms", live_by_mechanisms)
    for index in range(PARTIES_END, len(life.entries)):
        for _ in range(CONTRACT_TURNS if index == PARTIES_END else 1):
            found += compare_changes(life, source, index)
    accepted = sum(good for good, _ in found)
    bad = [complaint for _, complaint in found if complaint]
    tap.ok(not bad, f"{len(found)} changed statements: {accepted} accepted by both, "
           f"{len(found) - accepted} refused by both", bad)
    tap.ok(accepted > 30 and len(found) - accepted > 200, "there were enough of both")


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        test_readings(tap, folder)
        test_keys(tap, folder / "keys")
        world = World(folder / "forged")
        world.create()
        world.live()
        test_forged(tap, world)
        test_changed(tap, folder / "changed")
        test_random_terms(tap, folder / "random")
        test_demo(tap, folder / "demo")
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
