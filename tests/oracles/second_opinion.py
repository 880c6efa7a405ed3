#!/usr/bin/python3
"""The second opinion: a verifier of bundles in Python, written from docs/formats.md alone.

    second_opinion.py [--policy FILE] [--vkey VKEY]... X.case | X.tlog-proof X.note

says `good`, `incomplete` or why it refuses, with the exit status of utfall-verify. Without
arguments it is the test: the vectors of tests/vectors and the bundles of whole lives are put to
utfall-verify, to the product's functions (tests/programs/vectors.c) and to this, and all agree with
what the vectors expect. Forged bundles are in tests/faults/case_forgeries.py.
"""

import argparse
import base64
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "faults"))
import _bundles  # noqa: E402
from _replay import Note, Statement, check_identity, tree_hash  # noqa: E402
from _shapes import Refused, VKey, need  # noqa: E402

VECTORS = ROOT / "tests" / "vectors"
PROGRAMS = pathlib.Path(os.environ.get("UTFALL_PROGRAMS") or ROOT / "build/release/tests/programs")
STATUS = {"good": 0, "refused": 1, "incomplete": 3}


# --- What each kind of vector asks, answered here ---

def signed(vkey, note):
    key, note = VKey(vkey), Note(note.encode())
    need(_bundles.signed_by(note, key), "no line by the key")
    return key, note


def ask_note(vkey, note):
    signed(vkey, note)
    return "good"


def ask_checkpoint(vkey, note):
    key, note = signed(vkey, note)
    need(_bundles.read_checkpoint(note)[0] == key.name, "of another log")
    return "good"


def ask_cosignature(vkey, note):
    cosigner, note = _bundles.Cosigner(vkey), Note(note.encode())
    _bundles.read_checkpoint(note)
    need(cosigner.has_signed(note), "no line by the witness")
    [line] = [signature for name, key_id, signature in note.lines
              if (name, key_id) == (cosigner.name, cosigner.id)]
    return f"good {int.from_bytes(line[:8], 'big')}"


def ask_policy(text, note):
    return "good" if _bundles.Policy(text.encode()).check(note.encode())[1] else "incomplete"


def ask_proof(vkey, proof, entry):
    _bundles.verify_proof(proof.encode(), entry.encode(), None, [VKey(vkey)])
    return "good"


def ask_root(*entries):
    root = tree_hash([hashlib.sha256(b"\x00" + one.encode()).digest() for one in entries])
    return base64.b64encode(root).decode()


def ask_statement(note):
    statement = Statement(note.encode(), 0)
    if statement.kind == "party":
        check_identity(statement.body)
    return f"good {statement.id}"


def ask_case(vkey, case):
    return f"good {_bundles.verify_case(case.encode(), None, [VKey(vkey)])[2]}"


ASKED = {"note": ask_note, "checkpoint": ask_checkpoint, "cosignature": ask_cosignature,
         "policy": ask_policy, "proof": ask_proof, "root": ask_root, "statement": ask_statement,
         "case": ask_case}


def answer(what, values):
    try:
        return ASKED[what](*values)
    except Refused:
        return "refused"


# --- The same, answered by the product ---

def answers_of_product(questions):
    """By tests/programs/vectors, all at once."""
    lines = [" ".join([what, *[base64.b64encode(one.encode()).decode() for one in values]])
             for what, values in questions]
    done = subprocess.run([str(PROGRAMS / "vectors")], input="\n".join(lines) + "\n", text=True,
                          capture_output=True, check=True, timeout=60)
    return done.stdout.splitlines()


def answer_of_verifier(folder, vkey, case):
    from _case import judge
    status, _, last = judge(folder, case.encode(), vkeys=[vkey])
    return f"good {last}" if status == 0 else "refused" if status == 1 else f"exit {status}"


def test_vectors(tap, folder):
    for path in sorted(VECTORS.glob("*.json")):
        vectors = json.loads(path.read_text(encoding="utf-8"))
        what, rows = vectors["asks"], vectors["vectors"]
        if what == "case":
            told = [answer_of_verifier(folder, *row["input"]) for row in rows]
        else:
            told = answers_of_product([(what, row["input"]) for row in rows])
        here = [answer(what, row["input"]) for row in rows]
        bad = [f"{row['name']}: wants {row['expect']}, the product says {there}, here {one}"
               for row, there, one in zip(rows, told, here)
               if not there == one == row["expect"]]
        kinds = {row["expect"].split()[0] for row in rows}
        tap.ok(len(told) == len(rows) and not bad, f"{path.name}: {len(rows)} vectors", bad)
        tap.ok("refused" in kinds or what == "root", f"{path.name} has some to refuse")


def test_lives(tap, folder):
    """Cases of contracts that lived their whole life, entry by entry."""
    from _case import Bundle, judge, judge_again
    from _world import READINGS, World
    for reading in READINGS[:2]:
        world = World(folder / reading)
        world.create()
        contract = world.live(reading)
        case = world.must("prove", contract).encode()
        told = judge(folder, case, vkeys=[world.log.vkey])
        again = judge_again(case, vkeys=[world.log.vkey])
        tap.ok((told[0], told[2]) == (again[0], again[2]) == (0, 11), f"the case of {contract}",
               [str(told), str(again)])
        notes = [note.encode() for note in world.notes]
        tap.ok(Bundle.of(contract, notes, world.log).bytes() == case,
               "it is what anyone makes of the same entries")


def test():
    from _world import Tap
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        test_vectors(tap, pathlib.Path(folder))
        test_lives(tap, pathlib.Path(folder))
    return tap.end()


def verify(options):
    """Prints the verdict about files, and returns the exit status."""
    data = [pathlib.Path(path).read_bytes() for path in options.files]
    try:
        keys = [VKey(vkey) for vkey in options.vkey]
        policy = None
        if options.policy:
            policy = _bundles.Policy(pathlib.Path(options.policy).read_bytes())
        if len(data) == 1:
            _, is_whole, last = _bundles.verify_case(data[0], policy, keys)
            where = f", up to entry {last}"
        else:
            data.sort(key=lambda one: not one.startswith(b"c2sp.org/tlog-proof"))
            is_whole, where = _bundles.verify_proof(data[0], data[1], policy, keys), ""
    except Refused as refusal:
        print(f"refused: {refusal}")
        return STATUS["refused"]
    verdict = "good" if is_whole else "incomplete"
    print(verdict + where)
    return STATUS[verdict]


def main():
    if len(sys.argv) == 1:
        return test()
    parser = argparse.ArgumentParser()
    parser.add_argument("--policy")
    parser.add_argument("--vkey", action="append", default=[])
    parser.add_argument("files", nargs="+")
    return verify(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
