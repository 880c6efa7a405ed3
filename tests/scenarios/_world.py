"""A ledger under test: whose keys there are, what was accepted, and the program that keeps it."""

import copy
import json
import os
import shutil
import subprocess
import threading

from _language import Wrong
from _writer import Key, id_of, key_of, note_of, root_of, text_of

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
DATABASE = os.environ.get("UTFALL_SCENARIOS_IN")  # a connection URI; else each ledger is a file
UTFALL = os.environ.get("UTFALL") or os.path.join(ROOT, "build", "release", "utfall")
SECONDS_MAX = 60
DATE = "2026-01-15"
PASSPHRASE = "scenarios\n"
NOT_PUBLISHED = "not_published"
BECAUSE = {"en": "as the scenario says"}

EXIT_REFUSED = 1


class Answer:
    """What the program said: one JSON object, an exit status, and perhaps messages."""

    def __init__(self, words, process):
        self.exit = process.returncode
        self.command = words[0]
        self.errors = process.stderr.decode(errors="replace").strip()
        command = "utfall " + " ".join(words)
        lines = process.stdout.decode().splitlines()
        if len(lines) != 1:
            raise Wrong(f"`{command}` printed {len(lines)} lines, not one JSON object; "
                        f"exit {self.exit}; {self.errors}")
        self.json = json.loads(lines[0])
        self.code = self.json.get("code")
        self.at = self.json.get("at", "")
        self.ok = self.json.get("ok")
        if self.ok is not (self.exit == 0) or (self.ok and self.code != "OK"):
            raise Wrong(f"`{command}` ended with {self.exit} and said ok={self.ok}, "
                        f"code={self.code}")

    def __str__(self):
        if self.ok:
            return "accepted"
        return f"{self.code} at {self.at or 'no place'}, exit {self.exit}: {self.json.get('reason')}"


class LogKey:
    """The one key that the program itself signs with; made by OpenSSL, and cheap to open."""

    lock = threading.Lock()

    def __init__(self, folder):
        self.folder = folder
        self.passphrase = os.path.join(folder, "passphrase")
        with open(self.passphrase, "w", encoding="utf-8") as file:
            file.write(PASSPHRASE)
        secret = os.path.join(folder, "log.pem")
        self.openssl("genpkey", "-algorithm", "ed25519", "-out", secret)
        encrypted = self.openssl("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-iter", "1", "-in",
                                 secret, "-passout", f"file:{self.passphrase}")
        self.pem = encrypted.decode()
        self.public = self.openssl("pkey", "-in", secret, "-pubout", "-outform", "DER")[-32:]

    @staticmethod
    def openssl(*words):
        return subprocess.run(["openssl", *words], check=True, capture_output=True).stdout

    def named(self, name):
        """Returns (key, path of its file)."""
        key = Key(name, public=self.public)
        path = os.path.join(self.folder, name.replace("/", "-") + ".key")
        with self.lock:
            if not os.path.exists(path):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(f"vkey: {key.vkey}\n{self.pem}")
        return key, path


class Setup:
    """setups/NAME.json: the drafts of a charter, of parties and of contracts."""

    cache = {}
    lock = threading.Lock()

    def __init__(self, name):
        self.folder = os.path.join(HERE, "setups")
        self.name = name
        drafts = self.read(f"{name}.json")
        self.charter = self.draft(drafts["charter"])
        self.parties = {}
        self.ids = {}
        self.registrars = []
        for identity in [self.charter["operator"], *self.charter["registrars"]]:
            self.learn(identity["party"])
        self.registrars = [self.short(identity["party"]) for identity in self.charter["registrars"]]
        for draft in map(self.draft, drafts["parties"]):
            self.parties[self.learn(draft["party"])] = draft
        self.contracts = {name: self.draft(draft) for name, draft in drafts["contracts"].items()}

    def read(self, path):
        with open(os.path.join(self.folder, path), encoding="utf-8") as file:
            return json.load(file)

    def draft(self, draft):
        """A draft, or the name of a file that has one."""
        return self.read(draft) if isinstance(draft, str) else draft

    @staticmethod
    def short(party):
        return party.split(".")[0]

    def learn(self, party):
        self.ids[self.short(party)] = party
        return self.short(party)


