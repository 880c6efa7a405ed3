#!/usr/bin/python3
"""publish to an object storage and to a WebDAV server: the files of a folder, and never a step back."""

import http.client
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading
import time

from _cli import FALSE, GOOD, TROUBLE, UTFALL, Tap, Town
from _object_storage import KEY, REGION, SECRET, SESSION, Storage
from publish import add_contract, files
from serve import Server

APACHE = "/usr/sbin/apache2"
PROGRAMS = pathlib.Path(os.environ.get("UTFALL_PROGRAMS") or pathlib.Path(UTFALL).parent / "tests/programs")
DAV = """
ServerRoot %(folder)s
ServerName 127.0.0.1
Listen 127.0.0.1:%(port)d
PidFile %(folder)s/pid
ErrorLog %(folder)s/error.log
Mutex file:%(folder)s
DavLockDB %(folder)s/locks
DocumentRoot %(folder)s/site
%(modules)s
User #%(user)d
Group #%(group)d
<Directory %(folder)s/site>
  Dav On
  SetEnvIf Authorization "^Bearer the-token$" is_ours
  <Limit GET HEAD>
    Require all granted
  </Limit>
  <LimitExcept GET HEAD>
    Require env is_ours
  </LimitExcept>
</Directory>
"""
MODULES = ("mpm_event", "authz_core", "dav", "dav_fs", "dav_lock", "setenvif")


