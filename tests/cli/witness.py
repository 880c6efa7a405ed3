#!/usr/bin/python3
"""Witnesses: `witness serve` answers as C2SP tlog-witness v1.0.0 says, and forgets nothing;
`checkpoint` asks witnesses and fails closed."""

import base64
import concurrent.futures
import copy
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

import nacl.exceptions
import nacl.signing

from _cli import (CHARTER, FALSE, GOOD, ORIGIN, UTFALL, WITH_LOG, WITH_PASSPHRASE, Folder, Tap,
                  Town)
from _writer import key_of, note_of, root_of

INCOMPLETE = 3
LOG = "log.example/one"
EMPTY = hashlib.sha256(b"").digest()


def b64(data):
    return base64.b64encode(data).decode()


# --- A log, written from the RFC ---

def consistency(old, leaves):
    """RFC 6962 section 2.1.2, by its definition."""
    def proof(size, part, is_complete):
        if size == len(part):
            return [] if is_complete else [root_of(part)]
        half = 1
        while half * 2 < len(part):
            half *= 2
        if size <= half:
            return proof(size, part[:half], is_complete) + [root_of(part[half:])]
        return proof(size - half, part[half:], False) + [root_of(part[:half])]
    return proof(old, leaves, True) if 0 < old < len(leaves) else []


class Log:
    """A log of made entries; `branch` makes another history."""

    def __init__(self, origin=LOG):
        self.key = key_of(origin)
        self.origin = origin

    def leaves(self, size, branch=b""):
        return [b"entry %d" % i + (branch if i >= 2 else b"") for i in range(size)]

    def text(self, size, branch=b"", root=None):
        root = root_of(self.leaves(size, branch)) if root is None else root
        return f"{self.origin}\n{size}\n{b64(root)}\n".encode()

    def body(self, old, size, branch=b"", keys=None, proof=None, root=None):
        if proof is None:
            proof = consistency(old, self.leaves(size, branch))
        note = note_of(self.text(size, branch, root), keys or [self.key])
        lines = "".join(b64(node) + "\n" for node in proof)
        return f"old {old}\n{lines}\n".encode() + note


# --- A witness as a process ---

