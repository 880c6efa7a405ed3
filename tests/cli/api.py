#!/usr/bin/python3
"""The API as schemas/openapi.json describes it: every path is asked, every answer is of its schema,
and every route of the server is in the document. Then TLS and tokens."""

import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import urllib.parse

import jsonschema

from _cli import FALSE, GOOD, ROOT, UTFALL, Tap, Town
from serve import Server, contracts, status_is

DOCUMENT = json.load(open(os.path.join(ROOT, "schemas/openapi.json"), encoding="utf-8"))
TOKEN = "a-token-of-the-auditor-2026"


def is_of(schema, value):
    """What is wrong with a value, or nothing."""
    whole = {**schema, "components": DOCUMENT["components"]}
    return [f"{error.json_path}: {error.message[:200]}"
            for error in jsonschema.Draft202012Validator(whole).iter_errors(value)][:5]


def fill(path, operation, without=None):
    """A path with the examples of its parameters."""
    query = []
    for parameter in operation.get("parameters", []):
        value = str(parameter["example"])
        if parameter["in"] == "path":
            path = path.replace("{%s}" % parameter["name"], value)
        elif parameter["name"] != without:
            query.append(f"{parameter['name']}={urllib.parse.quote(value)}")
    return path + ("?" + "&".join(query) if query else "")


class Stream:
    """Who follows the ledger."""

    def __init__(self, server, path="/api/v1/events", headers=None):
        self.connection = http.client.HTTPConnection(server.place, timeout=30)
        self.connection.request("GET", path, headers=headers or {})
        self.reply = self.connection.getresponse()

    def lines(self):
        """The lines up to an empty one; none at the end."""
        found = []
        while True:
            line = self.reply.readline()
            if line in (b"", b"\n"):
                return found
            found.append(line.decode().rstrip("\n"))

    def events(self, count):
        """(id, data) of so many; what is no event is passed over."""
        found = []
        while len(found) < count:
            lines = self.lines()
            if not lines:
                raise EOFError(f"the stream ended after {found}")
            if lines[0].startswith("id: "):
                found.append((int(lines[0][4:]), json.loads(lines[1].removeprefix("data: "))))
        return found

    def close(self):
        self.connection.close()


def test_answers(tap, town, server):
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            if path == "/api/v1/events":
                continue
            body = None
            if method == "post":
                [media] = operation["requestBody"]["content"].values()
                body = json.dumps(media["example"]) if "example" in media else town.read("payment.note")
            asked = fill(path, operation)
            status, headers, data = server.ask(method.upper(), asked, body)
            told = operation["responses"].get(str(status), {})
            kind = headers["Content-Type"].split(";")[0]
            schema = told.get("content", {}).get(kind, {}).get("schema")
            tap.check(f"{method.upper()} {asked}", schema is None and f"{status} {kind} is not described",
                      *(is_of(schema, json.loads(data)) if schema and kind.endswith("json") else []))


def test_failures(tap, server):
    for path in ("/api/v1/contracts/nothing", "/api/v1/contracts/small/periods/9y", "/api/v1/entries/99999",
                 "/api/v1/entries?limit=1001", "/api/v1/entries?from=-1", "/api/v1/parties/nobody.example",
                 "/api/v1/parties/x%2Fy", "/api/v1/contracts/%C3%A5", "/api/v1/contracts/" + "x" * 300):
        status, headers, data = server.get(path)
        tap.check(f"{path[:60]}: a failure as described", status < 400 and f"{status}",
                  *(is_of(DOCUMENT["components"]["schemas"]["Failure"], json.loads(data))
                    if headers["Content-Type"].startswith("application/json") else ["no JSON"]))


