#!/usr/bin/python3
"""Go's sumdb/tlog reads what we publish: a ledger of 20,000 entries, in steps, whole and damaged.

The packages are Debian's golang-golang-x-mod-dev; tests/oracles/tilecheck.go calls them.
"""

import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "faults"))
from _world import PROGRAMS, UTFALL, Tap, World  # noqa: E402

CONTRACTS, FUNDINGS = 40, 500  # 20,000 entries and some parties
MEMORY_KIB_MAX = 96 * 1024  # the entries alone are several times as many bytes in JSON trees


def build(folder):
    """The checker, by Debian's Go where there is one."""
    go = "/usr/bin/go" if os.access("/usr/bin/go", os.X_OK) else "go"
    program = folder / "tilecheck"
    environment = dict(os.environ, GOPATH="/usr/share/gocode", GO111MODULE="off", GOFLAGS="",
                       GOTOOLCHAIN="local", GOCACHE=os.environ.get("GOCACHE", str(folder / "go")))
    environment.pop("GOROOT", None)
    done = subprocess.run([go, "build", "-o", str(program), "tests/oracles/tilecheck.go"],
                          cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return program if done.returncode == 0 else None, (done.stderr or "").splitlines()


class Case:
    def __init__(self, folder, program):
        self.folder = folder
        self.program = program
        self.environment = dict(os.environ, HOME=str(folder), XDG_STATE_HOME=str(folder / "state"),
                                TMPDIR=str(folder), LC_ALL="C.UTF-8")

    def run(self, *words):
        return subprocess.run([str(UTFALL), *map(str, words)], cwd=self.folder, text=True,
                              env=self.environment, capture_output=True, timeout=600, check=False)

    def peak(self, *words):
        """The greatest resident size of one run, from a child of its own."""
        measure = ("import resource, subprocess, sys\n"
                   "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
                   "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
                   "sys.exit(done.returncode)\n")
        done = subprocess.run([sys.executable, "-c", measure, str(UTFALL), *map(str, words)],
                              cwd=self.folder, env=self.environment, capture_output=True, text=True,
                              timeout=600, check=False)
        return done.returncode, int(done.stdout or 0)

    def go(self, site, vkey, *old):
        return subprocess.run([str(self.program), str(site), vkey, *map(str, old)],
                              capture_output=True, text=True, timeout=120, check=False)


def identity(ledger):
    database = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
    try:
        return database.execute("SELECT vkey FROM identity").fetchone()[0]
    finally:
        database.close()


def test_big(tap, case):
    ledger = case.folder / "big.ledger"
    site = case.folder / "site"
    made = subprocess.run([PROGRAMS / "make_big", ledger, str(CONTRACTS), str(FUNDINGS)],
                          capture_output=True, text=True, timeout=600, check=True)
    size = int(made.stdout)
    vkey = identity(ledger)
    status, publish_kib = case.peak("--ledger", ledger, "publish", site)
    tap.ok(status == 0, f"a ledger of {size} entries is published")
    judged = case.go(site, vkey)
    tap.ok(judged.returncode == 0 and int(judged.stdout or 0) == size,
           "Go finds every entry in the tiles, and the root", judged.stderr.splitlines())
    status, verify_kib = case.peak("verify", site, "--vkey", vkey, "--threads", "1")
    tap.ok(status == 0, "verify finds the same")
    tap.ok(publish_kib < MEMORY_KIB_MAX and verify_kib < MEMORY_KIB_MAX,
           "memory does not grow with the ledger",
           [f"publish {publish_kib} KiB, verify {verify_kib} KiB"])
    return ledger, site, vkey, size


def damage(site, path):
    data = bytearray((site / path).read_bytes())
    data[len(data) // 2] ^= 1
    (site / path).write_bytes(data)


def test_damage(tap, case, site, vkey):
    """Neither Go nor we accept a flipped bit, and ours names a place."""
    paths = ["tile/0/000", "tile/0/077", "tile/1/000.p/*", "tile/entries/000", "tile/entries/050",
             "tile/entries/*.p/*"]
    for pattern in paths:
        found = sorted(str(path.relative_to(site)) for path in site.glob(pattern))
        bad = case.folder / "bad"
        shutil.copytree(site, bad)
        damage(bad, found[0])
        ours = case.run("verify", bad, "--json", "--threads", "1")
        answer = json.loads(ours.stdout or "{}")
        tap.ok(ours.returncode == 1 and answer.get("code") == "UNTRUSTED" and answer.get("at") and
               case.go(bad, vkey).returncode == 1, f"{found[0]} with a flipped bit is refused by both",
               [ours.stdout, ours.stderr])
        shutil.rmtree(bad)


def test_two(tap, case, vkey, site):
    """Two full tiles that changed places, with their bundles."""
    bad = case.folder / "bad"
    shutil.copytree(site, bad)
    for kind in ("0", "entries"):
        one, two = bad / "tile" / kind / "003", bad / "tile" / kind / "004"
        first, second = one.read_bytes(), two.read_bytes()
        one.write_bytes(second)
        two.write_bytes(first)
    ours = case.run("verify", bad, "--json", "--threads", "1")
    tap.ok(ours.returncode == 1 and case.go(bad, vkey).returncode == 1,
           "tiles that changed places are refused by both", [ours.stdout, ours.stderr])
    shutil.rmtree(bad)


def test_growth(tap, folder, program):
    """A small ledger that is published after each entry: Go finds each size in the next ones."""
    world = World(folder / "world")
    world.create()
    contract = world.contract()
    site = folder / "grown"
    bad, seen = [], []
    for number in range(6):
        world.submit(world.funding(contract, "1.00", f"transfer {number}"))
        world.must("publish", str(site))
        lines = (site / "checkpoint").read_text(encoding="utf-8").splitlines()
        seen.append((lines[1], lines[2]))
        for size, root in seen:
            judged = subprocess.run([str(program), str(site), world.log.vkey, size, root],
                                    capture_output=True, text=True, check=False)
            if judged.returncode != 0:
                bad.append(f"{size} in {lines[1]}: {judged.stderr}")
    tap.ok(not bad and len({size for size, _ in seen}) == 6,
           "each published size continues those before it, says Go", bad)
    judged = subprocess.run([str(program), str(site), world.log.vkey, seen[0][0], seen[1][1]],
                            capture_output=True, text=True, check=False)
    tap.ok(judged.returncode == 1, "and not another root")


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        program, errors = build(folder)
        if tap.ok(program is not None, "the Go program is built", errors):
            case = Case(folder, program)
            _, site, vkey, _ = test_big(tap, case)
            test_damage(tap, case, site, vkey)
            test_two(tap, case, vkey, site)
            test_growth(tap, folder, program)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
