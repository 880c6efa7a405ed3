#!/usr/bin/python3
"""Several servers on one database: one appends, the others wait and take over. They are killed,
paused beyond their lease and told to end while clients submit; what each client was told is kept,
and afterwards every acknowledged statement is there once, where it was said to be, and every
checkpoint that was ever handed out is one of the same history."""

import concurrent.futures
import hashlib
import base64
import http.client
import json
import os
import random
import signal
import sys
import threading
import time

from _cli import GOOD, ROOT, Tap, Town
from serve import Server, contracts, status_is

SERVER = os.environ.get("UTFALL_TEST_POSTGRES")
ROUNDS = int(os.environ.get("ROUNDS", "1"))
CLIENTS = 6
EACH = 8
TAKEN_OVER_SECONDS = 40
LEASE_SECONDS = 10
SILENCE_SECONDS = 6  # then a client asks again, perhaps elsewhere


def root_of(leaves):
    """The Merkle Tree Hash of RFC 6962, section 2.1."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + root_of(leaves[:half]) + root_of(leaves[half:])).digest()


class History:
    """What clients were told, by whichever server."""

    def __init__(self):
        self.told = {}  # note -> indexes
        self.checkpoints = set()  # (size, root)
        self.odd = []
        self.lock = threading.Lock()

    def note(self, note, index):
        with self.lock:
            self.told.setdefault(note, set()).add(index)

    def see(self, checkpoint):
        _, size, root = checkpoint.decode().split("\n\n")[0].split("\n")[:3]
        with self.lock:
            self.checkpoints.add((int(size), root))


class Cluster:
    """Servers on one ledger; each place has one, or for a while none."""

    def __init__(self, town, count):
        self.town = town
        self.servers = [self.start() for _ in range(count)]

    def start(self):
        return Server(self.town, "--standby")

    def appends(self, server):
        try:
            return b"utfall_appending 1" in server.get("/metrics")[2]
        except (OSError, http.client.HTTPException):
            return False

    def wait_for_one(self):
        """The server that appends, and how long it took until there was one."""
        started = time.monotonic()
        while time.monotonic() - started < TAKEN_OVER_SECONDS:
            leading = [one for one in self.servers if self.appends(one)]
            if leading:
                return leading, time.monotonic() - started
            time.sleep(0.1)
        return [], TAKEN_OVER_SECONDS

    def wait_for_another(self, leader):
        """As wait_for_one, without asking one that cannot answer."""
        everyone = self.servers
        self.servers = [one for one in everyone if one is not leader]
        found = self.wait_for_one()
        self.servers = everyone
        return found

    def replace(self, server):
        self.servers[self.servers.index(server)] = self.start()


def submit_until_told(cluster, history, note, source):
    """As a client does: asks any server, again and again, until one acknowledges."""
    until = time.monotonic() + 90
    while time.monotonic() < until:
        server = source.choice(cluster.servers)
        connection = http.client.HTTPConnection(server.place, timeout=SILENCE_SECONDS)
        try:
            connection.request("POST", "/statements", note)
            reply = connection.getresponse()
            data = reply.read()
            if reply.status in (200, 201):
                answer = json.loads(data)
                history.note(note, answer["index"])
                history.see(("x\n" + answer["proof"].split("\n\n", 1)[1].split("\n", 1)[1]).encode())
                return True
            if reply.status != 503:
                history.odd.append(f"{reply.status} {data[:200]}")
                return False
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    return False


def while_submitting(cluster, history, notes, source, pause, action):
    """Does something to a cluster while CLIENTS hand in notes, with pauses as long as it is done."""
    over = threading.Event()

    def client(mine):
        for note in mine:
            submit_until_told(cluster, history, note, source)
            over.wait(source.random() * pause)
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(client, notes[i::CLIENTS]) for i in range(CLIENTS)]
        try:
            action()
        finally:
            over.set()
        for one in clients:
            one.result()


def watch(cluster, history, stop):
    """Somebody who follows the log at every server."""
    while not stop.is_set():
        for server in list(cluster.servers):
            connection = http.client.HTTPConnection(server.place, timeout=2)
            try:
                connection.request("GET", "/checkpoint")
                reply = connection.getresponse()
                if reply.status == 200:
                    history.see(reply.read())
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
        time.sleep(0.05)


def disturb(tap, cluster):
    """Kills, pauses and ends whichever appends; says how long it took until another did."""
    [leader], _ = cluster.wait_for_one()
    leader.process.kill()
    _, seconds = cluster.wait_for_another(leader)
    tap.check(f"the one that appends is killed: another does, in {seconds:.1f} s",
              seconds >= TAKEN_OVER_SECONDS and "nobody does")
    leader.stop()
    cluster.replace(leader)
    [leader], _ = cluster.wait_for_one()
    leader.process.send_signal(signal.SIGSTOP)
    _, seconds = cluster.wait_for_another(leader)
    leader.process.send_signal(signal.SIGCONT)
    tap.check(f"it is paused beyond its lease: another does, in {seconds:.1f} s",
              seconds >= TAKEN_OVER_SECONDS and "nobody does")
    time.sleep(4)
    leading = [one for one in cluster.servers if cluster.appends(one)]
    tap.check("when it goes on, it is a standby", len(leading) != 1 and f"{len(leading)} say that they append",
              leader in leading and "it still says that it appends")
    [leader], _ = cluster.wait_for_one()
    leader.stop()
    _, seconds = cluster.wait_for_another(leader)
    tap.check(f"it is told to end: another does, in {seconds:.1f} s, before a lease runs out",
              seconds >= LEASE_SECONDS / 2 and "too late")
    cluster.replace(leader)


def test_end(tap, cluster):
    [leader], _ = cluster.wait_for_one()
    for what, server in (("a standby", next(one for one in cluster.servers if one is not leader)),
                         ("the one that appends", leader)):
        started = time.monotonic()
        code = server.stop()
        seconds = time.monotonic() - started
        tap.check(f"{what} that is told to end ends in {seconds:.1f} s", code and f"with {code}",
                  seconds >= LEASE_SECONDS / 2 and "too late")


def test_standby(tap, cluster, notes):
    leading, _ = cluster.wait_for_one()
    tap.check("of two servers one appends", len(leading) != 1 and f"{len(leading)} do")
    [standby] = [one for one in cluster.servers if one is not leading[0]]
    status, headers, data = standby.ask("POST", "/statements", notes[0])
    tap.check("the other refuses statements for a while", status != 503 and f"{status} {data}",
              headers["Retry-After"] is None and "without saying when to ask again")
    before = standby.json("/api/v1/ledger")["size"]
    told = leading[0].submit(notes[0])
    tap.check("the one takes them", status_is(201, told))
    tap.check("and the other shows them at once", standby.json("/api/v1/ledger")["size"] != before + 1)
    time.sleep(LEASE_SECONDS + 2)
    tap.check("idle for longer than a lease, it still appends", not cluster.appends(leading[0]) and "it does not")


def test_history(tap, town, cluster, history, notes):
    [server], _ = cluster.wait_for_one()
    size = server.json("/api/v1/ledger")["size"]
    entries = [server.json(f"/api/v1/entries/{index}")["note"].encode() for index in range(size)]
    leaves = [hashlib.sha256(b"\x00" + note).digest() for note in entries]
    tap.check(f"{len(history.told)} were acknowledged", len(history.told) != len(notes) and f"of {len(notes)}", *history.odd)
    tap.check("each is there, once, and where each client was told",
              [f"told {indexes}, is at {[i for i, one in enumerate(entries) if one == note]}"
               for note, indexes in history.told.items()
               if [i for i, one in enumerate(entries) if one == note] != sorted(indexes)])
    tap.check(f"{len(history.checkpoints)} checkpoints that were handed out are of one history",
              len(history.checkpoints) < len(notes) // 4 and "too few",
              [f"size {at}" for at, root in history.checkpoints
               if base64.b64encode(root_of(leaves[:at])).decode() != root])
    tap.check("the whole ledger verifies", town.run("verify").ended(GOOD))


def main():
    tap = Tap()
    source = random.Random(2026)
    with Town(contract=False) as town:
        notes = list(contracts(town, ROUNDS * CLIENTS * EACH + 1, "c").values())
        place = f"postgresql://{SERVER}#fronts"
        tap.check("the ledger is in a database", town.run("copy", "utfall.ledger", place).ended(GOOD))
        town.environment["UTFALL_LEDGER"] = place
        cluster = Cluster(town, 2)
        test_standby(tap, cluster, notes)
        history, stop = History(), threading.Event()
        watcher = threading.Thread(target=watch, args=(cluster, history, stop))
        watcher.start()
        for turn in range(ROUNDS):
            part = notes[1 + turn * CLIENTS * EACH:1 + (turn + 1) * CLIENTS * EACH]
            while_submitting(cluster, history, part, source, 6, lambda: disturb(tap, cluster))
        stop.set()
        watcher.join()
        test_history(tap, town, cluster, history, notes[1:])
        test_end(tap, cluster)
    return tap.end()


if __name__ == "__main__":
    if SERVER is None:
        os.execv(os.path.join(ROOT, "tests", "support", "with-postgres"), ["with-postgres", *sys.argv])
    sys.exit(main())
