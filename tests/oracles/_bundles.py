"""Proofs, cases and policies, written from docs/formats.md (sections 9.3, 9.5, 9.6) alone."""

import hashlib
import re

import _ed25519
from _replay import Ledger, Note, Statement
from _shapes import Refused, VKey, base64_bytes, need

CASE_SIZE_MAX = 67108864
NUMBER = "(0|[1-9][0-9]{0,18})"


def number(text):
    need(re.fullmatch(NUMBER, text) and int(text) < 2**63, f"not a number: {text!r:.30}")
    return int(text)


# --- Checkpoints and proofs (sections 9.2, 9.3) ---

def read_checkpoint(note):
    lines = note.text.split("\n")
    need(len(lines) == 4 and 1 <= len(lines[0].encode()) <= 255, "not a checkpoint")
    root = base64_bytes(lines[2])
    need(len(root) == 32, "not a root")
    return lines[0], number(lines[1]), root


def hashes(lines):
    decoded = [base64_bytes(line) for line in lines]
    need(len(decoded) <= 64 and all(len(one) == 32 for one in decoded), "not hashes")
    return decoded


def root_from(entry, index, size, path):
    """RFC 9162, section 2.1.3.2."""
    need(index < size, "an entry beyond the checkpoint")
    node, last = index, size - 1
    computed = hashlib.sha256(b"\x00" + entry).digest()
    for sibling in path:
        need(last > 0, "a hash too many")
        if node % 2 == 1 or node == last:
            computed = hashlib.sha256(b"\x01" + sibling + computed).digest()
            while node % 2 == 0 and node != 0:
                node, last = node >> 1, last >> 1
        else:
            computed = hashlib.sha256(b"\x01" + computed + sibling).digest()
        node, last = node >> 1, last >> 1
    need(last == 0, "a hash too few")
    return computed


class Proof:
    """A .tlog-proof, taken apart."""

    def __init__(self, data):
        head, empty, self.checkpoint = data.partition(b"\n\n")
        need(empty, "no empty line")
        try:
            lines = head.decode().split("\n")
        except UnicodeDecodeError as error:
            raise Refused("not UTF-8") from error
        need(lines.pop(0) == "c2sp.org/tlog-proof@v1", "not a proof")
        if lines and lines[0].startswith("extra "):
            need(base64_bytes(lines.pop(0)[6:]), "extra data of no bytes")
        need(lines and lines[0].startswith("index "), "no index")
        self.index = number(lines.pop(0)[6:])
        self.path = hashes(lines)
        need(self.checkpoint, "no checkpoint")


# --- Cases (section 9.5) ---

class Case:
    """A .case, taken apart."""

    def __init__(self, data):
        need(len(data) <= CASE_SIZE_MAX, "too large")
        self.rest = data
        need(self.line() == ["utfall-case@v1"], "not a case")
        [self.contract] = self.words("contract", 1)
        need(re.fullmatch("[a-z0-9-]{1,64}", self.contract), "not the name of a contract")
        self.checkpoint = self.cut(self.words("checkpoint", 1)[0])
        count = number(self.words("entries", 1)[0])
        need(2 <= count <= 20000, "a number of entries that no case has")
        self.entries = [self.entry() for _ in range(count)]
        places = [index for index, _, _ in self.entries]
        need(places[0] == 0 and all(a < b for a, b in zip(places, places[1:])), "not in order")
        count = number(self.words("attachments", 1)[0])
        need(count <= 1000, "too many attachments")
        self.attachments = [self.attachment() for _ in range(count)]
        need(not self.rest, "something after the end")

    def line(self):
        line, newline, self.rest = self.rest.partition(b"\n")
        need(newline, "an unfinished line")
        return line.decode("latin-1").split(" ")

    def words(self, name, count):
        line = self.line()
        need(line[0] == name and len(line) == count + 1, f"no `{name}` where it must stand")
        return line[1:]

    def cut(self, size):
        size = number(size)
        need(size <= len(self.rest), "shorter than it says")
        data, self.rest = self.rest[:size], self.rest[size:]
        return data

    def entry(self):
        index, count, size = self.words("entry", 3)
        need(number(count) <= 64, "a proof of too many hashes")
        path = []
        for _ in range(number(count)):
            line = self.line()
            need(len(line) == 1, "not a hash")
            path += hashes(line)
        return number(index), path, self.cut(size)

    def attachment(self):
        kind, size = self.words("attachment", 2)
        need(re.fullmatch("[a-z0-9-]{1,64}", kind), "not a kind")
        data = self.cut(size)
        need(self.line() == [""], "no newline after an attachment")
        return kind, data


