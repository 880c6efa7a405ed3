#!/usr/bin/python3
"""docs/writing-contracts.md shows what really happens, and covers what it promises. Prints TAP.

usage: writing_contracts.py             compares
       writing_contracts.py --write     puts the real output into the guide instead
"""

import copy
import glob
import json
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import tour  # noqa: E402

ROOT = tour.ROOT
GUIDE = os.path.join(ROOT, "docs", "writing-contracts.md")
EXAMPLES = os.path.join(ROOT, "examples", "mechanisms")
SCENARIOS = os.path.join(ROOT, "tests", "scenarios")
WORKED = "worked-example"
MISTAKES_MIN = 20
NOTHING = {"value": "0", "unit": "SEK"}
THOUSAND = {"value": "1000", "unit": "SEK"}
BLOCKS = [f"{letter}{number}" for letter, count in
          (("M", 6), ("G", 4), ("C", 6), ("L", 6), ("A", 8), ("W", 8))
          for number in range(1, count + 1)]


def play(text):
    """(command, shown output, real output) of every command of the guide."""
    shown = [pair for block in tour.BLOCK.findall(text) for pair in tour.commands_of(block)]
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(os.path.join(ROOT, "examples"), os.path.join(folder, "examples"))
        real = tour.run([command for command, _ in shown], folder)
    if len(real) != len(shown):
        raise SystemExit(f"{len(shown)} commands are in the guide, and {len(real)} ended")
    return [(command, before, after) for (command, before), after in zip(shown, real)]


def write(text):
    outputs = iter(play(text))

    def block(match):
        written = "".join(f"$ {command}\n{after}" for (command, _), (_, _, after) in
                          zip(tour.commands_of(match.group(1)), outputs))
        return f"```console\n{written}```"

    with open(GUIDE, "w", encoding="utf-8") as file:
        file.write(tour.BLOCK.sub(block, text))


def examples():
    """name -> contract."""
    return {os.path.basename(path)[:-len(".json")]: json.loads(tour.read(path))
            for path in sorted(glob.glob(os.path.join(EXAMPLES, "*.json")))}


def told(contract):
    """The codes of the blocks that an example says it shows."""
    return set(re.findall(r"\b[MGCLAW]\d\b", contract["notes"][0]["text"]["en"]))


