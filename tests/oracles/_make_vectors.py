"""Writes the vectors of tests/vectors that are ours, from fixed seeds.

    /usr/bin/python3 tests/oracles/_make_vectors.py

What was transcribed from specifications stands in this file as it stands in them, with its section.
"""

import json
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "faults"))
from nacl.signing import SigningKey  # noqa: E402
from _case import Bundle, Witness, checkpoint  # noqa: E402
from _world import Key, ORIGIN, World, id_of, note_of  # noqa: E402

VECTORS = ROOT / "tests" / "vectors"
DATE = "2026-11-23"
DASH = "\u2014 "

# c2sp.org/signed-note v1.0.0, "Format": the example note and its key.
EXAMPLE_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE_NOTE = ("This is an example message.\n\n" + DASH + "example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tn"
                "agv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n")

# A proof with a cosigned checkpoint in the format of c2sp.org/tlog-proof, of a log with seed
# 0x01 x 32 and a witness with seed 0x02 x 32, entries "entry 0" to "entry 4"; other
# implementations (torchwood 0.9.0) accept it.
LOG_VKEY = "example.com/soc-ledger+c70fe24f+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
WITNESS_VKEY = "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"
CHECKPOINT = ("example.com/soc-ledger\n5\nfKo0Xb2JKmZFTWxlEuo8PqPw0+whvj/C4jdXBf049nI=\n\n" + DASH +
              "example.com/soc-ledger xw/iTyp2idkFtbnq5gWXY6ZzmSEX5RJq/oV6vkjXKkPUT2og/lgM+oZfpAgei"
              "KkuCIKbhzsiM8W6DWS6WpspuAe4lwk=\n" + DASH +
              "witness.example/w1 3xwKNQAAAABrBAnvaENiLDXSUmb19nJen26K+eT9vXm+yKnl1yPTsTii0dK0tDPz"
              "MyTV1jYlWz87Vq0cKLDppt3zrFPDeWSz/94+DA==\n")
PROOF = ("c2sp.org/tlog-proof@v1\nindex 2\nYcoROfaBWEHVuvLQ0tm9nf7pfImN1ve6DAqpQe5sAes=\n"
         "WkdmL9ijF9lgSaP59HxV3GfKZgUbqjaD27GbL+CaB7A=\n"
         "SFM123z+yWXxX/dF/GJcQdXqJkaTaTAWWCj3PdS2iFQ=\n\n" + CHECKPOINT)
POLICY = f"log {LOG_VKEY}\nwitness W1 {WITNESS_VKEY}\nquorum W1\n"


def row(name, expect, *values):
    return {"name": name, "input": list(values), "expect": expect}


def notes():
    yield row("the example of the specification", "good", EXAMPLE_VKEY, EXAMPLE_NOTE)
    for name, note in (
            ("another text", EXAMPLE_NOTE.replace("example message", "exemplar message")),
            ("no newline at the end", EXAMPLE_NOTE[:-1]),
            ("a control character", EXAMPLE_NOTE.replace("This", "T\x01is")),
            ("a carriage return", EXAMPLE_NOTE.replace("message.\n", "message.\r\n")),
            ("no empty line", EXAMPLE_NOTE.replace("\n\n", "\n")),
            ("a hyphen in place of the dash", EXAMPLE_NOTE.replace("\u2014", "-")),
            ("two spaces after the dash", EXAMPLE_NOTE.replace(DASH, DASH + " ")),
            ("base64 with bits that nobody reads", EXAMPLE_NOTE.replace("eyaQM=", "eyaQN=")),
            ("base64 without padding", EXAMPLE_NOTE.replace("eyaQM=", "eyaQM")),
            ("the same line twice", EXAMPLE_NOTE + EXAMPLE_NOTE.split("\n\n")[1]),
            ("a line that is no signature", EXAMPLE_NOTE + "junk\n"),
            ("a plus in the name", EXAMPLE_NOTE.replace("com/foo", "com+foo"))):
        yield row(name, "refused", EXAMPLE_VKEY, note)
    for name, vkey in (("another key id", EXAMPLE_VKEY.replace("530d903a", "530d903b")),
                       ("a key of type 0x04", EXAMPLE_VKEY.replace("+Aeky", "+BOky")),
                       ("a key that is cut", EXAMPLE_VKEY[:-4])):
        yield row(f"a vkey with {name}", "refused", vkey, EXAMPLE_NOTE)