# --- Policies (section 9.6, and C2SP tlog-policy) ---

class Cosigner:
    """A witness's key; only type 0x04 can be verified here."""

    def __init__(self, text):
        need(text.count("+") >= 2, "not a vkey")
        self.name, key_id, encoded = text.split("+", 2)
        typed = base64_bytes(encoded)
        need(typed and typed[0] in (4, 6), "not a cosigner's key")
        self.is_usable = typed[0] == 4
        need(len(typed) == (33 if self.is_usable else 1313), "a key of another size")
        self.key = typed[1:]
        self.id = hashlib.sha256(self.name.encode() + b"\n" + typed).digest()[:4]
        need(key_id == self.id.hex(), "not the id of the key")
        need(not self.is_usable or _ed25519.is_enrollable(self.key), "a key that nobody may use")

    def has_signed(self, note):
        """False without a line; a line that does not verify refuses the checkpoint."""
        found = [signature for name, key_id, signature in note.lines
                 if (name, key_id) == (self.name, self.id)]
        if not found or not self.is_usable:
            return False
        need(len(found[0]) == 72, "a cosignature of another size")
        time = int.from_bytes(found[0][:8], "big")
        need(time < 2**63, "a time beyond all times")
        text = f"cosignature/v1\ntime {time}\n{note.text}".encode()
        need(_ed25519.verify(self.key, text, found[0][8:]), f"the cosignature of {self.name}")
        return True


class Policy:
    """Logs, witnesses, groups and a quorum."""

    def __init__(self, data):
        self.logs, self.nodes, self.quorum, self.members = [], {}, None, set()
        need(re.fullmatch(rb"[\x09\x0a\x20-\x7e\x80-\xff]*", data), "a byte that is not text")
        need(not data or data.endswith(b"\n"), "an unfinished line")
        for line in data.decode("latin-1").split("\n"):
            items = line.replace("\t", " ").split(" ")
            items = [item for item in items if item]
            if items and not line.startswith("#"):
                self.take(items[0], items[1:])
        need(self.quorum is not None, "no quorum")
        keys = [log.key for log in self.logs]
        need(len(set(keys)) == len(keys), "two logs with one key")
        keys = [node.key for node in self.nodes.values() if isinstance(node, Cosigner)]
        need(len(set(keys)) == len(keys), "two witnesses with one key")

    def take(self, word, items):
        kinds = {"log": self.add_log, "witness": self.add_witness, "group": self.add_group,
                 "quorum": self.set_quorum}
        need(word in kinds, f"no such line: {word}")
        kinds[word](*items)

    def add_log(self, *items):
        need(1 <= len(items) <= 2, "not a log")
        self.logs.append(VKey(items[0].encode("latin-1").decode()))

    def define(self, name, node):
        need(name not in self.nodes and name != "none", f"{name} twice")
        self.nodes[name] = node

    def add_witness(self, *items):
        need(2 <= len(items) <= 3, "not a witness")
        self.define(items[0], Cosigner(items[1].encode("latin-1").decode()))

    def add_group(self, *items):
        need(len(items) >= 3, "not a group")
        name, threshold, *members = items
        need(all(one in self.nodes for one in members), "a member that is not defined")
        need(len(set(members)) == len(members) and not self.members & set(members),
             "a member of two groups")
        self.members |= set(members)
        words = {"all": len(members), "any": 1}
        count = words[threshold] if threshold in words else number(threshold)
        need(1 <= count <= len(members), "a threshold that no group can have")
        self.define(name, (count, members))

    def set_quorum(self, *items):
        need(len(items) == 1 and self.quorum is None, "not one quorum")
        need(items[0] == "none" or items[0] in self.nodes, "a quorum that is not defined")
        self.quorum = items[0]

    def check(self, data, own=None):
        """(the log that signed the checkpoint, whether the quorum holds); `own` where it lists none."""
        note = Note(data)
        origin, _, _ = read_checkpoint(note)
        signed = [log for log in self.logs or [own] if signed_by(note, log) and log.name == origin]
        need(signed, "signed by no log of the policy")
        have = {name: node.has_signed(note) for name, node in self.nodes.items()
                if isinstance(node, Cosigner)}
        return signed[0], self.quorum == "none" or self.holds(self.quorum, have)

    def holds(self, name, have):
        node = self.nodes[name]
        if isinstance(node, Cosigner):
            return have[name]
        return sum(self.holds(one, have) for one in node[1]) >= node[0]


