#!/usr/bin/python3
"""What is written about the program agrees with the program. Prints TAP.

The help, the manual pages, the list of refusals and the Swedish messages all tell what stands in
cli/commands.def, cli/options.def, contracts/rule/rules.def and the sources. Each is compared with
what the program says, or with the sources.
"""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UTFALL = os.environ.get("UTFALL") or os.path.join(ROOT, "build", "release", "utfall")
MANUAL = os.path.join(ROOT, "docs", "man")
SWEDISH = os.path.join(ROOT, "po", "sv.po")
SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "SEE ALSO"]
# Of the reasons of failures, so many may still be in English; of marked messages none.
REASONS_LEFT_MAX = 15

count = 0
failed = 0


def tell(is_good, name, details=""):
    global count, failed
    count += 1
    failed += not is_good
    print(f"{'ok' if is_good else 'not ok'} {count} - {name}")
    for line in details.splitlines() if not is_good else []:
        print(f"# {line}")


def agree(name, written, real):
    """Two sets that are to be equal."""
    tell(written == real, name, f"only written: {sorted(written - real)}\n"
                                f"only real: {sorted(real - written)}")


def utfall(*words):
    done = subprocess.run([UTFALL, *words], capture_output=True, text=True, check=False)
    return done.stdout


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def page(name):
    path = os.path.join(MANUAL, f"{name}.1")
    return read(path) if os.path.exists(path) else ""


def section(text, name):
    match = re.search(rf"^\.Sh {name}\n(.*?)(?=^\.Sh |\Z)", text, re.MULTILINE | re.DOTALL)
    return match.group(1) if match else ""


def options_of_page(text):
    """(long name, argument or "") of each option that the page describes."""
    found = set()
    for item in re.findall(r"^\.It (Fl .*)$", section(text, "OPTIONS"), re.MULTILINE):
        match = re.search(r"(?:Fl|,) -([a-z-]+)(?: (?:Ar|Cm) (.*))?$", item)
        found.add((match.group(1), (match.group(2) or "").replace(" ", "")))
    return found


def options_of_help(command):
    return {(option["option"], option.get("argument", "")) for option in command["options"]}


def letters(text, pattern):
    """(letter, long name) of the options that also have a letter."""
    return set(re.findall(pattern, text, re.MULTILINE))


def check_page(command, common):
    name = command["command"]
    text = page(f"utfall-{name}")
    tell(re.findall(r"^\.Sh (.*)$", text, re.MULTILINE) == SECTIONS,
         f"utfall-{name}(1) has the sections of a manual page")
    tell(f"\n.Nd {command['summary']}\n" in text, f"utfall-{name}(1) has the summary of the help")

    real = options_of_help(command) - common
    agree(f"utfall-{name}(1) describes the options of the help", options_of_page(text), real)
    agree(f"utfall-{name}(1) gives them the same letters",
          letters(text, r"^\.It Fl ([a-z]) , -([a-z-]+)"),
          {pair for pair in letters(utfall("help", name), r"^ *-([a-z]), --([a-z-]+)")
           if pair[1] in {option for option, _ in real}})

    synopsis = section(text, "SYNOPSIS")
    agree(f"the synopsis of utfall-{name}(1) has them all",
          set(re.findall(r"Fl -([a-z-]+)", synopsis)), {option for option, _ in real})
    words = set(re.findall(r"[A-Za-z.]*[A-Za-z]", command["arguments"]))
    missing = words - set(re.findall(r"[A-Za-z.]*[A-Za-z]", synopsis))
    tell(not missing, f"the synopsis of utfall-{name}(1) has the arguments", str(missing))


def check_help():
    commands = json.loads(utfall("help", "--json"))["commands"]
    names = {command["command"] for command in commands}
    pages = {os.path.basename(path)[len("utfall-"):-len(".1")]
             for path in glob.glob(os.path.join(MANUAL, "utfall-*.1"))}
    agree("each command has a manual page, and each page a command", pages, names)

    common = set.intersection(*(options_of_help(command) for command in commands))
    for command in commands:
        check_page(command, common)

    text = page("utfall")
    agree("utfall(1) describes the options of every command", options_of_page(text), common)
    agree("utfall(1) lists every command with its summary",
          set(re.findall(r"^\.It Cm ([a-z-]+)\n(.*); see$", text, re.MULTILINE)),
          {(command["command"], command["summary"]) for command in commands})

    overview = utfall("help")
    agree("the help lists every command", set(re.findall(r"^  ([a-z-]+)  ", overview, re.MULTILINE)),
          names)
    unequal = [name for name in names if utfall(name, "--help") != utfall("help", name)]
    tell(not unequal, "COMMAND --help is help COMMAND", str(unequal))

    swedish = utfall("--lang", "sv", "help")
    english = [command["summary"] for command in commands if command["summary"] in swedish]
    tell(not english, "the Swedish help is in Swedish", "\n".join(english))