def test_lists(tap, town, server):
    """What is listed and found, and what the commands say of the same."""
    whole = town.good("log", "--json").json["entries"]
    told = server.json("/api/v1/entries?contract=small")["entries"]
    tap.check("the entries of a contract are those of the log",
              told != [one for one in whole if one["subject"] == "contract/small"] and told)
    second = server.json(f"/api/v1/entries?contract=small&limit=1&from={told[0]['index'] + 1}")["entries"]
    tap.check("from one on, as many as asked for", second != told[1:2] and second)
    tap.check("none of a contract that is not there", server.json("/api/v1/entries?contract=nothing")["entries"])
    parties = server.json("/api/v1/parties")["parties"]
    subjects = sorted({one["subject"].removeprefix("party/") for one in whole if one["subject"].startswith("party/")})
    tap.check("every party is listed, by name", [one["party"] for one in parties] != subjects and parties)
    rest = server.json(f"/api/v1/parties?after={subjects[0]}")["parties"]
    tap.check("behind a name are the others", [one["party"] for one in rest] != subjects[1:] and rest)
    [settled] = server.json("/api/v1/settlements?contract=small")["settlements"]
    tap.check("a settlement is listed with what it pays", settled["pays"][0]["amount"]["currency"] != "SEK" and settled,
              settled["index"] not in [one["index"] for one in whole if one["kind"] == "settlement"] and settled)
    tap.check("and not from behind it on",
              server.json(f"/api/v1/settlements?from={settled['index'] + 1}")["settlements"])
    for query, contracts, found in (("sMaLL", 1, 0), ("town.example", 1, 1), ("small nothing", 0, 0),
                                    ("INVESTOR EXAMPLE", 1, 1), ("%C3%85", 0, 0)):
        told = server.json(f"/api/v1/search?q={query.replace(' ', '%20')}")
        tap.check(f"looking for {query}", (len(told["contracts"]), len(told["parties"])) != (contracts, found) and told)
    for name, words, path in (("a contract", ("balance", "small"), "/api/v1/contracts/small/balance"),
                              ("a party", ("balance", "town.example"), "/api/v1/parties/town.example/balance"),
                              ("the ledger", ("balance",), "/api/v1/balance"),
                              ("a year", ("balance", "--year", "2027"), "/api/v1/balance?year=2027"),
                              ("a party's page", ("show", "town.example"), "/api/v1/parties/town.example"),
                              ("a simulation", ("simulate", "small", "--vary", "saving=0:100:50"),
                               "/api/v1/contracts/small/simulate?vary=saving=0:100:50"),
                              ("one with a line", ("simulate", "small", "--vary", "saving=0:100:50", "--line", "half"),
                               "/api/v1/contracts/small/simulate?vary=saving=0:100:50&line=half")):
        said = town.good(*words, "--json").json
        told = server.json(path)
        tap.check(f"{name}: what the command says", told != said and f"{told}\n{said}")
    for path in ("/api/v1/contracts/small/simulate?vary=saving=0:1000000:1", "/api/v1/contracts/small/simulate?file=x",
                 "/api/v1/contracts/-/simulate?vary=saving=0:1:1", "/api/v1/contracts/contract.json/simulate",
                 "/api/v1/contracts/nothing/balance", "/api/v1/balance?year=x", "/api/v1/search",
                 "/api/v1/search?q=" + "x" * 300, "/api/v1/search?q=%ff", "/api/v1/settlements?from=x"):
        status, _, data = server.get(path)
        tap.check(f"{path[:60]} is refused", status not in (400, 404) and f"{status} {data[:200]}")


