#!/usr/bin/python3
"""Forges cases, as somebody would who wants another to believe a payout.

Each row is judged by utfall-verify and by the second opinion (tests/oracles/_bundles.py, written
from docs/formats.md): both must give the exit status of the row, and the program must say what is
wrong. The second table is what a thief of the log's key can do besides. Some forgeries cannot be
seen; they are in the table too, with what is said of them.
"""

import json
import pathlib
import re
import sys
import tempfile

from nacl.signing import SigningKey

from _case import VERIFIER, Bundle, Witness, checkpoint, judge, judge_again
from _world import Key, ORIGIN, Tap, World, note_of

CONTRACT = "norrkoping-rise-spent"
# Places in the ledger that World.create and World.live make, and then the key that is revoked.
CHARTER, PARTY, AGREED, FUNDING, MEASURED, SETTLED, PAID = 0, 1, 6, 7, 8, 10, 11
GOOD, FALSE, INCOMPLETE = 0, 1, 3
THIEF = Key(ORIGIN, salt="thief ")
OTHER = Key("other.example/log")
WITNESSES = [Witness(f"witness-{i}.example", SigningKey(bytes([i]) * 32)) for i in (1, 2, 3)]


def exchange(case, a, b):
    case.entries[a][2], case.entries[b][2] = case.entries[b][2], case.entries[a][2]


def drop(place):
    return lambda case, world: case.entries.pop(place)


def edit_note(place, old, new):
    def change(case, _world):
        assert old in case.entries[place][2] and len(old) == len(new)
        case.entries[place][2] = case.entries[place][2].replace(old, new, 1)
    return change


def sign_again(case, _world):
    """The payment, signed by a key of the same name."""
    text = case.entries[PAID][2].decode().rpartition("\n\n")[0] + "\n"
    key = Key("norrkoping.se", salt="x")
    case.entries[PAID][2] = (text + "\n" + key.line(text)).encode()


def set_checkpoint(make):
    def change(case, world):
        case.checkpoint = make([note.encode() for note in world.notes])
    return change


def renumber(index):
    """The payment as the last entry of the case, with another index."""
    def change(case, _world):
        case.entries = case.entries[:PAID + 1]
        case.entries[PAID][0] = index
    return change


def flip_hash(case, _world):
    case.entries[PAID][1][0] = bytes(32)


# (title, what is done to a good case, exit status, what is said)
ROWS = (
    ("nothing", lambda c, w: None, GOOD, "OK"),
    ("two entries in another order", lambda c, w: c.entries.reverse(), FALSE, "byte"),
    ("two notes exchanged", lambda c, w: exchange(c, FUNDING, MEASURED), FALSE, "entry 7.*proof"),
    ("an amount in the payment", edit_note(PAID, b"3000000.00", b"9000000.00"), FALSE, "entry 11"),
    ("a payout in the settlement", edit_note(SETTLED, b"3000000.00", b"9000000.00"), FALSE,
     "entry 10"),
    ("a statement signed again by another key", sign_again, FALSE, "entry 11"),
    ("an entry twice", lambda c, w: c.entries.insert(3, c.entries[3]), FALSE, "byte"),
    ("an entry with another index", renumber(12), FALSE, "entry 12.*proof"),
    ("an index beyond the checkpoint", renumber(99), FALSE, "entry 99"),
    ("a hash of a proof", flip_hash, FALSE, "entry 11"),
    ("a hash of a proof removed", lambda c, w: c.entries[PAID][1].pop(), FALSE, "entry 11"),
    ("a hash of a proof too many", lambda c, w: c.entries[PAID][1].append(bytes(32)), FALSE,
     "entry 11"),
    ("the charter removed", drop(CHARTER), FALSE, "byte"),
    ("a party of the contract removed", drop(PARTY), FALSE, "entry 6"),
    ("the contract itself removed", drop(AGREED), FALSE, "entry 7"),
    ("an entry in the middle of the contract removed", drop(FUNDING), FALSE,
     "AFTER_STALE.*entry 8"),
    ("the settlement removed", drop(SETTLED), FALSE, "AFTER_STALE.*entry 11"),
    ("another contract in the title", lambda c, w: setattr(c, "contract", "norrkoping-other"),
     FALSE, "entry 6"),
    ("a checkpoint of another tree", set_checkpoint(
        lambda notes: checkpoint(notes[:-1], Key(ORIGIN))), FALSE, "entry"),
    ("a checkpoint of another log", set_checkpoint(
        lambda notes: checkpoint(notes, OTHER, "other.example/log")), FALSE, "none of the keys"),
    ("a checkpoint by a thief's key of the same name", set_checkpoint(
        lambda notes: checkpoint(notes, THIEF)), FALSE, "none of the keys"),
    ("a checkpoint under a signature over another", lambda c, w: setattr(
        c, "checkpoint", c.checkpoint.replace(b"\n13\n", b"\n14\n")), FALSE, "does not verify"),
    ("an attachment of an unknown kind", lambda c, w: c.attachments.append(("later", b"\x00\n")),
     GOOD, "OK"),
    # What nobody can see: where the case ends is told, and that is all that can be told.
    ("the last entry removed", drop(PAID), GOOD, "OK"),
)