def check_worked(report, text, worked):
    """Each piece of JSON in the guide is in the file, and no line of the file is left out."""
    pieces = [json.loads(piece) for piece in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    whole = worked["outcomes"] + worked["lines"] + worked["pays"]
    other = [json.dumps(piece)[:60] for piece in pieces if piece not in whole]
    report.tell(pieces and not other, "what the guide shows is in the worked example",
                "\n".join(other))
    lines = [line["line"] for line in worked["lines"]]
    in_guide = [piece["line"] for piece in pieces if "line" in piece]
    report.tell(lines == in_guide, "the guide shows every line of it, in order",
                f"file:  {lines}\nguide: {in_guide}")


def check_blocks(report, text, found):
    rows = dict(re.findall(r"^\| ([MGCLAW]\d) \|(.*)\|$", text, re.MULTILINE))
    report.tell(list(rows) == BLOCKS, "every block has a row, in order",
                f"expected {BLOCKS}\nfound {list(rows)}")
    for code, row in rows.items():
        named = re.findall(r"mechanisms/([^/)]+)\.json", row)
        wrong = [name for name in named if name not in found or code not in told(found[name])]
        report.tell(named and not wrong, f"{code}: its examples show it", ", ".join(wrong))


def check_scenarios(report, found):
    text = tour.read(os.path.join(SCENARIOS, "blocks.scenario"))
    setup = json.loads(tour.read(os.path.join(SCENARIOS, "setups", "blocks.json")))["contracts"]
    titles = set(re.findall(r"\b[MGCLAW]\d\b", " ".join(re.findall(r"^title: (.*)$", text, re.M))))
    missing = [code for code in BLOCKS if code not in titles]
    report.tell(not missing, "every block has a scenario", ", ".join(missing))
    played = set(re.findall(r"^(?:table of|contract) (\S+)$", text, re.MULTILINE))
    idle = [name for name in found if name != WORKED and not (name in setup and name in played)]
    report.tell(not idle, "every example is settled in a scenario", ", ".join(idle))


def line_of(contract, name):
    return next(line for line in contract["lines"] if line["line"] == name)


def insert(contract, name, label, **operation):
    """A line before `limited`, which then takes it into account."""
    at = contract["lines"].index(line_of(contract, "limited"))
    contract["lines"].insert(at, {"line": name, "label": {"en": label}, **operation})
    line_of(contract, "limited")["minimum"].append(name)


def bonus(contract, *steps, name="bonus"):
    insert(contract, name, "Bonus", tiers="counted", steps=list(steps), otherwise=NOTHING)


def change(contract, name, **members):
    line_of(contract, name).update(members)


def of_in_work(*fields):
    return [{"measured": "in_work", "field": field} for field in fields]


def not_rounded(contract):
    payout = line_of(contract, "payout")
    for member in ("round", "to", "by"):
        del payout[member]
    payout["take"] = "due_now"


def waterfall(contract):
    pay = contract["pays"][0]
    del pay["to"]
    pay["waterfall"] = [{"tranche": "first", "up_to": "payout", "to": [{"party": "investor.example"}]},
                        {"tranche": "last", "up_to": "payout", "to": [{"party": "provider.example"}]}]


def divided(contract):
    contract["lines"][0]["line"] = "better"
    contract["lines"].insert(1, {"line": "difference", "label": {"en": "How much better"},
                                 "divide": ["better", *of_in_work("control_ratio")]})


def unlimited(contract):
    del contract["outcomes"][0]["count_range"]
    change(contract, "net", subtract=["jobs", "limited"])
    at = contract["lines"].index(line_of(contract, "net"))
    contract["lines"].insert(at, {"line": "jobs", "label": {"en": "10,000 for each"}, "multiply": [
        {"value": "10000", "unit": "SEK/person"}, *of_in_work("count")]})


def evaluated_by_provider(contract):
    contract["roles"]["evaluator"] = ["provider.example"]
    for outcome in contract["outcomes"]:
        outcome["evaluator"] = "provider.example"


def both_sides(contract):
    bonus(contract, {"at_least": "0.1", "then": THOUSAND})
    bonus(contract, {"above": "0.1", "then": THOUSAND}, name="another")


# What somebody may do to the worked example, by the name under which `check` finds it.
MISTAKES = {
    "UNITS_DIFFER": lambda c: change(c, "net", subtract=["limited", *of_in_work("count")]),
    "LINE_UNKNOWN": lambda c: change(c, "limited", minimum=["earned", "mostt"]),
    "TABLE_ORDER": lambda c: line_of(c, "earned")["points"].reverse(),
    "TABLE_INCOMPLETE": lambda c: line_of(c, "most")["by_period"].pop(),
    "PAY_NOT_ROUNDED": not_rounded,
    "PAY_SHARES": lambda c: c["pays"][0]["to"][1].pop("share"),
    "PAY_TRANCHES": waterfall,
    "PERCENT_AS_NUMBER": lambda c: insert(c, "part", "60 % of it", multiply=["60", "earned"]),
    "RATE_ABOVE_ONE": lambda c: insert(c, "interest", "Interest", interest="earned", rate="2",
                                       count="act_365"),
    "RATIO_RANGE": lambda c: c["outcomes"][0]["range"].update(at_most="100"),
    "RATIO_NOT_USED": lambda c: change(c, "difference",
                                       subtract=of_in_work("value", "control_value")),
    "BOUNDARY_SIDES": both_sides,
    "STEP_UNREACHABLE": lambda c: bonus(c, {"at_least": "10", "then": THOUSAND}),
    "TIERS_UNEVEN": lambda c: bonus(c, {"at_least": "0.1", "then": THOUSAND},
                                    {"at_least": "0.2", "then": NOTHING}),
    "CONDITION_ALWAYS": lambda c: change(c, "counted", when={"at_most": ["difference", "1"]}),
    "CONDITION_NEVER": lambda c: change(c, "counted", when={"above": ["difference", "1"]}),
    "CLAMP_CROSSED": lambda c: change(c, "due_so_far", at_least=THOUSAND, at_most=NOTHING),
    "DIVISION_BY_ZERO": divided,
    "PAY_NEGATIVE_POSSIBLE": lambda c: change(c, "payout", round="net"),
    "CAP_EXCEEDED": lambda c: c["caps"][0]["amount"].update(amount="3000000.00"),
    "CAP_NEVER_REACHED": lambda c: c["caps"][0]["amount"].update(amount="9000000.00"),
    "LIABILITY_UNBOUNDED": unlimited,
    "OUTCOME_UNUSED": lambda c: change(c, "due_so_far", clamp="limited"),
    "OUTCOME_REPORTED_COUNTS": lambda c: c["outcomes"][1].update({"class": "reported"}),
    "LINE_UNUSED": lambda c: change(c, "net", subtract=["earned", *c["lines"][5]["subtract"][1:]]),
    "SHARES_SUM": lambda c: [receiver.update(share=share) for receiver, share
                             in zip(c["pays"][0]["to"], ("0.8", "0.1"))],
    "INVESTOR_UNPAID": lambda c: c["pays"][0].update(to=[{"party": "provider.example"}]),
    "DUE_TOO_EARLY": lambda c: c["pays"][0].update(due={"date": "2028-04-30"}),
    "MEASURED_LATER": lambda c: line_of(c, "net")["subtract"][1].update(period="2030"),
    "EVALUATOR_INVOLVED": evaluated_by_provider,
}


def checked(contracts):
    """What `check` finds in each contract: its refusal, or its findings."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, contract in contracts.items():
            with open(os.path.join(folder, f"{name}.json"), "w", encoding="utf-8") as file:
                json.dump(contract, file)
        answer, = tour.run(["utfall check --json *.json"], folder)
    for file in json.loads(answer)["files"]:
        name = file["file"][:-len(".json")]
        found[name] = {finding["code"] for finding in file.get("findings", [])}
        if not file["ok"]:
            found[name].add(file["code"])
    return found


def check_mistakes(report, text, worked):
    table = text[text.index("## Mistakes that check finds"):]
    rows = re.findall(r"^\|.*\|$", table, re.MULTILINE)[2:]
    codes = re.findall(r"`([A-Z_]+)`", "\n".join(rows))
    report.tell(len(rows) >= MISTAKES_MIN and sorted(codes) == sorted(MISTAKES),
                f"the guide tells {len(rows)} mistakes, and each is tried here",
                ", ".join(sorted(set(codes) ^ set(MISTAKES))))
    contracts = {"right": worked}
    for code, make in MISTAKES.items():
        contracts[code] = copy.deepcopy(worked)
        make(contracts[code])
    found = checked(contracts)
    for code in MISTAKES:
        report.tell(code in found[code] and code not in found["right"], f"{code} is found",
                    f"found in the mistake: {sorted(found[code])}\n"
                    f"found in the example: {sorted(found['right'])}")


def check_examples(report, found):
    (_, _, answer), = play("```console\n$ utfall check --json examples/mechanisms/*.json\n```")
    files = json.loads(answer)["files"]
    refused = [f"{file['file']}: {file['code']}" for file in files if not file["ok"]]
    report.tell(len(files) == len(found) and not refused, f"all {len(files)} examples are accepted",
                "\n".join(refused))


def main():
    text = tour.read(GUIDE)
    if sys.argv[1:] == ["--write"]:
        write(text)
        return 0
    report = tour.Report()
    for command, before, after in play(text):
        report.tell(before == after, f"$ {command}",
                    f"guide:\n{before}\nreally:\n{after}\n"
                    "tests/cli/writing_contracts.py --write brings the guide up to date")
    found = examples()
    check_worked(report, text, found[WORKED])
    check_blocks(report, text, found)
    check_scenarios(report, found)
    check_mistakes(report, text, found[WORKED])
    check_examples(report, found)
    links = [path for path in re.findall(r"\]\(([^)#:]+)", text)
             if not os.path.exists(os.path.join(ROOT, "docs", path))]
    report.tell(not links, "every link leads somewhere", "\n".join(links))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
