#!/usr/bin/python3
"""Forges a ledger row by row, as somebody would who can write the file and use SQL.

Each forgery puts the triggers back, so that the file looks as it should. `utfall verify` must
refuse each with exit status 1 and name the place. The second table is what a thief of the log's
key can do besides: sign the tree anew over whatever stands in it.
"""

import json
import re
import shutil
import sys
import tempfile

from _auditor import remove_side_files
from _cosign import COSIGNATURE, Witness, attachment_id, cosign, text_of_checkpoint
from _forge import Forgery, checkpoint
from _world import Key, ORIGIN, Tap, World, id_of, note_of

# Places in the ledger that World.create and World.live make.
CHARTER, PARTY, CONTRACT, FUNDING, MEASURED, SETTLED, PAID, SIZE = 0, 1, 6, 7, 8, 10, 11, 12
THIEF = Key(ORIGIN, salt="thief ")


def parts(note):
    """(statement, signature lines) of a note."""
    text, _, lines = note.decode().rpartition("\n\n")
    return json.loads(text), lines.splitlines(keepends=True)


def replace(forgery, index, old, new):
    note = forgery.notes()[index]
    assert old in note and len(old) == len(new)
    forgery.sql("UPDATE entry SET bytes = ? WHERE idx = ?", note.replace(old, new), index)


def swap_entries(forgery, a, b):
    entries = forgery.entries()
    entries[a], entries[b] = entries[b], entries[a]
    forgery.set_entries(entries)


def swap_column(forgery, column, a, b):
    """Exchanges a column of two entries, by way of a third value because ids are unique."""
    values = [forgery.sql(f"SELECT {column} FROM entry WHERE idx = ?", i)[0][0] for i in (a, b)]
    other = bytes(32) if column == "id" else values[0]
    for index, value in ((a, other), (b, values[0]), (a, values[1])):
        forgery.sql(f"UPDATE entry SET {column} = ? WHERE idx = ?", value, index)


def add_entry(forgery, world, amount="1.00"):
    """One more funding, as its signers could have made it."""
    heads = dict(world.heads)
    note = world.funding("norrkoping-rise-spent", amount).encode()
    world.heads = heads
    forgery.set_entries(forgery.entries() + [(bytes(32), "contract/norrkoping-rise-spent", note)])
    forgery.set_note(SIZE, note)


def drop_last(forgery):
    """The newest entry with its checkpoint and its nodes: what an older backup looks like."""
    forgery.set_entries(forgery.entries()[:-1])
    forgery.set_nodes()
    forgery.sql("DELETE FROM checkpoint WHERE size = ?", SIZE)


def edit_node(forgery, level, index):
    forgery.sql("UPDATE node SET hash = zeroblob(32) WHERE level = ? AND idx = ?", level, index)


def change_schema(*statements):
    def change(forgery, _world):
        for statement in statements:
            forgery.sql(statement)
    return change


def sql(*statements):
    return change_schema(*statements)