def signed_by(note, log):
    """Whether a key has signed; a line by it that does not verify refuses the note."""
    found = [signature for name, key_id, signature in note.lines
             if (name, key_id) == (log.name, log.id)]
    if found:
        need(_ed25519.verify(log.key, note.text.encode(), found[0]), f"the signature by {log.name}")
    return bool(found)


# --- Verdicts ---

def trust(checkpoint, policy, vkeys, own_key):
    """(the log's key or None, whether everything that was asked for is there)."""
    note = Note(checkpoint)
    origin, _, _ = read_checkpoint(note)
    given = [key for key in vkeys if key.name == origin and signed_by(note, key)]
    need(given or not vkeys, "signed by none of the keys given")
    if policy is not None:
        log, holds = policy.check(checkpoint)
        need(not given or log.text == given[0].text, "the key given is no log of the policy")
        return log, holds
    if given:
        return given[0], True
    if own_key is not None:
        need(own_key.name == origin and signed_by(note, own_key), "not signed by its own log")
    return own_key, False


def verify_case(data, policy=None, vkeys=()):
    """The replayed ledger, whether everything is established, and the entry it reaches to."""
    case = Case(data)
    own_key = None
    if policy is None and not vkeys:
        own_key = own_key_of(case)
    log, is_whole = trust(case.checkpoint, policy, vkeys, own_key)
    _, size, root = read_checkpoint(Note(case.checkpoint))
    ledger, head, last = Ledger(log), None, None
    for index, path, note in case.entries:
        try:
            need(root_from(note, index, size, path) == root, "its proof leads to another root")
            ledger.append(note, index)
        except Refused as refusal:
            raise Refused(f"entry {index}: {refusal}") from refusal
        need(set(ledger.contracts) <= {case.contract}, f"entry {index}: of another contract")
        if ledger.heads.get(f"contract/{case.contract}") != head:
            head, last = ledger.heads[f"contract/{case.contract}"], index
    need(case.contract in ledger.contracts, "without its contract")
    text = ledger.charter_body["witness_policy"]
    if policy is None and text != "none":
        try:
            is_whole = Policy(text.encode()).check(case.checkpoint, own_key_of(case))[1] and is_whole
        except Refused:
            is_whole = False
    return ledger, is_whole, last


def own_key_of(case):
    """The log's key in the charter, which is entry 0."""
    statement = Statement(case.entries[0][2], 0)
    need(statement.kind == "charter", "entry 0 is no charter")
    return VKey(statement.body["log_vkey"])


def verify_proof(data, note, policy=None, vkeys=()):
    """Whether everything is established."""
    proof = Proof(data)
    _, is_whole = trust(proof.checkpoint, policy, vkeys, None)
    _, size, root = read_checkpoint(Note(proof.checkpoint))
    need(root_from(note, proof.index, size, proof.path) == root, "it leads to another root")
    return is_whole
