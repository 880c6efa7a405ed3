"""The steps of the scenario language: each line becomes statements, calls and comparisons."""

import copy
import os
import re

from _language import Wrong, add, change, insert, read_value, remove
from _world import BECAUSE, EXIT_REFUSED
from _certificates import certificate_of
from _writer import key_of, note_of, text_of

STEPS = []


def step(pattern):
    """Marks a function as the meaning of lines that match `pattern`."""
    def keep(function):
        STEPS.append((re.compile(pattern), function))
        return function
    return keep


def names(text):
    return [] if text.strip() == "nobody" else [name.strip() for name in text.split(",")]


def pairs(text):
    """`a = 1, b = 2/3` as pairs."""
    found = []
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if not equals:
            raise Wrong(f"`{part.strip()}` is not `name = value`")
        found.append((name.strip(), value.strip()))
    return found


class Player:
    """Plays one scenario in one world."""

    def __init__(self, world):
        self.world = world
        self.codes = set()  # refusals that came as they were expected: (code, by which command)
        self.in_batch = False

    def play(self, scenario):
        steps = scenario.steps
        for number, line in enumerate(steps):
            if line.text.startswith("refused"):
                continue
            after = steps[number + 1] if number + 1 < len(steps) else None
            expected = after if after is not None and after.text.startswith("refused") else None
            try:
                self.play_step(line, expected)
            except Wrong as wrong:
                wrong.line = wrong.line or line.number
                raise
        self.world.check_ledger()

    def play_step(self, line, expected):
        for pattern, function in STEPS:
            match = pattern.fullmatch(line.text)
            if match:
                words = {name: value for name, value in match.groupdict().items()
                         if value is not None}
                self.compare(function(self, line.clauses, **words), expected)
                return
        raise Wrong(f"there is no step like `{line.text}`")

    def compare(self, answer, expected):
        """An answer that is None comes from a step that only compares."""
        if expected is None:
            if answer is not None and not answer.ok:
                raise Wrong(f"expected it to be accepted, found {answer}")
            return
        match = re.fullmatch(r"refused ([A-Z_]+)(?: at (\S+))?", expected.text)
        if match is None:
            raise Wrong("say `refused CODE` or `refused CODE at PLACE`", expected.number)
        code, place = match.groups()
        if answer is None or answer.ok:
            raise Wrong(f"expected {code}, found that it was accepted", expected.number)
        if answer.code != code or answer.exit != EXIT_REFUSED:
            raise Wrong(f"expected {code} with exit {EXIT_REFUSED}, found {answer}",
                        expected.number)
        if place is not None and answer.at != place:
            raise Wrong(f"expected {code} at {place}, found {answer}", expected.number)
        self.codes.add((code, answer.command))
        self.world.check_ledger()

    # --- Words in clauses ---

    def fill(self, text):
        """`<town>`: a party's id; `<vkey town#2>`, `<id LABEL>`, `<head town>`: its last statement."""
        def meaning(match):
            what, _, name = match.group(1).partition(" ")
            if what == "vkey":
                return self.world.vkey(name)
            if what == "head":
                return self.world.heads[f"party/{self.world.party_id(name)}"]
            if what == "id":
                if name not in self.world.ids:
                    raise Wrong(f"no statement was named {name}")
                return self.world.ids[name]
            return self.world.party_id(what)
        return re.sub(r"<((?:vkey|id|head) [^<>]+|[a-z]+)>", meaning, text)

    def change_draft(self, draft, text):
        """Applies a clause about the draft. False when it is not about the draft."""
        text = self.fill(text)
        for pattern, function in (
                (r"change (\S+) to (.+)", lambda path, value: change(draft, path, value)),
                (r"add to (\S+): (.+)", lambda path, value: add(draft, path, read_value(value))),
                (r"put before (\S+): (.+)",
                 lambda path, value: insert(draft, path, read_value(value))),
                (r"put before (\S+), (\d+) times: (.+)",
                 lambda path, times, value: [insert(draft, path, read_value(value.replace("%", str(i))))
                                             for i in range(int(times))]),
                (r"remove (\S+)", lambda path: remove(draft, path))):
            match = re.fullmatch(pattern, text)
            if match:
                function(*match.groups())
                return True
        return False

    def send(self, draft, clauses):
        """Changes a draft as the clauses say, signs it as they say, and submits it."""
        writing = Writing(self, draft)
        for clause in clauses:
            try:
                if not self.change_draft(draft, clause.text):
                    writing.read(clause.text)
            except Wrong as wrong:
                wrong.line = wrong.line or clause.number
                raise
        note = writing.write()
        answer = self.world.submit(draft, note)
        if writing.label is not None:
            self.world.ids[writing.label] = self.world.ids[f"last {draft['kind']}"]
        return answer