def check_refusals():
    made = subprocess.run(["sh", os.path.join(ROOT, "packaging", "refusals.sh")],
                          capture_output=True, text=True, check=True).stdout
    tell(made == read(os.path.join(ROOT, "docs", "refusals.md")),
         "docs/refusals.md is made from rules.def", "run packaging/refusals.sh")
    names = re.findall(r"^RULE\((\w+),",
                       read(os.path.join(ROOT, "contracts", "rule", "rules.def")), re.MULTILINE)
    listed = re.findall(r"^\| `([A-Z_]+)` \| `[A-Z_]+` \| [^|]+\. \| [^|]+\. \|$", made, re.MULTILINE)
    tell(listed == names and names, "it has every rule, with a sentence in both languages",
         f"not listed: {set(names) - set(listed)}")


def check_states():
    made = subprocess.run(["sh", os.path.join(ROOT, "packaging", "states.sh")],
                          capture_output=True, text=True, check=True).stdout
    tell(made == read(os.path.join(ROOT, "docs", "states.md")),
         "docs/states.md is made from life.def", "run packaging/states.sh")
    table = re.sub(r"/\*.*?\*/", "", read(os.path.join(ROOT, "contracts", "state", "life.def")),
                   flags=re.DOTALL)
    rows = len(re.findall(r"^(?:MOVE|BAR)\(", table, re.MULTILINE))
    listed = re.findall(r"^\| [^|]+ \| [^|]+ \| (?:[^|]+) \|$", made, re.MULTILINE)
    heads = made.count("| in the state | what happens | comes to |")
    tell(len(listed) - heads == rows and rows, "it has every row of the table",
         f"{len(listed) - heads} of {rows}")
    moves = len(re.findall(r"^MOVE\(", table, re.MULTILINE))
    arrows = len(re.findall(r"^    [A-Z]+_[A-Z]+ --> [A-Z]+_[A-Z]+ : [^:]+$", made, re.MULTILINE))
    tell(arrows == moves, "its diagrams have an arrow for each move", f"{arrows} of {moves}")


def lacking(*arguments):
    """The messages of the sources that po/sv.po does not translate, as msgcmp tells them."""
    messages = subprocess.run(["sh", os.path.join(ROOT, "packaging", "messages.sh"), *arguments],
                              capture_output=True, text=True, check=True).stdout
    with tempfile.NamedTemporaryFile("w", suffix=".pot", encoding="utf-8") as template:
        template.write(messages)
        template.flush()
        told = subprocess.run(["msgcmp", SWEDISH, template.name], capture_output=True, text=True,
                              check=False, env=dict(os.environ, LC_ALL="C.UTF-8")).stderr
        lines = messages.splitlines()
        found = []
        for place, what in re.findall(r"^(.*?): (this message .*)$", told, re.MULTILINE):
            if "not used" not in what:
                path, _, number = place.rpartition(":")
                text = lines[int(number) - 2] if path == template.name else place
                found.append(f"{text}: {what}")
    return messages.count("\nmsgid "), found


def check_swedish():
    checked = subprocess.run(["msgfmt", "--check", "-o", os.devnull, SWEDISH], capture_output=True,
                             text=True, check=False)
    tell(checked.returncode == 0, "po/sv.po is well formed, and its formats agree", checked.stderr)
    tell("#, fuzzy" not in read(SWEDISH), "no translation is a guess of a tool")

    total, missing = lacking("marked")
    tell(total > 150 and not missing, "every marked message is in Swedish", "\n".join(missing))
    total, missing = lacking()
    tell(total > 400 and len(missing) <= REASONS_LEFT_MAX,
         "nearly every reason of a failure is in Swedish", "\n".join(missing))


def main():
    check_help()
    check_refusals()
    check_states()
    check_swedish()
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