def edit(place, change, *signers):
    """A statement edited, and signed anew by whoever had signed it or by `signers`."""
    def forge(notes, world):
        text, _, lines = notes[place].decode().rpartition("\n\n")
        statement = json.loads(text)
        change(statement)
        known = {key.name: key for key in (*world.keys.values(), world.operator, world.registrar)}
        keys = [known[name] if isinstance(name, str) else name for name in
                signers or [line.split(" ")[1] for line in lines.splitlines()]]
        notes[place] = note_of(statement, keys).encode()
    return forge


def pay_more(statement):
    statement["computed"]["pays"][0]["amount"]["amount"] = "3000000.01"


def move_last(place):
    def forge(notes, _world):
        notes.insert(place, notes.pop())
    return forge


# With the log's key: the tree is signed over whatever the thief puts into it.
THIEVES = (
    ("a settlement of one öre more, signed by all who settle", edit(SETTLED, pay_more), FALSE,
     "SETTLEMENT_DIFFERS.*entry 10"),
    ("an `after` that leads elsewhere", edit(
        FUNDING, lambda s: s.update(after="sha256:" + "0" * 64)), FALSE, "AFTER_STALE.*entry 7"),
    ("a payment above what was settled", edit(
        PAID, lambda s: s["amount"].update(amount="3000000.01")), FALSE, "entry 11"),
    ("a measurement by the payer", edit(MEASURED, lambda s: None, "norrkoping.se"), FALSE,
     "entry 8"),
    ("a measurement by the payer in its own name", edit(
        MEASURED, lambda s: s.update(evaluator="norrkoping.se"), "norrkoping.se"), FALSE, "entry 8"),
    ("a funding by who is no investor", edit(
        FUNDING, lambda s: s.update(investor="norrkoping.se", receiver="lumell.se"),
        "norrkoping.se", "lumell.se"), FALSE, "entry 7"),
    ("a funding of nothing", edit(
        FUNDING, lambda s: s["amount"].update(amount="0.00")), FALSE, "entry 7"),
    ("a payment by a key that is enrolled later", edit(
        PAID, lambda s: None, Key("norrkoping.se/next")), FALSE, "SIGNER.*entry 11"),
    ("a payment after the payer's key was revoked", move_last(PAID), FALSE, "entry 12"),
    ("a statement for another ledger", edit(
        FUNDING, lambda s: s.update(ledger="other.example")), FALSE, "LEDGER_OTHER.*entry 7"),
    ("a charter with another log key", edit(
        CHARTER, lambda s: s.update(log_vkey=THIEF.vkey)), FALSE, "entry 0"),
    ("two statements exchanged", lambda n, w: n.insert(FUNDING, n.pop(MEASURED)), FALSE, "entry 7"),
    ("a statement that is no JSON", lambda n, w: n.__setitem__(
        FUNDING, n[FUNDING].replace(b"{", b"[", 1)), FALSE, "entry 7"),
)


