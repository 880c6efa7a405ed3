#!/usr/bin/python3
"""The portal in Debian's Chromium: every page in both languages, the way to a signature, statements
by three parties, and servers that lie (tests/browser/portal.mjs). Screenshots: build/screenshots."""

import os
import shutil
import subprocess
import sys
import tempfile

from _cli import ROOT, UTFALL, Folder, Town
from serve import Server

MODULES = os.path.join(ROOT, "build/browser")
TOKEN = "a-token-of-the-auditor-2026"
SHOTS = os.path.join(ROOT, "build/screenshots")


def demo(folder):
    """Norrköping's contract, from signing to payout."""
    subprocess.run([os.path.join(ROOT, "examples/norrkoping/demo.sh")], check=True, timeout=120,
                   capture_output=True, env={**os.environ, "UTFALL": UTFALL, "DEMO_FOLDER": folder})


class Demo:
    """As a Town: what a Server needs to know."""

    def __init__(self, folder, environment):
        self.path = folder
        self.environment = {**environment, "UTFALL_LEDGER": os.path.join(folder, "utfall.ledger")}


def main():
    if not os.path.exists(f"{MODULES}/ready"):
        print("Bail out! `make deps-test` installs what drives the browser")
        return 1
    shutil.rmtree(SHOTS, ignore_errors=True)
    os.makedirs(SHOTS)
    with tempfile.TemporaryDirectory() as folder, Town(contract=False) as town:
        demo(folder)
        with Folder() as other:
            vkey = other.make_key("norrkoping.example/utfall", "other.key")
        town.write("other.vkey", vkey)
        town.write("tokens", f"{TOKEN}\n")
        tokens = ("--tokens", town.file("tokens"))
        servers = (Server(Demo(folder, town.environment), writes=False), Server(town),
                   Server(Demo(folder, town.environment), *tokens, writes=False))
        places = [f"http://{server.place}" for server in servers]
        ended = subprocess.run(["node", os.path.join(ROOT, "tests/browser/portal.mjs"), *places[:2], town.path, SHOTS],
                               check=False, env={**os.environ, "UTFALL": UTFALL, "BROWSER_MODULES": MODULES,
                                                    "CLOSED": places[2], "TOKEN": TOKEN})
        for server in servers:
            server.stop()
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main())