def test_events(tap, town, server):
    size = server.json("/api/v1/ledger")["size"]
    told = server.json("/api/v1/entries?limit=1000")["entries"]
    everything = Stream(server, "/api/v1/events?from=0")
    kind = everything.reply.headers["Content-Type"]
    tap.check("events are a stream", kind != "text/event-stream" and kind)
    tap.check("from the first on, each as it is listed", everything.events(size) != list(enumerate(told)) and "otherwise")
    resumed = Stream(server, headers={"Last-Event-ID": str(size - 2)})
    tap.check("who comes again hears what came since", [index for index, _ in resumed.events(1)] != [size - 1] and "otherwise")
    new = Stream(server)
    tap.check("who comes first hears that it follows", new.lines() != [":"] and "otherwise")
    done = server.submit(next(iter(contracts(town, 1, "event").values())))
    tap.check("a statement is accepted", status_is(201, done))
    for name, stream in (("from the first", everything), ("again", resumed), ("new", new)):
        heard = stream.events(1)
        tap.check(f"who follows {name} hears of it", heard[0][0] != size and heard,
                  heard[0][1]["subject"] != "contract/event-0" and heard)
    found = server.json("/api/v1/search?q=event-0")["contracts"]
    tap.check("and it is found", [one["last_index"] for one in found] != [size] and found)
    tap.check("when nothing happens that is told", new.lines() != [":"] and "otherwise")
    many = [Stream(server) for _ in range(40)]
    tap.check("others are answered while forty follow", status_is(200, server.get("/healthz")))
    for stream in many[:20]:
        stream.close()
    for query, headers in (("?from=x", {}), ("", {"Last-Event-ID": "-1"})):
        status, _, _ = server.ask("GET", f"/api/v1/events{query}", headers=headers)
        tap.check(f"{query}{headers}: no place in the ledger", status != 400 and status)
    status, _, _ = server.ask("HEAD", "/api/v1/events")
    tap.check("a HEAD does not wait", status != 200 and status)
    tap.check("told to end, the server ends", server.stop() != 0 and "otherwise")
    tap.check("and so do the streams", new.lines() and "otherwise", many[30].lines() != [":"] and "otherwise",
              many[30].lines() and "otherwise")


def routes():
    """(method, path) in cli/serve/api.c, stars and all."""
    text = "".join(open(os.path.join(ROOT, name), encoding="utf-8").read()
                   for name in ("cli/serve/api_internal.h", "cli/serve/api.c"))
    names = dict(re.findall(r'^#define (\w+) "(/[^"]*)"', text, re.MULTILINE))
    found = re.findall(r'\{"(GET|POST)", (?:(\w+) )?"([^"]*)", \w+, \w+\}', text)
    return [(method.lower(), names.get(name, "") + path) for method, name, path in found]


def test_document(tap):
    listed = routes()
    tap.check("the server's routes are found", len(listed) < 15 and f"{listed}")
    for method, route in listed:
        if route == "/" or route.startswith("/portal/"):
            continue
        start = route.rstrip("*")
        described = [path for path, methods in DOCUMENT["paths"].items() if method in methods and
                     (path == route if start == route else path.startswith(start) or
                      re.sub(r"\{.*", "", path) == start)]
        tap.check(f"{method.upper()} {route} is described", not described and "it is not")
    operations = [one["operationId"] for path in DOCUMENT["paths"].values() for one in path.values()]
    tap.check("operations have names of their own", len(set(operations)) != len(operations) and operations)
    declared = [name for path in DOCUMENT["paths"] for name in re.findall(r"\{(\w+)\}", path)
                if not any(name == parameter["name"] and parameter["required"]
                           for parameter in list(DOCUMENT["paths"][path].values())[0].get("parameters", []))]
    tap.check("parameters of paths are declared", declared)


def make_certificate(town):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "tls.key", "-out", "tls.pem",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
                   cwd=town.path, check=True, capture_output=True)


def handshake(place, version):
    host, port = place.split(":")
    return subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", f"-{version}", "-cipher", "ALL:@SECLEVEL=0"],
                          input=b"", capture_output=True, check=False, timeout=20)


def ask_tls(town, place, headers=None, path="/api/v1/ledger"):
    trust = ssl.create_default_context(cafile=town.file("tls.pem"))
    connection = http.client.HTTPSConnection(place, context=trust, timeout=30)
    try:
        connection.request("GET", path, headers=headers or {})
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        connection.close()


