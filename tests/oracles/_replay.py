"""A second verifier, written from docs/formats.md and docs/model.md and from nothing else.

    /usr/bin/python3 tests/oracles/_replay.py LEDGER LOG-VKEY

Shares no code with the program and no library but SQLite, which holds the entries. Prints the size
and the root, or why the ledger is refused.
"""

import hashlib
import os
import re
import shutil
import sqlite3
import sys
import tempfile
from fractions import Fraction

import _ed25519
import _x509
from _shapes import (STATED, Refused, VKey, base64_bytes, canonical, need, parse_canonical,
                     statement as check_shape)
from _terms import COUNTS, Terms, lines_read_by, operands_of, signers_of, tranches_of
from _units import DECIMALS, MINOR_END, minor_of
from _values import Settled, Source, computed_of

NOTE_SIZE_MAX = 65535
SIGNATURES_MAX = 64


# --- Notes (section 4) ---

class Note:
    """Text and signature lines: [(name, key id, signature)]."""

    def __init__(self, data):
        try:
            decoded = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Refused("not UTF-8") from error
        need(not re.search(rb"[\x00-\x09\x0b-\x1f]", data), "a control character")
        text, empty, lines = decoded.rpartition("\n\n")
        need(empty and lines.endswith("\n"), "no signature lines")
        self.text = text + "\n"
        self.lines = [self.line(one) for one in lines[:-1].split("\n")]
        need(len(self.lines) <= SIGNATURES_MAX, "too many signatures")
        keys = [(name, key_id) for name, key_id, _ in self.lines]
        need(len(set(keys)) == len(keys), "two signatures of one key")

    @staticmethod
    def line(line):
        need(line.startswith("\u2014 ") and line.count(" ") == 2, "not a signature line")
        _, name, encoded = line.split(" ")
        need(name and "+" not in name and not re.search(r"[\s\x00-\x1f\x7f-\x9f]", name),
             "not a key name")
        decoded = base64_bytes(encoded)
        need(5 <= len(decoded) <= 4100, "a signature of a wrong size")
        return name, decoded[:4], decoded[4:]


# --- The log (section 9) ---

def tree_hash(leaves):
    """The root over leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + tree_hash(leaves[:k]) + tree_hash(leaves[k:])).digest()


def open_checkpoint(data, log):
    """(size, root) of a checkpoint that the log signed."""
    note = Note(data)
    signatures = [signature for name, key_id, signature in note.lines
                  if (name, key_id) == (log.name, log.id)]
    need(signatures and _ed25519.verify(log.key, note.text.encode(), signatures[0]),
         "the log has not signed the checkpoint")
    lines = note.text.split("\n")
    need(len(lines) == 4 and lines[0] == log.name, "not a checkpoint of this log")
    need(re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]) and int(lines[1]) < 2**63, "not a size")
    root = base64_bytes(lines[2])
    need(len(root) == 32, "not a root")
    return int(lines[1]), root


# --- Statements (section 6) ---

class Statement:
    """An entry, read."""

    def __init__(self, data, index):
        need(len(data) <= NOTE_SIZE_MAX, "too large")
        self.note = Note(data)
        order = [(name.encode(), key_id) for name, key_id, _ in self.note.lines]
        need(order == sorted(order), "signature lines in another order")
        self.text = self.note.text.encode()
        self.id = "sha256:" + hashlib.sha256(self.text).hexdigest()
        self.body = parse_canonical(self.note.text[:-1])
        check_shape(self.body)
        self.kind = self.body["kind"]
        self.index = index

    @property
    def chain(self):
        if self.kind in ("party", "key"):
            return f"party/{self.body['party']}"
        return "charter" if self.kind == "charter" else f"contract/{self.body['contract']}"


# --- Parties and their keys (sections 7.1 and 8.1) ---

class Key:
    """A key in a party's hand, from an index and perhaps to one."""

    def __init__(self, vkey, party, since):
        self.vkey = vkey
        self.party = party
        self.since = since
        self.until = None