def settings(storage, **changes):
    return {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": storage.url, **changes}


def publish(town, place, environment, *more):
    return town.run("publish", place, "--json", *more, **environment)


def same_files(town, storage, prefix):
    wanted = {path: data for path, data in files(town, "site").items() if path != ".publishing"}
    there = {path: data for path, data in storage.files(prefix).items() if path != ".publishing"}
    return "" if wanted == there else f"{sorted(wanted)} and {sorted(there)} differ"


def test_publish(tap, town):
    with Storage() as storage:
        first = publish(town, "s3://bucket/town", settings(storage))
        town.good("publish", "site")
        tap.check("what is published is what a folder has", first.coded("OK"), first.json.get("files_new") != 2 and first,
                  same_files(town, storage, "/bucket/town/"))
        again = publish(town, "s3://bucket/town/", settings(storage))
        tap.check("nothing new, nothing stored", again.coded("OK"), again.json.get("files_new") != 0 and again,
                  same_files(town, storage, "/bucket/town/"))
        before = dict(storage.objects)
        add_contract(town, "second")
        grown = publish(town, "s3://bucket/town", settings(storage))
        town.good("publish", "site")
        changed = [path for path in before if storage.objects[path] != before[path]]
        tap.check("it grows, and only the checkpoint changes", grown.coded("OK"), same_files(town, storage, "/bucket/town/"),
                  changed != ["/bucket/town/checkpoint"] and changed)
        puts = [headers for method, path, headers in storage.requests if method == "PUT"]
        tap.check("every file is stored on a condition",
                  [one for one in puts if "If-None-Match" not in one and "If-Match" not in one])
        caches = {path: headers.get("Cache-Control") for method, path, headers in storage.requests if method == "PUT"}
        forever = [path for path, cache in caches.items() if "immutable" in cache]
        tap.check("and says how long it may be kept", caches["/bucket/town/checkpoint"] != "no-cache" and caches,
                  set(caches) - set(forever) != {"/bucket/town/checkpoint"} and caches)
        url = f"{storage.url}/bucket/town"
        here = town.good("verify", "--json", "--vkey", town.vkeys["log"]).json
        there = town.run("verify", url, "--json", "--vkey", town.vkeys["log"])
        tap.check("verify audits it by its URL", there.coded("OK"), there.json.get("root") != here["root"] and there)
        copied = town.run("copy", url, "copied.ledger", "--json")
        tap.check("and copy brings it back", copied.coded("OK"))


def test_others(tap, town):
    """Of two that publish, and of a copy that went back or its own way."""
    shutil.copy(town.file("utfall.ledger"), town.file("old.ledger"))
    shutil.copy(town.file("utfall.ledger"), town.file("fork.ledger"))
    add_contract(town, "third")
    add_contract(town, "other", "fork.ledger")
    with Storage() as storage:
        town.run("publish", "s3://bucket", "--json", **settings(storage))
        newest = storage.objects["/bucket/checkpoint"]
        old = publish(town, "s3://bucket", settings(storage), "--ledger", "old.ledger")
        tap.check("a ledger that is shorter is refused", old.ended(FALSE), old.coded("UNTRUSTED"))
        fork = publish(town, "s3://bucket", settings(storage), "--ledger", "fork.ledger")
        tap.check("and one that went its own way", fork.ended(FALSE),
                  "" if fork.json.get("code") in ("UNTRUSTED", "CONFLICT") else fork)
        tap.check("what was published stays", storage.objects["/bucket/checkpoint"] != newest and "it is another")

        def overtake(method, path):
            """Another program stores its checkpoint after ours was compared."""
            if method == "PUT" and path == "/racing/checkpoint" and path not in storage.objects:
                storage.objects[path] = newest
            return None
        storage.trouble = overtake
        late = publish(town, "s3://racing", settings(storage), "--ledger", "old.ledger")
        tap.check("who is overtaken between reading and storing is refused", late.ended(FALSE), late.coded("CONFLICT"),
                  storage.objects["/racing/checkpoint"] != newest and "it was set back")
        storage.trouble = None
        size = town.good("verify", "--json").json["entries"]
        storage.objects[f"/bad/tile/0/000.p/{size}"] = b"other bytes"
        bad = publish(town, "s3://bad", settings(storage))
        tap.check("a file with other bytes is refused by name", bad.coded("CONFLICT"),
                  f"000.p/{size}" not in str(bad.json) and bad, "/bad/checkpoint" in storage.objects and "published")
        results = []
        threads = [threading.Thread(target=lambda: results.append(publish(town, "s3://both", settings(storage))))
                   for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tap.check("four at once with the same ledger all end well", *(result.coded("OK") for result in results))


def test_credentials(tap, town):
    with Storage() as storage:
        for what, changes, word in (
                ("another secret", {"AWS_SECRET_ACCESS_KEY": "other"}, "SignatureDoesNotMatch"),
                ("another key", {"AWS_ACCESS_KEY_ID": "other"}, "InvalidAccessKeyId"),
                ("another region", {"AWS_REGION": "mars-1"}, "InvalidAccessKeyId")):
            result = publish(town, "s3://bucket", settings(storage, **changes))
            tap.check(f"{what}: told in the storage's own word", result.ended(TROUBLE), result.coded("STORAGE"),
                      word not in str(result.json) and result)
        none = publish(town, "s3://bucket", settings(storage, AWS_ACCESS_KEY_ID=""))
        tap.check("without keys it says which to set", none.ended(FALSE), none.coded("INVALID"),
                  "AWS_ACCESS_KEY_ID" not in str(none.json) and none)
        option = publish(town, "s3://bucket", settings(storage, AWS_ENDPOINT_URL="http://127.0.0.1:1", AWS_REGION="x"),
                         "--endpoint", storage.url, "--region", REGION)
        tap.check("options come before the environment", option.coded("OK"))
        tap.check("no secret is ever sent", [one for one in storage.requests if SECRET in str(one)])
    with Storage(is_public=False, session=True) as storage:
        temporary = settings(storage, AWS_SESSION_TOKEN=SESSION)
        tap.check("a temporary key of a storage that nobody else may read", publish(town, "s3://bucket", temporary).coded("OK"),
                  publish(town, "s3://bucket", temporary).coded("OK"))
        without = publish(town, "s3://bucket", settings(storage))
        tap.check("is refused without its token", "InvalidToken" not in str(without.json) and without)
    for place in ("s3://", "s3:///x", "s3://a b", "s3://bucket//x", "s3://bucket/?acl"):
        result = town.run("publish", place, "--json", **settings(storage))
        tap.check(f"{place} is refused", result.ended(FALSE), result.coded("INVALID"))
    for place in ("http://192.0.2.1/x", "http://user:word@127.0.0.1/"):
        result = town.run("publish", place, "--json")
        tap.check(f"{place} is refused", result.ended(FALSE), result.coded("INVALID"))


def test_trouble(tap, town):
    """Servers that fail for a moment, or for good, and a program that dies in the middle."""
    shutil.rmtree(town.file("site"))
    town.good("publish", "site")
    seen = {}

    def first_time(kind):
        def trouble(method, path):
            seen[kind, method, path] = seen.get((kind, method, path), 0) + 1
            return kind if seen[kind, method, path] == 1 else None
        return trouble
    for kind in (503, 500, 429, 409, "drop", "lose the answer"):
        with Storage() as storage:
            storage.trouble = first_time(kind)
            result = publish(town, "s3://bucket/x", settings(storage))
            tap.check(f"each first request meets '{kind}': it is tried again", result.coded("OK"),
                      same_files(town, storage, "/bucket/x/"))
        seen.clear()
    with Storage() as storage:
        storage.trouble = lambda method, path: 503 if "entries" in path else None
        started = time.monotonic()
        result = publish(town, "s3://bucket", settings(storage))
        tap.check("a server that goes on failing is given up", result.ended(TROUBLE), result.coded("STORAGE"),
                  time.monotonic() - started > 30 and "after too long",
                  "/bucket/checkpoint" in storage.objects and "a checkpoint without its entries")
    with Storage(heeds=False) as storage:
        result = publish(town, "s3://bucket", settings(storage))
        tap.check("a server that does not heed conditions is refused", result.ended(TROUBLE), result.coded("STORAGE"),
                  "If-None-Match" not in str(result.json) and result, "/bucket/checkpoint" in storage.objects and "published")
    with Storage() as storage:
        reached = threading.Event()

        def hold(method, path):
            if method == "PUT" and "/tile/0/" in path and not reached.is_set():
                reached.set()
                time.sleep(1)
        storage.trouble = hold
        process = subprocess.Popen([UTFALL, "publish", "s3://bucket"], cwd=town.path,
                                   env={**town.environment, **settings(storage)},
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        reached.wait(30)
        process.kill()
        process.wait()
        tap.check("killed in the middle: there is no checkpoint yet", "/bucket/checkpoint" in storage.objects and "there is")
        again = publish(town, "s3://bucket", settings(storage))
        tap.check("and the next one ends it", again.coded("OK"), same_files(town, storage, "/bucket/"))
    gone = publish(town, "s3://bucket", settings(storage))
    tap.check("no server is told as such", gone.ended(TROUBLE), gone.coded("STORAGE"))


class Apache:
    """Debian's Apache as a WebDAV server that takes the writes of who has the token."""

    def __init__(self, folder):
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        os.makedirs(f"{folder}/site")
        modules = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES)
        with open(f"{folder}/apache.conf", "w", encoding="ascii") as file:
            file.write(DAV % {"folder": folder, "port": port, "modules": modules, "user": 65534, "group": 65534})
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", "65534:65534", folder], check=True)
            subprocess.run(["chmod", "755", os.path.dirname(folder)], check=True)
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen([APACHE, "-X", "-f", f"{folder}/apache.conf"], stdin=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise SystemExit("apache2 did not start")

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.process.terminate()
        self.process.wait()


def test_webdav(tap, town):
    with Apache(town.file("dav")) as apache:
        place = f"{apache.url}/ledgers/town"
        ours = {"UTFALL_AUTHORIZATION": "Bearer the-token"}
        stranger = publish(town, place, {})
        tap.check("without the token nothing is stored", stranger.ended(TROUBLE), stranger.coded("STORAGE"))
        first = publish(town, place, ours)
        here = files(town, "site")
        there = files(town, "dav/site/ledgers/town")
        tap.check("a WebDAV server has the files of a folder", first.coded("OK"), set(here) != set(there) and sorted(there),
                  [path for path in here if there.get(path) != here[path]])
        tap.check("again, nothing is new", publish(town, place, ours).coded("OK"))
        old = publish(town, place, ours, "--ledger", "old.ledger")
        tap.check("a ledger that is shorter is refused there too", old.ended(FALSE), old.coded("UNTRUSTED"))
        add_contract(town, "dav")
        grown = publish(town, place, ours)
        audited = town.run("verify", place, "--json")
        tap.check("it grows, and verify audits it", grown.coded("OK"), audited.coded("OK"),
                  audited.json.get("entries") != grown.json.get("size") and audited)


def locations(place, path):
    """(status, Location) of a path, not followed."""
    connection = http.client.HTTPConnection(place, timeout=60)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.headers.get("Location")
    finally:
        connection.close()


def soon(question, wanted):
    """The answer, as soon as it is the one that is wanted, else after some seconds."""
    for _ in range(300):
        answer = question()
        if answer == wanted:
            break
        time.sleep(0.05)
    return answer


def test_serving(tap, town):
    """A server sends readers to where tiles are published, for what is there."""
    made = subprocess.run([PROGRAMS / "make_big", town.file("big.ledger"), "4", "80"], check=True, capture_output=True)
    size = int(made.stdout)
    with Storage() as storage:
        there = f"{storage.url}/bucket/big"
        server = Server(town, "--ledger", "big.ledger", "--tiles", there + "/", writes=False)
        full = ("/tile/0/000", "/tile/entries/000")
        tap.check("what is not published yet is answered by the server", [locations(server.place, path) for path in full]
                  != [(200, None)] * 2 and "it is not")
        tap.check(f"{size} entries are published", publish(town, "s3://bucket/big", settings(storage), "--ledger", "big.ledger").coded("OK"))
        tap.check("then full tiles are read from there",
                  *(soon(lambda path=path: locations(server.place, path), (302, there + path)) != (302, there + path) and path
                    for path in full))
        for path in (f"/tile/0/001.p/{size - 256}", "/tile/0/000.p/7", "/checkpoint"):
            tap.check(f"{path} is answered by the server", locations(server.place, path)[0] != 200 and locations(server.place, path))
        before = len(storage.requests)
        audited = town.run("verify", f"http://{server.place}", "--json")
        tap.check("verify follows", audited.coded("OK"), audited.json.get("entries") != size and audited,
                  not any(path.endswith("/tile/entries/000") for _, path, _ in storage.requests[before:]) and "it did not")
        storage.objects["/bucket/big/tile/entries/000"] = b"\0\0" * 256
        lied = town.run("verify", f"http://{server.place}", "--json")
        tap.check("what is changed there is found", lied.ended(FALSE), lied.coded("UNTRUSTED"))
        storage.objects["/bucket/big/checkpoint"] = b"not one\n"
        tap.check("without a good checkpoint there, the server answers itself",
                  soon(lambda: locations(server.place, full[0]), (200, None)) != (200, None) and "it does not")
        tap.check("it ends well", server.ends_well())
    town.write("tokens", b"0123456789abcdef0123456789abcdef\n")
    for words in (("--tiles", "folder"), ("--tiles", "https://a.example/", "--tokens", "tokens")):
        refused = town.run("serve", "--listen", "127.0.0.1:0", *words, "--json")
        tap.check(f"{' '.join(words)} is refused", refused.coded("INVALID"))


def main():
    tap = Tap()
    with Town() as town:
        test_publish(tap, town)
        test_others(tap, town)
        test_credentials(tap, town)
        test_trouble(tap, town)
        test_webdav(tap, town)
        test_serving(tap, town)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
