#!/usr/bin/python3
"""publish, and verify of what was published: from a folder and over HTTP, whole and damaged."""

import contextlib
import functools
import gzip
import http.server
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

from _cli import FALSE, GOOD, TROUBLE, UTFALL, WITH_LOG, Tap, Town
from witness import Witness


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


@contextlib.contextmanager
def served(folder, handler=None):
    """The URL of a static host of the folder, on the loopback."""
    handler = handler or functools.partial(Quiet, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.folder = folder
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def files(town, site):
    """Path -> bytes of all that is published."""
    root = town.file(site)
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, root)] = town.read(path)
    return found


def add_contract(town, name, ledger="utfall.ledger"):
    town.write(f"{name}.json", town.read("contract.json").replace(b'"small"', f'"{name}"'.encode()))
    town.sign(f"{name}.json", f"{name}.note", "town", "investor", "evaluator", force=True)
    town.good("submit", f"{name}.note", "--ledger", ledger, *WITH_LOG)


def test_publish(tap, town):
    first = town.run("publish", "site", "--json")
    tap.check("publish writes the ledger", first.coded("OK"),
              first.json.get("size") != 8 and first, first.json.get("files_new") != 2 and first)
    before = files(town, "site")
    wanted = {"checkpoint", "tile/0/000.p/8", "tile/entries/000.p/8", ".publishing"}
    tap.check("the site has the files of tlog-tiles", set(before) != wanted and sorted(before))
    again = town.run("publish", "site", "--json")
    tap.check("nothing new, nothing written", again.coded("OK"),
              again.json.get("files_new") != 0 and again, files(town, "site") != before and "changed")
    add_contract(town, "second")
    town.good("publish", "site")
    after = files(town, "site")
    changed = [path for path in before if after.get(path) != before[path]]
    tap.check("what was published stays, but for the checkpoint", changed != ["checkpoint"] and changed)
    tap.check("and the new partial tiles come beside it",
              set(after) - set(before) != {"tile/0/000.p/9", "tile/entries/000.p/9"} and sorted(after))


def test_reading(tap, town):
    log = town.vkeys["log"]
    here = town.good("verify", "--json", "--vkey", log).json
    folder = town.run("verify", "site", "--json", "--vkey", log)
    same = ("origin", "root", "entries", "signatures", "parties", "contracts", "settlements")
    tap.check("verify audits a folder of tiles", folder.coded("OK"),
              *(f"{name}: {folder.json.get(name)}" for name in same
                if folder.json.get(name) != here.get(name)))
    with served(town.file("site")) as url:
        web = town.run("verify", url + "/", "--json", "--vkey", log)
        tap.check("verify audits a URL", web.coded("OK"), web.out != folder.out and f"{web}\n{folder}")
        shown = town.run("--ledger", url, "show", "small")
        tap.check("every command that reads takes a URL",
                  shown.out != town.good("show", "small").out and shown)
        settled = town.run("--ledger", url, "explain", "small", "1y")
        tap.check("and explains a payout from it", settled.ended(GOOD), settled.prints("1.50"))
        other = town.run("verify", url, "--vkey", town.vkeys["town"], "--json")
        tap.check("another key is refused", other.coded("UNTRUSTED"), other.ended(FALSE))
        nothing = town.run("verify", url + "/nothing", "--json")
        tap.check("where nothing is published it says so", nothing.coded("NOT_FOUND"),
                  nothing.ended(TROUBLE))
    gone = town.run("verify", url, "--json")
    tap.check("no answer is told as such", gone.coded("STORAGE"), gone.ended(TROUBLE))
    written = town.run("submit", "second.note", "--ledger", "site", "--json", *WITH_LOG)
    tap.check("a site is not written", "" if written.exit != GOOD else written)
    password = town.run("verify", "http://name:password@127.0.0.1/", "--json")
    tap.check("a URL with a password is refused", password.ended(FALSE),
              password.coded("INVALID"))
    left = [name for name in os.listdir(town.file("tmp")) if name.startswith("utfall-")]
    tap.check("no copy is left behind", left)


class Odd(http.server.BaseHTTPRequestHandler):
    """A server that answers otherwise than a static host, by the first folder of the path."""

    def do_GET(self):
        kind = self.path.split("/")[1]
        status, headers, body = {
            "error": (500, {}, b""),
            "forbidden": (403, {}, b""),
            "large": (200, {}, b"x" * 1000000),
            "bomb": (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(50000000))),
            "page": (200, {"Content-Type": "text/html"}, b"<html>Welcome</html>"),
            "file": (302, {"Location": "file:///etc/hostname"}, b""),
            "loop": (302, {"Location": self.path}, b""),
            "moved": (302, {"Location": self.path.replace("/moved/", "/site/")}, b""),
            "short": (200, {"Content-Length": "1000"}, b"x"),
        }.get(kind, (200, {}, None))
        if body is None:
            status, body = self.published()
        headers.setdefault("Content-Length", str(len(body)))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)
        self.close_connection = True

    def published(self):
        path = os.path.join(self.server.folder, self.path.partition("/site/")[2])
        if not os.path.isfile(path):
            return 404, b""
        with open(path, "rb") as file:
            return 200, file.read()

    def log_message(self, *words):
        pass


