#!/usr/bin/python3
"""Go's sumdb/note and sumdb/tlog judge our notes, checkpoints and proofs, and we judge theirs.

The packages are Debian's golang-golang-x-mod-dev; tests/oracles/notecheck.go calls them.
"""

import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "faults"))
from _world import UTFALL, Key, Tap, World, draft, id_of, text_of  # noqa: E402


def build(folder):
    """The checker, by Debian's Go where there is one."""
    go = "/usr/bin/go" if os.access("/usr/bin/go", os.X_OK) else "go"
    program = folder / "notecheck"
    environment = dict(os.environ, GOPATH="/usr/share/gocode", GO111MODULE="off", GOFLAGS="",
                       GOTOOLCHAIN="local", GOCACHE=os.environ.get("GOCACHE", str(folder / "go")))
    environment.pop("GOROOT", None)
    done = subprocess.run([go, "build", "-o", str(program), "tests/oracles/notecheck.go"],
                          cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return program if done.returncode == 0 else None, (done.stderr or "").splitlines()


class Checker:
    """Asks the Go program."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder

    def run(self, words, text=""):
        return subprocess.run([str(self.program), *words], input=text.encode(), check=False,
                              capture_output=True, timeout=60)

    def opens(self, note, vkeys):
        return self.run(["open", *vkeys], note).returncode == 0

    def proves(self, vkey, entry, proof):
        for name, content in (("entry", entry), ("proof", proof)):
            (self.folder / name).write_bytes(content.encode())
        return self.run(["prove", vkey, str(self.folder / "entry"),
                         str(self.folder / "proof")]).returncode == 0


def entries(world):
    """The notes of the ledger, as the program shows them."""
    size = json.loads(world.must("verify", "--json"))["entries"]
    return [json.loads(world.must("show", str(index), "--json"))["note"] for index in range(size)]


def vkeys_of(world, note):
    """The vkeys of those whose lines stand below a note, from the world that signed it."""
    known = {key.name: key.vkey for key in (*world.keys.values(), world.operator, world.registrar)}
    return [known[line.split(" ")[1]] for line in note.rpartition("\n\n")[2].splitlines()]


def changed(text, places=40):
    """The text with one letter or digit changed, at places all over it but the last ones of a
    line, where base64 may have bits that nobody reads."""
    found = [at for at in range(len(text) - 8)
             if text[at].isascii() and text[at].isalnum() and "\n" not in text[at:at + 4]
             and "=" not in text[at:at + 4]]
    for at in found[::max(1, len(found) // places)]:
        letter = "A" if text[at] != "A" else "B"
        yield text[:at] + letter + text[at + 1:]


def test_statements(tap, world, checker, notes):
    bad = [index for index, note in enumerate(notes)
           if not checker.opens(note, vkeys_of(world, note))]
    tap.ok(not bad, f"Go opens all {len(notes)} statements with every signature", map(str, bad))
    accepted = [other for note in (notes[0], notes[1], notes[-1]) for other in changed(note)
                if checker.opens(other, vkeys_of(world, note))]
    tap.ok(not accepted, "Go opens none that was changed", accepted)
    tap.ok(not checker.opens(notes[1], vkeys_of(world, notes[2])), "nor one with others' keys")


def test_proofs(tap, world, checker, notes):
    vkey = world.log.vkey
    proofs = [world.must("prove", str(index)) for index in range(len(notes))]
    bad = [index for index, (note, proof) in enumerate(zip(notes, proofs))
           if not checker.proves(vkey, note, proof)]
    tap.ok(not bad, f"Go checks the inclusion of all {len(notes)} entries", map(str, bad))
    accepted = [f"entry {a} by the proof of {b}" for a in range(len(notes))
                for b in range(len(notes)) if a != b and checker.proves(vkey, notes[a], proofs[b])]
    tap.ok(not accepted, "no proof is one of another entry", accepted)
    index = len(notes) - 2
    accepted = [proof for proof in changed(proofs[index], 120)
                if checker.proves(vkey, notes[index], proof)]
    tap.ok(not accepted, "no changed proof is accepted", accepted)
    accepted = [entry for entry in changed(notes[index]) if checker.proves(vkey, entry,
                                                                           proofs[index])]
    tap.ok(not accepted, "no changed entry is", accepted)
    lines = proofs[index].splitlines(keepends=True)
    shorter = "".join(lines[:2] + lines[3:])
    longer = "".join(lines[:3] + lines[2:])
    tap.ok(not checker.proves(vkey, notes[index], shorter) and
           not checker.proves(vkey, notes[index], longer), "nor a proof of another length")
    return proofs


def test_growth(tap, world, checker, notes, proofs):
    """A proof stays right when the ledger has grown, under its own checkpoint."""
    contract = "norrkoping-rise-spent"
    world.submit(world.funding(contract, "1.00", "later"))
    tap.ok(checker.proves(world.log.vkey, notes[3], proofs[3]), "an old proof stays right")
    again = world.must("prove", "3")
    tap.ok(again != proofs[3] and checker.proves(world.log.vkey, notes[3], again),
           "and there is a new one")


def test_signing(tap, world, checker):
    """A statement that Go signed is a statement of ours."""
    contract = "norrkoping-rise-spent"
    statement = dict(draft("funding"), contract=contract, reference="signed by Go",
                     amount={"amount": "2.00", "currency": "SEK"})
    world.complete(statement, f"contract/{contract}")
    keys = sorted((world.keys[statement[role]] for role in ("investor", "receiver")),
                  key=lambda key: key.name)
    skeys = ["PRIVATE+KEY+" + key.name + "+" + key.id.hex() + "+" +
             base64.b64encode(b"\x01" + bytes(key.secret)).decode() for key in keys]
    done = checker.run(["sign", *skeys], text_of(statement))
    note = done.stdout.decode()
    path = world.save(note)
    accepted = world.submit_files(path)
    tap.ok(done.returncode == 0 and accepted.returncode == 0 and
           id_of(statement) in accepted.stdout, "a note that Go signed is accepted",
           [done.stderr.decode(), accepted.stderr])
    tap.ok(world.verify().returncode == 0, "and the ledger verifies")


def test_cosigning(tap, world, checker):
    """What our witness signs and our ledger keeps is a cosigned checkpoint to Go."""
    key = Key("witness.example/w1").write(world.folder / "witness.key")
    words = ["witness", "serve", "--listen", "127.0.0.1:0", "--state", world.folder / "witness",
             "--key", key, "--log", world.log.vkey, "--passphrase-file",
             world.folder / "passphrase"]
    with subprocess.Popen([UTFALL, *map(str, words)], env=world.environment, text=True,
                          stdout=subprocess.PIPE) as witness:
        try:
            url, vkey = witness.stdout.readline().split()
            note = world.must("checkpoint", "--witness", f"{url}={vkey}")
        finally:
            witness.terminate()
    ask = lambda text, key=vkey: checker.run(  # noqa: E731
        ["cosigned", world.log.vkey, key], text).returncode == 0
    tap.ok(ask(note), "Go opens a cosigned checkpoint by both keys", [note])
    accepted = [other for other in changed(note, 120) if ask(other)]
    tap.ok(not accepted, "and none that was changed", accepted)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        program, errors = build(folder)
        if tap.ok(program is not None, "the Go program is built", errors):
            world = World(folder / "world")
            world.create()
            world.live()
            checker = Checker(program, folder)
            notes = entries(world)
            test_statements(tap, world, checker, notes)
            proofs = test_proofs(tap, world, checker, notes)
            test_growth(tap, world, checker, notes, proofs)
            test_signing(tap, world, checker)
            test_cosigning(tap, world, checker)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
