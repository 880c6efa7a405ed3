#!/usr/bin/python3
"""A server under load: statements that are handed in by 256 connections at once, and readers.

    load.py BUILD [STATEMENTS_EACH]

Everything runs on this machine, client and server on the same processors; so beside the rates there
is what a statement costs the server in processor time, and how much of that is the one signature.
Ratios are of two things that were measured in this run.
"""

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

CONNECTIONS = 256
COMMITS = 3000
READ_SECONDS = 5
NGINX = """
worker_processes auto; daemon off; pid %(folder)s/nginx.pid; error_log stderr error;
events { worker_connections 1024; }
http { access_log off; client_body_temp_path %(folder)s; proxy_temp_path %(folder)s; fastcgi_temp_path %(folder)s;
       uwsgi_temp_path %(folder)s; scgi_temp_path %(folder)s; sendfile on; tcp_nodelay on;
       server { listen 127.0.0.1:%(port)d; root %(folder)s/site; default_type application/octet-stream; } }
"""


def free_port():
    import socket
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Server:
    """`utfall serve` on the ledger of a folder."""

    def __init__(self, utfall, folder):
        self.process = subprocess.Popen([utfall, "serve", "--listen", "127.0.0.1:0", "--log-key", "log.key",
                                         "--passphrase-file", "passphrase"], cwd=folder, stdout=subprocess.PIPE)
        self.url = self.process.stdout.readline().decode().strip()

    def size(self):
        with urllib.request.urlopen(f"{self.url}/api/v1/ledger") as reply:
            return json.load(reply)["size"]

    def commits(self):
        with urllib.request.urlopen(f"{self.url}/metrics") as reply:
            return int(re.search(r"^utfall_commits_total (\d+)", reply.read().decode(), re.MULTILINE)[1])

    def processor_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            user, system = stat.read().rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        return self.process.wait()


def sqlite_commits(folder):
    """Rows of the size of a statement a second, each in a durable commit of its own."""
    database = sqlite3.connect(f"{folder}/raw.sqlite", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, bytes BLOB)")
    start = time.monotonic()
    for _ in range(COMMITS):
        database.execute("INSERT INTO rows (bytes) VALUES (?)", (os.urandom(500),))
    rate = COMMITS / (time.monotonic() - start)
    database.close()
    return rate


def reads(url):
    """(answers a second, the 99th percentile in ms) of a client with 64 connections."""
    done = subprocess.run(["wrk", "-t1", "-c64", f"-d{READ_SECONDS}s", "--latency", url], capture_output=True, check=True,
                          text=True).stdout
    if "Non-2xx" in done or "Socket errors" in done:
        raise SystemExit(f"{url} is not answered well:\n{done}")
    amount, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", done).groups()
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1]), float(amount) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def submissions(build, folder, server, each):
    before, seconds = server.size(), server.processor_seconds()
    commits = server.commits()
    told = json.loads(subprocess.run([f"{build}/bench/tools/load", "drive", server.url, str(each)], check=True,
                                     stdout=subprocess.PIPE).stdout)
    spent = server.processor_seconds() - seconds
    appended = server.size() - before
    if not told["answered"] == told["accepted"] == appended == CONNECTIONS * each:
        raise SystemExit(f"{CONNECTIONS * each} were handed in, {told}, and the ledger grew by {appended}")
    rate = appended / told["seconds"]
    raw = sqlite_commits(folder)
    verification = 1 / told["by_one_core"]
    print(f"{appended} statements by {CONNECTIONS} connections, every one durable before it was acknowledged")
    print(f"  {rate:10.0f} a second; half of them within {told['p50_ms']:.0f} ms, 99 of 100 within {told['p99_ms']:.0f} ms")
    print(f"  {rate / raw:10.2f} of SQLite's commits a second, one row each ({raw:.0f})")
    print(f"  {rate / told['verified_per_second']:10.2f} of what all cores verify at once when they do nothing else "
          f"({told['verified_per_second']:.0f})")
    print(f"  {spent / appended * 1e6:10.0f} us of the server's processor time each; "
          f"{verification * 1e6:.0f} us verify the signature: {verification * appended / spent:.2f} of it")
    print(f"  {appended / (server.commits() - commits):10.1f} statements a commit")


def reading(build, folder, server):
    subprocess.run([f"{build}/utfall", "publish", f"{folder}/site", "--ledger", f"{folder}/utfall.ledger"], check=True,
                   stdout=subprocess.DEVNULL)
    port = free_port()
    with open(f"{folder}/nginx.conf", "w", encoding="ascii") as file:
        file.write(NGINX % {"folder": folder, "port": port})
    nginx = subprocess.Popen(["/usr/sbin/nginx", "-p", folder, "-c", f"{folder}/nginx.conf"], stderr=subprocess.DEVNULL)
    time.sleep(1)
    print("Reads, 64 connections; beside nginx and the same bytes as a file")
    try:
        for path in ("tile/0/000", "tile/entries/000", "checkpoint"):
            with urllib.request.urlopen(f"{server.url}/{path}") as ours, \
                 urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}") as theirs:
                data = ours.read()
                if data != theirs.read():
                    raise SystemExit(f"/{path} is not what is published")
            rate, late = reads(f"{server.url}/{path}")
            static, static_late = reads(f"http://127.0.0.1:{port}/{path}")
            print(f"  {rate / static:10.2f} of nginx: /{path}, {len(data)} bytes: {rate:.0f} a second, 99 of 100 within "
                  f"{late:.1f} ms; nginx {static:.0f}, {static_late:.1f} ms")
    finally:
        nginx.terminate()
        nginx.wait()


def main():
    build = os.path.abspath(sys.argv[1])
    each = int(sys.argv[2]) if len(sys.argv) > 2 else 80
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([f"{build}/bench/tools/load", "make", folder], check=True)
        server = Server(f"{build}/utfall", folder)
        try:
            submissions(build, folder, server, each)
            reading(build, folder, server)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