def test_tls(tap, town):
    make_certificate(town)
    server = Server(town, "--tls-certificate", "tls.pem", "--tls-key", "tls.key", writes=False)
    tap.check("with a certificate it says https", server.scheme != "https" and server.scheme)
    place = server.place
    told = ask_tls(town, place)
    tap.check("and is read by whoever trusts the certificate", status_is(200, told))
    old = handshake(place, "tls1_1")
    tap.check("TLS 1.1 is refused", b"Cipher is (NONE)" not in old.stdout and f"{old.stdout[-300:]}")
    for version in ("tls1_2", "tls1_3"):
        new = handshake(place, version)
        tap.check(f"{version} is spoken", b"Cipher is (NONE)" in new.stdout and f"{new.stdout[-300:]}")
    verified = town.run("verify", f"https://{place}")
    tap.check("a client that does not trust it stays away", verified.exit == 0 and f"{verified}")
    tap.check("plain HTTP there is no answer", server.raw(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") is not None and "there is")
    tap.check("it ends well", server.stop() != 0 and "otherwise")
    for words, why in ((("--tls-certificate", "tls.pem"), "one without the other"),
                       (("--tls-certificate", "tls.key", "--tls-key", "tls.pem"), "exchanged"),
                       (("--tls-certificate", "none.pem", "--tls-key", "tls.key"), "not there")):
        refused = town.run("serve", "--listen", "127.0.0.1:0", *words)
        tap.check(f"certificate and key: {why}", refused.exit not in (FALSE, 2) and f"{refused}", refused.err == "" and "no words")
    refused = town.run("serve", "--listen", "0.0.0.0:0")
    tap.check("in the clear it serves this machine only", refused.exit == GOOD and f"{refused}",
              "--tls-certificate" not in refused.err and f"{refused}")


def test_tokens(tap, town):
    town.write("tokens", f"# auditors\n{TOKEN}\n\nanother-one-of-16\n")
    server = Server(town, "--tokens", "tokens")
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            is_open = operation.get("security") in ([], None)
            told = server.ask(method.upper(), fill(path, operation), "x" if method == "post" else None)
            tap.check(f"without a token {path} is {'open' if is_open else 'closed'}",
                      (told[0] == 401) == is_open and f"{told[0]}")
    for what, header, status in (("the token", f"Bearer {TOKEN}", 200), ("the other", "bearer another-one-of-16", 200),
                                 ("a wrong one", f"Bearer {TOKEN}x", 401), ("part of one", f"Bearer {TOKEN[:-1]}", 401),
                                 ("none", "Bearer ", 401), ("the comment", "Bearer # auditors", 401),
                                 ("another scheme", f"Basic {TOKEN}", 401)):
        told = server.ask("GET", "/api/v1/ledger", headers={"Authorization": header})
        tap.check(f"with {what}: {status}", status_is(status, told),
                  status == 401 and told[1]["WWW-Authenticate"] != "Bearer" and "it does not ask for one")
    told = server.ask("GET", "/tile/entries/000.p/1", headers={"Authorization": f"Bearer {TOKEN}"})
    tap.check("no cache between keeps what takes a token", status_is(200, told),
              told[1]["Cache-Control"] != "no-store" and told[1]["Cache-Control"])
    tap.check("the portal's pages are open: they ask for a token", status_is(200, server.get("/")))
    taken = server.submit(town.read("payment.note"))
    tap.check("statements are open: they are signed", status_is(200, taken))
    server.stop()
    for name, text, why in (("short", "short\n", "line 1"), ("blank", f"{TOKEN}\nwith a blank in it\n", "line 2"),
                            ("empty", "# none\n", "no token")):
        town.write(name, text)
        refused = town.run("serve", "--listen", "127.0.0.1:0", "--tokens", name)
        tap.check(f"a file of tokens that is {name} is refused", refused.exit != FALSE and f"{refused}",
                  why not in refused.err and f"{refused}")


def main():
    tap = Tap()
    with Town() as town:
        town.settle_and_pay()
        server = Server(town)
        test_answers(tap, town, server)
        test_failures(tap, server)
        test_lists(tap, town, server)
        test_events(tap, town, server)
        test_document(tap)
        test_tls(tap, town)
        test_tokens(tap, town)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