class Writing:
    """How a note is made of a statement, honestly unless a clause says otherwise."""

    def __init__(self, player, statement):
        self.player = player
        self.statement = statement
        self.signers = None
        self.further = []
        self.missing = []
        self.label = None
        self.size = None
        self.changes = []  # functions of the text
        self.note_changes = []  # functions of the note

    def read(self, text):
        for pattern, function in (
                (r"signed by (.+)", self.signed_by),
                (r"also signed by (.+)", lambda names_: self.further.extend(names(names_))),
                (r"not signed by (.+)", lambda names_: self.missing.extend(names(names_))),
                (r"as (.+)", self.named),
                (r"padded to (\d+) bytes", self.padded),
                (r"certified( by a stranger)? as (\S+)", self.certified),
                (r"text: replace `(.*)` by `(.*)`", self.text_replace),
                (r"text: `(.*)`", self.text_is),
                (r"note: replace `(.*)` by `(.*)`", self.note_replace),
                (r"the signature of (\S+) is of another text", self.of_another_text),
                (r"the signature of (\S+) stands twice", self.stands_twice),
                (r"the signature lines are reversed", self.reversed_lines)):
            match = re.fullmatch(pattern, text)
            if match:
                function(*match.groups())
                return
        raise Wrong(f"there is no clause like `{text}`")

    def signed_by(self, text):
        self.signers = names(text)

    def named(self, label):
        self.label = label

    def certified(self, stranger, organisation):
        self.statement["certificates"] = [certificate_of(
            self.statement, organisation, is_stranger=stranger is not None)]

    def padded(self, size):
        self.size = int(size)

    def text_replace(self, old, new):
        def replace(text):
            if old.encode() not in text:
                raise Wrong(f"the text has no {old}")
            return text.replace(old.encode(), new.encode().decode("unicode_escape").encode("latin-1")
                                if "\\x" in new else new.encode(), 1)
        self.changes.append(replace)

    def text_is(self, whole):
        self.changes.append(lambda text: whole.encode() + b"\n")

    def note_replace(self, old, new):
        def replace(note):
            old_bytes = old.replace("\\n", "\n").encode()
            if old_bytes not in note:
                raise Wrong(f"the note has no {old}")
            return note.replace(old_bytes, new.replace("\\n", "\n").encode(), 1)
        self.note_changes.append(replace)

    def of_another_text(self, label):
        key = self.player.world.key(label)
        self.note_changes.append(
            lambda note: note.replace(key.line(self.text), key.line(b"another text\n")))

    def stands_twice(self, label):
        key = self.player.world.key(label)
        self.note_changes.append(
            lambda note: note.replace(key.line(self.text), 2 * key.line(self.text)))

    def reversed_lines(self):
        def reverse(note):
            text, lines = note.split(b"\n\n", 1)
            return text + b"\n\n" + b"".join(reversed(lines.splitlines(keepends=True)))
        self.note_changes.append(reverse)

    def pad(self, keys):
        """Fills `notes` with text until the whole note has exactly the size."""
        notes = self.statement["notes"] = []
        room = self.size - len(note_of(text_of(self.statement), keys))
        empty = len('{"text":{"en":""}},')
        while room > 0:
            size = min(3900, room - empty + (1 if not notes else 0))
            notes.append({"text": {"en": "x" * size}})
            room = self.size - len(note_of(text_of(self.statement), keys))
            if 0 < room <= empty:  # too little for one more: shorten the last
                notes[-1]["text"]["en"] = notes[-1]["text"]["en"][:-2 * empty]
                room = self.size - len(note_of(text_of(self.statement), keys))
        if room != 0:
            raise Wrong(f"the note cannot be padded: {room} bytes are left")

    def write(self):
        world = self.player.world
        labels = self.signers
        if labels is None:
            labels = [label for label in world.default_signers(self.statement)
                      if label not in self.missing]
        keys = [world.key(label) for label in labels + self.further]
        if self.size is not None:
            self.pad(keys)
        self.text = text_of(self.statement)
        for make in self.changes:
            self.text = make(self.text)
        note = note_of(self.text, keys)
        for make in self.note_changes:
            note = make(note)
        return note


