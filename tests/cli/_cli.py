"""What the tests of the command line share: TAP, running the program, and a small town."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "scenarios"))

from _writer import Key  # noqa: E402

UTFALL = os.environ.get("UTFALL") or os.path.join(ROOT, "build", "release", "utfall")
SECONDS_MAX = 60
PASSPHRASE = "correct horse"
ORIGIN = "town.example/utfall"
PARTIES = ("operator", "registrar", "town", "investor", "evaluator")

GOOD, FALSE, TROUBLE = 0, 1, 2

TOWNS_IN = os.environ.get("UTFALL_TOWNS_IN")  # a database's URI; else each town has a file
TOWN_NUMBERS = itertools.count(1)


class Tap:
    """Results as TAP; the plan stands at the end, so a script that dies has none."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def check(self, title, *complaints):
        """One test: it passes when every complaint is None or ''."""
        self.count += 1
        told = [str(complaint) for complaint in complaints if complaint]
        self.failed += bool(told)
        print(f"{'not ok' if told else 'ok'} {self.count} - {title}")
        for complaint in told:
            for line in complaint.splitlines():
                print(f"# {line}")
        sys.stdout.flush()

    def skip(self, title, reason):
        self.count += 1
        print(f"ok {self.count} - {title} # SKIP {reason}", flush=True)

    def end(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0


class Result:
    """What a call did."""

    def __init__(self, words, process):
        self.command = "utfall " + " ".join(words)
        self.exit = process.returncode
        self.out = process.stdout.decode(errors="replace")
        self.err = process.stderr.decode(errors="replace")

    def __str__(self):
        return f"`{self.command}` ended with {self.exit}\nout: {self.out[:600]}\nerr: {self.err[:600]}"

    @property
    def json(self):
        """The one object that it printed, or an empty one."""
        lines = self.out.splitlines()
        try:
            value = json.loads(lines[0]) if len(lines) == 1 else {}
        except ValueError:
            value = {}
        return value if isinstance(value, dict) else {}

    # --- Complaints: '' when all is well ---

    def ended(self, wanted):
        return "" if self.exit == wanted else f"expected exit {wanted}\n{self}"

    def says(self, *phrases):
        """Messages are on standard error."""
        missing = [phrase for phrase in phrases if phrase not in self.err]
        return f"expected messages with {missing}\n{self}" if missing else ""

    def prints(self, *phrases):
        """Data is on standard output."""
        missing = [phrase for phrase in phrases if phrase not in self.out]
        return f"expected output with {missing}\n{self}" if missing else ""

    def is_silent(self):
        return "" if self.out == "" else f"expected nothing on standard output\n{self}"

    def is_quiet(self):
        return "" if self.err == "" else f"expected no message\n{self}"

    def coded(self, code):
        """With --json: one object, nothing beside it, and the exit status that belongs to it."""
        found = self.json
        good = code == "OK"
        if found.get("code") == code and found.get("ok") is good and (self.exit == GOOD) == good \
                and self.err == "":
            return ""
        return f"expected one object with code {code}\n{self}"


class Folder:
    """A folder of its own, in which the program runs."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="utfall-cli-")
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("UTFALL", "XDG_", "LC_", "LANG"))}
        self.environment.update(HOME=self.path, LC_ALL="C.UTF-8",
                                XDG_STATE_HOME=os.path.join(self.path, "state"))
        self.write("passphrase", PASSPHRASE + "\n")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        shutil.rmtree(self.path, ignore_errors=True)

    def file(self, name):
        return os.path.join(self.path, name)

    def write(self, name, data):
        with open(self.file(name), "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
        return name

    def write_json(self, name, value):
        return self.write(name, json.dumps(value, ensure_ascii=False, indent=2))

    def read(self, name):
        with open(self.file(name), "rb") as file:
            return file.read()

    def exists(self, name):
        return os.path.lexists(self.file(name))

    def run(self, *words, stdin=None, **environment):
        """Standard input is empty, and there is no terminal, unless said otherwise."""
        process = subprocess.run([UTFALL, *words], cwd=self.path, check=False, capture_output=True,
                                 env={**self.environment, **environment}, input=stdin or b"",
                                 timeout=SECONDS_MAX, start_new_session=True)
        return Result(words, process)

    def good(self, *words, **more):
        """A step that is not what is tested."""
        result = self.run(*words, **more)
        if result.exit != GOOD:
            raise SystemExit(f"{result}")
        return result

    # --- Keys that are cheap to open: the program's own scrypt takes a third of a second ---

    def openssl(self, *words):
        return subprocess.run(["openssl", *words], cwd=self.path, check=True,
                              capture_output=True).stdout

    def make_key(self, name, file):
        """Returns the vkey."""
        self.openssl("genpkey", "-algorithm", "ed25519", "-out", "plain.pem")
        pem = self.openssl("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-iter", "1", "-in",
                           "plain.pem", "-passout", "file:passphrase")
        public = self.openssl("pkey", "-in", "plain.pem", "-pubout", "-outform", "DER")[-32:]
        key = Key(name, public=public)
        self.write(file, f"vkey: {key.vkey}\n".encode() + pem)
        return key.vkey

    def sign(self, source, note, *signers, force=False):
        for signer in signers:
            more = ["--force"] if force or source == note else []
            self.good("sign", source, "-o", note, "--key", f"{signer}.key", *more,
                      "--passphrase-file", "passphrase")
            source = note
        return note


WITH_LOG = ("--log-key", "log.key", "--passphrase-file", "passphrase")
WITH_PASSPHRASE = ("--passphrase-file", "passphrase")


def identity(name):
    return {"party": f"{name}.example", "legal_name": f"The {name}", "registration": "not_published"}


CHARTER = {
    "kind": "charter", "version": 1, "ledger": ORIGIN, "date": "2026-01-15",
    "operator": identity("operator"), "registrars": [identity("registrar")],
    "recovery": "none", "witness_policy": "none",
}

CONTRACT = {
    "kind": "contract", "version": 1, "date": "2026-01-15", "contract": "small",
    "title": {"en": "Half of what is saved", "sv": "Hälften av besparingen"},
    "agreed_on": "not_published",
    "roles": {"payer": ["town.example"], "investor": ["investor.example"],
              "evaluator": ["evaluator.example"]},
    "cohort": {"description": {"en": "Everyone"}, "size": 100},
    "currency": "SEK",
    "outcomes": [{"outcome": "saving", "label": {"en": "Saving", "sv": "Besparing"}, "unit": "SEK",
                  "class": "paying", "evaluator": "evaluator.example", "source": "not_published",
                  "missing_data": "not_published"}],
    "periods": [{"period": "1y", "from": "2026-01-01", "to": "2026-12-31", "due": "not_published",
                 "binding": True}],
    "lines": [{"line": "saving", "label": {"en": "Saving"},
               "take": {"measured": "saving", "field": "value"}},
              {"line": "half", "label": {"en": "Half"}, "multiply": ["0.5", "saving"]},
              {"line": "payout", "label": {"en": "Payout"}, "round": "half",
               "to": {"value": "0.01", "unit": "SEK"}, "by": "half_even"}],
    "pays": [{"pay": "payout", "from": "town.example", "to": [{"party": "investor.example"}]}],
    "dispute": "not_published", "legal_basis": "not_published",
}

MEASUREMENT = {
    "kind": "measurement", "version": 1, "date": "2026-01-15", "contract": "small",
    "period": "1y", "evaluator": "evaluator.example",
    "values": [{"outcome": "saving", "value": "3"}],
}


class Town(Folder):
    """A ledger with three parties and a contract, made by the program itself."""

    def __init__(self, contract=True):
        super().__init__()
        if TOWNS_IN is not None:
            self.environment["UTFALL_LEDGER"] = f"{TOWNS_IN}#town-{os.getpid()}-{next(TOWN_NUMBERS)}"
        self.vkeys = {"log": self.make_key(ORIGIN, "log.key")}
        for name in PARTIES:
            self.vkeys[name] = self.make_key(f"{name}.example", f"{name}.key")
        self.write_json("charter.json", CHARTER)
        self.good("sign", "charter.json", "-o", "charter.note", "--key", "operator.key",
                  *WITH_PASSPHRASE, *(word for name in ("log", "operator", "registrar")
                                      for word in ("--vkey", self.vkeys[name])))
        self.good("init", "charter.note", *WITH_LOG)
        for name in PARTIES[2:]:
            self.enrol(name)
        self.write_json("contract.json", CONTRACT)
        self.write_json("measurement.json", MEASUREMENT)
        if contract:
            self.sign("contract.json", "contract.note", "town", "investor", "evaluator")
            self.good("submit", "contract.note", *WITH_LOG)

    def enrol(self, name):
        draft = {"kind": "party", "version": 1, "date": "2026-01-15", **identity(name)}
        self.write_json(f"{name}.json", draft)
        self.good("sign", f"{name}.json", "-o", f"{name}.note", "--key", f"{name}.key",
                  "--vkey", self.vkeys[name], *WITH_PASSPHRASE)
        self.sign(f"{name}.note", f"{name}.note", "registrar")
        self.good("submit", f"{name}.note", *WITH_LOG)

    def settle_and_pay(self):
        """Measures, settles and pays; leaves the notes."""
        self.sign("measurement.json", "measurement.note", "evaluator")
        self.good("submit", "measurement.note", *WITH_LOG)
        self.good("settle", "small", "1y", "-o", "settlement.json")
        self.sign("settlement.json", "settlement.note", "town", "evaluator")
        answer = self.good("submit", "settlement.note", "--json", *WITH_LOG)
        self.write_json("payment.json", {
            "kind": "payment", "version": 1, "date": "2026-01-15", "contract": "small",
            "settlement": answer.json["entries"][0]["id"], "pay": "payout", "from": "town.example",
            "to": "investor.example", "amount": {"amount": "1.50", "currency": "SEK"},
            "paid_on": "not_published", "reference": "not_published"})
        self.sign("payment.json", "payment.note", "town")
        self.good("submit", "payment.note", *WITH_LOG)

    def size(self):
        return self.good("verify", "--json").json["entries"]


def commands():
    """The names in commands.def."""
    with open(os.path.join(ROOT, "cli", "commands.def"), encoding="utf-8") as file:
        return [spelling or name for name, spelling in re.findall(
            r'^COMMAND(?:_SPELT)?\((\w+), (?:"([a-z-]+)", ")?', file.read(), re.MULTILINE)]


def options():
    """The long names in options.def."""
    with open(os.path.join(ROOT, "cli", "options.def"), encoding="utf-8") as file:
        return re.findall(r'^OPTION\(\w+, "([a-z-]+)"', file.read(), re.MULTILINE)
