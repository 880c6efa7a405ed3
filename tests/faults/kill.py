#!/usr/bin/python3
"""kill -9 while a ledger is written: no acknowledged entry is lost, and the ledger verifies.

At random moments (of a fixed seed) during 500 appends, one by one and in batches, by a process
that stays and by the program itself; and at every single call by which SQLite changes a file,
before it and in the middle of a write.
"""

import random
import subprocess
import sys
import tempfile
import time

from _append import Appender, Notes, acknowledged, copy, entries
from _world import Tap, UTFALL, World

APPENDS = 500
KILLS = 60
PROGRAM_KILLS = 45
INIT_KILLS = 25
CALLS_MAX = 400  # far above what one append needs


def check(world, notes, acked, bad, how, ledger):
    """After a kill: everything acknowledged is there, and the ledger is right. Gives how many notes
    are stored."""
    try:
        found = entries(ledger)
        stored = notes.stored(ledger)
    except (AssertionError, IndexError) as error:
        bad.append(f"{how}: {error}")
        return None
    lost = [index for index, name in acked.items() if found[index:index + 1] != [name]]
    if lost:
        bad.append(f"{how}: acknowledged entries {lost} are not there")
    done = world.verify(ledger)
    if done.returncode != 0:
        bad.append(f"{how}: verify answers {done.returncode}: {done.stderr}")
    return stored


def batches_of(paths, source):
    """The notes in batches: mostly of one, sometimes of up to twenty."""
    batches = []
    while paths:
        size = 1 if source.random() < 0.7 else source.randint(2, 20)
        batches.append(paths[:size])
        paths = paths[size:]
    return batches


