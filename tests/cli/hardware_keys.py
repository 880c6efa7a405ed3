#!/usr/bin/python3
"""Keys that never come out: an ssh-agent and a SoftHSM token of the test's own sign."""

import base64
import glob
import os
import re
import shutil
import socket
import subprocess
import sys
import threading

from _cli import CHARTER, FALSE, GOOD, ORIGIN, TROUBLE, WITH_PASSPHRASE, Tap, Town
from _writer import Key

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/*/softhsm/libsofthsm2.so",
           "/usr/lib64/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so")
PIN = "1234"
REQUEST_IDENTITIES, IDENTITIES_ANSWER, SIGN_REQUEST, SIGN_RESPONSE, FAILURE = 11, 12, 13, 14, 5


def module():
    found = [path for pattern in MODULES for path in glob.glob(pattern)]
    return found[0] if found else None


class Agent:
    """An ssh-agent that ends with the test."""

    def __init__(self, town):
        self.path = town.file("agent.socket")
        self.process = subprocess.Popen(["ssh-agent", "-D", "-a", self.path],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        town.environment["SSH_AUTH_SOCK"] = self.path
        self.town = town
        for _ in range(500):
            if os.path.exists(self.path):
                return
            threading.Event().wait(0.01)
        raise SystemExit("ssh-agent does not start")

    def call(self, *words):
        return subprocess.run(words, cwd=self.town.path, env=self.town.environment, check=True,
                              capture_output=True, stdin=subprocess.DEVNULL).stdout.decode()

    def add(self, comment, file, kind="ed25519"):
        self.call("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", comment, "-f", file)
        self.call("ssh-add", "-q", file)

    def end(self):
        self.process.terminate()
        self.process.wait(10)


def string(data):
    return len(data).to_bytes(4, "big") + data


class Impostor:
    """An agent that answers as it is told to."""

    def __init__(self, town, answer):
        self.path = town.file("impostor.socket")
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.path)
        self.server.listen()
        self.answer = answer
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            with connection:
                while head := connection.recv(4, socket.MSG_WAITALL):
                    size = int.from_bytes(head, "big")
                    request = connection.recv(size, socket.MSG_WAITALL)
                    answer = self.answer(request)
                    if answer is None:
                        break
                    connection.sendall(answer)

    def end(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()


DRAFT = {"kind": "party", "version": 1, "date": "2026-01-15", "ledger": ORIGIN,
         "legal_name": "The holder", "registration": "not_published", "party": "holder.example"}


def test_agent(tap, town):
    agent = Agent(town)
    try:
        agent.add("holder.example", "holder")
        agent.add("a name", "unnamed")
        agent.add("twice.example", "twice1")
        agent.add("twice.example", "twice2")
        agent.add("rsa.example", "rsa", "rsa")
        shown = town.run("key", "vkey", "--key", "ssh-agent:holder.example")
        blob = town.read("holder.pub").split()[1]
        public = base64.b64decode(blob)[-32:]
        vkey = Key("holder.example", public=public).vkey
        tap.check("key vkey prints the vkey of a key in an agent", shown.ended(GOOD),
                  shown.is_quiet(), shown.out != vkey + "\n" and shown)
        town.write_json("holder.json", DRAFT)
        signed = town.run("sign", "holder.json", "-o", "holder.note", "--vkey", vkey, "--key",
                          "ssh-agent:holder.example", "--json")
        tap.check("an agent signs a draft", signed.coded("OK"))
        town.sign("holder.note", "holder.note", "registrar")
        fingerprint = agent.call("ssh-keygen", "-l", "-f", "holder.pub").split()[1]
        named = town.run("key", "vkey", "--key", f"ssh-agent:{fingerprint}", "--name",
                         "holder.example/finance", "-o", "stub.key", "--json")
        tap.check("a fingerprint names a key, and --name gives it another name", named.coded("OK"),
                  town.run("key", "show", "stub.key").prints("holder.example/finance+"),
                  "" if f"held-by: ssh-agent:{fingerprint}\n".encode() in town.read("stub.key")
                  else town.read("stub.key"))
        tap.check("a file that stands for a key is not overwritten", town.run(
            "key", "vkey", "--key", "ssh-agent:holder.example", "-o", "stub.key",
            "--json").coded("CONFLICT"))
        by_stub = town.run("sign", "holder.json", "-o", "stub.note", "--vkey", named.json["vkey"],
                           "--key", "stub.key", "--json")
        tap.check("a file that stands for a key signs", by_stub.coded("OK"),
                  "" if b"\xe2\x80\x94 holder.example/finance " in town.read("stub.note")
                  else town.read("stub.note"))
        town.write("swapped.key", town.read("stub.key").replace(fingerprint.encode(),
                   agent.call("ssh-keygen", "-l", "-f", "twice1.pub").split()[1].encode()))

        for title, key, code, phrase in (
                ("a key that the agent does not have", "ssh-agent:nobody", "NOT_FOUND", "ssh-add"),
                ("an RSA key", "ssh-agent:rsa.example", "NOT_FOUND", "ssh-ed25519"),
                ("a comment of two keys", "ssh-agent:twice.example", "INVALID", "fingerprint"),
                ("a comment that is no key name", "ssh-agent:a name", "INVALID", "key vkey"),
                ("a file that stands for another key", "swapped.key", "UNTRUSTED", "vkey line")):
            result = town.run("sign", "holder.json", "-o", "x.note", "--vkey", vkey, "--key", key,
                              "--json")
            tap.check(f"{title} is refused", result.coded(code),
                      "" if phrase in result.json.get("reason", "") else result)
        agent.call("ssh-add", "-q", "-D")
        gone = town.run("sign", "holder.json", "-o", "x.note", "--vkey", vkey, "--key", "stub.key",
                        "--json")
        tap.check("a key that was taken out is told", gone.coded("NOT_FOUND"), gone.ended(TROUBLE))
    finally:
        agent.end()
    dead = town.run("sign", "holder.json", "-o", "x.note", "--vkey", vkey, "--key",
                    "ssh-agent:holder.example", "--json")
    tap.check("an agent that has ended is told", dead.coded("NOT_FOUND"), dead.ended(TROUBLE))
    del town.environment["SSH_AUTH_SOCK"]
    none = town.run("key", "vkey", "--key", "ssh-agent:holder.example", "--json")
    tap.check("no agent is told", none.coded("NOT_FOUND"), none.ended(TROUBLE),
              "" if "SSH_AUTH_SOCK" in none.out else none)
    tap.check("nothing was signed by any of them", town.exists("x.note") and "something was")
    submitted = town.run("submit", "holder.note", "--log-key", "log.key", *WITH_PASSPHRASE, "--json")
    tap.check("the ledger takes what the agent signed", submitted.coded("OK"))
    return public, vkey


def test_impostor(tap, town, public, vkey):
    """What an agent answers is not believed."""
    blob = string(b"ssh-ed25519") + string(public)
    listed = string(bytes([IDENTITIES_ANSWER]) + (1).to_bytes(4, "big") + string(blob)
                    + string(b"holder.example"))

    def signing(signature):
        return lambda request: listed if request[0] == REQUEST_IDENTITIES else signature

    wrong = string(bytes([SIGN_RESPONSE]) + string(string(b"ssh-ed25519") + string(bytes(64))))
    short = string(bytes([SIGN_RESPONSE]) + string(string(b"ssh-ed25519") + string(bytes(63))))
    other = string(bytes([SIGN_RESPONSE]) + string(string(b"ssh-ed448") + string(bytes(64))))
    for title, answer, code in (
            ("a signature that does not verify", signing(wrong), "UNTRUSTED"),
            ("a signature that is too short", signing(short), "INVALID"),
            ("a signature of another algorithm", signing(other), "INVALID"),
            ("an agent that refuses", signing(string(bytes([FAILURE]))), "STORAGE"),
            ("an agent that hangs up", signing(None), "STORAGE"),
            ("an empty answer", lambda request: string(b""), "INVALID"),
            ("a list that is cut", lambda request: string(
                bytes([IDENTITIES_ANSWER]) + (9).to_bytes(4, "big")), "INVALID"),
            ("a list with an impossible length", lambda request: string(
                bytes([IDENTITIES_ANSWER]) + (1).to_bytes(4, "big") + b"\xff\xff\xff\xff"),
             "INVALID"),
            ("an answer that says it is huge", lambda request: b"\xff\xff\xff\xff", "LIMIT")):
        impostor = Impostor(town, answer)
        result = town.run("sign", "holder.json", "-o", "x.note", "--vkey", vkey, "--key",
                          "ssh-agent:holder.example", "--json", SSH_AUTH_SOCK=impostor.path)
        impostor.end()
        tap.check(f"{title} is refused", result.coded(code))
    tap.check("nothing was signed by an impostor", town.exists("x.note") and "something was")


def make_token(town, label, library):
    for words in (["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "87654321",
                   "--pin", PIN],
                  ["pkcs11-tool", "--module", library, "--login", "--pin", PIN, "--token-label", label,
                   "--keypairgen", "--key-type", "EC:edwards25519", "--label", ORIGIN, "--id", "01"],
                  ["pkcs11-tool", "--module", library, "--login", "--pin", PIN, "--token-label", label,
                   "--keypairgen", "--key-type", "EC:prime256v1", "--label", "p256", "--id", "02"]):
        subprocess.run(words, env=town.environment, cwd=town.path, check=True, capture_output=True)


def test_token(tap, town, library):
    os.mkdir(town.file("tokens"))
    town.write("softhsm2.conf", f"directories.tokendir = {town.file('tokens')}\n"
                                "objectstore.backend = file\nlog.level = ERROR\n")
    town.environment["SOFTHSM2_CONF"] = town.file("softhsm2.conf")
    make_token(town, "town hall", library)
    town.write("pin", PIN + "\n")
    town.write("wrong", "9999\n")
    uri = f"pkcs11:token=town%20hall;object={ORIGIN.replace('/', '%2F')}?module-path={library}"
    shown = town.run("key", "vkey", "--key", uri, "--json")
    tap.check("key vkey finds the key in a token without its PIN", shown.coded("OK"))
    listed = subprocess.run(["pkcs11-tool", "--module", library, "--token-label", "town hall",
                             "--list-objects", "--type", "pubkey", "--id", "01"], check=True,
                            env=town.environment, capture_output=True).stdout.decode()
    point = re.search(r"EC_POINT: *0420([0-9a-f]{64})", listed).group(1)
    wanted = Key(ORIGIN, public=bytes.fromhex(point)).vkey
    tap.check("it is the key that pkcs11-tool shows", shown.json.get("vkey") != wanted and
              f"{wanted}\n{shown}")

    # A log whose key is in the token: the charter, the first checkpoint and an append.
    town.write_json("hsm.json", CHARTER)
    others = (word for name in ("operator", "registrar") for word in ("--vkey", town.vkeys[name]))
    town.good("sign", "hsm.json", "-o", "hsm.note", "--key", "operator.key", *WITH_PASSPHRASE,
              "--vkey", wanted, *others, "--ledger", "hsm.ledger")
    made = town.run("init", "hsm.note", "--ledger", "hsm.ledger", "--log-key", uri,
                    "--passphrase-file", "pin", "--json")
    tap.check("a log's key may be in a token", made.coded("OK"),
              town.run("verify", "--ledger", "hsm.ledger", "--vkey", wanted, "--json").coded("OK"))
    by_id = town.run("key", "vkey", "--key", f"pkcs11:id=%01;type=private?module-path={library}",
                     "--name", "hall.example", "-o", "hall.key", "--json")
    tap.check("a key is named by its id too", by_id.coded("OK"))
    town.write_json("hall.json", {**DRAFT, "party": "hall.example"})
    signed = town.run("sign", "hall.json", "-o", "hall.note", "--vkey", by_id.json["vkey"], "--key",
                      "hall.key", "--passphrase-file", "pin", "--json")
    tap.check("a file that stands for a key in a token signs", signed.coded("OK"))

    for title, key, passphrase, code, phrase in (
            ("a wrong PIN", uri, "wrong", "UNTRUSTED", "PIN"),
            ("a token that is not there", uri.replace("hall", "wall"), "pin", "NOT_FOUND", "token"),
            ("a key that is not there", uri.replace("object=t", "object=x"), "pin", "NOT_FOUND",
             "no public"),
            ("a key that is not Ed25519", f"pkcs11:object=p256?module-path={library}", "pin",
             "NOT_FOUND", "Ed25519"),
            ("a module that is not there", uri.replace("softhsm2.so", "nothing.so"), "pin",
             "NOT_FOUND", "module"),
            ("a PIN in the URI", uri + "&pin-value=1234", "pin", "INVALID", "--passphrase-file"),
            ("an unknown attribute", uri.replace("object", "objekt"), "pin", "INVALID", "objekt"),
            ("an attribute that is given twice", uri.replace("?", ";token=x?"), "pin", "INVALID",
             "twice"),
            ("a URI that names no key", f"pkcs11:token=town%20hall?module-path={library}", "pin",
             "INVALID", "object="),
            ("a path that is relative", "pkcs11:object=a?module-path=softhsm2.so", "pin", "INVALID",
             "root"),
            ("a percent sign without digits", "pkcs11:object=a%2", "pin", "INVALID", "hexadecimal")):
        result = town.run("sign", "hall.json", "-o", "x.note", "--vkey", by_id.json["vkey"], "--key",
                          key, "--passphrase-file", passphrase, "--json")
        tap.check(f"{title} is refused", result.coded(code),
                  "" if phrase in result.json.get("reason", "") else result,
                  result.ended(TROUBLE if code == "NOT_FOUND" else FALSE))
    tap.check("the PIN is not shown", PIN in town.run(
        "sign", "hall.json", "-o", "x.note", "--key", uri + "&pin-value=1234").err and "it was")
    result = town.run("key", "vkey", "--key", f"pkcs11:object=a?module-path={town.file('pin')}",
                      "--json")
    tap.check("a module that is none is told", result.coded("NOT_FOUND"))
    make_token(town, "second hall", library)
    both = town.run("key", "vkey", "--key", f"pkcs11:id=%01?module-path={library}", "--json")
    tap.check("a URI of two tokens is refused", both.coded("INVALID"),
              "" if "token=" in both.json.get("reason", "") else both)
    tap.check("nothing was signed by any of them", town.exists("x.note") and "something was")


def main():
    tap = Tap()
    library = module()
    with Town(contract=False) as town:
        public, vkey = test_agent(tap, town)
        test_impostor(tap, town, public, vkey)
        if library is None or shutil.which("pkcs11-tool") is None:
            tap.skip("keys in a token", "SoftHSM and OpenSC are not installed")
        else:
            test_token(tap, town, library)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