def make_world(folder):
    """A contract's life, and then the payer's key is replaced."""
    world = World(folder)
    world.create()
    world.live()
    old, new = world.keys["norrkoping.se"], Key("norrkoping.se/next")
    world.submit(note_of(world.complete({
        "kind": "key", "version": 1, "date": "2026-11-23", "party": "norrkoping.se",
        "action": "replace", "vkey": new.vkey, "replaces": old.vkey,
        "reason": {"en": "A new device"}}, "party/norrkoping.se"), [old, world.registrar]))
    return world


class Judges:
    """Both, and whether they say what is wanted."""

    def __init__(self, tap, folder):
        self.tap = tap
        self.folder = folder

    def check(self, title, data, wanted, said="", **trust):
        status, words, last = judge(self.folder, data, **trust)
        again, why, again_last = judge_again(data, **trust)
        agree = status == again == wanted and last == again_last
        found = re.search(said, words) is not None
        self.tap.ok(agree and found, title, [
            f"wanted {wanted} and {said!r}", f"utfall-verify: {status} {words}, up to {last}",
            f"the second opinion: {again} {why}, up to {again_last}"])
        return last


def test_rows(judges, world, good):
    for title, change, wanted, said in ROWS:
        case = Bundle.read(good)
        change(case, world)
        judges.check(title, case.bytes(), wanted, said, vkeys=[world.log.vkey])


def test_thieves(judges, world):
    for title, forge, wanted, said in THIEVES:
        notes = [note.encode() for note in world.notes]
        forge(notes, world)
        case = Bundle.of(CONTRACT, notes, world.log)
        judges.check(f"with the log's key: {title}", case.bytes(), wanted, said,
                     vkeys=[world.log.vkey])


def test_ends(judges, world, good):
    """What is dropped at the end of a chain shows only in where the case says that it ends."""
    tap = judges.tap
    case = Bundle.read(good)
    tap.ok(judges.check("the whole case", case.bytes(), GOOD, vkeys=[world.log.vkey]) == PAID,
           "it reaches to the payment")
    del case.entries[MEASURED:]
    last = judges.check("without all that was measured", case.bytes(), GOOD, vkeys=[world.log.vkey])
    tap.ok(last == FUNDING, "it says that it reaches to the funding")


def test_bytes(judges, good):
    """Cut anywhere, or changed in any one byte of a sample: refused by both."""
    vkeys = [judges.vkey]
    for name, sample in (
            ("cut", [good[:size] for size in range(0, len(good), 1499)]),
            ("changed in a byte", [good[:at] + bytes([good[at] ^ 1]) + good[at + 1:]
                                   for at in range(0, len(good), 1187)]),
            ("longer", [good + b"\n", good + good])):
        told = [(len(one), judge(judges.folder, one, vkeys=vkeys)[0] or 0,
                 judge_again(one, vkeys=vkeys)[0]) for one in sample if one]
        bad = [one for one in told if one[1:] not in ((FALSE, FALSE), (2, FALSE))]
        judges.tap.ok(told and not bad, f"{len(told)} cases that were {name}", map(str, bad))


def policy_text(world, quorum, *more):
    lines = [f"log {world.log.vkey}"]
    lines += [f"witness w{i} {one.vkey}" for i, one in enumerate(WITNESSES)]
    return "\n".join([*lines, *more, f"quorum {quorum}", ""]).encode()