# --- Steps: the ledger, parties and keys ---

@step(r"start (?P<setup>\S+)")
def start(player, clauses, setup):
    """The charter and every party of the setup, enrolled by the first registrar."""
    world = player.world
    world.choose(setup)
    if not clauses:
        world.start()
        return
    charter = world.charter()
    for clause in clauses:
        if not player.change_draft(charter, clause.text):
            raise Wrong("only the charter's draft can be changed here", clause.number)
    world.enrol(charter)


@step(r"nothing of (?P<setup>\S+)")
def nothing(player, clauses, setup):
    """No ledger yet."""
    player.world.choose(setup)


@step(r"the log is called (?P<origin>\S+)")
def log_is_called(player, clauses, origin):
    player.world.use(origin)


@step(r"charter")
def charter(player, clauses):
    """Entry 0: creates the ledger."""
    return player.send(player.world.charter(), clauses)


@step(r"party (?P<name>\S+)")
def party(player, clauses, name):
    return player.send(player.world.party(name), clauses)


def key_draft(player, party_label, action, **fields):
    world = player.world
    identity = world.party_id(re.split("[/#]", party_label)[0])
    draft = world.common("key", party=identity, action=action, **fields)
    draft["after"] = world.heads.get(f"party/{identity}", "sha256:" + 64 * "0")
    if action != "add":
        draft["reason"] = BECAUSE
    return draft


@step(r"key add (?P<new>\S+)")
def key_add(player, clauses, new):
    return player.send(key_draft(player, new, "add", vkey=player.world.vkey(new)), clauses)


@step(r"key replace (?P<old>\S+) by (?P<new>\S+)")
def key_replace(player, clauses, old, new):
    draft = key_draft(player, old, "replace", vkey=player.world.vkey(new),
                      replaces=player.world.vkey(old))
    return player.send(draft, clauses)


@step(r"key revoke (?P<old>\S+)")
def key_revoke(player, clauses, old):
    return player.send(key_draft(player, old, "revoke", revokes=player.world.vkey(old)), clauses)


# --- Steps: a contract's life ---

@step(r"contract (?P<name>\S+)")
def contract_(player, clauses, name):
    return player.send(player.world.new_contract(name), clauses)


@step(r"amend(?: (?P<of>\S+))? from (?P<period>\S+)")
def amend(player, clauses, period, of=None):
    """New terms: the newest ones, changed by the clauses."""
    world = player.world
    world.terms(of)
    return player.send(world.amendment(world.contract, period), clauses)


def money(player, amount, currency):
    return {"amount": amount, "currency": currency or player.world.terms()["currency"]}


@step(r"funding(?: of (?P<of>\S+))? from (?P<investor>\S+?)(?: to (?P<to>\S+))?: (?P<amount>\S+)"
      r"(?: (?P<currency>[A-Z]{3}))?")
def funding(player, clauses, investor, amount, of=None, to=None, currency=None):
    world = player.world
    terms = world.terms(of)
    receiver = world.party_id(to) if to else terms["roles"]["payer"][0]
    draft = world.funding(world.contract, world.party_id(investor), receiver,
                          money(player, amount, currency))
    return player.send(draft, clauses)


@step(r"measure (?P<period>\S+)(?: of (?P<of>\S+))?(?: by (?P<by>\S+))?: (?P<values>.+)")
def measure(player, clauses, period, values, of=None, by=None):
    world = player.world
    terms = world.terms(of)
    evaluator = world.party_id(by) if by else terms["roles"]["evaluator"][0]
    return player.send(world.measurement(world.contract, period, evaluator, pairs(values)), clauses)


@step(r"correct (?P<period>\S+)(?: of (?P<of>\S+))?(?: by (?P<by>\S+))?: (?P<values>.+)")
def correct(player, clauses, period, values, of=None, by=None):
    """Corrects the newest measurement or correction of the period."""
    world = player.world
    terms = world.terms(of)
    evaluator = world.party_id(by) if by else terms["roles"]["evaluator"][0]
    return player.send(world.correction(world.contract, period, evaluator, pairs(values)), clauses)


