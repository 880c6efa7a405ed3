#!/usr/bin/python3
"""A full disk: nothing is half stored, the message says what to do, and room brings it back.

With a file system of its own where mounting one is permitted (as root); else under a limit on the
size of files. What SQLite meets at each single call is tried besides: ENOSPC from some call on, and
an I/O error at one call.
"""

import contextlib
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile

from _append import Appender, Notes, acknowledged, copy, entries
from _auditor import remove_side_files
from _world import Tap, UTFALL, World

DISK_SIZE = 400 * 1024
CALLS_MAX = 400


@contextlib.contextmanager
def small_disk(folder):
    """A tmpfs of DISK_SIZE, or None where none may be mounted."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE},mode=700", "tmpfs",
                           str(folder)], capture_output=True, check=False)
    if done.returncode != 0:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path):
    """Takes all room that is left."""
    with open(path, "wb", buffering=0) as file:
        for size in (65536, 4096, 512, 1):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)):
                    pass


def is_clear(done, name):
    """Exit status 2, the file named, and what to do about it."""
    return (done.returncode == 2 and name in done.stderr and "Traceback" not in done.stderr and
            any(word in done.stderr for word in ("full", "No space", "too large")))


def describe(done):
    return [f"exit {done.returncode}", *done.stderr.splitlines(), *done.stdout.splitlines()]


class Case:
    """One way to have no room: `prepare` takes it, `run` runs the program without it."""

    def __init__(self, name, world, ledger, run, free):
        self.name = name
        self.world = world
        self.ledger = ledger
        self.run = run
        self.free = free

    def submit(self, *paths):
        return self.run([UTFALL, "--ledger", str(self.ledger), "submit", "--log-key",
                         str(self.world.log_file), "--passphrase-file",
                         str(self.world.folder / "passphrase"), *map(str, paths)])


def test_submit(tap, case, notes):
    """Until the disk is full, at it, and after."""
    world, ledger = case.world, case.ledger
    stored, refusal = notes.stored(ledger), None
    while refusal is None and stored < len(notes.paths):
        done = case.submit(*notes.paths[stored:stored + 8])
        if done.returncode == 0:
            stored += len(acknowledged(done.stdout.splitlines(keepends=True)))
        else:
            refusal = done
    if not tap.ok(refusal is not None, f"{case.name}: there is an end to what fits"):
        return
    tap.ok(is_clear(refusal, ledger.name) and "room" in refusal.stderr,
           f"{case.name}: submit says that there is no room, where, and what to do (exit 2)",
           describe(refusal))
    told = case.run([UTFALL, "--ledger", str(ledger), "--json", "submit", "--log-key",
                     str(world.log_file), "--passphrase-file", str(world.folder / "passphrase"),
                     str(notes.paths[stored])])
    tap.ok(told.returncode == 0 or '"code":"STORAGE"' in told.stdout,
           f"{case.name}: the code is STORAGE", describe(told))
    stored += told.returncode == 0
    tap.ok(notes.stored(ledger) == stored and world.verify(ledger).returncode == 0,
           f"{case.name}: the {len(entries(ledger))} entries that were acknowledged are there, "
           "and verify", describe(world.verify(ledger)))
    case.free()
    done = world.run("submit", "--log-key", world.log_file, "--passphrase-file",
                     world.folder / "passphrase", *notes.paths[stored:stored + 8], ledger=ledger)
    tap.ok(done.returncode == 0 and notes.stored(ledger) == stored + 8 and
           world.verify(ledger).returncode == 0, f"{case.name}: with room again it goes on",
           describe(done))


def signing(world):
    """A command that signs a draft; without -o it writes to standard output."""
    draft, key = world.folder / "draft.json", world.folder / "registrar.key"
    world.registrar.write(key)
    draft.write_text('{"kind":"party","version":1,"ledger":"norrkoping.example/utfall",'
                     '"date":"2026-11-23","party":"registrar.example","legal_name":"' + "x" * 200 +
                     f'","registration":"not_published","vkeys":["{world.registrar.vkey}"]}}',
                     encoding="utf-8")
    return [UTFALL, "sign", str(draft), "--key", str(key), "--passphrase-file",
            str(world.folder / "passphrase")]


def test_outputs(tap, name, run, folder, world):
    """Files that commands write: whole or not there, and the one before stays."""
    sign, note, kept = signing(world), folder / "new.note", folder / "kept.note"
    done = run([*sign, "-o", str(note)])
    tap.ok(is_clear(done, note.name) and not list(folder.glob("new.note*")),
           f"{name}: sign leaves no half note", describe(done) + os.listdir(folder))
    before = kept.read_bytes()
    done = run([*sign, "--force", "-o", str(kept)])
    tap.ok(is_clear(done, kept.name) and kept.read_bytes() == before and
           len(list(folder.glob("kept.note*"))) == 1, f"{name}: and keeps the one before",
           describe(done) + os.listdir(folder))
    done = run([UTFALL, "key", "new", "--name", "a.example", "-o", str(folder / "a.key"),
                "--passphrase-file", str(world.folder / "passphrase")])
    tap.ok(is_clear(done, "a.key") and not list(folder.glob("a.key*")),
           f"{name}: key leaves no half key", describe(done) + os.listdir(folder))
    done = run([UTFALL, "--ledger", str(folder / "b.ledger"), "init",
                str(world.folder / "0.note"), "--log-key", str(world.log_file),
                "--passphrase-file", str(world.folder / "passphrase")])
    tap.ok(done.returncode == 2 and "b.ledger" in done.stderr and
           not (folder / "b.ledger").exists(),
           f"{name}: init leaves no half ledger", describe(done) + os.listdir(folder))


def test_standard_output(tap, world):
    """Data that nobody got is an error too."""
    with open("/dev/full", "w", encoding="ascii") as full:
        for title, command in (
                ("sign", signing(world)),
                ("log", [UTFALL, "--ledger", str(world.ledger), "log"]),
                ("show", [UTFALL, "--ledger", str(world.ledger), "show", "1"]),
                ("verify --json", [UTFALL, "--ledger", str(world.ledger), "verify", "--json"]),
                ("schema", [UTFALL, "schema", "party"])):
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True,
                                  check=False, env=world.environment)
            tap.ok(done.returncode == 2 and done.stderr != "",
                   f"standard output that cannot be written is an error: {title}",
                   [f"exit {done.returncode} {done.stderr}"])


def test_mounted(tap, world, notes, disk):
    """On a file system of its own."""
    def run(command):
        return subprocess.run(command, capture_output=True, text=True, check=False,
                              env=world.environment, timeout=60)

    ledger = copy(world.ledger, disk / "utfall.ledger")
    (disk / "ballast").write_bytes(bytes(100 * 1024))
    test_submit(tap, Case("tmpfs", world, ledger, run, (disk / "ballast").unlink), notes)
    (disk / "kept.note").write_text("what was here before\n", encoding="ascii")
    fill(disk / "ballast")
    test_outputs(tap, "tmpfs", run, disk, world)


def test_limited(tap, world, notes, folder):
    """Under RLIMIT_FSIZE, its signal ignored: writes beyond it fail with EFBIG."""
    def runner(size_max):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size_max, size_max))

        def run(command):
            return subprocess.run(command, capture_output=True, text=True, check=False,
                                  env=world.environment, timeout=60, preexec_fn=limit)
        return run

    folder.mkdir()
    ledger = copy(world.ledger, folder / "utfall.ledger")
    stored = notes.stored(ledger)
    size = ledger.stat().st_size
    done = Case("limit", world, ledger, runner(size // 2), None).submit(*notes.paths[:300])
    tap.ok(done.returncode == 2 and "utfall.ledger" in done.stderr,
           "file size limit: submit fails with a message (exit 2)", describe(done))
    tap.ok(notes.stored(ledger) == stored and world.verify(ledger).returncode == 0,
           "file size limit: nothing was stored, and the ledger verifies",
           describe(world.verify(ledger)))
    again = world.run("submit", "--log-key", world.log_file, "--passphrase-file",
                      world.folder / "passphrase", *notes.paths[:8], ledger=ledger)
    tap.ok(again.returncode == 0 and notes.stored(ledger) == 8,
           "file size limit: without it, it goes on", describe(again))
    (folder / "kept.note").write_text("what was here before\n", encoding="ascii")
    test_outputs(tap, "file size limit", runner(30), folder, world)


def meet(world, ledger, notes, action, call, size):
    """Appends a batch while a call goes wrong, then appends on without. Gives whether it was
    refused, whether anything went wrong, and complaints."""
    bad = []
    copy(world.ledger, ledger)
    appender = Appender(world, ledger, action, call)
    # After a failed commit the process may not sign again: the second batch is refused too.
    appender.give([notes.paths[:size], notes.paths[:1]])
    lines = appender.rest()
    acked = acknowledged(lines)
    failed = [line for line in lines if line.startswith("2 ")]
    if appender.process.returncode not in (0, 1):
        bad.append(f"exit {appender.process.returncode} {appender.errors}")
    if failed and not acked and (len(failed) != 2 or "nothing more is signed" not in failed[1]):
        bad.append(f"after a failed commit: {failed}")
    stored = notes.stored(ledger)
    if stored not in (0, size) or acked and stored != size:
        bad.append(f"{stored} stored, {len(acked)} acknowledged, {lines}")
    done = world.verify(ledger)
    if done.returncode != 0:
        bad.append(f"verify: {done.stderr}")
    again = Appender(world, ledger)
    again.give([notes.paths[stored:size + 1]])
    again.rest()
    if notes.stored(ledger) != size + 1 or world.verify(ledger).returncode != 0:
        bad.append(f"appending on: {again.errors}")
    return bool(failed), bool(failed) or appender.process.returncode != 0, bad


def test_every_call(tap, world, notes):
    """ENOSPC from each call on, and EIO at each call, while SQLite appends a batch."""
    ledger = world.folder / "calls.ledger"
    for action in ("full", "fail"):
        bad, refused, call, quiet = [], 0, 0, 0
        while quiet < 3 and call < CALLS_MAX:
            call += 1
            was_refused, was_met, complaints = meet(world, ledger, notes, action, call, 12)
            refused += was_refused
            quiet = 0 if was_met else quiet + 1
            bad += [f"{action} at call {call}: {complaint}" for complaint in complaints]
        tap.ok(not bad and refused > 3, f"{action} at each of {call - quiet} calls: "
               f"all or nothing, {refused} refusals", bad)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder)
        world.create()
        notes = Notes(world, 600)
        remove_side_files(world.ledger)
        with small_disk(pathlib.Path(folder) / "disk") as disk:
            if disk is None:
                tap.skip("a file system of its own", "mounting one is not permitted here")
            else:
                test_mounted(tap, world, notes, disk)
        test_limited(tap, world, notes, pathlib.Path(folder) / "limited")
        test_standard_output(tap, world)
        test_every_call(tap, world, notes)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