def checkpoints():
    yield row("with a cosignature of somebody else", "good", LOG_VKEY, CHECKPOINT)
    log = Key("example.org/log")
    for name, expect, text in (
            ("of the empty tree", "good", "example.org/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"),
            ("a size with a leading zero", "refused", "example.org/log\n05\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"),
            ("a size of 2^63", "refused", "example.org/log\n9223372036854775808\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"),
            ("a root of 31 bytes", "refused", "example.org/log\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuA==\n"),
            ("an extension line", "refused", "example.org/log\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nmore\n"),
            ("another origin", "refused", "example.org/other\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"),
            ("two lines", "refused", "example.org/log\n1\n")):
        yield row(name, expect, log.vkey, f"{text}\n{log.line(text)}")


def cosignatures():
    yield row("by the witness", "good 1795426799", WITNESS_VKEY, CHECKPOINT)
    witness = Witness("witness.example", SigningKey(b"\x05" * 32))
    plain = CHECKPOINT.encode()
    for name, expect, line in (
            ("at time 1", "good 1", witness.line(plain, 1)),
            ("at the last second", f"good {2**63 - 1}", witness.line(plain, 2**63 - 1)),
            ("after the last second", "refused", witness.line(plain, 2**63)),
            ("over another time than it says", "refused", witness.line(plain, 2, 3)),
            ("over another checkpoint", "refused", witness.line(plain.replace(b"\n5\n", b"\n6\n"))),
            ("none", "refused", b"")):
        yield row(name, expect, witness.vkey, (plain + line).decode())


def policies():
    log = f"log {LOG_VKEY}\n"
    witness = f"witness W1 {WITNESS_VKEY}\n"
    other = f"witness W2 {Witness('w2.example', SigningKey(bytes([6]) * 32)).vkey}\n"
    for name, expect, text in (
            ("the worked example", "good", POLICY),
            ("no quorum asked for", "good", log + "quorum none\n"),
            ("comments, tabs and empty lines", "good", "# ours\n\n" + POLICY.replace(" W1 ", "\tW1\t ")),
            ("any of two", "good", log + witness + other + "group g any W1 W2\nquorum g\n"),
            ("all of two", "incomplete", log + witness + other + "group g all W1 W2\nquorum g\n"),
            ("one of two", "good", log + witness + other + "group g 1 W1 W2\nquorum g\n"),
            ("the other witness", "incomplete", log + witness + other + "quorum W2\n"),
            ("a group of groups", "good", log + witness + other +
             "group a any W1\ngroup b any W2\ngroup g any a b\nquorum g\n"),
            ("no quorum line", "refused", log + witness),
            ("two quorum lines", "refused", POLICY + "quorum none\n"),
            ("a threshold of zero", "refused", log + witness + "group g 0 W1\nquorum g\n"),
            ("a threshold above the members", "refused", log + witness + "group g 2 W1\nquorum g\n"),
            ("a member of two groups", "refused", log + witness +
             "group a any W1\ngroup b any W1\nquorum a\n"),
            ("a name before its line", "refused", log + "quorum W1\n" + witness),
            ("a witness key as a log", "refused", f"log {WITNESS_VKEY}\nquorum none\n"),
            ("a log key as a witness", "refused", log + f"witness W1 {LOG_VKEY}\nquorum W1\n"),
            ("two witnesses with one key", "refused", log + witness + witness.replace("W1", "W3") +
             "quorum W1\n"),
            ("an unknown line", "refused", POLICY + "mirror x\n"),
            ("another log", "refused", f"log {Key('x.example').vkey}\nquorum none\n")):
        yield row(name, expect, text, CHECKPOINT)


def proofs():
    yield row("the worked example", "good", LOG_VKEY, PROOF, "entry 2")
    yield row("with extra data", "good", LOG_VKEY, PROOF.replace("\nindex", "\nextra aGVq\nindex"),
              "entry 2")
    yield row("of another entry", "refused", LOG_VKEY, PROOF, "entry 3")
    lines = PROOF.splitlines(keepends=True)
    for name, text in (
            ("without its header", "".join(lines[1:])),
            ("another index", PROOF.replace("index 2", "index 3")),
            ("an index with a leading zero", PROOF.replace("index 2", "index 02")),
            ("an index beyond the tree", PROOF.replace("index 2", "index 5")),
            ("a hash less", "".join(lines[:2] + lines[3:])),
            ("a hash more", "".join(lines[:3] + lines[2:])),
            ("two hashes exchanged", "".join([*lines[:2], lines[3], lines[2], *lines[4:]])),
            ("no empty line", PROOF.replace("FQ=\n\n", "FQ=\n")),
            ("no checkpoint", PROOF[:PROOF.index("\n\n") + 2]),
            ("another size in the checkpoint", PROOF.replace("\n5\n", "\n6\n"))):
        yield row(name, "refused", LOG_VKEY, text, "entry 2")