def test_odd_servers(tap, town):
    with served(town.file("site"), Odd) as url:
        for kind, code, exit_status in (
                ("error", "STORAGE", TROUBLE), ("forbidden", "STORAGE", TROUBLE),
                ("large", "LIMIT", TROUBLE), ("bomb", "LIMIT", TROUBLE), ("page", "INVALID", FALSE),
                ("file", "STORAGE", TROUBLE), ("loop", "STORAGE", TROUBLE),
                ("short", "STORAGE", TROUBLE)):
            result = town.run("verify", f"{url}/{kind}", "--json")
            tap.check(f"a server that answers with '{kind}' is told so", result.coded(code),
                      result.ended(exit_status))
        moved = town.run("verify", f"{url}/moved", "--json")
        tap.check("a redirect is followed", moved.coded("OK"))


def test_damage(tap, town):
    whole = files(town, "site")
    kinds = {
        "a flipped bit": lambda data: bytes([data[0]]) + bytes([data[1] ^ 4]) + data[2:],
        "a flipped bit at the end": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        "a truncated file": lambda data: data[:-1],
        "an empty file": lambda data: b"",
        "a longer file": lambda data: data + b"\0",
        "a missing file": lambda data: None,
    }
    for path in ("checkpoint", "tile/0/000.p/9", "tile/entries/000.p/9"):
        for kind, change in kinds.items():
            shutil.rmtree(town.file("bad"), ignore_errors=True)
            shutil.copytree(town.file("site"), town.file("bad"))
            data = change(whole[path])
            if data is None:
                os.remove(town.file(f"bad/{path}"))
            else:
                town.write(f"bad/{path}", data)
            result = town.run("verify", "bad", "--json")
            missing = path == "checkpoint" and data is None
            tap.check(f"{path}, {kind}: verify refuses and says where",
                      result.ended(TROUBLE if missing else FALSE),
                      "" if result.json.get("at") or result.json.get("file") else result,
                      "" if result.json.get("reason") else result)


def test_swapped(tap, town):
    """Tiles and entries of another history of the same log, with their own checkpoint or not."""
    shutil.copy(town.file("small-copy.ledger"), town.file("fork.ledger"))
    add_contract(town, "fork", "fork.ledger")
    town.good("publish", "fork-site", "--ledger", "fork.ledger")
    fork = files(town, "fork-site")
    for path in ("checkpoint", "tile/0/000.p/9", "tile/entries/000.p/9"):
        shutil.rmtree(town.file("bad"), ignore_errors=True)
        shutil.copytree(town.file("site"), town.file("bad"))
        town.write(f"bad/{path}", fork[path])
        result = town.run("verify", "bad", "--json")
        tap.check(f"{path} of another history is refused", result.ended(FALSE),
                  result.coded("UNTRUSTED"))
    swapped = town.run("verify", "fork-site", "--json")
    tap.check("another history is refused by what verify remembers", swapped.coded("UNTRUSTED"),
              "" if "another history" in swapped.json.get("reason", "") else swapped)
    refused = town.run("publish", "site", "--ledger", "fork.ledger", "--json")
    tap.check("another history is not published over this one", refused.coded("UNTRUSTED"))
    shorter = town.run("publish", "site", "--ledger", "small-copy.ledger", "--json")
    tap.check("nor is a ledger that is shorter", shorter.coded("UNTRUSTED"),
              "" if "backup" in shorter.json.get("reason", "") else shorter)
    tap.check("and the site is as it was", town.run("verify", "site", "--json").coded("OK"))


def test_never_replaced(tap, town):
    shutil.rmtree(town.file("bad"), ignore_errors=True)
    shutil.copytree(town.file("site"), town.file("bad"))
    path = "bad/tile/entries/000.p/9"
    forged = town.read(path)[:-1] + b"?"
    town.write(path, forged)
    result = town.run("publish", "bad")
    tap.check("a published file with other bytes is refused by name", result.ended(FALSE),
              result.says(path), town.read(path) != forged and "it was replaced")
    os.remove(town.file(path))
    mended = town.run("publish", "bad")
    tap.check("removed, it is written again", mended.ended(GOOD),
              town.run("verify", "bad", "--json").coded("OK"))