def check_registration(registration):
    if registration == "not_published":
        return
    scheme, number = registration["scheme"], registration["number"]
    if scheme == "SE-ORGNR":
        need(re.fullmatch(r"[0-9]{6}-?[0-9]{4}", number, re.ASCII) and number[2] >= "2",
             "not a Swedish registration number")
        doubled = [int(digit) * (2 - i % 2) for i, digit in enumerate(number.replace("-", ""))]
        need(sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0, "a wrong check digit")
    elif scheme == "LEI":
        need(re.fullmatch(r"[A-Z0-9]{18}[0-9]{2}", number, re.ASCII), "not an LEI")
        need(int("".join(str(int(c, 36)) for c in number)) % 97 == 1, "a wrong LEI")


def check_identity(identity):
    check_registration(identity["registration"])
    vkeys = [VKey(text) for text in identity["vkeys"]]
    need(len({vkey.text for vkey in vkeys}) == len(vkeys), "a vkey twice")
    need(all(vkey.belongs_to(identity["party"]) for vkey in vkeys), "a vkey of another name")
    return vkeys


def check_certificates(body):
    """Section 7.3, of a party statement."""
    bound = [one["vkey"] for one in body.get("certificates", [])]
    need(len(set(bound)) == len(bound), "two certificates of a vkey")
    for one in body.get("certificates", []):
        need(one["vkey"] in body["vkeys"], "a certificate of another vkey")
        _x509.check_binding(body, one["vkey"], [base64_bytes(der) for der in one["chain"]],
                            base64_bytes(one["signature"]))


class Dispute:
    """A dispute of cells, as long as it holds them."""

    def __init__(self, statement, cells, position):
        self.by = statement.body["by"]
        self.cells = cells
        self.position = position
        self.is_decided = False


class Version:
    """The terms of a contract statement or of an amendment (section 11 of docs/model.md)."""

    def __init__(self, statement, position):
        self.id = statement.id
        self.body = statement.body
        self.terms = Terms(statement.body)
        self.position = position  # in the chain; 0 is the contract
        self.amendment = self.id if position else None
        self.resettles = statement.body.get("resettles", [])

    def governs(self, period):
        """Unless a newer version does."""
        periods = self.terms.periods
        return period in periods and (
            self.amendment is None or period in self.resettles or
            periods[self.body["from"]]["from"] <= periods[period]["from"])