@step(r"dispute (?P<period>\S+)(?: of (?P<of>\S+))? by (?P<by>\S+): (?P<outcomes>.+)")
def dispute(player, clauses, period, by, outcomes, of=None):
    """Contests outcomes of the newest measurement or correction of the period."""
    world = player.world
    world.terms(of)
    draft = world.following("dispute", world.contract, by=world.party_id(by), why=BECAUSE,
                            measurement=world.newest_measurement(world.contract, period),
                            outcomes=names(outcomes))
    return player.send(draft, clauses)


@step(r"decide (?P<word>rejected|upheld|withdrawn)(?: of (?P<of>\S+))? by (?P<by>[^\s:]+)"
      r"(?:: (?P<values>.+))?")
def decide(player, clauses, word, by, of=None, values=None):
    """Decides the newest dispute of the scenario."""
    world = player.world
    world.terms(of)
    draft = world.following("decision", world.contract, decision=word, by=world.party_id(by),
                            why=BECAUSE, dispute=world.ids.get("last dispute",
                                                               "sha256:" + 64 * "0"))
    if values is not None:
        draft["values"] = world.measurement(world.contract, "", "", pairs(values))["values"]
    return player.send(draft, clauses)


@step(r"terminate(?: (?P<of>\S+))? on (?P<day>\S+)(?: with (?P<closing>\S+))?")
def terminate(player, clauses, day, of=None, closing=None):
    world = player.world
    world.terms(of)
    draft = world.following("termination", world.contract, on=day, why=BECAUSE)
    if closing is not None:
        draft["closing"] = closing
    return player.send(draft, clauses)


def write_records(world, clauses):
    """Rows `| cell | cell |` as a table; `9 times | % |` numbers them at `%`. Returns the rest."""
    lines, rest = [], []
    for clause in clauses:
        match = re.fullmatch(r"(?:(\d+) times )?\|(.*)\|", clause.text)
        if match is None:
            rest.append(clause)
            continue
        cells = ['"' + cell.strip().replace('"', '""') + '"' for cell in match.group(2).split("|")]
        lines += [",".join(cells).replace("%", str(i)) for i in range(int(match.group(1) or 1))]
    if lines:
        with open(world.path("records.csv"), "w", encoding="utf-8", newline="") as file:
            file.write("".join(line + "\n" for line in lines))
    return rest


@step(r"measure (?P<period>\S+)(?: of (?P<of>\S+))? from records")
def measure_from_records(player, clauses, period, of=None):
    """The program makes the measurement of the rows; the evaluator signs it."""
    world = player.world
    world.terms(of)
    clauses = write_records(world, clauses)
    salts = world.path("records.salts")
    if os.path.exists(salts):
        os.remove(salts)
    answer = world.run("measure", world.contract, period, "--records", world.path("records.csv"),
                       "--salts", salts)
    if not answer.ok:
        return answer
    draft = world.following("measurement", world.contract)
    draft.update({name: value for name, value in answer.json["draft"].items()
                  if name not in draft})
    return player.send(draft, clauses)


@step(r"audit the records")
def audit_records(player, clauses):
    """Of the last measurement; with other rows, if there are any."""
    world = player.world
    write_records(world, clauses)
    return world.run("audit-records", world.ids["last measurement"], "--records",
                     world.path("records.csv"), "--salts", world.path("records.salts"))


@step(r"settle (?P<period>\S+)(?: of (?P<of>\S+))?")
def settle(player, clauses, period, of=None):
    """
    The program fills the form in, and the scenario's signers sign it.

    When the program refuses to fill it in, a form is filled in by hand: the ledger must refuse that
    too, and by the same name.
    """
    world = player.world
    world.terms(of)
    path = world.path("settlement.json")
    answer = world.run("settle", world.contract, period, "--force", "--output", path)
    if answer.ok:
        with open(path, encoding="utf-8") as file:
            draft = read_value(file.read())
        clauses = [clause for clause in clauses if not is_computed_for(player, draft, clause)]
        return player.send(draft, clauses)
    by_hand = player.send(world.settlement(world.contract, computed_by_hand(player, period)),
                          clauses)
    is_other = by_hand.code == "SETTLEMENT_DIFFERS" and (
        world.contract, period) in world.settlements  # what is explained was settled before
    if by_hand.ok or (by_hand.code != answer.code and not is_other):
        raise Wrong(f"`settle` says {answer}, and `submit` {by_hand}")
    return answer if is_other else by_hand


