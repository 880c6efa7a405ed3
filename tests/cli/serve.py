#!/usr/bin/python3
"""serve: statements in by HTTP, acknowledged when they are durable; the log and its contracts out;
bad requests refused while good clients notice nothing."""

import concurrent.futures
import copy
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading

from _cli import (CONTRACT, FALSE, GOOD, UTFALL, WITH_LOG, WITH_PASSPHRASE, Tap, Town)

MANY = 48
KILLS = 5
SIGNERS = ("town", "investor", "evaluator")


class Server:
    """`utfall serve` as a process."""

    def __init__(self, town, *more, writes=True):
        words = ["serve", "--listen", "127.0.0.1:0", *(WITH_LOG if writes else ()), *more]
        self.process = subprocess.Popen([UTFALL, *words], cwd=town.path, env=town.environment,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        line = self.process.stdout.readline().decode()
        if not line:
            raise SystemExit(f"the server did not start: {self.process.stderr.read().decode()}")
        self.scheme, self.place = line.strip().split("://")

    def ask(self, method, path, body=None, headers=None):
        """(status, headers, bytes)"""
        connection = http.client.HTTPConnection(self.place, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            return reply.status, reply.headers, reply.read()
        finally:
            connection.close()

    def get(self, path):
        return self.ask("GET", path)

    def json(self, path):
        return json.loads(self.get(path)[2])

    def submit(self, note):
        status, _, data = self.ask("POST", "/statements", note)
        return status, json.loads(data)

    def raw(self, data, seconds=5):
        """The status of the answer to bytes as they are: None when there is none."""
        host, port = self.place.rsplit(":", 1)
        try:
            with socket.create_connection((host, int(port)), timeout=seconds) as connection:
                connection.sendall(data)
                line = connection.makefile("rb").readline().decode(errors="replace")
        except OSError:
            return None
        return int(line.split()[1]) if line.startswith("HTTP/1.1 ") else None

    def ends_well(self):
        self.process.send_signal(signal.SIGTERM)
        said = self.process.communicate(timeout=60)[1].decode()
        return "" if self.process.returncode == 0 else f"it ended with {self.process.returncode}: {said}"

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(timeout=60)
        self.process.stdout.close()
        self.process.stderr.close()
        return self.process.returncode


def status_is(wanted, reply):
    return "" if reply[0] == wanted else f"expected {wanted}, got {reply}"


def contracts(town, count, prefix):
    """Notes of contracts that are signed by everyone, by name."""
    notes = {}
    for i in range(count):
        draft = {**copy.deepcopy(CONTRACT), "contract": f"{prefix}-{i}"}
        name = f"{prefix}-{i}"
        town.write_json(f"{name}.json", draft)
        town.sign(f"{name}.json", f"{name}.note", *SIGNERS)
        notes[name] = town.read(f"{name}.note")
    return notes


def test_statements(tap, town, server):
    """Three parties sign, one of them carries it to the server; authority is in the signatures."""
    town.sign("contract.json", "half.note", "town", "investor")
    before = server.json("/api/v1/ledger")["size"]
    refused = server.submit(town.read("half.note"))
    tap.check("without the third signature it is refused", status_is(422, refused),
              refused[1].get("code") != "SIGNER_MISSING" and refused,
              "evaluator.example" not in refused[1].get("reason", "") and refused)
    town.sign("half.note", "contract.note", "evaluator")
    note = town.read("contract.note")
    forged = server.submit(note.replace(b'"size":100', b'"size":900'))
    tap.check("changed on the way it is refused", status_is(422, forged),
              forged[1].get("code") != "SIGNATURE_WRONG" and forged)
    tap.check("and nothing was appended", server.json("/api/v1/ledger")["size"] != before)
    done = server.submit(note)
    tap.check("signed by all it is appended, with its proof", status_is(201, done),
              done[1].get("index") != before and done)
    town.write("proof", done[1]["proof"])
    checked = subprocess.run([f"{UTFALL}-verify", "--vkey", town.vkeys["log"], "proof",
                              "contract.note"], cwd=town.path, capture_output=True, check=False)
    tap.check("which the verifier accepts", checked.returncode not in (0, 3) and f"{checked}",
              b"entry %d" % before not in checked.stdout and f"{checked}")
    again = server.submit(note)
    tap.check("the same again is told where it is", status_is(200, again),
              again[1].get("index") != before and again)
    for what, body, status, code in [
            ("no note", b"hello\n", 400, "NOTE_MALFORMED"), ("nothing", b"", 400, "NOTE_MALFORMED"),
            ("a note of no statement", note.replace(b"{", b"[", 1), 400, "JSON_INVALID")]:
        reply = server.submit(body)
        tap.check(f"{what} is refused", status_is(status, reply),
                  code != reply[1].get("code") and reply)
    # The command would wait for the lock: the server has it.
    beside = town.run("submit", "contract.note", "--json", *WITH_LOG)
    tap.check("while it serves, nobody else appends", beside.ended(FALSE) and beside.ended(2),
              beside.json.get("code") not in ("CONFLICT", "STORAGE") and f"{beside}")


def test_reads(tap, town, server):
    """What is answered is what the commands print, and what `publish` writes."""
    town.sign("measurement.json", "measurement.note", "evaluator")
    tap.check("a measurement is taken",
              status_is(201, server.submit(town.read("measurement.note"))))
    for path, words in (("/api/v1/contracts/small", ("show", "small")),
                        ("/api/v1/contracts/small/periods/1y", ("explain", "small", "1y")),
                        ("/api/v1/entries/4", ("show", "4")),
                        ("/api/v1/parties/town.example", ("show", "town.example"))):
        printed = town.run(*words, "--json")
        told = server.get(path)
        tap.check(f"{path} is `{' '.join(words)} --json`", status_is(200, told),
                  json.loads(told[2]) != printed.json and f"{told[2]}\nis not\n{printed}")
    town.good("publish", "site")
    for path in ("checkpoint", *(os.path.relpath(os.path.join(folder, file), town.file("site"))
                                 for folder, _, files in os.walk(town.file("site/tile"))
                                 for file in files)):
        told = server.get("/" + path)
        tap.check(f"/{path} is what publish writes", status_is(200, told),
                  told[2] != town.read(f"site/{path}") and f"{told[2][:200]}")
    entries = server.json("/api/v1/entries?from=2&limit=3")
    listed = town.good("log", "--json").json["entries"]
    tap.check("entries by page", entries["entries"] != listed[2:5] and entries,
              entries["size"] != len(listed) and entries)
    found = server.json("/api/v1/contracts")
    tap.check("the contracts", [one["contract"] for one in found["contracts"]] != ["small"] and found,
              found["contracts"][0]["entries"] < 1 and found)
    town.write("case", server.get("/api/v1/contracts/small/case")[2])
    replayed = town.run("verify", "case", "--vkey", town.vkeys["log"])
    tap.check("the case of a contract", replayed.ended(GOOD) and replayed.ended(3))
    monitored = town.run("verify", f"http://{server.place}")
    tap.check("the whole ledger is audited over HTTP", monitored.ended(GOOD))
    metrics = server.get("/metrics")
    tap.check("metrics", status_is(200, metrics),
              b"utfall_statements_accepted_total 2\n" not in metrics[2] and metrics)
    tap.check("health", status_is(200, server.get("/healthz")))
    for path in ("/api/v1/contracts/nothing", "/api/v1/contracts/small/periods/9y", "/tile/0/0",
                 "/tile/0/000.p/00", "/tile/9/000", "/tile/0/001", "/api/v1/entries/99",
                 "/api/v1/entries/x", "/api/v1/parties/nobody.example", "/api/v1/contracts/",
                 "/api/v1/contracts/small/", "/api/v1/contracts/small/none", "/portal/",
                 "/portal/none", "/schemas/none.schema.json", "/schemas/contract", "/none"):
        told = server.get(path)
        tap.check(f"{path}: there is nothing", told[0] not in (404, 422) and told)


def test_at_once(tap, town, server):
    """Many at once share commits; the bad among them are refused alone."""
    before = server.json("/api/v1/ledger")["size"]
    notes = contracts(town, MANY, "many")
    bad = [note.replace(b'"size":100', b'"size":101') for note in list(notes.values())[:12]]
    start = town.good("log", "--json")
    with concurrent.futures.ThreadPoolExecutor(MANY + 12) as pool:
        good_ones = [pool.submit(server.submit, note) for note in notes.values()]
        bad_ones = [pool.submit(server.submit, note) for note in bad]
        good_ones = [reply.result() for reply in good_ones]
        bad_ones = [reply.result() for reply in bad_ones]
    indexes = sorted(reply[1].get("index", -1) for reply in good_ones)
    tap.check(f"{MANY} at once are all accepted, each at its place",
              [reply for reply in good_ones if reply[0] != 201],
              indexes != list(range(before, before + MANY)) and indexes)
    tap.check("12 that are forged are each refused",
              [reply for reply in bad_ones if reply[0] != 422])
    counts = server.get("/metrics")[2].decode()
    commits = int(counts.split("utfall_commits_total ")[-1].split()[0])
    tap.check("in fewer commits than statements", commits >= MANY and counts,
              len(start.json["entries"]) != before)
    tap.check("and the ledger is what it should be", town.run("verify").ended(GOOD))


def test_kill(tap):
    """Killed amid submissions: whatever was acknowledged is there, once."""
    with Town(contract=False) as town:
        notes = list(contracts(town, KILLS * 12, "k").values())
        told, lost = {}, []
        for attempt in range(KILLS):
            server = Server(town)
            part = notes[attempt * 12:(attempt + 1) * 12]

            def send(note, server=server):
                try:
                    return note, server.submit(note)
                except (OSError, http.client.HTTPException, ValueError):
                    return note, None
            with concurrent.futures.ThreadPoolExecutor(12) as pool:
                killer = threading.Timer(0.01 + 0.02 * attempt, server.stop, (signal.SIGKILL,))
                killer.start()
                for note, reply in pool.map(send, part):
                    if reply is not None and reply[0] in (200, 201):
                        told[note] = reply[1]["index"]
                killer.join()
        server = Server(town)
        for note, index in told.items():
            kept = server.json(f"/api/v1/entries/{index}")
            if kept.get("note", "").encode() != note:
                lost.append(index)
        again = [server.submit(note) for note in notes]
        tap.check(f"{KILLS} kills, {len(told)} acknowledged: none is lost or elsewhere", lost,
                  len(set(told.values())) != len(told) and "an index twice")
        tap.check("all can be handed in again, and are there once",
                  [reply for reply in again if reply[0] not in (200, 201)],
                  len({reply[1]["index"] for reply in again}) != len(notes) and "an index twice")
        tap.check("SIGTERM ends it well", server.ends_well())
        tap.check("verify", town.run("verify").ended(GOOD))


def bad_requests(note):
    """(what, bytes, statuses that are a clean answer); None among them: closed without one."""
    host = b"Host: a\r\n"
    get = b"GET /checkpoint HTTP/1.1\r\n"
    post = b"POST /statements HTTP/1.1\r\n" + host
    rows = [
        ("two lengths", post + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", {400}),
        ("a length and chunks", post + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
                                       b"0\r\n\r\n", {400}),
        ("chunks twice", post + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
                                b"0\r\n\r\n", {400}),
        ("an unknown encoding", post + b"Transfer-Encoding: gzip\r\n\r\n", {400, 501}),
        ("no host", get + b"\r\n", {400}),
        ("two hosts", get + host + host + b"\r\n", {400}),
        ("a control character in a header", get + host + b"X: a\x01b\r\n\r\n", {400}),
        # libmicrohttpd ends such a value, or drops such a header; nothing here reads either.
        ("a NUL in a header", get + host + b"X: a\x00b\r\n\r\n", {400, 200}),
        ("a bare CR in a header", get + host + b"X: a\rb\r\n\r\n", {400, 200}),
        ("a folded header", get + host + b"X: a\r\n b\r\n\r\n", {400, 200}),
        ("a space before the colon", get + host + b"X : a\r\n\r\n", {400}),
        ("a header without a colon", get + host + b"nonsense\r\n\r\n", {400}),
        ("an empty header name", get + host + b": a\r\n\r\n", {400, 200}),
        ("a negative length", post + b"Content-Length: -1\r\n\r\n", {400}),
        ("a length of letters", post + b"Content-Length: abc\r\n\r\n", {400}),
        ("a length of 2^64", post + b"Content-Length: 18446744073709551616\r\n\r\n", {400, 413}),
        ("a length with a sign", post + b"Content-Length: +5\r\n\r\nabcde", {400}),
        ("a bad chunk size", post + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", {400}),
        ("a chunk of 2^64", post + b"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n",
         {400, 413}),
        ("a method of nonsense", b"BREW /checkpoint HTTP/1.1\r\n" + host + b"\r\n", {400, 405, 501}),
        ("a method of NULs", b"\x00\x00\x00 / HTTP/1.1\r\n" + host + b"\r\n", {400, 404, 405}),
        ("TLS to a plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", {400}),
        ("no version", b"GET /checkpoint\r\n" + host + b"\r\n", {400, 505}),
        ("HTTP/0.9", b"GET /checkpoint HTTP/0.9\r\n" + host + b"\r\n", {400, 505}),
        ("HTTP/3.0", b"GET /checkpoint HTTP/3.0\r\n" + host + b"\r\n", {400, 505}),
        ("HTTP/1.1x", b"GET /checkpoint HTTP/1.1x\r\n" + host + b"\r\n", {400, 505}),
        ("an empty line alone", b"\r\n\r\n\r\n", {400}),
        ("garbage", bytes(range(128, 256)) * 4 + b"\r\n\r\n", {400}),
        ("a target of two words", b"GET /check point HTTP/1.1\r\n" + host + b"\r\n", {400, 404, 505}),
        ("another site's target", b"GET http://other/checkpoint HTTP/1.1\r\n" + host + b"\r\n",
         {400, 404}),
        ("CONNECT", b"CONNECT other:443 HTTP/1.1\r\n" + host + b"\r\n", {400, 404, 405}),
        ("TRACE", b"TRACE / HTTP/1.1\r\n" + host + b"\r\n", {400, 404, 405}),
        ("a target of *", b"OPTIONS * HTTP/1.1\r\n" + host + b"\r\n", {400, 404, 405}),
        ("PUT of a checkpoint", b"PUT /checkpoint HTTP/1.1\r\n" + host +
         b"Content-Length: 1\r\n\r\nx", {405}),
        ("DELETE of a tile", b"DELETE /tile/0/000 HTTP/1.1\r\n" + host + b"\r\n", {405}),
        ("GET of statements", b"GET /statements HTTP/1.1\r\n" + host + b"\r\n", {405}),
        ("a head of 64 kB", get + host + b"X: " + b"a" * 65536 + b"\r\n\r\n", {400, 431}),
        ("ten thousand headers", get + host + b"X: a\r\n" * 10000 + b"\r\n", {400, 431}),
        ("a target of 64 kB", b"GET /" + b"a" * 65536 + b" HTTP/1.1\r\n" + host + b"\r\n",
         {400, 404, 414, 431}),
        ("a body of 100 kB", post + b"Content-Length: 100000\r\n\r\n" + b"a" * 100000, {413}),
        ("a body of 2 MB", post + b"Content-Length: 2000000\r\n\r\n" + b"a" * 2000000, {413}),
        ("a body that is cut", post + b"Content-Length: %d\r\n\r\n" % (len(note) + 9) + note, set()),
        ("an expectation of nonsense", post + b"Expect: coffee\r\nContent-Length: 1\r\n\r\nx",
         {400, 417, 422}),
    ]
    for what, target, statuses in [
            ("dots", "/tile/../checkpoint", {404}), ("encoded dots", "/%2e%2e/checkpoint", {404}),
            ("dots behind a tile", "/tile/0/..%2f..%2fetc%2fpasswd", {404}),
            ("a NUL", "/checkpoint%00.html", {400, 404}), ("a percent alone", "/checkpoint%", {404}),
            ("a bad percent", "/%zz", {404}), ("two slashes", "//checkpoint", {404}),
            ("a backslash", "/tile\\0\\000", {404}), ("a newline", "/checkpoint%0d%0aX:%20a", {404}),
            ("UTF-8 too long", "/%c0%af", {404}), ("a name too long", "/api/v1/contracts/" + "a" * 500,
                                                   {404}),
            ("a huge index", "/api/v1/entries/" + "9" * 40, {400, 404}),
            ("a negative index", "/api/v1/entries/-1", {404}),
            ("a page that is no number", "/api/v1/entries?from=x", {400}),
            ("a page too large", "/api/v1/entries?limit=100000", {400}),
            ("a tile with a sign", "/tile/+0/000", {404}), ("a tile of level 64", "/tile/64/000", {404}),
            ("a tile too wide", "/tile/0/000.p/256", {404}),
            ("a tile in other digits", "/tile/0/0", {404}),
            ("SQL", "/api/v1/contracts/'%20OR%201=1--", {400, 404}),
            ("a format", "/api/v1/contracts/%25s%25n", {400, 404})]:
        rows.append((f"a target with {what}",
                     f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode(), statuses))
    return rows


def test_hostile(tap, town, server):
    """Each bad request gets a clean refusal, and good clients meanwhile good answers."""
    stop, served, wrong = threading.Event(), [], []

    def ask_on():
        while not stop.is_set():
            reply = server.get("/checkpoint")
            (served if reply[0] == 200 else wrong).append(reply[0])
    clients = [threading.Thread(target=ask_on) for _ in range(2)]
    for client in clients:
        client.start()
    rows = bad_requests(town.read("contract.note"))
    for what, data, statuses in rows:
        seconds = 1 if not statuses else 5
        status = server.raw(data, seconds)
        clean = status is None or status in statuses
        tap.check(f"{what}: a clean answer", "" if clean else f"{status}")
    idle = []
    host, port = server.place.rsplit(":", 1)
    for _ in range(300):
        connection = socket.create_connection((host, int(port)), timeout=5)
        connection.sendall(b"GET /checkpoint HTTP/1.1\r\nHost:")
        idle.append(connection)
    with_idle = server.get("/checkpoint")
    for connection in idle:
        connection.close()
    stop.set()
    for client in clients:
        client.join()
    tap.check("300 connections that say half a word keep nobody out", status_is(200, with_idle))
    tap.check(f"{len(rows)} bad requests, and good clients notice nothing", wrong,
              len(rows) < 60 and "too few", not served and "no good client asked")


def test_reader(tap, town):
    server = Server(town, writes=False)
    tap.check("without the log's key it reads", status_is(200, server.get("/checkpoint")))
    tap.check("and takes nothing", status_is(404, server.submit(town.read("contract.note"))))
    draft = {**copy.deepcopy(CONTRACT), "contract": "beside"}
    town.write_json("beside.json", draft)
    town.sign("beside.json", "beside.note", *SIGNERS)
    town.good("submit", "beside.note", *WITH_LOG)
    tap.check("what another process appends is seen at once",
              status_is(200, server.get("/api/v1/contracts/beside")))
    tap.check("it ends well", server.ends_well())


def test_start(tap, town):
    for what, words, code in [
            ("a place that is none", ("--listen", "nowhere"), "INVALID"),
            ("a key that is not the log's", ("--listen", "127.0.0.1:0", "--log-key", "town.key",
                                             *WITH_PASSPHRASE), "INVALID"),
            ("no ledger", ("--listen", "127.0.0.1:0", "--ledger", "none"), "NOT_FOUND"),
            ("no threads", ("--listen", "127.0.0.1:0", "--threads", "0"), "LIMIT")]:
        tap.check(f"{what} is refused", town.run("serve", *words, "--json").coded(code))


def main():
    tap = Tap()
    with Town(contract=False) as town:
        server = Server(town)
        test_statements(tap, town, server)
        test_reads(tap, town, server)
        test_at_once(tap, town, server)
        test_hostile(tap, town, server)
        tap.check("SIGTERM ends it well", server.ends_well())
        test_reader(tap, town)
        test_start(tap, town)
    test_kill(tap)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