# (title, what is done, what the answer must name). Without the log's key.
ROWS = (
    ("an amount in an entry", lambda f, w: replace(f, PAID, b"3000000.00", b"9000000.00"),
     r"entry 11"),
    ("an entry and its leaf hash", lambda f, w: (
        replace(f, PAID, b"3000000.00", b"9000000.00"), f.set_nodes()), r"root|node|entry 11"),
    ("an entry, all nodes, and checkpoints of another key", lambda f, w: (
        replace(f, PAID, b"3000000.00", b"9000000.00"), f.resign(THIEF)), r"checkpoint"),
    ("the same, with that key as the ledger's", lambda f, w: (
        replace(f, PAID, b"3000000.00", b"9000000.00"), f.resign(THIEF),
        f.sql("UPDATE identity SET vkey = ?", THIEF.vkey)), r"--vkey|entry 0"),
    ("an entry of no bytes", sql("UPDATE entry SET bytes = x'' WHERE idx = 7"), r"entry 7"),
    ("an entry of one byte more", sql(
        "UPDATE entry SET bytes = CAST(bytes || x'0a' AS BLOB) WHERE idx = 7"),
     r"entry 7|shape"),
    ("an id", sql("UPDATE entry SET id = zeroblob(32) WHERE idx = 8"), r"entry 8"),
    ("two ids exchanged", lambda f, w: swap_column(f, "id", FUNDING, MEASURED), r"entry 7"),
    ("a contract's entry filed under another contract",
     sql("UPDATE entry SET subject = 'contract/norrkoping-zzz' WHERE idx = 11"), r"entry 11"),
    ("a contract's entry filed under a party",
     sql("UPDATE entry SET subject = 'party/lumell.se' WHERE idx = 8"), r"entry 8"),
    ("a party's entry filed under a contract",
     sql("UPDATE entry SET subject = 'contract/norrkoping-rise-spent' WHERE idx = 2"),
     r"entry [26]"),
    ("an entry filed where nothing is looked for",
     sql("UPDATE entry SET subject = 'nowhere' WHERE idx = 11"), r"filed|entry 11"),
    ("a charter filed elsewhere", sql("UPDATE entry SET subject = 'charte' WHERE idx = 0"),
     r"entry 0"),
    ("two parties' subjects exchanged", lambda f, w: swap_column(f, "subject", 1, 2),
     r"entry [12]"),
    ("two entries exchanged", lambda f, w: swap_entries(f, FUNDING, MEASURED), r"entry [78]"),
    ("two entries exchanged, with the tree", lambda f, w: (
        swap_entries(f, FUNDING, MEASURED), f.set_nodes()), r"root|node"),
    ("the newest entry removed", sql("DELETE FROM entry WHERE idx = 11"), r"entry 11"),
    ("an entry in the middle removed", sql("DELETE FROM entry WHERE idx = 7"), r"gap|entry 7"),
    ("an entry in the middle removed, the others moved up", lambda f, w: (
        f.set_entries(f.entries()[:7] + f.entries()[8:]), f.set_nodes()), r"node|root|entry"),
    ("an entry added", lambda f, w: add_entry(f, w), r"entry 12"),
    ("an entry added, with its nodes", lambda f, w: (add_entry(f, w), f.set_nodes()),
     r"entry 12|node"),
    ("an entry added, with nodes and a checkpoint of another key", lambda f, w: (
        add_entry(f, w), f.set_nodes(), f.sql("INSERT INTO checkpoint VALUES(13, ?)",
                                              checkpoint(f.notes(), 13, THIEF))), r"checkpoint"),
    ("a negative index", sql("UPDATE entry SET idx = -1 WHERE idx = 11"), r"entry 11|negative|gap"),
    ("a leaf", lambda f, w: edit_node(f, 0, 5), r"node at level|entry 5"),
    ("a newest leaf", lambda f, w: edit_node(f, 0, 11), r"node|root|entry 11"),
    ("an inner node", lambda f, w: edit_node(f, 1, 2), r"node at level 1, index 2"),
    ("the top node", lambda f, w: edit_node(f, 3, 0), r"root|node at level 3"),
    ("a leaf removed", sql("DELETE FROM node WHERE level = 0 AND idx = 3"), r"level 0, index 3"),
    ("an inner node removed", sql("DELETE FROM node WHERE level = 2 AND idx = 0"),
     r"level 2, index 0"),
    ("a leaf too many", sql("INSERT INTO node VALUES(0, 12, zeroblob(32))"), r"level 0, index 12"),
    ("an inner node too many", sql("INSERT INTO node VALUES(4, 0, zeroblob(32))"),
     r"level 4, index 0"),
    ("a node at a level that no tree has", sql("INSERT INTO node VALUES(64, 0, zeroblob(32))"),
     r"node|damaged"),
    ("a short hash", sql("UPDATE node SET hash = zeroblob(31) WHERE level = 1 AND idx = 0"),
     r"node|damaged"),
    ("the newest checkpoint removed", sql("DELETE FROM checkpoint WHERE size = 12"), r"entry 11"),
    ("all checkpoints removed", sql("DELETE FROM checkpoint"), r"checkpoint"),
    ("a checkpoint's signature", lambda f, w: f.sql(
        "UPDATE checkpoint SET note = ? WHERE size = 7",
        checkpoint(f.notes(), 7, THIEF)), r"checkpoint of size 7"),
    ("a checkpoint of a made-up root", lambda f, w: f.sql(
        "UPDATE checkpoint SET note = ? WHERE size = 7",
        checkpoint([b"x"] * 7, 7, THIEF)), r"checkpoint of size 7"),
    ("a checkpoint in another's place", sql(
        "UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 8) WHERE size = 7"),
     r"checkpoint of size 7"),
    ("the newest checkpoint under a larger size",
     sql("UPDATE checkpoint SET size = 13 WHERE size = 12"), r"checkpoint"),
    ("an old checkpoint as the newest", sql("INSERT INTO checkpoint SELECT 20, note FROM "
                                            "checkpoint WHERE size = 12"), r"checkpoint"),
    ("a line after a checkpoint's signature", sql(
        "UPDATE checkpoint SET note = CAST(note || x'0a' AS BLOB) WHERE size = 7"),
     r"checkpoint of size 7"),
    ("a checkpoint of size 0", sql("INSERT INTO checkpoint VALUES(0, x'00')"),
     r"checkpoint|damaged"),
    ("the origin", sql("UPDATE identity SET origin = 'other.example'"), r"identity"),
    ("the vkey", lambda f, w: f.sql("UPDATE identity SET vkey = ?", THIEF.vkey),
     r"checkpoint|--vkey"),
    ("origin and vkey", lambda f, w: f.sql(
        "UPDATE identity SET origin = 'other.example', vkey = ?", Key("other.example").vkey),
     r"checkpoint|--vkey"),
    ("the identity removed", sql("DELETE FROM identity"), r"identity"),
    ("a second identity", sql("INSERT INTO identity SELECT 2, origin, vkey FROM identity"),
     r"identity"),
    ("a trigger removed", lambda f, w: f.triggers.pop(), r"schema"),
    ("a trigger changed", lambda f, w: f.triggers.append(
        ("x", f.triggers.pop()[1].replace("append-only", "append-maybe"))), r"schema"),
    ("a trigger added", sql("CREATE TRIGGER t AFTER INSERT ON entry BEGIN SELECT 1; END"),
     r"schema"),
    ("a table added", sql("CREATE TABLE other(x)"), r"schema"),
    ("a view added", sql("CREATE VIEW other AS SELECT 1"), r"schema"),
    ("an index added", sql("CREATE INDEX other ON entry(bytes)"), r"schema"),
    ("an index removed", sql("DROP INDEX entry_by_subject"), r"schema"),
    ("a column added", sql("ALTER TABLE identity ADD COLUMN more TEXT"), r"schema|identity"),
    ("a table renamed", sql("ALTER TABLE node RENAME TO nodes"), r"schema"),
    ("statistics added", sql("ANALYZE"), r"schema"),
    ("an unknown format version", sql("PRAGMA user_version = 3"), r"version"),
    ("an older format version", sql("PRAGMA user_version = 1"), r"schema"),
    ("another kind of file", sql("PRAGMA application_id = 1"), r"not a ledger"),
)