class Witness:
    def __init__(self, folder, logs, key="witness.key", state="state-w", more=(), name=None):
        words = ["witness", "serve", "--listen", "127.0.0.1:0", "--state", state, "--key", key,
                 *WITH_PASSPHRASE, *(w for log in logs for w in ("--log", log)), *more]
        if name:
            words += ["--name", name]
        self.process = subprocess.Popen([UTFALL, *words], cwd=folder.path, env=folder.environment,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        line = self.process.stdout.readline().decode()
        if not line:
            raise SystemExit(f"the witness did not start: {self.process.stderr.read().decode()}")
        self.url, self.vkey = line.split()
        self.place = self.url[len("http://"):]
        name, identity, key = self.vkey.split("+", 2)
        blob = base64.b64decode(key)
        assert blob[0] == 4
        self.name, self.id = name, bytes.fromhex(identity)
        self.public = nacl.signing.VerifyKey(blob[1:])

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(self.place, timeout=20)
        connection.request(method, path, body, headers or {})
        reply = connection.getresponse()
        data = reply.read()
        connection.close()
        return reply.status, reply.headers.get("Content-Type", ""), data

    def add(self, body):
        return self.ask("POST", "/add-checkpoint", body)

    def raw(self, data):
        """The first line of the answer to bytes as they are."""
        host, port = self.place.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(data)
            return connection.makefile("rb").readline().decode(errors="replace").strip()

    def checks(self, text, reply):
        """The time of the cosignature in a reply, by another implementation; None if it is bad."""
        dash, name, encoded = reply.decode().rstrip("\n").split(" ")
        blob = base64.b64decode(encoded)
        if dash != "\N{EM DASH}" or name != self.name or blob[:4] != self.id or len(blob) != 76:
            return None
        when = struct.unpack(">Q", blob[4:12])[0]
        try:
            self.public.verify(b"cosignature/v1\ntime %d\n" % when + text, blob[12:])
        except nacl.exceptions.BadSignatureError:
            return None
        return when

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(timeout=20)
        self.process.stdout.close()
        self.process.stderr.close()
        return self.process.returncode


def status_is(wanted, reply):
    return "" if reply[0] == wanted else f"expected {wanted}, got {reply}"


def test_codes(tap, folder):
    """Each row in its order: the record changes as it goes."""
    log, other = Log(), key_of(LOG, 2)
    witness = Witness(folder, [log.key.vkey])
    wrong = copy.copy(log.key)
    wrong.secret = other.secret
    tall = [EMPTY] * 64
    good = log.body(0, 3)
    rows = [  # what, body, status, answer or None
        ("an unknown log", Log("other.example").body(0, 3), 404, None),
        ("an unknown key of the log", log.body(0, 3, keys=[other]), 403, None),
        ("a wrong signature", log.body(0, 3, keys=[wrong]), 403, None),
        ("an old size above the new one", log.body(4, 3, proof=[]), 400, None),
        ("an old size that it never saw", log.body(2, 3), 409, b"0\n"),
        ("a proof where there is nothing to prove", log.body(0, 3, proof=[EMPTY]), 422, None),
        ("size 0 with another root", log.body(0, 0, root=root_of([b"x"])), 422, None),
        ("the first checkpoint, beside a signature by a stranger",
         log.body(0, 3, keys=[log.key, other]), 200, None),
        ("the same again with old 0", good, 409, b"3\n"),
        ("the same again with old 3", log.body(3, 3), 200, None),
        ("another root at the same size", log.body(3, 3, b"!"), 409, b"3\n"),
        ("a proof for the same size", log.body(3, 3, proof=[EMPTY]), 422, None),
        ("a larger one of another history", log.body(3, 7, b"!"), 422, None),
        ("a larger one without proof", log.body(3, 7, proof=[]), 422, None),
        ("a proof that is too long", log.body(3, 7, proof=consistency(3, log.leaves(7)) + [EMPTY]),
         422, None),
        ("63 hash lines", log.body(3, 7, proof=tall[:63]), 422, None),
        ("64 hash lines", log.body(3, 7, proof=tall), 400, None),
        ("a larger one", log.body(3, 7), 200, None),
        ("a smaller one", log.body(3, 5), 409, b"7\n"),
        ("a much larger one", log.body(7, 300), 200, None),
    ]
    malformed = [
        (b"", "nothing"), (b"old 0\n", "no checkpoint"), (good[4:], "no old line"),
        (good.replace(b"old 0", b"old 00"), "a leading zero"),
        (good.replace(b"old 0", b"old -1"), "a negative size"),
        (good.replace(b"old 0", b"old 9223372036854775808"), "2^63"),
        (good.replace(b"old 0\n", b"old 0\r\n"), "CRLF"),
        (good.replace(b"\n3\n", b"\n03\n"), "a size with a leading zero"),
        (good.replace(b"\n3\n", b"\n3\n\n", 1), "a cut text"), (good[:-1], "no last newline"),
        (good.replace(b"=\n\n", b"=\nextension\n\n", 1), "an extension line"),
        (good + good[good.rindex(b"\xe2"):], "a line twice"),
        (good.replace(b"old 0\n", b"old 0\nnonsense\n"), "a line that is no hash"),
        (b"old 0\n\n\xff\xfe\n", "not UTF-8"), (b"\0" * 1000, "zeros"),
    ]
    for body, what in malformed:
        tap.check(f"400 for {what}", status_is(400, witness.add(body)))
    for what, body, wanted, told in rows:
        reply = witness.add(body)
        complaints = [status_is(wanted, reply)]
        if wanted == 200:
            text = body.split(b"\n\n", 1)[1].rsplit(b"\n\n", 1)[0] + b"\n"
            when = witness.checks(text, reply[2])
            complaints.append("" if when and abs(when - time.time()) < 60
                              else f"the cosignature is wrong: {reply}")
        if told is not None:
            complaints.append("" if reply[1:] == ("text/x.tlog.size", told) else f"told {reply}")
        tap.check(f"{wanted} for {what}", *complaints)
    tap.check("404 for another path", status_is(404, witness.ask("POST", "/add", good)))
    tap.check("405 for another method", status_is(405, witness.ask("PUT", "/add-checkpoint", good)))
    tap.check("413 for a body of 100 kB", status_is(413, witness.add(b"old 0\n" * 17000)))
    digest = hashlib.sha256(LOG.encode()).hexdigest()
    kept = witness.ask("GET", f"/{digest}/checkpoint")
    tap.check("what it cosigned can be fetched", status_is(200, kept),
              "" if kept[2].startswith(log.text(300) + b"\n") and
              log.key.line(log.text(300)) in kept[2] else str(kept))
    tap.check("404 for a log that it never cosigned",
              status_is(404, witness.ask("GET", "/" + "0" * 64 + "/checkpoint")))
    conflict = folder.read(f"state-w/{digest}.conflict")
    tap.check("the first contradiction is kept as evidence",
              "" if conflict.startswith(log.text(3, b"!")) else str(conflict))
    return witness


def test_two_readings(tap, witness):
    """What libmicrohttpd would let pass, and a proxy may read otherwise."""
    head = b"POST /add-checkpoint HTTP/1.1\r\n"
    host = b"Host: a\r\n"
    rows = [
        ("two lengths", head + host + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
                                      b"0\r\n\r\n"),
        ("no host", head + b"Content-Length: 0\r\n\r\n"),
        ("two hosts", head + host + host + b"Content-Length: 0\r\n\r\n"),
        ("a control character", head + host + b"X-A: a\x01b\r\nContent-Length: 0\r\n\r\n"),
        ("a space before the colon", head + b"Host : a\r\nContent-Length: 0\r\n\r\n"),
    ]
    for what, data in rows:
        line = witness.raw(data)
        tap.check(f"a request with {what} is refused",
                  "" if line.startswith("HTTP/1.1 400") or line == "" else line)


def test_restart(tap, folder, witness):
    log = Log()
    digest = hashlib.sha256(LOG.encode()).hexdigest()
    second = folder.run("witness", "serve", "--listen", "127.0.0.1:0", "--state", "state-w",
                        "--key", "witness.key", "--log", log.key.vkey, "--json", *WITH_PASSPHRASE)
    tap.check("a second witness on the same folder is refused", second.coded("CONFLICT"))
    tap.check("SIGTERM ends it well", "" if witness.stop() == 0 else "it ended otherwise")

    # Its own record, dated an hour ahead: as if the clock had been set back since.
    secret = folder.witness_secret
    ahead = int(time.time()) + 3600
    signature = secret.sign(b"cosignature/v1\ntime %d\n" % ahead + log.text(300)).signature
    line = f"\N{EM DASH} {witness.name} {b64(witness.id + struct.pack('>Q', ahead) + signature)}\n"
    kept = folder.read(f"state-w/{digest}")
    folder.write(f"state-w/{digest}", kept[:kept.rindex(b"\xe2\x80\x94 " + witness.name.encode())]
                 + line.encode())
    witness = Witness(folder, [log.key.vkey])
    reply = witness.add(log.body(300, 300))
    when = witness.checks(log.text(300), reply[2]) if reply[0] == 200 else None
    tap.check("it remembers, and its time never goes backwards", status_is(200, reply),
              "" if when == ahead else f"{when}, not {ahead}")
    witness.stop()

    folder.write(f"state-w/{digest}", kept.replace(b"\n300\n", b"\n299\n"))
    witness = Witness(folder, [log.key.vkey])
    tap.check("a record that it did not sign is not believed",
              status_is(500, witness.add(log.body(299, 301))))
    folder.write(f"state-w/{digest}", kept)
    os.chmod(folder.file("state-w"), 0o500)
    reply = witness.add(log.body(300, 301))
    os.chmod(folder.file("state-w"), 0o700)
    if os.geteuid() != 0:
        tap.check("nothing is cosigned that cannot be stored", status_is(500, reply))
    witness.stop()


def test_kill(tap, folder):
    """Killed at any moment, what it answered is what it knows after."""
    log, complaints, size = Log("log.example/killed"), [], 0
    for attempt in range(8):
        witness = Witness(folder, [log.key.vkey], state="state-k")
        known = int(witness.add(log.body(999, 999, proof=[]))[2])
        if known < size:
            complaints.append(f"attempt {attempt}: it answered {size} and knows {known}")
        size = known
        deadline = time.time() + 0.05 + 0.04 * attempt
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            killing = pool.submit(lambda: (time.sleep(max(0, deadline - time.time())),
                                           witness.stop(signal.SIGKILL)))
            try:
                while True:
                    if witness.add(log.body(size, size + 1))[0] == 200:
                        size += 1
            except (OSError, http.client.HTTPException):
                pass
            killing.result()
    tap.check(f"kill -9, eight times, {size} checkpoints: nothing that was answered is forgotten",
              *complaints, "" if size > 8 else "too few checkpoints to tell")


def test_at_once(tap, folder):
    """Many at once: of each size one is cosigned, and nothing goes back."""
    log = Log("log.example/many")
    witness = Witness(folder, [log.key.vkey], state="state-m")
    first = witness.add(log.body(0, 10))
    bodies = [log.body(10, 10 + n, branch) for n in range(1, 9) for branch in (b"", b"!")]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(witness.add, bodies))
    good = [i for i, reply in enumerate(replies) if reply[0] == 200]
    odd = [reply for reply in replies if reply[0] not in (200, 409, 422)]
    told = {reply[2] for reply in replies if reply[0] == 409}
    tap.check("of sixteen at once from one size, one is cosigned", status_is(200, first),
              "" if len(good) == 1 and not odd else f"{good} {odd}",
              "" if good and told <= {b"%d\n" % (10 + good[0] // 2 + 1)} else f"told {told}")
    witness.stop()
    slow = Witness(folder, [log.key.vkey], state="state-s", more=("--rate", "3"))
    codes = [slow.add(log.body(0, 1))[0] for _ in range(5)]
    tap.check("above the rate: 429", "" if codes == [200, 409, 409, 429, 429] else f"{codes}")
    slow.stop()


# --- The ledger's side ---

def lines_of(town, *words):
    result = town.run("checkpoint", *words)
    return result, result.out.count("\N{EM DASH} ")


def test_checkpoint(tap, folder):
    town = Town(contract=False)
    with town:
        plain, count = lines_of(town)
        tap.check("checkpoint prints the newest checkpoint", plain.ended(GOOD), plain.is_quiet(),
                  plain.prints(f"{ORIGIN}\n4\n"), "" if count == 1 else f"{count} lines")
        keys = [folder.file("witness.key"), folder.file("other.key")]
        one, two = (Witness(town, [town.vkeys["log"]], key=key, state=f"state-{i}")
                    for i, key in enumerate(keys))
        by_one, by_two = f"{one.url}={one.vkey}", f"{two.url}/={two.vkey}"
        both, count = lines_of(town, "--witness", by_one, "--witness", by_two)
        text = both.out.encode().split(b"\n\n")[0] + b"\n"
        good = [w for w in (one, two) for line in both.out.splitlines()
                if f" {w.name} " in line and w.checks(text, line.encode())]
        tap.check("two witnesses cosign", both.ended(GOOD), both.says("has cosigned"),
                  "" if len(good) == 2 and count == 3 else f"{good} {both}")
        again, _ = lines_of(town, "--witness", by_one, "--json")
        tap.check("of who has cosigned before, one line is kept", again.coded("OK"),
                  "" if again.json["witnesses"] == [{"name": one.name, "signed": True}] else str(again))
        tap.check("what is attached is printed later too",
                  "" if lines_of(town)[0].out == both.out else "it differs")
        tap.check("and the ledger verifies", town.run("verify").ended(GOOD))

        shutil.copy(town.file("utfall.ledger"), town.file("backup"))
        town.sign("contract.json", "contract.note", "town", "investor", "evaluator")
        town.good("submit", "contract.note", *WITH_LOG)
        two.stop()
        half, count = lines_of(town, "--witness", by_one, "--witness", by_two, "--json")
        tap.check("a witness that does not answer leaves it incomplete", half.ended(INCOMPLETE),
                  half.coded("INCOMPLETE"),
                  "" if [w["signed"] for w in half.json["witnesses"]] == [True, False] else str(half))

        policy = (f"log {town.vkeys['log']}\nwitness a {one.vkey} {one.url}\n"
                  f"witness b {two.vkey}\ngroup g any a b\nquorum g\n")
        town.write("policy", policy)
        any_of = town.run("checkpoint", "--policy", "policy")
        tap.check("any of two is enough where the policy says so", any_of.ended(GOOD))
        town.write("policy", policy.replace("any", "all"))
        tap.check("and not where it says all",
                  town.run("checkpoint", "--policy", "policy").ended(INCOMPLETE))
        wrong = town.run("checkpoint", "--witness", f"{one.url}={two.vkey}", "--json")
        tap.check("a line by another key than the one named is not believed",
                  wrong.ended(INCOMPLETE), "" if wrong.json["witnesses"][0]["code"] == "UNTRUSTED"
                  else str(wrong))

        # The ledger is put back to where it was: one entry is gone that a witness cosigned.
        for name in ("-wal", "-shm"):
            if town.exists("utfall.ledger" + name):
                os.remove(town.file("utfall.ledger" + name))
        shutil.copy(town.file("backup"), town.file("utfall.ledger"))
        town.write_json("contract.json", {**json.loads(town.read("contract.json")),
                                          "contract": "other"})
        behind = town.run("checkpoint", "--policy", "policy", "--json")
        tap.check("a backup is recognised, although its own checkpoint was cosigned",
                  behind.ended(FALSE), behind.coded("LEDGER_BEHIND_WITNESS"))
        shutil.rmtree(town.file("state"))  # somebody removes what was remembered, and goes on
        town.sign("contract.json", "other.note", "town", "investor", "evaluator", force=True)
        town.good("submit", "other.note", *WITH_LOG)
        fork = town.run("checkpoint", "--witness", by_one, "--json")
        tap.check("a fork is refused by the witness and named", fork.ended(INCOMPLETE),
                  "" if fork.json["witnesses"][0].get("code") == "WITNESS_SAW_FORK" else str(fork))
        one.stop()


def test_rollback(tap, folder):
    """A witness that knows more than the ledger: nothing more is signed."""
    with Town(contract=False) as town:
        witness = Witness(town, [town.vkeys["log"]], key=folder.file("witness.key"))
        by = f"{witness.url}={witness.vkey}"
        shutil.copy(town.file("utfall.ledger"), town.file("backup"))
        town.sign("contract.json", "contract.note", "town", "investor", "evaluator")
        town.good("submit", "contract.note", *WITH_LOG)
        town.good("checkpoint", "--witness", by)
        shutil.copy(town.file("utfall.ledger"), town.file("whole"))
        shutil.copy(town.file("backup"), town.file("utfall.ledger"))
        told = town.run("checkpoint", "--witness", by, "--json")
        tap.check("a witness that knows more is heard", told.ended(FALSE),
                  told.coded("LEDGER_BEHIND_WITNESS"))
        refused = town.run("submit", "contract.note", "--json", *WITH_LOG)
        tap.check("nothing more is signed", refused.ended(FALSE),
                  refused.coded("LEDGER_BEHIND_WITNESS"))
        shutil.copy(town.file("whole"), town.file("utfall.ledger"))
        repeated = town.run("submit", "contract.note", "--json", *WITH_LOG)
        tap.check("until the ledger is whole again", repeated.coded("STATEMENT_REPEATED"))
        witness.stop()


def test_charter(tap, folder):
    """What the charter demands is demanded everywhere: fail closed."""
    witness = Witness(folder, [key_of("unused").vkey], state="state-first")
    vkey = witness.vkey
    port = witness.place.rsplit(":", 1)[1]
    witness.stop()
    policy = f"witness w {vkey} http://127.0.0.1:{port}\nquorum w\n"
    kept = CHARTER["witness_policy"]
    CHARTER["witness_policy"] = policy
    town = Folder.__new__(Town)
    try:
        Folder.__init__(town)
        town.vkeys = {"log": town.make_key(ORIGIN, "log.key")}
        for name in ("operator", "registrar"):
            town.vkeys[name] = town.make_key(f"{name}.example", f"{name}.key")
        town.write_json("charter.json", CHARTER)
        town.good("sign", "charter.json", "-o", "charter.note", "--key", "operator.key",
                  *WITH_PASSPHRASE, *(word for name in ("log", "operator", "registrar")
                                      for word in ("--vkey", town.vkeys[name])))
        town.good("init", "charter.note", *WITH_LOG)
    finally:
        CHARTER["witness_policy"] = kept
    with town:
        alone = town.run("checkpoint", "--json")
        tap.check("checkpoint says that the charter's quorum is missing", alone.ended(INCOMPLETE),
                  alone.coded("INCOMPLETE"))
        verified = town.run("verify", "--json")
        tap.check("and so does verify", verified.ended(INCOMPLETE), verified.coded("INCOMPLETE"))
        town.vkeys["town"] = town.make_key("town.example", "town.key")
        draft = {"kind": "party", "version": 1, "date": "2026-01-15", "party": "town.example",
                 "legal_name": "The town", "registration": "not_published"}
        town.write_json("town.json", draft)
        town.good("sign", "town.json", "-o", "town.note", "--key", "town.key", "--vkey",
                  town.vkeys["town"], *WITH_PASSPHRASE)
        town.sign("town.note", "town.note", "registrar")
        submitted = town.run("submit", "town.note", "--json", *WITH_LOG)
        tap.check("and submit, which has appended all the same", submitted.ended(INCOMPLETE),
                  "" if submitted.json.get("code") == "INCOMPLETE" and
                  submitted.json["entries"][0]["index"] == 1 else str(submitted))
        process = subprocess.Popen(
            [UTFALL, "witness", "serve", "--listen", f"127.0.0.1:{port}", "--state",
             "state-w", "--key", folder.file("witness.key"), "--log", town.vkeys["log"],
             *WITH_PASSPHRASE], cwd=town.path, env=town.environment, stdout=subprocess.PIPE)
        process.stdout.readline()
        asked = town.run("checkpoint", "--cosign")
        tap.check("--cosign asks those whom the charter names", asked.ended(GOOD),
                  asked.says("has cosigned"))
        tap.check("then verify is content", town.run("verify").ended(GOOD))
        town.vkeys["investor"] = town.make_key("investor.example", "investor.key")
        draft.update(party="investor.example", legal_name="The investor")
        town.write_json("investor.json", draft)
        town.good("sign", "investor.json", "-o", "investor.note", "--key", "investor.key",
                  "--vkey", town.vkeys["investor"], *WITH_PASSPHRASE)
        town.sign("investor.note", "investor.note", "registrar")
        tap.check("submit asks them by itself",
                  town.run("submit", "investor.note", *WITH_LOG).ended(GOOD))
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()


def main():
    tap = Tap()
    with Folder() as folder:
        folder.make_key("witness.example/w1", "witness.key")
        pem = folder.openssl("pkey", "-in", "plain.pem", "-outform", "DER")
        folder.witness_secret = nacl.signing.SigningKey(pem[-32:])
        folder.make_key("witness.example/w2", "other.key")
        witness = test_codes(tap, folder)
        test_two_readings(tap, witness)
        test_restart(tap, folder, witness)
        test_kill(tap, folder)
        test_at_once(tap, folder)
        test_checkpoint(tap, folder)
        test_rollback(tap, folder)
        test_charter(tap, folder)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
