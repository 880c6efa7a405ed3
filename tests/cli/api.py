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
from serve import Server, status_is

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


def test_answers(tap, town, server):
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
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


def routes():
    """(method, path) in cli/serve/api.c, stars and all."""
    text = open(os.path.join(ROOT, "cli/serve/api.c"), encoding="utf-8").read()
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
        server.stop()
        test_document(tap)
        test_tls(tap, town)
        test_tokens(tap, town)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
