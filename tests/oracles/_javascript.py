"""The check that the portal's pages make (cli/portal/check), asked through node.

It was written from docs/formats.md and docs/model.md alone, in another language, so it is a third
opinion beside the program and _replay.py.
"""

import json
import pathlib
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Browser:
    """Node, with the modules that a browser would load."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="utfall-javascript-")
        modules = pathlib.Path(self.folder.name) / "check"
        shutil.copytree(ROOT / "cli/portal/check", modules)
        (modules / "package.json").write_text('{"type": "module"}\n')
        self.process = subprocess.Popen(
            ["node", str(ROOT / "tests/oracles/judge.mjs"), str(modules)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, ask, *values):
        self.process.stdin.write(json.dumps({"ask": ask, "values": values}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"node ended with {self.process.wait()}")
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.folder.cleanup()
