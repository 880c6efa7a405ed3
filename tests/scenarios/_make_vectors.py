"""Writes tests/vectors/settlement.json: the case of a contract of each scenario in blocks.scenario,
whose amounts were computed by hand. The key of their log is thrown away.

    /usr/bin/python3 tests/scenarios/_make_vectors.py
"""

import json
import os
import pathlib
import re
import tempfile

from _language import read_scenarios
from _steps import Player
from _world import HERE, ROOT, LogKey, World


def row(name, world, case, expect):
    return {"name": name, "input": [world.vkey("log"), case], "expect": expect}


def cases(folder):
    log_key = LogKey(folder)
    path = os.path.join(HERE, "blocks.scenario")
    for number, scenario in enumerate(read_scenarios(path, "blocks.scenario")):
        place = os.path.join(folder, str(number))
        os.mkdir(place)
        world = World(place, log_key)
        Player(world).play(scenario)
        names = list(world.contracts)
        whole = [name for name in names if "-row" not in name]  # others are a row of a table
        name = whole[0] if whole else names[min(2, len(names) - 1)]
        last = world.run("log", name).json["entries"][-1]["index"]
        case = world.run("prove", name).json["case"]
        yield row(scenario.title, world, case, f"good {last}")
        # The first amount that a settlement computes, with another last digit: as long as it was.
        more = re.sub(r'("computed":.*?"amount":"[0-9.]*)([0-9])"',
                      lambda found: f'{found[1]}{(int(found[2]) + 1) % 10}"', case, count=1)
        if more != case:
            yield row(f"{scenario.title}; settled otherwise under the same signatures", world, more,
                      "refused")


def main():
    with tempfile.TemporaryDirectory(prefix="utfall-vectors-") as folder:
        text = json.dumps({"asks": "case", "vectors": list(cases(folder))}, ensure_ascii=False,
                          indent=1)
    path = pathlib.Path(ROOT) / "tests" / "vectors" / "settlement.json"
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