def tiles():
    """Roots over entries: the hashes that tiles hold follow from them (RFC 6962, section 2.1)."""
    yield row("no entry", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    yield row("`testonly`", "+zoErtsZtGO6sfiSV/v4UJSIyowisE8hvjw0q5+bD38=", "testonly")
    yield row("`entry 0` to `entry 4`", "fKo0Xb2JKmZFTWxlEuo8PqPw0+whvj/C4jdXBf049nI=",
              *[f"entry {i}" for i in range(5)])


def live(folder):
    """Norrköping's contract, with every date fixed."""
    world = World(folder)
    world.create()
    contract = world.contract("rise-spent")
    world.submit(world.funding(contract))
    world.measure(contract)
    statement = json.loads(world.must("settle", contract, "2y"))
    for name in ("after", "ledger"):
        statement.pop(name, None)
    statement["date"] = DATE
    world.submit(world.sign(statement, "norrkoping.se", "lumell.se"))
    world.pay(contract, world.heads[f"contract/{contract}"], statement["computed"])
    return contract, world


def statements(world):
    for note in world.notes:
        body = json.loads(note.split("\n", 1)[0])
        yield row(f"a {body['kind']} of {body.get('party', body.get('contract', 'the log'))}",
                  f"good {id_of(body)}", note)
    funding = world.notes[7]
    for name, note in (("a space in the JSON", funding.replace('":"', '": "', 1)),
                       ("members in another order", note_of(
                           {"version": 1}, []).replace("{", '{"zeta":1,', 1)),
                       ("an unknown member", funding.replace('{"', '{"a":1,"', 1)),
                       ("signature lines exchanged", exchange_lines(funding)),
                       ("a day that does not exist", funding.replace('"date":"2026-11-23"',
                                                                    '"date":"2026-02-30"', 1))):
        yield row(name, "refused", note)


def exchange_lines(note):
    text, _, lines = note.rpartition("\n\n")
    return text + "\n\n" + "".join(reversed(lines.splitlines(keepends=True)))


def cases(contract, world):
    log = [note.encode() for note in world.notes]
    good = Bundle.of(contract, log, world.log)
    yield row("a whole life", "good 11", world.log.vkey, good.bytes().decode())
    for name, expect, place in (("without the payment", "good 10", 11),
                                ("without the settlement", "refused", 10),
                                ("without the charter", "refused", 0),
                                ("without a party", "refused", 1)):
        case = Bundle.of(contract, log, world.log)
        case.entries.pop(place)
        yield row(name, expect, world.log.vkey, case.bytes().decode())
    more = list(log)
    more[10] = log[10].replace(b"3000000.00", b"3000000.01")
    yield row("a settlement of one öre more under the old signatures", "refused", world.log.vkey,
              Bundle.of(contract, more, world.log).bytes().decode())
    other = Bundle.of(contract, log, world.log)
    other.checkpoint = checkpoint(log, Key(ORIGIN, salt="thief "))
    yield row("signed by another key of the same name", "refused", world.log.vkey,
              other.bytes().decode())


def write(name, what, rows):
    text = json.dumps({"asks": what, "vectors": list(rows)}, ensure_ascii=False, indent=1)
    (VECTORS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def main():
    VECTORS.mkdir(exist_ok=True)
    write("note", "note", notes())
    write("checkpoint", "checkpoint", checkpoints())
    write("cosignature", "cosignature", cosignatures())
    write("policy", "policy", policies())
    write("proof", "proof", proofs())
    write("tiles", "root", tiles())
    with tempfile.TemporaryDirectory() as folder:
        contract, world = live(folder)
        write("statement", "statement", statements(world))
        write("case", "case", cases(contract, world))


if __name__ == "__main__":
    main()
