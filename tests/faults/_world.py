"""A small world for tests: keys, notes signed in Python, a ledger made of them, and TAP.

Notes are written here from docs/formats.md with PyNaCl, not by `utfall sign`: so what the program
accepts was made by somebody else, and a test need not wait for scrypt. Keys follow from their
names: the same world is the same file, byte for byte.
"""

import base64
import hashlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile

from nacl.signing import SigningKey

ROOT = pathlib.Path(__file__).resolve().parents[2]
UTFALL = os.environ.get("UTFALL") or str(ROOT / "build/release/utfall")
PROGRAMS = pathlib.Path(os.environ.get("UTFALL_PROGRAMS") or ROOT / "build/release/tests/programs")
EXAMPLE = ROOT / "examples" / "norrkoping"
ORIGIN = "norrkoping.example/utfall"
PASSPHRASE = "demonstration"
READINGS = ("rise-spent", "rise-committed", "indigo-spent", "indigo-committed")


class Tap:
    """Results as TAP. `plan` is written at the end, when the number is known."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def ok(self, good, title, details=()):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {title}")
        if not good:
            for line in list(details)[:30]:
                print(f"# {line}")
        sys.stdout.flush()
        return good

    def skip(self, title, reason):
        self.count += 1
        print(f"ok {self.count} - {title} # SKIP {reason}", flush=True)

    def end(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0


def canonical(value):
    """RFC 8785 for what a statement may hold: its names are ASCII, its numbers integers."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class Key:
    """An Ed25519 key whose seed follows from its name (and from `salt`, for another one)."""

    def __init__(self, name, salt=""):
        self.name = name
        self.secret = SigningKey(hashlib.sha256(f"test key {salt}{name}".encode()).digest())
        typed = b"\x01" + bytes(self.secret.verify_key)
        self.id = hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{base64.b64encode(typed).decode()}"

    def line(self, text):
        """The signature line over a text."""
        signature = self.secret.sign(text.encode()).signature
        return f"\u2014 {self.name} {base64.b64encode(self.id + signature).decode()}\n"

    def write(self, path):
        """A key file as OpenSSL writes it, with one round of PBKDF2 so that it opens at once."""
        der = bytes.fromhex("302e020100300506032b657004220420") + bytes(self.secret)
        pem = subprocess.run(
            ["openssl", "pkcs8", "-topk8", "-inform", "DER", "-v2", "aes-256-cbc", "-iter", "1",
             "-passout", f"pass:{PASSPHRASE}"], input=der, capture_output=True, check=True).stdout
        path.write_bytes(f"vkey: {self.vkey}\n".encode() + pem)
        return path


def text_of(statement):
    return canonical(statement) + "\n"


def id_of(statement):
    return "sha256:" + hashlib.sha256(text_of(statement).encode()).hexdigest()


def note_of(statement, keys):
    """The statement signed by keys, lines in their order (docs/formats.md, 6.1)."""
    text = text_of(statement)
    ordered = sorted(keys, key=lambda key: (key.name.encode(), key.id))
    return text + "\n" + "".join(key.line(text) for key in ordered)


def draft(name):
    return json.loads((EXAMPLE / f"{name}.json").read_text(encoding="utf-8"))