def append_until_killed(world, ledger, notes, stored, source):
    """Feeds a process with all notes that are left, and kills it at some moment.

    Gives the process, and what it had acknowledged."""
    appender = Appender(world, ledger)
    appender.give(batches_of(notes.paths[stored:APPENDS], source))
    lines = appender.lines(source.randint(0, 2 * APPENDS // KILLS))
    time.sleep(source.random() * 0.004)
    appender.process.kill()
    lines += appender.rest()
    return appender, acknowledged(lines)


def test_appends(tap, world, notes, source):
    """A process that stays is killed again and again, until 500 entries are there; then from the
    beginning, until it was killed often enough."""
    ledger = world.folder / "appends.ledger"
    stored, acked, bad, kills, idle, rounds = APPENDS, {}, [], 0, 0, 0
    while not bad and (kills < KILLS or stored < APPENDS):
        if stored == APPENDS:
            copy(world.ledger, ledger)
            stored, acked, rounds = 0, {}, rounds + 1
        appender, told = append_until_killed(world, ledger, notes, stored, source)
        acked.update(told)
        kills += appender.process.returncode == -9
        idle += not told
        if appender.process.returncode not in (-9, 0) or kills > 20 * KILLS:
            bad.append(f"kill {kills}: the appender failed: {appender.errors}")
        stored = check(world, notes, acked, bad, f"kill {kills}", ledger)
    tap.ok(not bad, f"{kills} kills during {rounds} times {APPENDS} appends lose nothing", bad)
    tap.ok(idle < kills, "in between, entries were acknowledged", [f"{idle} of {kills} were not"])
    tap.ok(stored == APPENDS and len(acked) >= APPENDS // 2, "all entries are there in the end",
           [f"{stored} stored, {len(acked)} acknowledged"])


def test_program(tap, world, ledger, notes, source):
    """`utfall submit` itself, one note or ten at a time."""
    acked, bad, stored, kills = {}, [], 0, 0
    for number in range(PROGRAM_KILLS):
        size = 1 if number % 2 == 0 else 10
        process = subprocess.Popen(
            [UTFALL, "--ledger", ledger, "submit", "--log-key", world.log_file,
             "--passphrase-file", world.folder / "passphrase",
             *notes.paths[stored:stored + size]],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=world.environment)
        time.sleep(source.random() * 0.03)
        process.kill()
        out, err = process.communicate()
        kills += process.returncode == -9
        if process.returncode not in (-9, 0):
            bad.append(f"run {number}: exit {process.returncode}: {err}")
        acked.update(acknowledged(out.splitlines(keepends=True)))
        stored = check(world, notes, acked, bad, f"run {number}", ledger)
        if stored is None:
            break
    tap.ok(not bad, f"{kills} kills of `utfall submit` lose nothing", bad)
    tap.ok(kills > 0 and stored, "some runs were killed, some were not",
           [f"{kills} of {PROGRAM_KILLS} killed, {stored} entries"])


def die_at(world, ledger, notes, action, call, size, bad):
    """Appends a batch in a process that dies at a call. Whether it died, and what is stored."""
    how = f"{action} at call {call}, batch of {size}"
    copy(world.ledger, ledger)
    appender = Appender(world, ledger, action, call)
    appender.give([notes.paths[:size]])
    acked = acknowledged(appender.rest())
    died = appender.process.returncode == -9
    stored = check(world, notes, acked, bad, how, ledger)
    if stored not in (0, size):
        bad.append(f"{how}: {stored} of a batch are stored")
    if not died and len(acked) != size:
        bad.append(f"{how}: it neither died nor appended: {appender.errors}")
    again = Appender(world, ledger)
    again.give([notes.paths[stored or 0:size + 1]])
    again.rest()
    if check(world, notes, acked, bad, f"{how}, then appended on", ledger) != size + 1:
        bad.append(f"{how}: appending on did not work: {again.errors}")
    return died, stored


def test_every_call(tap, world, notes):
    """Death before each call, and in the middle of each write."""
    ledger = world.folder / "calls.ledger"
    for size in (1, 12):
        for action in ("kill", "tear"):
            bad, outcomes, died, call = [], [], True, 0
            survived = 0
            while survived < 3 and call < CALLS_MAX:
                call += 1
                died, stored = die_at(world, ledger, notes, action, call, size, bad)
                # A call that writes nothing is not torn; after the last one nothing dies.
                survived = 0 if died else survived + 1
                outcomes.append(stored)
            title = f"{action} at each of {call - survived} calls of an append of {size}"
            tap.ok(not bad, f"{title} loses nothing", bad)
            tap.ok(call - survived > 5 and {0, size} <= set(outcomes),
                   f"{title}: some die before the commit, some after", [str(outcomes)])


def test_init(tap, world, source):
    """A creation that was killed leaves nothing that looks like a ledger and is none."""
    ledger = world.folder / "new.ledger"
    bad, outcomes = [], []
    for number in range(INIT_KILLS):
        for path in world.folder.glob("new.ledger*"):
            path.unlink()
        words = ["init", str(world.folder / "0.note"), "--log-key", str(world.log_file),
                 "--passphrase-file", str(world.folder / "passphrase")]
        process = subprocess.Popen([UTFALL, "--ledger", ledger, *words], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=world.environment)
        time.sleep(source.random() * 0.025)
        process.kill()
        process.communicate()
        done = world.verify(ledger)
        outcomes.append(done.returncode)
        if process.returncode == 0 and done.returncode != 0:
            bad.append(f"run {number}: an acknowledged ledger is not there: {done.stderr}")
        if done.returncode not in (0, 1, 2) or (done.returncode and not done.stderr):
            bad.append(f"run {number}: verify says {done.returncode} {done.stderr}")
        if done.returncode != 0:
            for path in world.folder.glob("new.ledger*"):
                path.unlink()
            again = world.run(*words, ledger=ledger)
            if again.returncode != 0:
                bad.append(f"run {number}: creating it again: {again.stderr}")
    tap.ok(not bad, f"{INIT_KILLS} kills of `utfall init` leave a ledger or a clear refusal", bad)


def main():
    tap = Tap()
    source = random.Random(20180731)
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder)
        world.create()
        notes = Notes(world, APPENDS)
        test_every_call(tap, world, notes)
        test_program(tap, world, copy(world.ledger, world.folder / "small.ledger"), notes, source)
        test_appends(tap, world, notes, source)
        test_init(tap, world, source)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
