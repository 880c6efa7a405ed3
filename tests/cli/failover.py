#!/usr/bin/python3
"""Two PostgreSQL nodes with synchronous replication, two servers on them, and clients that submit.
In each round one thing breaks: a node or a server is killed or paused, the standby is promoted, the
connections between servers and nodes are cut or fall silent, the wait for the standby is cancelled.
What each client was told is kept. Afterwards every acknowledged statement is there once, where it
was said to be, and every checkpoint that was ever handed out is one of the same history.

    make failover ROUNDS=100     longer than `make check` does; SEED=N plays a run again
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from _cli import GOOD, WITH_LOG, Tap, Town
from front_ends import (CLIENTS, LEASE_SECONDS, Cluster, History, submit_until_told, test_history, watch,
                        while_submitting)
from serve import Server, contracts, status_is

ROUNDS = int(os.environ.get("ROUNDS", "0"))  # 0: those of `make check`
SEED = int(os.environ.get("SEED", "2026"))
EACH = 3
PAUSE = 3
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


class Door:
    """What stands between the servers and a node: passes on, until it is cut, muted or closed."""

    def __init__(self, folder, behind):
        os.mkdir(folder)
        self.folder = folder
        self.path, self.behind = (os.path.join(one, ".s.PGSQL.5432") for one in (folder, behind))
        self.is_muted = False
        self.listener = None
        self.passing = set()

    def open(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def close(self):
        """As on a machine where nothing listens: who comes is refused, and asks at the other node."""
        if self.listener is not None:
            os.remove(self.path)
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        self.cut()

    def cut(self):
        for one in list(self.passing):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it ended meanwhile

    def accept(self, listener):
        while True:
            try:
                outside = listener.accept()[0]
            except OSError:
                return
            inside = socket.socket(socket.AF_UNIX)
            try:
                inside.connect(self.behind)
            except OSError:
                outside.close()
                inside.close()
                continue
            self.passing |= {outside, inside}
            ends = [threading.Thread(target=self.carry, args=way, daemon=True)
                    for way in ((outside, inside), (inside, outside))]
            threading.Thread(target=self.attend, args=(ends, outside, inside), daemon=True).start()

    def attend(self, ends, *both):
        for end in ends:
            end.start()
        for end in ends:
            end.join()
        self.passing -= set(both)
        for one in both:
            one.close()

    def carry(self, source, target):
        try:
            while data := source.recv(65536):
                while self.is_muted:
                    time.sleep(0.05)
                target.sendall(data)
        except OSError:
            pass  # cut
        for one in (source, target):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Node:
    """One PostgreSQL server on a socket in a folder of its own, behind a door."""

    def __init__(self, folder):
        self.folder = folder
        self.data = os.path.join(folder, "data")
        os.mkdir(folder)
        self.door = Door(folder + "-door", folder)
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")

    def create(self):
        run(f"{BIN}/initdb", "-D", self.data, "-U", "utfall", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as file:
            file.write("synchronous_commit = on\nsynchronous_standby_names = '*'\n")

    def follow(self, primary):
        """Becomes a standby of another, from an empty folder on."""
        wait_until(lambda: not shutil.rmtree(self.data, ignore_errors=True) and not os.path.exists(self.data))
        run(f"{BIN}/pg_basebackup", "-h", primary.folder, "-U", "utfall", "-D", self.data, "-R", "-X", "stream", "-c", "fast")
        self.start()

    def start(self):
        """As a primary, now or later, it calls nothing committed that a standby has not on its disk."""
        run(f"{BIN}/pg_ctl", "-D", self.data, "-l", os.path.join(self.folder, "log"), "-s", "-w", "-o",
            f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c max_connections=200", "start")
        self.door.open()

    def sql(self, text):
        return run(f"{BIN}/psql", "-h", self.folder, "-U", "utfall", "-qAtX", "-c", text, "postgres").stdout.decode().strip()

    def has_standby(self):
        return self.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1"

    def signal(self, which):
        """To all its processes; first to the one that would start others."""
        with open(os.path.join(self.data, "postmaster.pid"), encoding="utf-8") as file:
            postmaster = int(file.readline())
        children = [int(name) for name in os.listdir("/proc") if name.isdigit() and parent_of(name) == postmaster]
        for process in (postmaster, *children):
            try:
                os.kill(process, which)
            except ProcessLookupError:
                pass

    def kill(self):
        self.signal(signal.SIGKILL)
        self.door.close()
        for name in os.listdir(self.folder):  # its socket, and the lock beside it
            if name.startswith(".s.PGSQL"):
                os.remove(os.path.join(self.folder, name))

    def promote(self):
        run(f"{BIN}/pg_ctl", "-D", self.data, "-s", "-w", "promote")

    def stop(self, how="immediate"):
        self.door.close()
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


class Play:
    """What the rounds are about; `nodes` begins with the primary."""

    def __init__(self, cluster, nodes):
        self.cluster = cluster
        self.nodes = nodes
        self.history = History()
        self.source = random.Random(SEED)

    def told(self):
        return len(self.history.told)


# --- What can break: each says what was wrong, or nothing ---

def promote_other(play):
    """The primary is gone for good; its machine comes back as a standby."""
    play.nodes[1].promote()
    play.nodes.reverse()
    play.nodes[1].follow(play.nodes[0])
    return "" if wait_until(play.nodes[0].has_standby) else "no standby came back"


def kill_primary(play):
    play.nodes[0].kill()
    return promote_other(play)


def promote_behind_pause(play):
    """The primary was only paused: for a while there are two."""
    old, new = play.nodes
    old.signal(signal.SIGSTOP)
    new.promote()
    time.sleep(play.source.random())
    old.signal(signal.SIGCONT)
    time.sleep(2)
    old.kill()
    play.nodes.reverse()
    old.follow(new)
    return "" if wait_until(new.has_standby) else "no standby came back"


def pause_primary(play):
    play.nodes[0].signal(signal.SIGSTOP)
    time.sleep(play.source.choice((0.5, 4, LEASE_SECONDS + 2)))
    play.nodes[0].signal(signal.SIGCONT)
    return ""


def kill_server(play):
    """Usually the one that appends."""
    [leader], _ = play.cluster.wait_for_one()
    server = leader if play.source.random() < 0.8 else play.source.choice(play.cluster.servers)
    server.stop(signal.SIGKILL)
    play.cluster.replace(server)
    return ""


def pause_server(play):
    [leader], _ = play.cluster.wait_for_one()
    leader.process.send_signal(signal.SIGSTOP)
    found, _ = play.cluster.wait_for_another(leader)
    leader.process.send_signal(signal.SIGCONT)
    return "" if found else "nobody took over"


def cut_connections(play):
    """At moments of which some are between a commit and its answer."""
    for _ in range(8):
        if play.source.random() < 0.5:
            play.nodes[0].door.cut()
        else:
            play.nodes[0].sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                              "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
        time.sleep(play.source.random() * 0.7)
    return ""


def mute_connections(play):
    """Nothing comes through, and nobody is told; then they break."""
    play.nodes[0].door.is_muted = True
    time.sleep(play.source.choice((1, LEASE_SECONDS + 2)))
    if play.source.random() < 0.5:
        play.nodes[0].door.cut()
    play.nodes[0].door.is_muted = False
    return ""


def cancel_waits(play):
    """The standby is silent, and somebody cancels whatever waits for it."""
    play.nodes[1].signal(signal.SIGSTOP)
    time.sleep(0.5)  # for answers that are under way
    told, cancelled, until = play.told(), 0, time.monotonic() + 4
    while time.monotonic() < until:
        cancelled += int(play.nodes[0].sql("SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity "
                                           "WHERE wait_event = 'SyncRep'"))
        time.sleep(0.05)
    more = play.told() - told
    play.nodes[1].signal(signal.SIGCONT)
    if cancelled == 0:
        return "nothing waited"
    return f"{more} acknowledged that were on one node" if more else ""


KINDS = {
    "the primary is killed, its standby promoted": kill_primary,
    "the standby is promoted beside a primary that was paused": promote_behind_pause,
    "the primary is paused": pause_primary,
    "a server is killed": kill_server,
    "the server that appends is paused": pause_server,
    "connections are cut": cut_connections,
    "connections fall silent": mute_connections,
    "waits for the standby are cancelled": cancel_waits,
}
CHECKED = (kill_primary, cancel_waits, cut_connections, promote_behind_pause)


def kinds_to_play(source):
    """Each as often as the others, in any order."""
    if ROUNDS == 0:
        return [kind for kind in KINDS.items() if kind[1] in CHECKED]
    deck = []
    while len(deck) < ROUNDS:
        deck += source.sample(list(KINDS.items()), len(KINDS))
    return deck[:ROUNDS]


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
    told, until = set(), time.monotonic() + LEASE_SECONDS + 5
    while time.monotonic() < until:
        told.add(leader.ask("POST", "/statements", notes[1])[0])
        time.sleep(0.5)
    tap.check("the one that signed them appends nothing to the backup", not told <= {500, 503} and f"answers {told}")


def wait_for_standbys(node, names):
    """Sets which ones the primary waits for."""
    node.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
    node.sql("SELECT pg_reload_conf()")


def test_replicas(tap, town, nodes, notes):
    """Asked for, a server appends only while acknowledged means on two nodes."""
    node = nodes[0]
    words = ("serve", "--listen", "127.0.0.1:0", *WITH_LOG, "--json", "--replicas")
    two = town.run(*words, "2")
    tap.check("a server that is to have two standbys does not start with one", two.coded("STORAGE"),
              "synchronous_standby_names" not in two.out and two)
    node.sql("CREATE ROLE plain LOGIN; GRANT USAGE ON SCHEMA fronts TO plain; "
             "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA fronts TO plain")
    unseen = town.run(*words, "1", "--ledger", town.environment["UTFALL_LEDGER"].replace("user=utfall", "user=plain"))
    tap.check("nor when it cannot see them", unseen.coded("STORAGE"), "pg_read_all_stats" not in unseen.out and unseen)
    tap.check("a ledger in a file has none", town.run(*words, "1", "--ledger", "utfall.ledger").coded("INVALID"))
    for count in ("0", "101", "x"):
        tap.check(f"{count} standbys: a number from 1 to 100", town.run(*words, count).coded("LIMIT"))
    reader = town.run("serve", "--listen", "127.0.0.1:0", "--replicas", "1", "--json")
    tap.check("and a server that only reads waits for none", reader.coded("INVALID"))
    server = Server(town, "--replicas", "1")
    tap.check("with one it appends", status_is(201, server.submit(notes[0])))
    wait_for_standbys(node, "")
    refused = server.submit(notes[1])
    tap.check("when nobody is waited for any more, it refuses", status_is(503, refused),
              "synchronous_standby_names" not in refused[1].get("reason", "") and refused)
    size = server.json("/api/v1/ledger")["size"]
    time.sleep(1)
    later = server.submit(notes[1])
    tap.check("also later, and says why", status_is(503, later),
              "synchronous_standby_names" not in later[1].get("reason", "") and later)
    for names in ("ANY 1 (walreceiver, other)", "FIRST 1 (*)", "1 (walreceiver)"):
        wait_for_standbys(node, names)
        tap.check(f"with {names} again, it goes on", not wait_until(lambda: server.submit(notes[1])[0] in (200, 201), 15))
    tap.check("and what was refused had not been stored", server.json("/api/v1/ledger")["size"] != size + 1)
    nodes[1].stop("fast")
    alone = server.submit(notes[2])
    tap.check("without the standby it refuses at once", status_is(503, alone),
              "that follow are 0" not in alone[1].get("reason", "") and alone)
    nodes[1].start()
    tap.check("and goes on with it", not wait_until(lambda: server.submit(notes[2])[0] == 201, 15))
    server.process.terminate()
    said = server.process.stderr.read().decode()
    tap.check("its log says why, once for each reason", said.count("synchronous_standby_names makes them wait") != 1 and said)
    wait_for_standbys(node, "*")
    server.stop()


def play_round(tap, play, title, action, notes):
    started, complaints = time.monotonic(), []
    before = play.told()

    def disturb():
        time.sleep(0.3 + play.source.random())
        try:
            complaints.append(action(play))
        except subprocess.CalledProcessError as error:
            complaints.append(f"{error} {error.stderr}")
        except subprocess.TimeoutExpired as error:
            complaints.append(str(error))

    while_submitting(play.cluster, play.history, notes, play.source, PAUSE, disturb)
    lost = len(notes) - (play.told() - before)
    complaints += [f"a server ended with {one.process.returncode}" for one in play.cluster.servers
                   if one.process.poll() is not None]
    tap.check(f"{title}: all is acknowledged in the end, {time.monotonic() - started:.0f} s", *complaints,
              lost and f"{lost} are not")


def play_all(tap, play, kinds, notes):
    stop = threading.Event()
    watcher = threading.Thread(target=watch, args=(play.cluster, play.history, stop))
    watcher.start()
    for turn, (title, action) in enumerate(kinds):
        part = notes[turn * CLIENTS * EACH:(turn + 1) * CLIENTS * EACH]
        play_round(tap, play, f"{turn + 1}. {title}", action, part)
    stop.set()
    watcher.join()


def main():
    tap = Tap()
    kinds = kinds_to_play(random.Random(SEED))
    print(f"# SEED={SEED}")
    with tempfile.TemporaryDirectory(prefix="utfall-failover-") as folder, Town(contract=False) as town:
        os.chmod(folder, 0o755)
        nodes = [Node(os.path.join(folder, name)) for name in "ab"]
        nodes[0].create()
        nodes[0].start()
        nodes[1].follow(nodes[0])
        tap.check("a standby follows", not wait_until(nodes[0].has_standby) and "none does")
        hosts = ",".join(node.door.folder for node in nodes)
        place = f"postgresql:///postgres?user=utfall&host={hosts}&target_session_attrs=read-write#fronts"
        notes = list(contracts(town, len(kinds) * CLIENTS * EACH + 6, "c").values())
        tap.check("the ledger is on both", town.run("copy", "utfall.ledger", place).ended(GOOD))
        town.environment["UTFALL_LEDGER"] = place
        play = Play(Cluster(town, 2), nodes)
        play_all(tap, play, kinds, notes[:-6])
        test_history(tap, town, play.cluster, play.history, notes[:-6])
        test_backup(tap, play.cluster, play.nodes, notes[-6:-4])
        for server in play.cluster.servers:
            server.stop()
        test_replicas(tap, town, play.nodes, notes[-4:])
        for node in nodes:
            node.stop()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
