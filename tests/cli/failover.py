#!/usr/bin/python3
"""Two PostgreSQL nodes with synchronous replication, two servers on them, and clients that submit.
The primary is killed and its standby promoted, again and again; what each client was told is kept.
Afterwards every acknowledged statement is there once, where it was said to be, and every checkpoint
that was ever handed out is one of the same history.

    make failover ROUNDS=100     longer than `make check` does
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from _cli import GOOD, Tap, Town
from front_ends import CLIENTS, Cluster, History, submit_until_told, test_history, watch, while_submitting
from serve import contracts

ROUNDS = int(os.environ.get("ROUNDS", "2"))
EACH = 4
BIN = max(os.path.join("/usr/lib/postgresql", version, "bin") for version in os.listdir("/usr/lib/postgresql"))


def run(*words, check=True):
    """A command as a user whom PostgreSQL accepts: it refuses to run as root."""
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] if os.getuid() == 0 else []
    return subprocess.run([*user, *words], check=check, capture_output=True, timeout=90, cwd="/")


def parent_of(process):
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return None


class Node:
    """One PostgreSQL server on a socket in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.data = os.path.join(folder, "data")
        os.mkdir(folder)
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")

    def create(self):
        run(f"{BIN}/initdb", "-D", self.data, "-U", "utfall", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")

    def follow(self, primary):
        """Becomes a standby of another, from an empty folder on."""
        wait_until(lambda: not shutil.rmtree(self.data, ignore_errors=True) and not os.path.exists(self.data))
        run(f"{BIN}/pg_basebackup", "-h", primary.folder, "-U", "utfall", "-D", self.data, "-R", "-X", "stream", "-c", "fast")
        self.start()

    def start(self):
        """As a primary, now or later, it calls nothing committed that a standby has not on its disk."""
        run(f"{BIN}/pg_ctl", "-D", self.data, "-l", os.path.join(self.folder, "log"), "-s", "-w", "-o",
            f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c max_connections=200 "
            "-c synchronous_commit=on -c synchronous_standby_names=*", "start")

    def sql(self, text):
        return run(f"{BIN}/psql", "-h", self.folder, "-U", "utfall", "-qAtX", "-c", text, "postgres").stdout.decode().strip()

    def has_standby(self):
        return self.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1"

    def kill(self):
        with open(os.path.join(self.data, "postmaster.pid"), encoding="utf-8") as file:
            postmaster = int(file.readline())
        children = [int(name) for name in os.listdir("/proc") if name.isdigit() and parent_of(name) == postmaster]
        for process in (postmaster, *children):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for name in os.listdir(self.folder):  # its socket, and the lock beside it
            if name.startswith(".s.PGSQL"):
                os.remove(os.path.join(self.folder, name))

    def promote(self):
        run(f"{BIN}/pg_ctl", "-D", self.data, "-s", "-w", "promote")

    def stop(self, how="immediate"):
        run(f"{BIN}/pg_ctl", "-D", self.data, "-m", how, "-s", "stop", check=False)

    def keep(self, name):
        """A copy of a node that is stopped."""
        run("cp", "-a", self.data, os.path.join(self.folder, name))

    def restore(self, name):
        shutil.rmtree(self.data)
        os.rename(os.path.join(self.folder, name), self.data)


def wait_until(question, seconds=30):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if question():
            return True
        time.sleep(0.1)
    return False


def fail_over(tap, turn, nodes, history):
    """Kills the primary and promotes its standby; the killed one comes back as a standby."""
    nodes[0].kill()
    told = len(history.told)
    nodes[1].promote()
    nodes.reverse()
    nodes[1].follow(nodes[0])
    good = wait_until(nodes[0].has_standby)
    went_on = wait_until(lambda: len(history.told) > told, 40)
    tap.check(f"fail-over {turn + 1}: statements are acknowledged again", not good and "no standby",
              not went_on and "none was")


def start_all(nodes):
    nodes[0].start()
    nodes[1].follow(nodes[0])
    return wait_until(nodes[0].has_standby)


def test_backup(tap, cluster, nodes, notes):
    """A backup is put back under servers that have signed more than it holds."""
    source, history = random.Random(7), History()
    nodes[1].stop("fast")
    nodes[0].stop("fast")
    nodes[0].keep("backup")
    good = start_all(nodes) and submit_until_told(cluster, history, notes[0], source)
    tap.check("statements are acknowledged after the backup", not good and f"none is {history.odd}")
    [leader], _ = cluster.wait_for_one()
    for server in [one for one in cluster.servers if one is not leader]:
        server.stop()  # it has signed nothing that the backup lacks
    cluster.servers = [leader]
    nodes[1].stop("fast")
    nodes[0].stop("fast")
    nodes[0].restore("backup")
    start_all(nodes)
    told, until = set(), time.monotonic() + 25
    while time.monotonic() < until:
        told.add(leader.ask("POST", "/statements", notes[1])[0])
        time.sleep(0.5)
    tap.check("the one that signed them appends nothing to the backup", not told <= {500, 503} and f"answers {told}")


def disturb(tap, turn, nodes, history, source):
    time.sleep(1 + source.random() * 2)
    try:
        fail_over(tap, turn, nodes, history)
    except subprocess.CalledProcessError as error:
        with open(os.path.join(nodes[1].folder, "log"), encoding="utf-8") as file:
            tap.check("the nodes can be handled", f"{error} {error.stderr} {file.read()[-600:]}")
        raise SystemExit(tap.end()) from error


def play(tap, cluster, nodes, history, notes):
    source = random.Random(2026)
    for turn in range(ROUNDS):
        part = notes[turn * CLIENTS * EACH:(turn + 1) * CLIENTS * EACH]
        while_submitting(cluster, history, part, source, 5,
                         lambda turn=turn: disturb(tap, turn, nodes, history, source))


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="utfall-failover-") as folder, Town(contract=False) as town:
        os.chmod(folder, 0o755)
        nodes = [Node(os.path.join(folder, name)) for name in "ab"]
        nodes[0].create()
        nodes[0].start()
        nodes[1].follow(nodes[0])
        tap.check("a standby follows", not wait_until(nodes[0].has_standby) and "none does")
        hosts = ",".join(node.folder for node in nodes)
        place = f"postgresql:///postgres?user=utfall&host={hosts}&target_session_attrs=read-write#fronts"
        notes = list(contracts(town, ROUNDS * CLIENTS * EACH + 2, "c").values())
        tap.check("the ledger is on both", town.run("copy", "utfall.ledger", place).ended(GOOD))
        town.environment["UTFALL_LEDGER"] = place
        cluster = Cluster(town, 2)
        history, stop = History(), threading.Event()
        watcher = threading.Thread(target=watch, args=(cluster, history, stop))
        watcher.start()
        play(tap, cluster, nodes, history, notes[:-2])
        stop.set()
        watcher.join()
        test_history(tap, town, cluster, history, notes[:-2])
        test_backup(tap, cluster, nodes, notes[-2:])
        for server in cluster.servers:
            server.stop()
        for node in nodes:
            node.stop()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