def is_computed_for(player, draft, clause):
    """`computed for PERIOD`: the form of another period under this one's name."""
    match = re.fullmatch(r"computed for (\S+)", clause.text)
    if match:
        period = draft["computed"]["period"]
        draft["computed"] = computed_by_hand(player, match.group(1))
        draft["computed"]["period"] = period
    return match is not None


def computed_by_hand(player, period):
    answer = player.world.run("explain", player.world.contract, period)
    if answer.ok:
        return answer.json["computed"]
    return {"inputs": [], "lines": [{"line": "payout", "unit": "1", "value": "0"}], "pays": [],
            "period": period}


@step(r"pay (?P<pay>\S+)(?: by (?P<tranche>\S+))? for (?P<period>\S+)(?: of (?P<of>\S+))?"
      r"(?: from (?P<payer>\S+))? to (?P<to>\S+): (?P<amount>\S+)(?: (?P<currency>[A-Z]{3}))?")
def pay_(player, clauses, pay, period, to, amount, tranche=None, of=None, payer=None, currency=None):
    world = player.world
    terms = world.terms(of)
    payer = world.party_id(payer) if payer else terms["pays"][0]["from"]
    settled = world.settlements.get((world.contract, period), "sha256:" + 64 * "0")
    draft = world.following(
        "payment", world.contract, settlement=settled, pay=pay, to=world.party_id(to),
        amount=money(player, amount, currency), paid_on="not_published", reference="not_published",
        **{"from": payer})
    if tranche:
        draft["tranche"] = tranche
    return player.send(draft, clauses)


@step(r"the same note again")
def again(player, clauses):
    return player.world.submit(*player.world.last_note)


@step(r"together")
def together(player, clauses):
    """What follows is submitted in one call, at `end together`: all of it or nothing."""
    player.world.begin_batch()


@step(r"end together")
def end_together(player, clauses):
    return player.world.end_batch()


# --- Steps that compare ---

@step(r"explain (?P<period>\S+)(?: of (?P<of>\S+))?(?:: (?P<lines>.+))?")
def explain(player, clauses, period, of=None, lines=None):
    """The values of lines, as fractions."""
    world = player.world
    world.terms(of)
    answer = world.run("explain", world.contract, period)
    if answer.ok and lines is not None:
        found = {line["line"]: line["value"] for line in answer.json["lines"]}
        for name, value in pairs(lines):
            if found.get(name) != value:
                raise Wrong(f"expected {name} = {value}, found {found.get(name)}")
    return answer


@step(r"owed for (?P<period>\S+)(?: of (?P<of>\S+))?: (?P<amounts>.+)")
def owed(player, clauses, period, amounts, of=None):
    """
    Every pay of a period, in the contract's order: `investor 1.00, provider 2.00 by rest`.

    In full, of a pay that is reversed: `investor owes town 1.00 by rest on 2027-03-31`. With
    credits: `investor 0.00 with 4.00 to deduct`, and later `investor 6.00 with 4.00 deducted`.
    """
    world = player.world
    terms = world.terms(of)
    answer = world.run("explain", world.contract, period)
    if not answer.ok:
        return answer
    payers = {pay["pay"]: pay["from"] for pay in terms["pays"]}
    found = [words_of(world.setup, pay, payers.get(pay["pay"], pay["from"]))
             for pay in answer.json["computed"]["pays"]]
    wanted = [] if amounts == "nothing" else names(amounts)
    if found != wanted:
        raise Wrong(f"expected {', '.join(wanted)}, found {', '.join(found)}")
    return None


def words_of(setup, pay, payer):
    words = f"{setup.short(pay['to'])} {pay['amount']['amount']}"
    if pay["from"] != payer:
        words = f"{setup.short(pay['from'])} owes {words}"
    if "tranche" in pay:
        words += f" by {pay['tranche']}"
    if "due" in pay:
        words += f" on {pay['due']}"
    for key, said in (("carried_in", "deducted"), ("carried_out", "to deduct")):
        if key in pay:
            words += f" with {pay[key]['amount']} {said}"
    return words


@step(r"(?P<what>placed|paid) in all(?: of (?P<of>\S+))?: (?P<amount>\S+)")
def in_all(player, clauses, what, amount, of=None):
    world = player.world
    world.terms(of)
    answer = world.run("show", world.contract)
    found = answer.json.get({"placed": "funded", "paid": "paid"}[what])
    if found != amount:
        raise Wrong(f"expected {amount} {what}, found {found}")