class Contract:
    """A contract and what happened to it."""

    def __init__(self, statement):
        self.versions = [Version(statement, 0)]
        self.source = Source()
        self.chain = [(statement.id, statement.body, None)]
        self.settled = {}  # period -> Settled
        self.credits = {}  # place -> minor units
        self.replaced = {}  # cell -> position in the chain of what replaced its value last
        self.disputes = {}  # id -> Dispute
        self.held = {}  # cell -> Dispute
        self.termination = None
        self.dues = {}  # (settlement, pay, tranche, from, to) -> [minor units, Owed, period]
        self.placed = {}  # investor -> minor units
        self.owed = {}  # payer -> minor units, over all settlements

    @property
    def body(self):
        """The newest version, which everything but what is of a period is judged by."""
        return self.versions[-1].body

    @property
    def terms(self):
        return self.versions[-1].terms

    def parties(self, *roles):
        return self.terms.parties(*roles)

    def everyone(self):
        return self.terms.everyone()

    def governing(self, period):
        """The version that governs a period."""
        found = [one for one in self.versions if one.governs(period)]
        need(found, "no such period")
        return found[-1]

    def terms_of(self, period):
        return self.governing(period).terms

    @staticmethod
    def need_within(body, key, sums, code):
        """The commitments or caps of terms hold what is placed or owed."""
        for one in body.get(key, []):
            need(sums.get(one["party"], 0) <= minor_of(one["amount"], body["currency"]),
                 f"above what {key} say", code)

    def owed_after(self, pays):
        """By payer, with these pays; within the caps."""
        owed = dict(self.owed)
        for one in pays:
            owed[one.payer] = owed.get(one.payer, 0) + one.minor
        caps = {}  # those who have left keep the last one
        for version in self.versions:
            agreed = {one["party"]: one for one in version.body.get("caps", [])}
            caps.update({party: agreed.get(party) for party in version.terms.parties("payer")})
        self.need_within({**self.body, "caps": [cap for cap in caps.values() if cap]}, "caps", owed,
                         "PAY_ABOVE_CAP")
        return owed

    def follow(self, statement, period=None):
        self.chain.append((statement.id, statement.body, period))

    def compute(self, period):
        version = self.governing(period)
        return computed_of(version.terms, period, self.source, self.chain,
                           self.settled.get(period), self.credits, version.amendment)

    def goes_on(self, period=None):
        """Whether a termination leaves room for a period, or for more money."""
        end = self.termination
        return end is None or (period is not None and (
            self.terms_of(period).periods[period]["from"] <= end["on"] or
            period == end.get("closing")))

    def period_of(self, statement_id, kinds):
        """Of a measurement or correction."""
        found = [(about, body) for known, body, about in self.chain
                 if known == statement_id and body["kind"] in kinds]
        need(found, "no such statement in the contract")
        return found[0]

    def cells_read(self, period):
        lines = self.governing(period).body["lines"]
        return {(one["measured"], one.get("period", period)) for line in lines
                for one in operands_of(line) if "measured" in one}

    def is_changed(self, period):
        """Whether what the lines read was replaced, or the lines, since it was settled last."""
        last = self.settled[period].ids[-1]
        since = [known for known, _, _ in self.chain].index(last)
        return self.governing(period).position > since or any(
            self.replaced.get(cell, 0) > since for cell in self.cells_read(period))

    def replace(self, values, period):
        cells = {(value["outcome"], period): value for value in values}
        self.source.measured.update(cells)
        self.replaced.update({cell: len(self.chain) for cell in cells})

    def cells_behind(self, owed, period):
        """Every cell that what is owed for a period depends on (section 7.4)."""
        [stated] = [one for one in owed.terms.contract["pays"] if one["pay"] == owed.pay]
        names = [owed.pay] + [one["up_to"] for one in tranches_of(stated) if "up_to" in one]
        places, cells = {(name, period) for name in names}, set()
        waiting = list(places)
        while waiting:
            name, about = waiting.pop()
            lines = (owed.terms if about == period else self.terms_of(about)).lines
            if name not in lines:
                continue
            line = lines[name]
            found = {(other, about) for other in lines_read_by(line)}
            for one in operands_of(line):
                if "measured" in one:
                    cells.add((one["measured"], one.get("period", about)))
                if "earlier" in one:
                    found |= {(one["earlier"], other) for other in self.settled if other != about}
            waiting += found - places
            places |= found
        return cells

    # --- Amendments (section 11.3) ---

    def need_kept(self, new):
        """What was measured, settled and summed stays as it was under a new version."""
        need(new.body["currency"] == self.body["currency"], "another currency")
        need(set(new.resettles) <= set(self.settled), "nothing was settled to settle again")
        for period in self.settled:
            need(period in new.resettles or not new.governs(period), "a settled period")
        for period in set(self.settled) | {about for _, about in self.source.measured}:
            self.need_same(self.terms_of(period).periods[period], new.terms.periods.get(period),
                           ("from", "to", "binding"))
            need(self.terms_of(period).periods[period].get("closing", False) ==
                 new.terms.periods[period].get("closing", False), "it closes, or not")
        for period in new.terms.periods:
            if not new.governs(period):
                old = self.terms_of(period).periods[period]
                self.need_same({"closing": False, **old},
                               {"closing": False, **new.terms.periods[period]},
                               ("from", "to", "binding", "closing"))
        for (name, period), value in self.source.measured.items():
            outcome = new.terms.outcomes.get(name)
            self.need_same(self.terms_of(period).outcomes[name], outcome, ("unit", "count_unit"))
            check_value(value, outcome)
        self.need_sums_kept(new)

    @staticmethod
    def need_same(old, new, keys):
        defaults = {"count_unit": "1"}
        need(new is not None, "something is missing")
        need(all(old.get(key, defaults.get(key)) == new.get(key, defaults.get(key))
                 for key in keys), f"{keys} have changed")

    def need_sums_kept(self, new):
        asked = {one["earlier"] for version in [*self.versions, new]
                 for line in version.body["lines"] for one in operands_of(line)
                 if "earlier" in one}
        for name in asked:
            need(self.source.earlier.get(name, 0) == 0 or name in new.terms.units,
                 "a sum that cannot go on")
        for version in self.in_use_under(new):
            for name in asked & set(version.terms.units) & set(new.terms.units):
                need(version.terms.units[name] == new.terms.units[name], "a sum of two units")
            for name in set(version.terms.outcomes) & set(new.terms.outcomes):
                self.need_same(version.terms.outcomes[name], new.terms.outcomes[name],
                               ("unit", "count_unit"))

    def in_use_under(self, new):
        """Versions that govern a period when there is a new one, or that something was settled by."""
        periods = {period for one in self.versions for period in one.terms.periods}
        governing = {one.id: one for period in periods if not new.governs(period)
                     for one in [one for one in self.versions if one.governs(period)][-1:]}
        named = {body["computed"].get("terms", self.versions[0].id) for _, body, _ in self.chain
                 if body["kind"] == "settlement"}
        return [one for one in self.versions if one.id in governing or one.id in named]