class World:
    """A folder with a ledger, and the keys of those who write in it."""

    def __init__(self, folder, ledger="utfall.ledger"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ledger = self.folder / ledger
        self.log = Key(ORIGIN)
        self.operator = Key("utfall.example")
        self.registrar = Key("registrar.example")
        self.keys = {}
        self.heads = {}  # the newest id of each chain
        self.notes = []
        (self.folder / "passphrase").write_text(PASSPHRASE + "\n", encoding="utf-8")
        self.log_file = self.log.write(self.folder / "log.key")
        self.environment = dict(os.environ, XDG_STATE_HOME=str(self.folder / "state"),
                                LC_ALL="C.UTF-8")

    def run(self, *words, ledger=None, **options):
        """Runs the program on the ledger; gives the finished process, output as text."""
        command = [UTFALL, "--ledger", str(ledger or self.ledger), *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60,
                              env=dict(self.environment, **options.pop("env", {})), **options)

    def must(self, *words, **options):
        done = self.run(*words, **options)
        if done.returncode != 0:
            raise RuntimeError(f"{words}: exit {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def verify(self, ledger=None, remember=False, **options):
        """Verifies with the log's key given. Unless `remember`, nothing seen before counts."""
        with tempfile.TemporaryDirectory(dir=self.folder) as state:
            env = {} if remember else {"XDG_STATE_HOME": state}
            return self.run("verify", "--vkey", self.log.vkey, ledger=ledger, env=env, **options)

    def save(self, note):
        path = self.folder / f"{len(self.notes)}.note"
        path.write_text(note, encoding="utf-8")
        self.notes.append(note)
        return path

    def complete(self, statement, chain):
        """Adds what names the ledger and the place in the chain."""
        statement["ledger"] = ORIGIN
        if chain in self.heads:
            statement["after"] = self.heads[chain]
        self.heads[chain] = id_of(statement)
        return statement

    def submit_files(self, *paths):
        words = ["submit", "--log-key", self.log_file, "--passphrase-file",
                 self.folder / "passphrase", *paths]
        return self.run(*words)

    def submit(self, *notes):
        done = self.submit_files(*[self.save(note) for note in notes])
        if done.returncode != 0:
            raise RuntimeError(f"submit: exit {done.returncode}: {done.stdout}{done.stderr}")
        return [line.split("\t")[:2] for line in done.stdout.splitlines()]

    def create(self):
        """The charter and the five parties of the example."""
        charter = draft("charter")
        charter["log_vkey"] = self.log.vkey
        charter["operator"]["vkeys"] = [self.operator.vkey]
        charter["registrars"][0]["vkeys"] = [self.registrar.vkey]
        path = self.save(note_of(self.complete(charter, "charter"), [self.operator]))
        self.must("init", path, "--log-key", self.log_file, "--passphrase-file",
                  self.folder / "passphrase")
        self.submit(*[self.party(f"party-{name}") for name in (
            "norrkoping", "leksell", "nystart", "lumell", "uppdragpsykiskhalsa")])

    def party(self, name):
        statement = draft(name)
        party = statement["party"]
        self.keys[party] = Key(party)
        statement["vkeys"] = [self.keys[party].vkey]
        return note_of(self.complete(statement, f"party/{party}"),
                       [self.keys[party], self.registrar])

    def sign(self, statement, *parties):
        """Completes a statement of a contract and signs it by parties."""
        chain = f"contract/{statement['contract']}"
        return note_of(self.complete(statement, chain), [self.keys[party] for party in parties])

    def contract(self, reading="rise-spent"):
        statement = draft(f"contract-{reading}")
        parties = sorted({party for role in statement["roles"].values() for party in role})
        self.submit(self.sign(statement, *parties))
        return statement["contract"]

    def funding(self, contract, amount=None, reference=None):
        statement = dict(draft("funding"), contract=contract)
        if amount is not None:
            statement["amount"] = {"amount": amount, "currency": "SEK"}
        statement["reference"] = reference or statement["reference"]
        return self.sign(statement, statement["investor"], statement["receiver"])

    def measure(self, contract):
        for name in ("measurement-2y", "measurement-3y"):
            statement = dict(draft(name), contract=contract)
            self.submit(self.sign(statement, statement["evaluator"]))

    def settle(self, contract, period="2y"):
        """Settles as the program computes it; gives the id and the computed form."""
        statement = json.loads(self.must("settle", contract, period))
        statement.pop("after", None)
        statement.pop("ledger", None)
        self.submit(self.sign(statement, "norrkoping.se", "lumell.se"))
        return self.heads[f"contract/{contract}"], statement["computed"]

    def pay(self, contract, settlement, computed):
        for pay in computed["pays"]:
            if pay["amount"]["amount"] in ("0.00", "-0.00"):
                continue
            self.submit(self.sign({
                "kind": "payment", "version": 1, "date": "2026-11-23", "contract": contract,
                "settlement": settlement, "amount": pay["amount"], "paid_on": "not_published",
                "reference": "not_published",
                **{key: pay[key] for key in ("pay", "tranche", "from", "to") if key in pay}},
                pay["from"]))

    def live(self, reading="rise-spent"):
        """A contract's whole life."""
        contract = self.contract(reading)
        self.submit(self.funding(contract))
        self.measure(contract)
        self.pay(contract, *self.settle(contract))
        return contract


def rows(path):
    """Everything that a ledger file stores, by table; the file alone, not what lies beside it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "copy")
        shutil.copyfile(path, copy)
        database = sqlite3.connect(f"file:{copy}?immutable=1", uri=True)
        try:
            # Bytes, not text: a damaged text need not be UTF-8.
            database.text_factory = bytes
            return {
                table: database.execute(f"SELECT * FROM {table} ORDER BY {order}").fetchall()
                for table, order in (("identity", 1), ("entry", 1), ("node", "1, 2"),
                                     ("checkpoint", 1), ("attachment", 1))}
        finally:
            database.close()