def move_attachment(forgery, index, size):
    """As one who knows how ids are made: the line of one checkpoint beside another."""
    data = bytes(forgery.sql("SELECT bytes FROM attachment WHERE idx = ?", index)[0][0])
    forgery.sql("UPDATE attachment SET size = ?, id = ? WHERE idx = ?", size,
                attachment_id(size, COSIGNATURE, data), index)


def replace_attachment(forgery, index, change):
    """Its bytes changed, and its id made anew."""
    size, data = forgery.sql("SELECT size, bytes FROM attachment WHERE idx = ?", index)[0]
    data = change(bytes(data), text_of_checkpoint(forgery.database, size))
    forgery.sql("UPDATE attachment SET bytes = ?, id = ? WHERE idx = ?", data,
                attachment_id(size, COSIGNATURE, data), index)


def as_if_by(victim):
    """The key of one witness above the line of another."""
    def change(_, text):
        return f"{Witness(victim).vkey}\n{Witness('thief.example').line(text)}".encode()
    return change


# In a ledger whose checkpoints of 8 and 12 entries two witnesses cosigned: indexes 0 to 3.
COSIGNED = (
    ("a byte of a cosignature", sql("UPDATE attachment SET bytes = CAST(replace("
                                    "CAST(bytes AS TEXT), 'w1', 'w3') AS BLOB) WHERE idx = 0"),
     r"attachment 0 is damaged"),
    ("the line of another checkpoint", lambda f, w: move_attachment(f, 0, 12),
     r"attachment of the checkpoint of size 12.*w1"),
    ("a line moved to where no checkpoint is", lambda f, w: move_attachment(f, 0, 99),
     r"beside no checkpoint"),
    ("another witness's line under a witness's key",
     lambda f, w: replace_attachment(f, 2, as_if_by("witness.example/w1")),
     r"attachment of the checkpoint of size 12"),
    ("a cosignature without its key",
     lambda f, w: replace_attachment(f, 2, lambda data, _: data.partition(b"\n")[2]),
     r"attachment of the checkpoint of size 12"),
    ("a cosignature dated back", lambda f, w: replace_attachment(
        f, 2, lambda data, text: data.replace(
            Witness("witness.example/w1").line(text).split(" ")[2][:17].encode(),
            Witness("witness.example/w1").line(text, 1).split(" ")[2][:17].encode())),
     r"attachment of the checkpoint of size 12"),
    ("a kind that does not exist", sql("UPDATE attachment SET kind = 9 WHERE idx = 0"), r"shape"),
    ("an attachment from the middle removed", sql("DELETE FROM attachment WHERE idx = 1"), r"gap"),
    ("another history, signed anew by payer and log, under the old cosignatures",
     lambda f, w: (edit(PAID, lambda s: s["amount"].update(amount="2999999.99"))(f, w),
                   f.resign()), r"attachment of the checkpoint of size 12"),
)