class Ledger:
    """The state that statements leave behind, one after the other (section 8).

    Each kind first decides and then changes, so a statement that is refused leaves the state as it
    was.
    """

    def __init__(self, log):
        self.log = log
        self.charter_body = None
        self.registrars = set()
        self.keys = {}  # (name, id) -> Key
        self.public = {log.key}
        self.parties = {}  # party -> registration
        self.owners = {}  # party -> owner of a fund, or None
        self.heads = {}
        self.ids = set()
        self.contracts = {}

    # --- What holds for every statement ---

    def append(self, data, index=None):
        """The next entry; one with an index of its own is from a part of a ledger (section 9.5)."""
        statement = Statement(data, len(self.ids) if index is None else index)
        body = statement.body
        need((statement.kind == "charter") == (statement.index == 0), "the charter is entry 0")
        need(body["ledger"] == self.log.name, "said for another ledger")
        need(statement.id not in self.ids, "a statement twice")
        self.check_after(statement)
        introduced = self.introduced(statement)
        signers = self.signers(statement, introduced)
        decide = getattr(self, statement.kind)
        decide(statement, signers)
        self.ids.add(statement.id)
        self.heads[statement.chain] = statement.id

    def check_after(self, statement):
        after, head = statement.body.get("after"), self.heads.get(statement.chain)
        if statement.kind == "contract":
            need(head is None, "a contract of that name is there")
        if statement.kind not in ("party", "charter", "contract"):
            need(head is not None, "the chain has not begun")
        need(after == head, "`after` is not the newest statement of the chain")

    def introduced(self, statement):
        """Keys that may sign the statement that names them first."""
        if statement.kind == "charter":
            return [VKey(text) for text in statement.body["operator"]["vkeys"]]
        if statement.kind == "party" and statement.body["party"] not in self.parties:
            return [VKey(text) for text in statement.body["vkeys"]]
        return []

    def signers(self, statement, introduced):
        """The parties whose valid keys signed."""
        own = statement.body["operator"]["party"] if statement.kind == "charter" else (
            statement.body.get("party"))
        candidates = {(vkey.name, vkey.id): (vkey, own) for vkey in introduced}
        for name, key in self.keys.items():
            if key.until is None:
                candidates[name] = (key.vkey, key.party)
        found = set()
        for name, key_id, signature in statement.note.lines:
            need((name, key_id) in candidates, f"nobody has the key {name}+{key_id.hex()}")
            vkey, party = candidates[name, key_id]
            need(_ed25519.verify(vkey.key, statement.text, signature), f"the signature by {name}")
            found.add(party)
        return found

    @staticmethod
    def check_signers(signers, must, may=()):
        need(set(must) <= signers, f"{sorted(set(must) - signers)} have not signed")
        need(signers <= set(must) | set(may), f"{sorted(signers)} may not all sign")

    def enrol(self, vkey, party, index):
        need(vkey.key not in self.public, "a public key for the second time")
        need((vkey.name, vkey.id) not in self.keys, "a key name and id for the second time")
        self.public.add(vkey.key)
        self.keys[vkey.name, vkey.id] = Key(vkey, party, index)

    def valid_keys(self, party):
        return {key.vkey.text: key for key in self.keys.values()
                if key.party == party and key.until is None}

    # --- By kind (sections 7.2 to 7.9 and 8.3) ---

    def charter(self, statement, signers):
        body = statement.body
        operator, registrars = body["operator"], body["registrars"]
        log = VKey(body["log_vkey"])
        need(log.text == self.log.text and log.name == body["ledger"], "another key of the log")
        names = [one["party"] for one in registrars]
        need(len(set(names)) == len(names), "a registrar twice")
        if body["recovery"] != "none":
            need(body["recovery"]["registrars"] <= len(registrars), "too few registrars")
        if body["witness_policy"] != "none":
            from _bundles import Policy  # which imports this module
            logs = Policy(body["witness_policy"].encode()).logs
            need(not logs or log.text in {one.text for one in logs}, "a policy of other logs")
        for identity in [operator] + registrars:
            vkeys = check_identity(identity)
            if identity is not operator and identity["party"] == operator["party"]:
                need(identity == operator, "two descriptions of the operator")
                continue
            for vkey in vkeys:
                self.enrol(vkey, identity["party"], 0)
            self.parties[identity["party"]] = identity["registration"]
            self.heads[f"party/{identity['party']}"] = statement.id
        self.charter_body, self.registrars = body, set(names)
        self.check_signers(signers, {operator["party"]})

    def party(self, statement, signers):
        body, name = statement.body, statement.body["party"]
        vkeys = check_identity(body)
        check_certificates(body)
        need(signers & self.registrars, "no registrar has signed")
        self.check_signers(signers, {name}, self.registrars)
        if name in self.parties:
            need({vkey.text for vkey in vkeys} == set(self.valid_keys(name)), "other keys")
        else:
            for vkey in vkeys:
                self.enrol(vkey, name, statement.index)
        if "fund" in body:
            fund = body["fund"]
            need(fund["owner"] != name and fund["owner"] in self.parties, "a fund of nobody")
            need(fund["reserve"]["currency"] in DECIMALS, "no currency of ISO 4217")
            minor_of(fund["reserve"], fund["reserve"]["currency"])
        self.parties[name] = body["registration"]
        self.owners[name] = body.get("fund", {}).get("owner")

    def key(self, statement, signers):
        body, name = statement.body, statement.body["party"]
        need(name in self.parties, "no such party")
        valid = self.valid_keys(name)
        old = body.get("replaces", body.get("revokes"))
        need(old is None or old in valid, "no valid key of the party")
        registrars = signers & self.registrars
        rule = self.charter_body["recovery"]
        recovers = (body["action"] == "replace" and len(valid) == 1 and rule != "none" and
                    len(registrars) >= rule["registrars"] and name not in signers)
        need(registrars, "no registrar has signed")
        self.check_signers(signers, set() if recovers else {name}, self.registrars)
        if "vkey" in body:
            vkey = VKey(body["vkey"])
            need(vkey.belongs_to(name) and vkey.text != old, "not a new key of the party")
            self.enrol(vkey, name, statement.index)
        if old is not None:
            valid[old].until = statement.index

    def contract(self, statement, signers):
        contract = Contract(statement)
        self.check_signers(signers, contract.everyone())
        self.check_parties(contract.terms)
        self.contracts[statement.body["contract"]] = contract

    def amendment(self, statement, signers):
        contract = self.contracts[statement.body["contract"]]
        new = Version(statement, len(contract.chain))
        concerned = {party for period in new.resettles if period in contract.settled
                     for one in contract.settled[period].pays
                     for party in (one.payer, one.receiver)}
        self.check_signers(signers, contract.everyone() | new.terms.everyone() | concerned)
        self.check_parties(new.terms)
        need(contract.goes_on(), "the contract has ended")
        need(new.body["from"] in new.terms.periods, "it is from no period")
        need(len(set(new.resettles)) == len(new.resettles), "a period settled again twice")
        contract.need_kept(new)
        contract.need_within(new.body, "commitments", contract.placed, "FUNDING_ABOVE_COMMITMENT")
        contract.need_within(new.body, "caps", contract.owed, "PAY_ABOVE_CAP")
        contract.versions.append(new)
        contract.follow(statement)

    def check_parties(self, terms):
        need(terms.everyone() <= set(self.parties), "a party that is not in the ledger")
        conflicts = [set(one["parties"]) for one in terms.contract.get("conflicts", [])]
        for evaluator in terms.parties("evaluator"):
            for other in terms.parties("payer", "investor"):
                if evaluator == other:
                    need(any(evaluator in one for one in conflicts), "an undeclared conflict")
                elif any(one == evaluator or same_registration(self.parties[evaluator],
                                                               self.parties[one])
                         for one in (other, self.owners.get(other)) if one is not None):
                    need(any({evaluator, other} <= one for one in conflicts),
                         "an undeclared conflict")

    def performance(self, statement, signers, must):
        """The contract of a later statement, when those who must sign have, and nobody else."""
        contract = self.contracts[statement.body["contract"]]
        more, least = signers_of(contract.body.get("signatures", {}).get(statement.kind, []))
        need(len(signers & set(more)) >= least, "too few of a quorum")
        self.check_signers(signers, set(must), set(more))
        return contract

    def funding(self, statement, signers):
        body = statement.body
        contract = self.performance(statement, signers, [body["investor"], body["receiver"]])
        need(contract.goes_on(), "the contract has ended")
        need(body["investor"] in contract.parties("investor"), "not an investor")
        need(body["receiver"] in contract.everyone(), "a receiver without a role")
        minor = minor_of(body["amount"], contract.terms.currency)
        need(minor > 0, "no amount")
        placed = {**contract.placed,
                  body["investor"]: contract.placed.get(body["investor"], 0) + minor}
        contract.need_within(contract.body, "commitments", placed, "FUNDING_ABOVE_COMMITMENT")
        contract.placed = placed
        funded = contract.source.funded
        funded[body["investor"]] = (funded.get(body["investor"], Fraction(0)) +
                                    Fraction(body["amount"]["amount"]))
        contract.follow(statement)

    def measurement(self, statement, signers):
        body = statement.body
        contract = self.performance(statement, signers, [body["evaluator"]])
        terms = contract.terms_of(body["period"])
        need(contract.goes_on(body["period"]), "the contract has ended")
        check_stated(terms, body, terms, body["evaluator"])
        cells = {(value["outcome"], body["period"]): value for value in body["values"]}
        need(not set(cells) & set(contract.source.measured), "measured already")
        contract.source.measured.update(cells)
        contract.follow(statement, body["period"])

    def correction(self, statement, signers):
        body = statement.body
        contract = self.performance(statement, signers, [body["evaluator"]])
        period, _ = contract.period_of(body["corrects"], ("measurement", "correction"))
        check_stated(contract.terms_of(period), body, contract.terms, body["evaluator"])
        self.check_replacing(contract, body["values"], period)
        contract.replace(body["values"], period)
        for value in body["values"]:
            cell = (value["outcome"], period)
            if cell in contract.held and contract.held[cell].is_decided:
                del contract.held[cell]
        contract.follow(statement, period)

    @staticmethod
    def check_replacing(contract, values, period):
        need(all((value["outcome"], period) in contract.source.measured for value in values),
             "not measured before")

    def dispute(self, statement, signers):
        body = statement.body
        contract = self.performance(statement, signers, [body["by"]])
        need(body["by"] in contract.everyone(), "a party without a role")
        period, stated = contract.period_of(body["measurement"], ("measurement", "correction"))
        need(set(body["outcomes"]) <= {value["outcome"] for value in stated["values"]},
             "an outcome that it does not state")
        cells = {(outcome, period) for outcome in body["outcomes"]}
        need(len(cells) == len(body["outcomes"]), "an outcome twice")
        need(not cells & set(contract.held), "disputed already")
        made = Dispute(statement, cells, len(contract.chain))
        contract.disputes[statement.id] = made
        contract.held.update({cell: made for cell in cells})
        contract.follow(statement, period)

    def decision(self, statement, signers):
        body = statement.body
        named = self.contracts[body["contract"]]
        is_withdrawn = body["decision"] == "withdrawn"
        deciders = [body["by"]] if is_withdrawn else (
            named.parties("arbiter") or named.parties("payer", "investor"))
        contract = self.performance(statement, signers, deciders)
        dispute = contract.disputes.get(body["dispute"])
        need(dispute is not None, "no such dispute")
        need(not dispute.is_decided, "decided already")
        need(body["by"] in ([dispute.by] if is_withdrawn else deciders), "another party decides")
        values = body.get("values", [])
        [period] = {about for _, about in dispute.cells}
        check_stated(contract.terms_of(period), body)
        need({(value["outcome"], period) for value in values} <= dispute.cells,
             "a value of what is not disputed")
        contract.replace(values, period)
        dispute.is_decided = True
        waits = body["decision"] == "upheld" and not values
        for cell in dispute.cells:
            if not waits or contract.replaced.get(cell, 0) > dispute.position:
                del contract.held[cell]
        contract.follow(statement, period)

    def termination(self, statement, signers):
        body = statement.body
        named = self.contracts[body["contract"]]
        agreed = named.body.get("termination", {}).get("by")
        contract = self.performance(statement, signers, agreed or named.everyone())
        need(contract.goes_on(), "the contract has ended")
        if "closing" in body:
            closing = contract.terms_of(body["closing"]).periods[body["closing"]]
            need(closing.get("closing", False), "no closing period")
        need(not agreed or named.everyone() <= set(agreed) or all(
            contract.terms_of(period).periods[period]["from"] <= body["on"] or
            contract.terms_of(period).periods[period].get("closing", False)
            for _, period in contract.source.measured), "it ends what was measured")
        contract.termination = body
        contract.follow(statement)

    def settlement(self, statement, signers):
        body = statement.body
        named = self.contracts[body["contract"]]
        contract = self.performance(statement, signers, named.parties("payer", "evaluator"))
        period = body["computed"]["period"]
        stated = contract.terms_of(period).periods[period]
        need(stated["binding"], "a period that does not bind")
        need(not stated.get("closing", False) or
             period == (contract.termination or {}).get("closing"), "a closing period")
        need(contract.goes_on(period), "the contract has ended")
        need(period not in contract.settled or contract.is_changed(period),
             "a period that is settled")
        computed, evaluation, pays = contract.compute(period)
        need(canonical(computed) == canonical(body["computed"]), "another form is computed")
        owed, credits = contract.owed_after(pays), dict(contract.credits)
        for one in pays:
            credits[one.place] = credits.get(one.place, 0) - one.carried_in + one.carried_out
        need(all(credit < MINOR_END for credit in credits.values()), "a credit too large")
        contract.owed, contract.credits = owed, credits
        for one in pays:
            contract.dues[statement.id, one.pay, one.tranche, one.payer, one.receiver] = [
                one.minor, one, period]
        settled = contract.settled.setdefault(
            period, Settled(contract.source.frozen(), len(contract.chain)))
        earlier = contract.source.earlier
        for name in {*evaluation.values, *settled.values}:
            earlier[name] = (earlier.get(name, Fraction(0)) + evaluation.values.get(name, 0) -
                             settled.values.get(name, 0))
        settled.ids.append(statement.id)
        settled.values, settled.pays = dict(evaluation.values), pays
        contract.follow(statement, period)

    def payment(self, statement, signers):
        body = statement.body
        contract = self.performance(statement, signers, [body["from"]])
        due = contract.dues.get((body["settlement"], body["pay"], body.get("tranche"),
                                 body["from"], body["to"]))
        need(due is not None, "nothing of the kind was settled")
        outstanding, owed, period = due
        need(not contract.cells_behind(owed, period) & set(contract.held),
             "held by a dispute")
        minor = minor_of(body["amount"], contract.terms.currency)
        need(0 < minor <= outstanding, "more than is owed")
        due[0] -= minor
        paid, amount = contract.source.paid, Fraction(body["amount"]["amount"])
        paid[body["pay"]] = (paid.get(body["pay"], Fraction(0)) +
                             (-amount if owed.is_reversed else amount))
        contract.follow(statement)