class World:
    """One scenario's ledger, in a folder of its own."""

    def __init__(self, folder, log_key):
        self.folder = folder
        name = os.path.basename(folder).lower()
        self.place = f"{DATABASE}#{name}" if DATABASE else os.path.join(folder, "utfall.ledger")
        self.log_key = log_key
        self.setup = None
        self.log = None
        self.log_path = None
        self.batch = None
        self.before_batch = None
        self.last_note = None
        self.contract = None  # the one that was spoken of last
        self.known = {}  # vkey -> label
        self.accepted = []  # notes, in ledger order
        self.heads = {}  # chain -> id
        self.ids = {}  # label -> id
        self.valid = {}  # party -> labels of its keys
        self.contracts = {}  # name -> statement
        self.settlements = {}  # (contract, period) -> id
        self.owing = {}  # (contract, period) -> parties of the pays of its newest settlement
        self.measured = {}  # id of a measurement or correction -> period

    # --- The program ---

    def run(self, *words):
        environment = dict(os.environ, XDG_STATE_HOME=os.path.join(self.folder, "state"))
        environment["UTFALL_LEDGER"] = self.place
        command = [*words, "--json"]
        process = subprocess.run([UTFALL, *command], cwd=self.folder, env=environment, check=False,
                                 stdin=subprocess.DEVNULL, capture_output=True,
                                 timeout=SECONDS_MAX)
        return Answer(command, process)

    def run_log(self, *words):
        return self.run(*words, "--log-key", self.log_path, "--passphrase-file",
                        self.log_key.passphrase)

    def path(self, name):
        return os.path.join(self.folder, name)

    # --- Names ---

    def choose(self, name):
        self.setup = Setup(name)
        self.use(self.setup.charter["ledger"])
        for party in self.setup.registrars + [self.operator()]:
            self.valid[party] = [party]

    def use(self, origin):
        self.log, self.log_path = self.log_key.named(origin)

    def operator(self):
        return self.setup.short(self.setup.charter["operator"]["party"])

    def party_id(self, name):
        if name not in self.setup.ids:
            raise Wrong(f"there is no party called {name}")
        return self.setup.ids[name]

    def key(self, label):
        """`town`, `town/finance`, `town#2`: a key of a party, by name and number.

        `town with the key of investor`: the investor's key under the town's name.
        """
        if label == "log":
            return self.log
        if " with the key of " in label:
            named, _, other = label.partition(" with the key of ")
            key = self.key(other).under_name(self.key(named).name)
            self.known[key.vkey] = label
            return key
        words, _, number = label.partition("#")
        party, slash, function = words.partition("/")
        key = key_of(self.party_id(party) + slash + function, int(number or 1))
        self.known[key.vkey] = label
        return key

    def vkey(self, label):
        return self.key(label).vkey

    # --- Statements ---

    def common(self, kind, **fields):
        return {"kind": kind, "version": 1, "ledger": self.log.name, "date": DATE, **fields}

    def charter(self):
        draft = copy.deepcopy(self.setup.charter)
        draft["log_vkey"] = self.log.vkey
        for identity in [draft["operator"], *draft["registrars"]]:
            identity["vkeys"] = [self.vkey(self.setup.short(identity["party"]))]
        return draft

    def party(self, name):
        draft = copy.deepcopy(self.setup.parties.get(name))
        if draft is None:
            raise Wrong(f"the setup has no party called {name}")
        draft = {**self.common("party"), **draft, "ledger": self.log.name}
        labels = self.valid.get(name) or [name]
        draft["vkeys"] = [self.vkey(label) for label in labels]
        if self.chain(draft) in self.heads:
            draft["after"] = self.heads[self.chain(draft)]
        return draft

    def new_contract(self, name):
        draft = copy.deepcopy(self.setup.contracts.get(name))
        if draft is None:
            raise Wrong(f"the setup has no contract called {name}")
        self.contract = draft["contract"]
        return {**self.common("contract"), **draft, "ledger": self.log.name}

    def terms(self, name=None):
        name = name or self.contract
        if name not in self.contracts:
            raise Wrong(f"no contract called {name} was signed in this scenario")
        self.contract = name
        return self.contracts[name]

    def following(self, kind, contract, **fields):
        chain = f"contract/{contract}"
        return self.common(kind, contract=contract, after=self.heads.get(chain, "sha256:" + 64 * "0"),
                           **fields)

    def amendment(self, contract, start):
        """The newest terms once more, from a period on."""
        draft = copy.deepcopy(self.contracts[contract])
        draft.pop("resettles", None)
        return {**draft, **self.following("amendment", contract, why=BECAUSE), "from": start}

    def funding(self, contract, investor, receiver, amount):
        return self.following("funding", contract, investor=investor, receiver=receiver,
                              amount=amount, placed_on=NOT_PUBLISHED, reference=NOT_PUBLISHED)

    def measurement(self, contract, period, evaluator, values):
        by_outcome = {}
        for name, value in values:
            outcome, _, field = name.partition(".")
            by_outcome.setdefault(outcome, {"outcome": outcome})[field or "value"] = value
        return self.following("measurement", contract, period=period, evaluator=evaluator,
                              values=list(by_outcome.values()))

    def newest_measurement(self, contract, period):
        """The id of the newest measurement or correction for a period."""
        return self.ids.get(f"newest of {contract} {period}", "sha256:" + 64 * "0")

    def correction(self, contract, period, evaluator, values):
        draft = self.measurement(contract, period, evaluator, values)
        del draft["period"]
        return {**draft, "kind": "correction", "why": BECAUSE,
                "corrects": self.newest_measurement(contract, period)}

    def settlement(self, contract, computed):
        return self.following("settlement", contract, computed=computed)

    @staticmethod
    def chain(statement):
        if statement.get("kind") in ("party", "key"):
            return f"party/{statement.get('party')}"
        return f"contract/{statement.get('contract')}"

    # --- Signers ---

    def parties_of(self, contract, roles):
        return [party for role in roles for party in contract["roles"].get(role, [])]

    def required(self, statement):
        """Ids of the parties that must sign, besides a registrar."""
        kind = statement.get("kind")
        contract = statement if kind == "contract" else self.contracts.get(statement.get("contract"))
        if kind == "contract":
            return self.parties_of(contract, contract["roles"])
        if kind == "amendment":
            return self.parties_of(contract, contract["roles"]) + [
                party for role in statement["roles"].values() for party in role] + [
                party for period in statement.get("resettles", [])
                for party in self.owing.get((statement["contract"], period), [])]
        further = (contract or {}).get("signatures", {}).get(kind, [])
        if isinstance(further, dict):
            further = further["parties"][:further["at_least"]]
        if kind == "funding":
            return [statement["investor"], statement["receiver"], *further]
        if kind == "measurement":
            return [statement["evaluator"], *further]
        if kind == "settlement":
            return self.parties_of(contract, ("payer", "evaluator")) + further
        if kind == "payment":
            return [statement["from"], *further]
        if kind == "correction":
            return [statement["evaluator"], *further]
        if kind == "dispute":
            return [statement["by"], *further]
        if kind == "decision":
            return self.deciders(contract, statement) + further
        if kind == "termination":
            agreed = contract.get("termination", {}).get("by")
            return (agreed or self.parties_of(contract, contract["roles"])) + further
        return [statement["party"]] if "party" in statement else []

    def deciders(self, contract, statement):
        if statement["decision"] == "withdrawn":
            return [statement["by"]]
        return (self.parties_of(contract, ("arbiter",)) or
                self.parties_of(contract, ("payer", "investor")))

    def default_signers(self, statement):
        """Labels of keys."""
        kind = statement.get("kind")
        if kind == "charter":
            return [self.operator()]
        labels = []
        if kind in ("party", "key"):
            labels.append(self.valid[self.setup.registrars[0]][0])
        for party in self.required(statement):
            name = self.setup.short(party)
            own = self.valid.get(name) or [name]
            if own[0] not in labels:
                labels.append(own[0])
        return labels

    # --- Submitting ---

    def has_ledger(self):
        return self.run("log").code != "NOT_FOUND" if DATABASE else os.path.exists(self.place)

    def submit(self, statement, note):
        """Hands a note to the program; returns its answer, or None inside a batch."""
        self.last_note = (statement, note)
        if self.batch is not None:
            self.batch.append(note)
            self.accept(statement, note)
            return None
        path = self.path("statement.note")
        with open(path, "wb") as file:
            file.write(note)
        if self.has_ledger():
            answer = self.run_log("submit", path)
        else:
            answer = self.run_log("init", path)
        if answer.ok:
            self.accept(statement, note)
        return answer

    def accept(self, statement, note):
        self.accepted.append(note)
        text = note[:note.index(b"\n\n") + 1]
        identity = id_of(text)
        kind = statement["kind"]
        self.ids[f"last {kind}"] = identity
        if kind == "charter":
            for party in [statement["operator"], *statement["registrars"]]:
                self.heads[f"party/{party['party']}"] = identity
            return
        self.heads[self.chain(statement)] = identity
        if kind == "party":
            labels = [self.known[vkey] for vkey in statement["vkeys"]]
            self.valid[self.setup.short(statement["party"])] = labels
        elif kind == "key":
            self.accept_key(statement)
        elif kind in ("contract", "amendment"):
            self.contract = statement["contract"]
            self.contracts[self.contract] = statement
        elif kind == "settlement":
            about = statement["contract"], statement["computed"]["period"]
            self.settlements[about] = identity
            self.owing[about] = [pay[end] for pay in statement["computed"]["pays"]
                                 for end in ("from", "to")]
        elif kind in ("measurement", "correction"):
            period = statement.get("period") or self.measured[statement["corrects"]]
            self.measured[identity] = period
            self.ids[f"newest of {statement['contract']} {period}"] = identity

    def accept_key(self, statement):
        labels = self.valid[self.setup.short(statement["party"])]
        ended = statement.get("replaces") or statement.get("revokes")
        if ended:
            labels.remove(self.known[ended])
        if "vkey" in statement:
            labels.append(self.known[statement["vkey"]])

    def begin_batch(self):
        self.batch = []
        self.before_batch = copy.deepcopy((self.accepted, self.heads, self.ids, self.valid,
                                           self.contracts, self.settlements, self.owing))

    def end_batch(self):
        """Submits all notes in one call: all of them are appended, or none."""
        paths = []
        for number, note in enumerate(self.batch):
            paths.append(self.path(f"batch-{number}.note"))
            with open(paths[-1], "wb") as file:
                file.write(note)
        self.batch = None
        answer = self.run_log("submit", *paths)
        if not answer.ok:
            (self.accepted, self.heads, self.ids, self.valid, self.contracts,
             self.settlements, self.owing) = self.before_batch
        return answer

    # --- What must hold ---

    def check_ledger(self):
        """The ledger is what was accepted, no more and no less, and verifies."""
        if not self.accepted:
            if self.has_ledger():
                raise Wrong("there is a ledger, though nothing was accepted")
            return None
        answer = self.run("verify", "--vkey", self.log.vkey)
        if not answer.ok:
            raise Wrong(f"verify: {answer}")
        if answer.json["entries"] != len(self.accepted):
            raise Wrong(f"the ledger has {answer.json['entries']} entries, "
                        f"and {len(self.accepted)} were accepted")
        root = "sha256:" + root_of(self.accepted).hex()
        if answer.json["root"] != root:
            raise Wrong(f"the root is {answer.json['root']}, and ours is {root}")
        return answer

    # --- A beginning that many scenarios share ---

    def start(self):
        """The charter and every party of the setup, made once and then copied."""
        with Setup.lock:
            if self.setup.name not in Setup.cache:
                Setup.cache[self.setup.name] = self.prepare()
            made = Setup.cache[self.setup.name]
        if isinstance(made, Wrong):
            raise made
        self.copy_ledger(made)
        for name in ("known", "accepted", "heads", "ids", "valid"):
            setattr(self, name, copy.deepcopy(getattr(made, name)))

    def copy_ledger(self, other):
        if DATABASE:
            answer = self.run("copy", other.place, self.place)
            if not answer.ok:
                raise Wrong(f"the ledger cannot be copied: {answer}")
            return
        for name in os.listdir(other.folder):
            if name.startswith("utfall.ledger"):
                shutil.copy(os.path.join(other.folder, name), self.folder)

    def prepare(self):
        made = World(os.path.join(self.log_key.folder, "setup-" + self.setup.name), self.log_key)
        os.mkdir(made.folder)
        made.choose(self.setup.name)
        try:
            made.enrol(made.charter())
        except Wrong as wrong:
            return wrong
        return made

    def enrol(self, charter):
        text = text_of(charter)
        answer = self.submit(charter, note_of(text, [self.key(self.operator())]))
        if not answer.ok:
            raise Wrong(f"the charter: {answer}")
        self.begin_batch()
        for name in self.setup.parties:
            draft = self.party(name)
            keys = [self.key(label) for label in self.default_signers(draft)]
            self.submit(draft, note_of(text_of(draft), keys))
        answer = self.end_batch()
        if not answer.ok:
            raise Wrong(f"the parties: {answer}")