def edit(index, change, *signers):
    """A statement edited, and signed anew by whoever had signed it or by `signers`."""
    def forge(forgery, world):
        statement, lines = parts(forgery.notes()[index])
        change(statement)
        known = {key.name: key for key in (*world.keys.values(), world.operator, world.registrar)}
        keys = [known[name] for name in signers or [line.split(" ")[1] for line in lines]]
        forgery.set_note(index, note_of(statement, keys))
    return forge


def keep_signatures(index, old, new):
    """A text edited under the signatures that stood below it."""
    def forge(forgery, _world):
        note = forgery.notes()[index]
        assert old in note
        forgery.set_note(index, note.replace(old, new, 1))
    return forge


def set_lines(index, pick):
    """The signature lines of a note replaced by what `pick` makes of them."""
    def forge(forgery, world):
        note = forgery.notes()[index]
        statement, lines = parts(note)
        text = note.decode().rpartition("\n\n")[0]
        forgery.set_note(index, f"{text}\n\n" + "".join(pick(lines, statement, world, forgery)))
    return forge


def lines_of(forgery, index):
    return parts(forgery.notes()[index])[1]


def insert_again(forgery, _world):
    """The same statement twice: under an id that is free, since ids are unique."""
    entries = forgery.entries()
    forgery.set_entries(entries + [(bytes(32), entries[FUNDING][1], entries[FUNDING][2])])


def add_unsigned(forgery, world):
    """A payment back that nobody signed who may."""
    statement, _ = parts(forgery.notes()[PAID])
    statement["after"] = id_of(statement)
    note = note_of(statement, [world.registrar])
    forgery.set_entries(forgery.entries() + [(bytes(32), "contract/norrkoping-rise-spent",
                                              note.encode())])
    forgery.set_note(SIZE, note)


def other_ledger(forgery, world):
    """Every statement said for another log: the charter's name is the log's."""
    edit(FUNDING, lambda s: s.update(ledger="other.example/log"))(forgery, world)


def pay_more(statement):
    statement["computed"]["pays"][0]["amount"]["amount"] = "3000000.01"


def reformat(forgery, world):
    """The same statement in another spelling of JSON, signed by the right keys."""
    statement, lines = parts(forgery.notes()[FUNDING])
    text = json.dumps(statement, sort_keys=True) + "\n"
    keys = [world.keys[line.split(" ")[1]] for line in lines]
    forgery.set_note(FUNDING, text + "\n" + "".join(key.line(text) for key in keys))


