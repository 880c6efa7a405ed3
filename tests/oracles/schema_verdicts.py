#!/usr/bin/python3
"""Compares two judges of a statement's shape: our C readers and our JSON Schemas.

The schemas are read by python3-jsonschema, which shares no code with us. Every schema must be a
valid one, every example must get the verdict in its name, and on each of some hundred mutations of
the valid examples both judges must say the same. Prints TAP; run from the root of the repository.
The program is $UTFALL, or build/release/utfall.

An amendment has every member of a contract: `schema_verdicts.py --write` makes its schema of the
contract's.
"""

import copy
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

SCHEMAS = pathlib.Path("schemas")
PROGRAM = os.environ.get("UTFALL", "build/release/utfall")
MUTATIONS_MIN = 60  # of an example; a large one has twice as many as it has nodes
FILES_PER_RUN = 200

# Depth and number of conditions cannot be said in a schema; docs/formats.md says so.
BEYOND_SCHEMAS = {"TERMS_TOO_LARGE"}


def ecma(pattern):
    """JSON Schema patterns are ECMA-262: `$` is the end, not also before a last newline."""
    return re.sub(r"\$$", r"\\Z", pattern)


def check_pattern(_validator, pattern, instance, _schema):
    if isinstance(instance, str) and not re.search(ecma(pattern), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def check_languages(validator, patterns, instance, _schema):
    if isinstance(instance, dict):
        for pattern, subschema in patterns.items():
            for name, value in instance.items():
                if re.search(ecma(pattern), name):
                    yield from validator.descend(value, subschema, path=name)


def check_additional(_validator, allowed, instance, schema):
    assert allowed is False, "our schemas are closed"
    patterns = [ecma(pattern) for pattern in schema.get("patternProperties", {})]
    if isinstance(instance, dict):
        for name in instance:
            if name not in schema.get("properties", {}) and not any(
                re.search(pattern, name) for pattern in patterns
            ):
                yield ValidationError(f"{name!r} is not known here")


Judge = validators.extend(
    Draft202012Validator,
    {
        "pattern": check_pattern,
        "patternProperties": check_languages,
        "additionalProperties": check_additional,
    },
)


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def report(self, passed, name, details=()):
        self.count += 1
        self.failed += not passed
        print(f"{'ok' if passed else 'not ok'} {self.count} - {name}")
        for line in details:
            print(f"# {line}")

    def end(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0


def ask_reconcile(files):
    """The same of published files, which are no statements: a good one gets as far as the contract."""
    words = {}
    for file in files:
        run = subprocess.run([PROGRAM, "--json", "reconcile", "no-such-contract.json", str(file)],
                             capture_output=True, text=True, check=False)
        code = json.loads(run.stdout)["code"]
        words[str(file)] = "OK" if code == "NOT_FOUND" else code
    return words


def ask_program(files, kind):
    """The program's word on each file: "OK" or the code of its refusal."""
    if kind == "published":
        return ask_reconcile(files)
    words = {}
    for start in range(0, len(files), FILES_PER_RUN):
        names = [str(file) for file in files[start : start + FILES_PER_RUN]]
        run = subprocess.run(
            [PROGRAM, "check", "--shape", *names], capture_output=True, text=True, check=False
        )
        lines = run.stdout.splitlines()
        if run.returncode not in (0, 1) or len(lines) != len(names):
            print(f"Bail out! {PROGRAM} exits {run.returncode} with {len(lines)} lines"
                  f" for {len(names)} files: {run.stderr.strip()[:300]}")
            sys.exit(2)
        for name, line in zip(names, lines):
            if not line.startswith(name + ": "):
                print(f"Bail out! not an answer about {name}: {line}")
                sys.exit(2)
            words[name] = line[len(name) + 2 :].split(" ")[0]
        refused = any(words[name] != "OK" for name in names)
        if refused != (run.returncode == 1):
            print(f"Bail out! {PROGRAM} exits {run.returncode}, refused: {refused}")
            sys.exit(2)
    return words


# --- Mutations ---

LENGTHS = (0, 1, 2, 3, 32, 33, 40, 41, 64, 65, 100, 101, 200, 201, 255, 256, 300, 301, 1000, 1001,
           4000, 4001, 20000, 20001)
COUNTS = (0, 1, 2, 3, 10, 11, 20, 21, 50, 51, 100, 101, 1000, 1001)
INTEGERS = (-2147483647, -401, -400, -1, 0, 1, 2, 20, 21, 400, 401, 36525, 36526, 2147483647,
            2147483648)
TEXTS = (
    "", "-", "-0", "-0.0", "0", "00", "01", "1", "1.", ".5", "0.5", "0.50", "+1", "1e3", "1,5",
    " 1", "-1", "-0.5", "1/2", "-1/2", "0/1", "1/0", "1/", "1//2", "123456789012345678",
    "1234567890123456789", "0.123456789012", "0.1234567890123", "9.9999", "9.99999",
    "a", "A", "z9", "a_b", "a-b", "a.b", ".a", "a.", "-a", "_a", "9a", "a b", "a+b", "a\n",
    "\u00e5", "\u0663", "not_published", "not_published ", "none", "total", "days", "funding",
    "value", "up", "ratio", "control_count", "control_ratio", "act_365", "30_360", "30e_360",
    "act_act", "reverse",
    "SEK", "sek", "SEKK", "XXX", "person", "SEK/person", "1/day", "/day", "day/", "a*b/c", "a**b",
    "1a", "1*1", "2026-02-28", "2026-02-29", "2024-02-29", "1900-02-29", "0000-01-01", "0001-01-01",
    "9999-12-31", "2026-1-1", "20260101", "2026-W01-1", "2026-01-01T00:00:00Z", "+02026-01-01",
    "sha256:" + "0" * 64, "sha256:" + "0" * 63, "sha256:" + "F" * 64, "SHA256:" + "0" * 64,
    "n+01234567+AAAA", "n+01234567+AAA", "n+0123456+AAAA", "n+01234567+AAAA==", "n+01234567+A-AA",
    "n+01234567+AAAA+/==", "n+01234567+AAAA=A", "n n+01234567+AAAA",
)


NAMES = ("unknown", "En", "sv", "after", "note", "share", "by", "", "period", "count", "periods",
         "from", "to", "at_least", "at_most", "otherwise", "multiplier", "tranche", "due",
         "negative", "up_to", "ratio", "range", "item", "to", "published", "rounded_by", "derived",
         "closing", "values", "resettles", "why", "terms", "carried_in", "supplements", "compromised_since")


def nodes_of(value, path=()):
    """The paths of all nodes."""
    yield path
    if isinstance(value, dict):
        for name, member in value.items():
            yield from nodes_of(member, path + (name,))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from nodes_of(item, path + (index,))


def at(value, path):
    for step in path:
        value = value[step]
    return value


def mutate_text(chance, text):
    way = chance.randrange(4)
    if way == 0:
        return chance.choice(TEXTS)
    if way == 1:
        length = chance.choice(LENGTHS)
        return (text * (length // max(1, len(text)) + 1))[:length] if text else "x" * length
    place = chance.randrange(len(text) + 1)
    if way == 2:
        return text[:place] + chance.choice("-+./_ 0aA\u00e5\n=") + text[place:]
    return text[:place] + text[place + 1 :]


def mutate_node(chance, value):
    """Another value in place of this one."""
    if chance.randrange(4) == 0:
        return chance.choice((None, True, False, 0, 7, "", "x", "1", [], ["x"], {}, {"en": "x"}))
    if isinstance(value, str):
        return mutate_text(chance, value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return chance.choice(INTEGERS)
    if isinstance(value, list):
        count = chance.choice(COUNTS)
        return (value * (count // max(1, len(value)) + 1))[:count]
    if isinstance(value, dict):
        other = dict(value)
        if other and chance.randrange(2) == 0:
            del other[chance.choice(sorted(other))]
        else:
            other[chance.choice(NAMES)] = chance.choice(("x", {"en": "x"}, "1", "2026-12-31", 2))
        return other
    return None


def mutate(chance, example):
    """A copy of the example, changed in one node; the same seed gives the same one."""
    paths = list(nodes_of(example))
    path = chance.choice(paths)
    other = copy.deepcopy(example)
    if not path:
        return mutate_node(chance, other)
    if chance.randrange(5) == 0:  # what stands somewhere else: one form in place of another
        changed_node = copy.deepcopy(at(example, chance.choice(paths)))
    else:
        changed_node = mutate_node(chance, at(example, path))
    at(other, path[:-1])[path[-1]] = changed_node
    return other


# --- The schema of amendments ---

OF_AMENDMENTS = (
    ('"title": "Contract",', '"title": "Amendment",'),
    ('"description": "An outcome contract: roles, outcomes, and the lines that say what is owed."',
     '"description": "New terms of a contract, whole, from a period on."'),
    ('{"const": "contract"}', '{"const": "amendment"}'),
    ("""    "contract": {
      "$ref": "#/$defs/slug",
      "description": "The contract's name, unique in the ledger."
    },
""", """    "after": {
      "$ref": "#/$defs/digest",
      "description": "The id of the previous statement of the chain."
    },
    "contract": {"$ref": "#/$defs/slug", "description": "The contract that is amended."},
    "from": {
      "$ref": "#/$defs/slug",
      "description": "The first period that the new terms are for."
    },
    "why": {"$ref": "#/$defs/localized", "description": "Why the terms change."},
    "resettles": {
      "description": "Settled periods that are settled again by the new terms.",
      "type": "array",
      "minItems": 1,
      "maxItems": 100,
      "items": {"$ref": "#/$defs/slug"}
    },
"""),
    ("""    "date",
    "contract",
    "title",
""", """    "date",
    "after",
    "contract",
    "from",
    "why",
    "title",
"""),
)


def schema_of_amendments():
    text = (SCHEMAS / "contract.schema.json").read_text(encoding="utf-8")
    for old, new in OF_AMENDMENTS:
        assert text.count(old) == 1, f"the schema of contracts has not one {old}"
        text = text.replace(old, new)
    return text


def test_amendments(tap):
    written = (SCHEMAS / "amendment.schema.json").read_text(encoding="utf-8")
    tap.report(written == schema_of_amendments(),
               "an amendment's schema is a contract's with three more members",
               ["tests/oracles/schema_verdicts.py --write"])


# --- Tests ---


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_schema(tap, kind, schema):
    try:
        Draft202012Validator.check_schema(schema)
        error = None
    except Exception as problem:  # jsonschema raises several kinds
        error = str(problem).splitlines()[0]
    foreign = [ref for ref in re.findall(r'"\$ref": "([^"]*)"', json.dumps(schema))
               if not ref.startswith("#/$defs/")]
    tap.report(error is None and not foreign, f"{kind}: the schema is valid and self-contained",
               [str(error)] if error else foreign)


def test_examples(tap, kind, judge):
    files = sorted((SCHEMAS / "examples" / kind).glob("*.json"))
    words = ask_program(files, kind)
    wrong = []
    for file in files:
        wanted = file.name.startswith("valid-")
        by_schema = judge.is_valid(load(file))
        by_program = words[str(file)] == "OK"
        if by_schema != wanted or by_program != wanted:
            wrong.append(f"{file}: the schema says {by_schema}, the program {words[str(file)]}")
    valid = sum(file.name.startswith("valid-") for file in files)
    tap.report(not wrong and valid >= 3 and len(files) - valid >= 8,
               f"{kind}: {valid} valid and {len(files) - valid} invalid examples are told apart",
               wrong)


def test_mutations(tap, kind, judge, folder):
    accepted = refused = 0
    wrong = []
    for example_file in sorted((SCHEMAS / "examples" / kind).glob("valid-*.json")):
        chance = random.Random(f"{kind}/{example_file.name}")
        example = load(example_file)
        mutations = {}
        for number in range(max(MUTATIONS_MIN, 2 * len(list(nodes_of(example))))):
            file = folder / f"{kind}-{example_file.stem}-{number}.json"
            mutations[file] = mutate(chance, example)
            file.write_text(json.dumps(mutations[file], ensure_ascii=False), encoding="utf-8")
        words = ask_program(list(mutations), kind)
        for file, mutation in mutations.items():
            word = words[str(file)]
            if word in BEYOND_SCHEMAS:
                continue
            by_schema = judge.is_valid(mutation)
            accepted += by_schema
            refused += not by_schema
            if by_schema != (word == "OK"):
                error = next(iter(judge.iter_errors(mutation)), None)
                why = f"{list(error.absolute_path)} {error.message[:200]}" if error else "valid"
                wrong.append(f"{file.name}: program {word}, schema {why}:"
                             f" {changed(example, mutation)}")
    tap.report(not wrong and accepted > 0 and refused > 0,
               f"{kind}: {accepted} accepted and {refused} refused mutations are judged alike",
               wrong)


def changed(before, after):
    """The first node that differs, for a person."""
    for path in nodes_of(before):
        try:
            now = at(after, path)
        except (KeyError, IndexError, TypeError):
            return f"{list(path)} is gone"
        if not isinstance(now, (dict, list)) and now != at(before, path):
            return f"{list(path)} is {json.dumps(now)[:200]}"
    return "something was added"


def main():
    tap = Tap()
    kinds = sorted(path.name.split(".")[0] for path in SCHEMAS.glob("*.schema.json"))
    with tempfile.TemporaryDirectory() as name:
        for kind in kinds:
            schema = load(SCHEMAS / f"{kind}.schema.json")
            judge = Judge(schema, format_checker=FormatChecker(["date"]))
            test_schema(tap, kind, schema)
            test_examples(tap, kind, judge)
            test_mutations(tap, kind, judge, pathlib.Path(name))
    test_amendments(tap)
    tap.report(len(kinds) == 14, f"there is a schema for {' '.join(kinds)}")
    return tap.end()


if sys.argv[1:] == ["--write"]:
    (SCHEMAS / "amendment.schema.json").write_text(schema_of_amendments(), encoding="utf-8")
else:
    sys.exit(main())