def test_policies(judges, world, good):
    case = Bundle.read(good)
    plain = case.checkpoint
    lines = [one.line(plain) for one in WITNESSES]
    two = policy_text(world, "most", "group most 2 w0 w1 w2")
    for title, note, policy, wanted, said in (
            ("no witness, and none asked for", plain, policy_text(world, "none"), GOOD, "OK"),
            ("no witness of the two asked for", plain, two, INCOMPLETE, "INCOMPLETE"),
            ("one of the two", plain + lines[0], two, INCOMPLETE, "INCOMPLETE"),
            ("two of the two", plain + lines[0] + lines[2], two, GOOD, "OK"),
            ("all three", plain + b"".join(lines), two, GOOD, "OK"),
            ("the same witness twice", plain + lines[0] + lines[0], two, FALSE, "same key"),
            ("a cosignature with another time",
             plain + WITNESSES[0].line(plain, 1800000001, 1800000000), two, FALSE, ""),
            ("a cosignature of another checkpoint", plain + WITNESSES[0].line(
                plain.replace(b"\n13\n", b"\n14\n")), two, FALSE, ""),
            ("a line by nobody known", plain + Witness(
                "stranger.example", SigningKey(b"\x09" * 32)).line(plain), two, INCOMPLETE,
             "INCOMPLETE"),
            ("a policy of another log", plain, policy_text(world, "none").replace(
                world.log.vkey.encode(), OTHER.vkey.encode()), FALSE, ""),
            ("a policy of a thief's log", plain, policy_text(world, "none").replace(
                world.log.vkey.encode(), THIEF.vkey.encode()), FALSE, ""),
            ("a policy without a quorum", plain, f"log {world.log.vkey}\n".encode(), FALSE, ""),
            ("a policy with a group of too few", plain, policy_text(
                world, "g", "group g 4 w0 w1 w2"), FALSE, ""),
            ("a policy with a member that is not there", plain, policy_text(
                world, "g", "group g any w9"), FALSE, ""),
            ("a policy with a witness twice", plain, policy_text(
                world, "none", f"witness w9 {WITNESSES[0].vkey}"), FALSE, "")):
        case.checkpoint = note
        judges.check(f"by a policy: {title}", case.bytes(), wanted, said, policy=policy)
    case.checkpoint = plain
    judges.check("with no key at all", case.bytes(), INCOMPLETE, "INCOMPLETE")


def test_proofs(judges, world):
    vkeys = [world.log.vkey]
    note = world.notes[SETTLED].encode()
    proof = world.must("prove", str(SETTLED)).encode()
    judges.check("a proof and its note", proof, GOOD, "OK", vkeys=vkeys, note=note)
    judges.check("a proof and another note", proof, FALSE, "proof", vkeys=vkeys,
                 note=world.notes[PAID].encode())
    judges.check("a proof that is another's", world.must("prove", str(PAID)).encode(), FALSE,
                 "proof", vkeys=vkeys, note=note)
    judges.check("a proof by another key", proof, FALSE, "none of the keys", vkeys=[THIEF.vkey],
                 note=note)
    judges.check("a proof without a key", proof, INCOMPLETE, "INCOMPLETE", note=note)
    judges.check("a proof with an index that is another's", proof.replace(
        b"index 10", b"index 11"), FALSE, "proof", vkeys=vkeys, note=note)
    lines = proof.split(b"\n")
    judges.check("a proof with a hash less", b"\n".join(lines[:2] + lines[3:]), FALSE, "proof",
                 vkeys=vkeys, note=note)


def main():
    tap = Tap()
    if not pathlib.Path(VERIFIER).exists():
        tap.ok(False, f"{VERIFIER} is built")
        return tap.end()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        world = make_world(folder / "world")
        world.must("prove", CONTRACT, "-o", str(folder / "x.case"))
        good = (folder / "x.case").read_bytes()
        tap.ok(Bundle.read(good).bytes() == good, "a case is written in one way only")
        judges = Judges(tap, folder)
        judges.vkey = world.log.vkey
        test_rows(judges, world, good)
        test_thieves(judges, world)
        test_ends(judges, world, good)
        test_bytes(judges, good)
        test_policies(judges, world, good)
        test_proofs(judges, world)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