# With the log's key as well: nodes and checkpoints fit what stands in the entries.
THIEVES = (
    ("an amount under the old signatures", keep_signatures(PAID, b"3000000.00", b"2000000.00"),
     r"entry 11.*SIGNATURE_WRONG|SIGNATURE_WRONG.*entry 11"),
    ("a signature of the same key over another statement", set_lines(
        MEASURED, lambda lines, s, w, f: lines_of(f, MEASURED + 1)), r"entry 8"),
    ("a signature by a key of the same name", set_lines(
        PAID, lambda lines, s, w, f: [Key("norrkoping.se", salt="x").line(
            f.notes()[PAID].decode().rpartition("\n\n")[0] + "\n")]), r"entry 11"),
    ("one signature of two removed", set_lines(FUNDING, lambda lines, s, w, f: lines[:1]),
     r"entry 7"),
    ("a registrar's signature removed", set_lines(
        PARTY, lambda lines, s, w, f: [x for x in lines if "registrar" not in x]), r"entry 1\b"),
    ("a signature too many", set_lines(
        PAID, lambda lines, s, w, f: sorted(lines + [w.keys["lumell.se"].line(
            f.notes()[PAID].decode().rpartition("\n\n")[0] + "\n")])), r"entry 11"),
    ("signature lines in another order", set_lines(
        FUNDING, lambda lines, s, w, f: lines[::-1]), r"entry 7"),
    ("the same signature twice", set_lines(PAID, lambda lines, s, w, f: lines * 2), r"entry 11"),
    ("two entries of a chain exchanged", lambda f, w: swap_entries(f, FUNDING, MEASURED),
     r"entry 7"),
    ("two parties exchanged with their chains' places", lambda f, w: swap_entries(f, 0, 1),
     r"entry [01]"),
    ("an entry in the middle removed", lambda f, w: f.set_entries(
        f.entries()[:FUNDING] + f.entries()[FUNDING + 1:]), r"entry 7"),
    ("a statement twice", insert_again, r"entry 12"),
    ("a statement by nobody who may", add_unsigned, r"entry 12"),
    ("a statement that was said for another ledger", other_ledger, r"entry 7"),
    ("an `after` that leads elsewhere", edit(
        FUNDING, lambda s: s.update(after="sha256:" + "0" * 64)), r"entry 7"),
    ("a settlement of one öre more, signed by all who settle", edit(SETTLED, pay_more),
     r"entry 10"),
    ("a settlement that leaves out an input", edit(
        SETTLED, lambda s: s["computed"]["inputs"].pop()), r"entry 10"),
    ("a payment above what was settled", edit(
        PAID, lambda s: s["amount"].update(amount="3000000.01")), r"entry 11"),
    ("a measurement by the payer", edit(MEASURED, lambda s: None, "norrkoping.se"), r"entry 8"),
    ("a field that no kind has", edit(FUNDING, lambda s: s.update(bonus="1")), r"entry 7"),
    ("another spelling of the same JSON", reformat, r"entry 7"),
    ("a charter with another log key", edit(
        CHARTER, lambda s: s.update(log_vkey=THIEF.vkey)), r"entry 0"),
    ("a party's key exchanged, without the party", edit(
        PARTY, lambda s: s.update(vkeys=[Key(s["party"], salt="x").vkey])), r"entry 1\b"),
)


def verdict(world, path, remember=False):
    done = world.verify(path, remember, input=None)
    told = world.run("verify", "--vkey", world.log.vkey, "--json", ledger=path,
                     env={} if remember else {"XDG_STATE_HOME": str(world.folder / "none")})
    shutil.rmtree(world.folder / "none", ignore_errors=True)
    remove_side_files(path)
    return done.returncode, f"{done.stderr} {told.stdout}"


class Bench:
    """Where forgeries are made and judged."""

    def __init__(self, tap, world):
        self.tap = tap
        self.world = world
        self.path = world.folder / "forged.ledger"

    def forge(self, *changes):
        self.path.unlink(missing_ok=True)
        forgery = Forgery(self.world.ledger, self.path)
        for change in changes:
            change(forgery, self.world)
        forgery.close()

    def refused(self, title, place, *changes, remember=False):
        self.forge(*changes)
        status, told = verdict(self.world, self.path, remember)
        self.tap.ok(status == 1 and re.search(place, told) is not None, title,
                    [f"exit {status}", *told.splitlines()])

    def accepted(self, title, *changes, remember=False):
        self.forge(*changes)
        status, told = verdict(self.world, self.path, remember)
        self.tap.ok(status == 0, title, [f"exit {status}", *told.splitlines()])


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder)
        world.create()
        world.live()
        bench = Bench(tap, world)
        resign = lambda f, w: f.resign()  # noqa: E731
        bench.accepted("a copy without a change verifies", lambda f, w: None)
        bench.accepted("so does one whose tree and checkpoints were made anew", resign)
        for title, change, place in ROWS:
            bench.refused(f"refused: {title}", place, change)
        for title, change, place in THIEVES:
            bench.refused(f"refused in spite of the log's key: {title}", place, change, resign)

        # What stands in docs/operating.md as not to be seen from the file alone.
        drop = lambda f, w: drop_last(f)  # noqa: E731
        bench.accepted("a checkpoint that is not the newest can be missed",
                       sql("DELETE FROM checkpoint WHERE size = 7"))
        bench.accepted("a ledger cut off at an earlier checkpoint is right in itself", drop)
        tap.ok(world.verify(remember=True).returncode == 0, "the whole ledger was seen once")
        bench.refused("then the one that was cut off is refused", r"12 entries.*11 now", drop,
                      remember=True)
        fork = edit(PAID, lambda s: s["amount"].update(amount="2999999.99"))
        bench.accepted("another history, signed by payer and log, is right in itself", fork, resign)
        bench.refused("then it is refused too", r"another history", fork, resign, remember=True)
        bench.accepted("the ledger that was seen is still good", lambda f, w: None, remember=True)

        cosign(world.ledger, (8, 12))
        bench.accepted("what two witnesses cosigned verifies", lambda f, w: None)
        for title, change, place in COSIGNED:
            bench.refused(f"refused: {title}", place, change)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
