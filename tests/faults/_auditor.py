"""Asks tests/programs/auditor about many damaged copies of one ledger, on all cores."""

import concurrent.futures
import contextlib
import multiprocessing
import os
import pathlib
import select
import shutil
import subprocess
import tempfile

SECONDS_MAX = 30  # for one file; more is a hang
SIDE_FILES = ("-wal", "-shm", "-journal", ".lock")


class Verdict:
    """What became of one damaged file. `exit` is None when the auditor crashed or hung."""

    def __init__(self, status, rows, at, reason):
        self.exit = status
        self.rows = rows
        self.at = at
        self.reason = reason


class Auditor:
    """One process that is asked again and again, and started again when it dies."""

    def __init__(self, program, path):
        self.program = program
        self.path = path
        self.process = None

    def ask(self):
        if self.process is None:
            self.process = subprocess.Popen([self.program], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.process.stdin.write(f"{self.path}\n".encode())
        self.process.stdin.flush()
        answer = b""
        while not answer.endswith(b"\n"):
            if not select.select([self.process.stdout], [], [], SECONDS_MAX)[0]:
                return self.bury(f"no answer after {SECONDS_MAX} s")
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                return self.bury("it died")
            answer += more
        status, rows, at, reason = answer.decode(errors="replace").rstrip("\n").split("\t")
        return Verdict(int(status), rows, at, reason)

    def bury(self, how):
        self.process.kill()
        told = self.process.communicate()[1].decode(errors="replace")
        self.process = None
        return Verdict(None, "-", "", f"{how}: {told[-2000:]}")

    def close(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait(SECONDS_MAX)
            self.process.stdout.close()
            self.process.stderr.close()


def remove_side_files(path):
    for suffix in SIDE_FILES:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{path}{suffix}")


def flip_some(task):
    """Flips each (offset, mask) of a copy in turn; gives a Verdict for each."""
    program, ledger, flips = task
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "flipped.ledger")
        shutil.copyfile(ledger, path)
        data = pathlib.Path(path).read_bytes()
        auditor = Auditor(program, path)
        verdicts = []
        with open(path, "r+b", buffering=0) as file:
            for offset, mask in flips:
                os.pwrite(file.fileno(), bytes([data[offset] ^ mask]), offset)
                verdicts.append(auditor.ask())
                os.pwrite(file.fileno(), data[offset:offset + 1], offset)
                remove_side_files(path)
        auditor.close()
        assert pathlib.Path(path).read_bytes() == data, "an audit wrote into the ledger"
    return verdicts


def flip_all(program, ledger, flips):
    """As flip_some, on all cores."""
    cores = os.cpu_count() or 1
    size = max(1, min(2000, len(flips) // (4 * cores) + 1))
    tasks = [(str(program), str(ledger), flips[i:i + size]) for i in range(0, len(flips), size)]
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(cores, mp_context=context) as pool:
        return [verdict for verdicts in pool.map(flip_some, tasks) for verdict in verdicts]