def same_registration(a, b):
    if "not_published" in (a, b):
        return False
    def bare(one):
        return one["scheme"], re.sub("[^A-Za-z0-9]", "", one["number"])
    return bare(a) == bare(b)


def check_stated(terms, body, judges=None, evaluator=None):
    """What a measurement, correction or decision states, whatever was measured before.

    `terms` govern the period; `judges`, if given, are those that say who measures.
    """
    need("records" not in body or "records" in terms.contract, "records of no contract")
    if "cohort" in body:
        need(body["cohort"]["missing"] <= body["cohort"]["count"], "more missing than counted")
    names = [one["name"] for one in body.get("evidence", [])]
    need(len(set(names)) == len(names), "evidence of one name twice")
    outcomes = [value["outcome"] for value in body.get("values", [])]
    need(len(set(outcomes)) == len(outcomes), "an outcome twice")
    for value in body.get("values", []):
        outcome = terms.outcomes.get(value["outcome"])
        need(outcome is not None, "no such outcome")
        need(judges is None or value["outcome"] in judges.outcomes and
             evaluator == judges.outcomes[value["outcome"]]["evaluator"],
             "measured by another evaluator")
        check_value(value, outcome)
        if "records" in body:
            check_aggregated(value, outcome)


def check_value(value, outcome):
    """Section 7.7, and model.md, section 3.3."""
    fields = {key: Fraction(value[key]) for key in STATED if key in value}
    need(fields, "a value without a figure")
    wrong = set()
    if any(fields.get(name) == 0 for name in ("denominator", "control_denominator")) or (
            fields.get("p_value", 0) > 1) or ("low" in fields and "high" in fields
                                              and fields["low"] > fields["high"]):
        wrong.add(("MEASUREMENT_RANGE", ""))
    if outcome["unit"] == "1":
        add_ratios(fields, wrong)
    for name, figure in fields.items():
        ends = {} if name == "p_value" else (
            outcome.get("count_range" if name in COUNTS else "range", {}))
        if not Fraction(ends.get("at_least", figure)) <= figure <= Fraction(
                ends.get("at_most", figure)):
            wrong.add(("MEASUREMENT_RANGE", ""))
    if wrong:
        raise Refused(f"a measured value: {sorted(wrong)}", wrong)