def test_attachments(tap, town):
    """What witnesses signed is published, read back with the tiles, and checked."""
    town.make_key("witness.example/w1", "witness.key")
    witness = Witness(town, [town.vkeys["log"]])
    try:
        by = f"{witness.url}={witness.vkey}"
        town.good("checkpoint", "--witness", by)
        add_contract(town, "witnessed")
        town.good("checkpoint", "--witness", by)
        town.good("publish", "site")
    finally:
        witness.stop()
    published = files(town, "site")
    size = town.size()
    wanted = {"utfall/attachment/0", "utfall/attachment/1", f"utfall/checkpoint/{size}",
              f"utfall/checkpoint/{size - 1}"}
    tap.check("attachments are published with their checkpoints",
              {path for path in published if path.startswith("utfall/")} != wanted
              and sorted(published))
    tap.check("the published checkpoint has the witness's line",
              published["checkpoint"].count(b"\n\xe2\x80\x94 ") != 2 and published["checkpoint"])
    answer = town.run("verify", "site", "--json")
    tap.check("verify reads them from the site", answer.coded("OK"),
              answer.json.get("checkpoints") != 2 and answer,
              answer.json.get("attachments") != 2 and answer)
    town.write("policy", f"log {town.vkeys['log']}\nwitness w {witness.vkey}\nquorum w\n")
    followed = town.run("monitor", "site", "--policy", "policy", "--once", "--json",
                        "--contract", "none")
    tap.check("a monitor finds the quorum", followed.coded("OK"),
              followed.json.get("witnesses") != 1 and followed)
    for path in sorted(wanted) + ["checkpoint"]:
        shutil.rmtree(town.file("bad"), ignore_errors=True)
        shutil.copytree(town.file("site"), town.file("bad"))
        data = published[path]
        town.write(f"bad/{path}", data[:-20] + bytes([data[-20] ^ 1]) + data[-19:])
        if path == "checkpoint":  # one of its two lines: the log's or the witness's
            result = town.run("monitor", "bad", "--policy", "policy", "--once", "--json", "--state",
                              "bad-state")
        else:
            result = town.run("verify", "bad", "--json")
        tap.check(f"a flipped bit in {path} is refused", result.ended(FALSE),
                  result.json.get("ok") is not False and result)
    shutil.rmtree(town.file("bad"), ignore_errors=True)
    shutil.copytree(town.file("site"), town.file("bad"))
    os.remove(town.file(f"bad/utfall/checkpoint/{size - 1}"))
    tap.check("a checkpoint that an attachment is about must be there",
              town.run("verify", "bad", "--json").coded("UNTRUSTED"))


def test_interrupted(tap, town):
    """Killed at growing delays, and each time run again."""
    complaints = []
    killed = 0
    for delay in range(0, 60, 2):
        shutil.rmtree(town.file("cut"), ignore_errors=True)
        with subprocess.Popen([UTFALL, "publish", "cut"], cwd=town.path, env=town.environment,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(delay / 1000)
            process.send_signal(signal.SIGKILL)
        killed += process.returncode == -signal.SIGKILL
        if town.exists("cut/checkpoint"):
            complaints.append(town.run("verify", "cut", "--json").coded("OK"))
        complaints.append(town.run("publish", "cut", "--json").coded("OK"))
        complaints.append(town.run("verify", "cut", "--json").coded("OK"))
    tap.check("a killed publish is completed by the next", *complaints,
              "" if killed else "none was killed in time")
    locked = subprocess.Popen(["flock", "cut/.publishing", "sleep", "30"], cwd=town.path)
    try:
        time.sleep(0.5)
        result = town.run("publish", "cut", "--json")
        tap.check("two programs do not publish into one folder", result.coded("CONFLICT"))
    finally:
        locked.kill()
        locked.wait()


def test_no_room(tap, town):
    """A file system that takes no more: told, and nothing half published."""
    os.mkdir(town.file("full"))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", town.file("full")],
                             capture_output=True, check=False).returncode == 0
    if mounted:
        try:
            result = town.run("publish", "full")
            tap.check("without room it is told", result.ended(TROUBLE), result.says("full/tile/"),
                      town.exists("full/checkpoint") and "a checkpoint was published",
                      [path for path in files(town, "full") if path.endswith(".tmp")])
            subprocess.run(["mount", "-o", "remount,size=1m", town.file("full")], check=True)
            again = town.run("publish", "full", "--json")
            tap.check("with room the next one completes it", again.coded("OK"),
                      town.run("verify", "full", "--json").coded("OK"))
        finally:
            subprocess.run(["umount", "-l", town.file("full")], check=True)
    else:
        tap.skip("without room it is told", "no file system may be mounted here")
    blocked = town.run("publish", town.write("a-file", "x"), "--json")
    tap.check("a file is no folder to publish into", "" if blocked.exit == TROUBLE else blocked)


def main():
    tap = Tap()
    with Town() as town:
        os.mkdir(town.file("tmp"))
        town.environment["TMPDIR"] = town.file("tmp")
        town.settle_and_pay()
        shutil.copy(town.file("utfall.ledger"), town.file("small-copy.ledger"))
        test_publish(tap, town)
        test_reading(tap, town)
        test_odd_servers(tap, town)
        test_damage(tap, town)
        test_swapped(tap, town)
        test_never_replaced(tap, town)
        test_attachments(tap, town)
        test_interrupted(tap, town)
        test_no_room(tap, town)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
