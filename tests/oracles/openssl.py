#!/usr/bin/python3
"""OpenSSL reads our keys and verifies our signatures, and we take its keys and signatures."""

import base64
import hashlib
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "faults"))
from _world import PASSPHRASE, Tap, World, draft, id_of, text_of  # noqa: E402

# SubjectPublicKeyInfo of Ed25519 (RFC 8410) without its last 32 bytes.
SPKI = bytes.fromhex("302a300506032b6570032100")


def openssl(*words, **options):
    return subprocess.run(["openssl", *map(str, words)], capture_output=True, check=False,
                          timeout=60, **options)


def public_key(vkey):
    """The 32 bytes of a vkey."""
    typed = base64.b64decode(vkey.split("+", 2)[2], validate=True)
    assert typed[0] == 1 and len(typed) == 33
    return typed[1:]


class Verifier:
    """`openssl pkeyutl -verify -rawin` on files in a folder."""

    def __init__(self, folder):
        self.folder = folder

    def accepts(self, vkey, text, signature):
        files = {"key.der": SPKI + public_key(vkey), "text": text, "signature": signature}
        for name, content in files.items():
            (self.folder / name).write_bytes(content)
        done = openssl("pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey",
                       self.folder / "key.der", "-in", self.folder / "text", "-sigfile",
                       self.folder / "signature")
        return done.returncode == 0 and b"Verified Successfully" in done.stdout


def signatures(note):
    """(text, [(key name, signature)]) of a note."""
    text, _, lines = note.rpartition("\n\n")
    found = []
    for line in lines.splitlines():
        _, name, encoded = line.split(" ")
        found.append((name, base64.b64decode(encoded, validate=True)[4:]))
    return (text + "\n").encode(), found


def test_signed_by_us(tap, world, verifier):
    """`utfall key` and `utfall sign`, judged by OpenSSL."""
    key, note = world.folder / "a.key", world.folder / "a.note"
    passphrase = ["--passphrase-file", world.folder / "passphrase"]
    vkey = world.must("key", "new", "--name", "a.example", "-o", key, *passphrase).strip()
    read = openssl("pkey", "-in", key, "-passin", f"pass:{PASSPHRASE}", "-pubout", "-outform",
                   "DER")
    tap.ok(read.stdout == SPKI + public_key(vkey), "openssl pkey reads our key file",
           [read.stderr.decode()])
    tap.ok(openssl("pkey", "-in", key, "-passin", "pass:wrong").returncode != 0,
           "and not with another passphrase")
    statement = draft("party-lumell")
    statement.update(party="a.example", vkeys=[vkey])
    text = text_of(world.complete(statement, "party/a.example"))
    (world.folder / "a.json").write_text(text, encoding="utf-8")
    world.must("sign", world.folder / "a.json", "--key", key, "-o", note, *passphrase)
    signed, [(_, signature)] = signatures(note.read_text(encoding="utf-8"))
    tap.ok(signed == text.encode() and verifier.accepts(vkey, signed, signature),
           "openssl pkeyutl verifies a statement that utfall signed")
    accepted = [at for at in range(0, len(signed), 29)
                if verifier.accepts(vkey, signed[:at] + b"~" + signed[at + 1:], signature)]
    tap.ok(not accepted, "and refuses each changed text", map(str, accepted))
    changed = bytes([signature[0] ^ 1]) + signature[1:]
    tap.ok(not verifier.accepts(vkey, signed, changed) and
           not verifier.accepts(world.log.vkey, signed, signature),
           "and another signature, and another key")


def test_checkpoint(tap, world, verifier):
    """The checkpoint at the end of a proof."""
    checkpoint = world.must("prove", "3").partition("\n\n")[2]
    text, [(name, signature)] = signatures(checkpoint)
    tap.ok(name == world.log.name and verifier.accepts(world.log.vkey, text, signature),
           "openssl pkeyutl verifies the log's checkpoint")
    tap.ok(not verifier.accepts(world.log.vkey, text.replace(b"\n6\n", b"\n7\n"), signature),
           "and not one of another size")


def test_signed_by_openssl(tap, world):
    """A registrar and a party that use nothing but OpenSSL."""
    statement = draft("party-lumell")
    statement["party"] = "b.example"
    key = world.folder / "b.pem"
    openssl("genpkey", "-algorithm", "ed25519", "-out", key)
    raw = openssl("pkey", "-in", key, "-pubout", "-outform", "DER").stdout[len(SPKI):]
    key_id = hashlib.sha256(b"b.example\n\x01" + raw).digest()[:4]
    statement["vkeys"] = [f"b.example+{key_id.hex()}+" +
                          base64.b64encode(b"\x01" + raw).decode()]
    text = text_of(world.complete(statement, "party/b.example"))
    (world.folder / "text").write_text(text, encoding="utf-8")
    done = openssl("pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", world.folder / "text")
    line = f"\u2014 b.example {base64.b64encode(key_id + done.stdout).decode()}\n"
    path = world.save(text + "\n" + line + world.registrar.line(text))
    accepted = world.submit_files(path)
    tap.ok(len(done.stdout) == 64 and id_of(statement) in accepted.stdout,
           "a party that signed with OpenSSL is enrolled", [done.stderr.decode(), accepted.stderr])
    tap.ok(world.verify().returncode == 0, "and the ledger verifies")


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        world = World(pathlib.Path(name) / "world")
        world.create()
        verifier = Verifier(pathlib.Path(name))
        test_checkpoint(tap, world, verifier)
        test_signed_by_us(tap, world, verifier)
        world.heads.pop("party/a.example")  # it was signed, and not submitted
        test_signed_by_openssl(tap, world)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