def check_aggregated(value, outcome):
    """Beside a commitment to records stands what is made of them (section 8.3)."""
    for field, aggregate in outcome.get("aggregation", {}).items():
        prefix = "control_" if field.startswith("control_") else ""
        parts = {prefix + "numerator", prefix + "denominator"}
        is_quotient = "mean" in aggregate or "share" in aggregate
        need(field in value or (is_quotient and parts <= set(value)),
             f"{field} is made of records and not stated")


def add_ratios(fields, wrong):
    """To what is stated; a value that is another one is wrong."""
    for group, name in (("", "value"), ("control_", "control_value")):
        over, under = (fields.get(group + part) for part in ("numerator", "denominator"))
        if over is not None and under:
            ratio = fields[group + "ratio"] = over / under
            if fields.get(name, ratio) != ratio:
                wrong.add(("MEASUREMENT_RATIO", ""))


# --- A whole ledger (section 12) ---

def verify(entries, checkpoint, vkey):
    """(size, root) of a ledger, or Refused."""
    log = VKey(vkey)
    size, root = open_checkpoint(checkpoint, log)
    need(size == len(entries), f"{len(entries)} entries under a checkpoint of {size}")
    need(tree_hash([hashlib.sha256(b"\x00" + one).digest() for one in entries]) == root,
         "another root")
    ledger = Ledger(log)
    for index, data in enumerate(entries):
        try:
            ledger.append(data)
        except Refused as refusal:
            raise Refused(f"entry {index}: {refusal}") from refusal
    return size, root


def read(path):
    """(entries, newest checkpoint) of a ledger file, from a copy of it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "copy")
        shutil.copyfile(path, copy)
        for suffix in ("-wal", "-journal"):
            if os.path.exists(path + suffix):
                shutil.copyfile(path + suffix, copy + suffix)
        database = sqlite3.connect(copy)
        try:
            entries = [bytes(row[0]) for row in
                       database.execute("SELECT bytes FROM entry ORDER BY idx")]
            found = database.execute(
                "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()
        except sqlite3.DatabaseError as error:
            raise Refused(f"the file: {error}") from error
        finally:
            database.close()
    need(found is not None, "no checkpoint")
    return entries, bytes(found[0])


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        size, root = verify(*read(sys.argv[1]), sys.argv[2])
    except Refused as refusal:
        print(f"refused: {refusal}")
        return 1
    print(f"{size} entries, root sha256:{root.hex()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
