"""Reads *.scenario files: titles, steps, clauses. README.md describes the language."""

import json
import re


class Wrong(Exception):
    """A scenario that does not come out as it says."""

    def __init__(self, message, line=None):
        super().__init__(message)
        self.line = line


class Line:
    """A step with its clauses, or one of the clauses."""

    def __init__(self, number, text):
        self.number = number
        self.text = text
        self.clauses = []


class Scenario:
    def __init__(self, file, number, title):
        self.file = file
        self.number = number
        self.title = title
        self.steps = []


def read_scenarios(path, name):
    scenarios = []
    with open(path, encoding="utf-8") as file:
        for number, raw in enumerate(file, 1):
            text = raw.rstrip("\n")
            if not text.strip() or text.lstrip().startswith("#"):
                continue
            title = re.fullmatch(r"title: (.+)", text)
            if title:
                scenarios.append(Scenario(name, number, title.group(1)))
            elif not scenarios:
                raise SystemExit(f"{name}:{number}: a scenario begins with `title:`")
            elif not text.startswith(" "):
                scenarios[-1].steps.append(Line(number, text))
            elif scenarios[-1].steps:
                scenarios[-1].steps[-1].clauses.append(Line(number, text.strip()))
            else:
                raise SystemExit(f"{name}:{number}: a clause without a step")
    return scenarios


def read_value(text, old=None):
    """
    JSON, or the words themselves as a string.

    Where a string stands, a number is a string too: amounts and decimals are strings.
    """
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, float) or isinstance(old, str) and isinstance(value, int):
        return text
    return value


def read_path(text):
    """`lines[2].add[0]` as ["lines", 2, "add", 0]."""
    steps = []
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+|last)\]", text):
        if index or name == "last" or name.isdigit():
            index = index or name
            steps.append(-1 if index == "last" else int(index))
        else:
            steps.append(name)
    if not steps:
        raise Wrong(f"`{text}` is not a path")
    return steps


def walk(value, path):
    """Returns (container, last step)."""
    for step in path[:-1]:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            raise Wrong(f"the draft has no {'.'.join(map(str, path))}") from None
    return value, path[-1]


def change(draft, path, text):
    """Sets a member, or an item that is there."""
    container, last = walk(draft, read_path(path))
    try:
        old = container[last] if isinstance(last, int) else container.get(last)
        container[last] = read_value(text, old)
    except (KeyError, IndexError, TypeError, AttributeError):
        raise Wrong(f"the draft has no {path}") from None


def remove(draft, path):
    container, last = walk(draft, read_path(path))
    try:
        del container[last]
    except (KeyError, IndexError, TypeError):
        raise Wrong(f"the draft has no {path}") from None


def add(draft, path, value):
    """Adds to an array, which is made when it is not there."""
    container, last = walk(draft, read_path(path))
    if isinstance(container, dict) and last not in container:
        container[last] = []
    if not isinstance(container[last], list):
        raise Wrong(f"{path} is not an array")
    container[last].append(value)


def insert(draft, path, value):
    """Puts an item before the one at `path`."""
    container, last = walk(draft, read_path(path))
    if not isinstance(container, list):
        raise Wrong(f"{path} is not in an array")
    container.insert(last, value)