@step(r"verify: (?P<counts>.+)")
def verify(player, clauses, counts):
    """What the report of `verify` says."""
    answer = player.world.check_ledger()
    for name, value in pairs(counts):
        if str(answer.json.get(name)) != value:
            raise Wrong(f"expected {name} = {value}, found {answer.json.get(name)}")


@step(r"conflicts: (?P<count>\d+)")
def conflicts(player, clauses, count):
    """How many declared conflicts of interest `verify` shows."""
    answer = player.world.check_ledger()
    found = len(answer.json["conflicts"])
    if found != int(count):
        raise Wrong(f"expected {count} conflicts, found {found}")


# --- A table: one contract for each row ---

@step(r"table of (?P<name>\S+)")
def table(player, clauses, name):
    """
    Plays the same contract once for each row, under a name of its own.

    Clauses: those that change the contract, `funding from A to B: AMOUNT`, `period P`, and the rows.
    The heading names outcomes or fields of them, then perhaps lines (`line NAME`), and last `owed`,
    the one pay's amount, every pay in the words of `owed for`, or the refusal to settle. An outcome
    with an empty cell is not measured.
    """
    world = player.world
    template = copy.deepcopy(world.new_contract(name))
    facts, rows = {"funding": []}, []
    for clause in clauses:
        if clause.text.startswith("|"):
            rows.append((clause, [cell.strip() for cell in clause.text.strip("|").split("|")]))
        elif not player.change_draft(template, clause.text):
            word, _, rest = clause.text.partition(" ")
            if word == "funding":
                facts[word].append(rest)
            else:
                facts[word] = rest
    heading = rows.pop(0)[1]
    play_rows(player, template, facts, heading, [row for _, row in rows])
    drafts = []
    for number, (clause, row) in enumerate(rows):
        contract = f"{template['contract']}-row{number}"
        answer = world.run("settle", contract, facts["period"], "--force", "--output",
                           world.path("settlement.json"))
        if not answer.ok and answer.code == row[-1]:
            player.codes.add((answer.code, answer.command))
            continue
        if not answer.ok:
            raise Wrong(f"row {row}: {answer}", clause.number)
        with open(world.path("settlement.json"), encoding="utf-8") as file:
            drafts.append(read_value(file.read()))
        compare_row(world, template, heading, row, drafts[-1]["computed"], clause)
    world.begin_batch()
    for draft in drafts:
        sign_and_submit(world, draft)
    return world.end_batch()


def compare_row(world, template, heading, row, computed, clause):
    values = {line["line"]: line["value"] for line in computed["lines"]}
    for title, cell in zip(heading, row):
        if title.startswith("line ") and values.get(title[5:]) != cell:
            raise Wrong(f"row {row}: {title} is {values.get(title[5:])}", clause.number)
    payers = {pay["pay"]: pay["from"] for pay in template["pays"]}
    found = [words_of(world.setup, pay, payers[pay["pay"]]) for pay in computed["pays"]]
    if found != names(row[-1]) and [pay["amount"]["amount"] for pay in computed["pays"]] != [row[-1]]:
        raise Wrong(f"row {row}: {', '.join(found)} is owed", clause.number)


def play_rows(player, template, facts, heading, rows):
    world = player.world
    world.begin_batch()
    for number, row in enumerate(rows):
        contract = {**template, "contract": f"{template['contract']}-row{number}"}
        sign_and_submit(world, contract)
        for funded in facts["funding"]:
            match = re.fullmatch(r"from (\S+) to (\S+): (\S+)", funded)
            investor, receiver, amount = match.groups()
            sign_and_submit(world, world.funding(
                contract["contract"], world.party_id(investor), world.party_id(receiver),
                {"amount": amount, "currency": contract["currency"]}))
        values = [(title, cell) for title, cell in zip(heading[:-1], row)
                  if cell and not title.startswith("line ")]
        if values:
            sign_and_submit(world, world.measurement(
                contract["contract"], facts["period"], contract["roles"]["evaluator"][0], values))
    answer = world.end_batch()
    if not answer.ok:
        raise Wrong(str(answer))


def sign_and_submit(world, statement):
    keys = [world.key(label) for label in world.default_signers(statement)]
    world.submit(statement, note_of(text_of(statement), keys))
