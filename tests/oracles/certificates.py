#!/usr/bin/python3
"""Two judges of the certificates in party statements: the program, which asks OpenSSL, and
tests/oracles/_x509.py, which computes from docs/formats.md 7.3 alone.

Certificates of every kind of key and of every fault, bytes changed in them, and bindings for
something else: both must accept the same and refuse the same.
"""

import base64
import copy
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "faults"))
import _replay  # noqa: E402
from _replay import Refused  # noqa: E402
from _world import Tap, UTFALL  # noqa: E402

EXAMPLE = ROOT / "schemas" / "examples" / "party" / "valid-certificate.json"
CHANGED_BYTES = 80
EXTENSIONS = """
[ca]
basicConstraints = critical,CA:TRUE
[plain]
[no-authority]
basicConstraints = CA:FALSE
[no-issuing]
basicConstraints = critical,CA:TRUE
keyUsage = cRLSign
[issuing]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign
[signing]
keyUsage = digitalSignature,keyAgreement
[not-signing]
keyUsage = keyAgreement
"""
CURVES = ("P-256", "P-384", "P-521")
KEYS = {
    "rsa": ("rsa", "rsa_keygen_bits:2048"), "rsa3": ("rsa", "rsa_keygen_bits:3072"),
    "short": ("rsa", "rsa_keygen_bits:1024"), "pss": ("rsa-pss", "rsa_keygen_bits:2048"),
    "koblitz": ("ec", "ec_paramgen_curve:secp256k1"), "ed": ("ed25519", None),
    **{name.lower().replace("-", ""): ("ec", f"ec_paramgen_curve:{name}") for name in CURVES},
}
DIGESTS = {"p384": "-sha384", "p521": "-sha512"}


class Maker:
    """openssl in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.write("extensions", EXTENSIONS)
        for name, (kind, option) in KEYS.items():
            more = ("-pkeyopt", option) if option else ()
            self.openssl("genpkey", "-algorithm", kind, *more, "-out", f"{name}.pk")

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def openssl(self, *words):
        return subprocess.run(["openssl", *words], cwd=self.folder, check=True,
                              capture_output=True).stdout

    def issue(self, name, key, subject, extensions, issuer=None, digest="-sha256", forms=()):
        """DER of a certificate; `issuer` is (name, key)."""
        if forms:
            self.openssl("ec", "-in", f"{key}.pk", *forms, "-out", f"{name}.pk")
            key = name
        self.openssl("req", "-new", "-key", f"{key}.pk", "-subj", subject, "-out", "request",
                     *(() if key == "ed" else ("-sha256",)))
        signed = ("-CA", f"{issuer[0]}.pem", "-CAkey", f"{issuer[1]}.pk") if issuer else (
            "-signkey", f"{key}.pk")
        self.openssl("x509", "-req", "-in", "request", *signed, "-set_serial", "1", "-days", "30",
                     *(() if (issuer or (0, key))[1] == "ed" else (digest,)),
                     "-extfile", "extensions", "-extensions", extensions, "-out", f"{name}.pem")
        return self.openssl("x509", "-in", f"{name}.pem", "-outform", "DER")

    def sign(self, key, text, digest=None):
        self.write("text", text)
        if key == "ed":
            return self.openssl("pkeyutl", "-sign", "-inkey", "ed.pk", "-rawin", "-in", "text")
        return self.openssl("dgst", digest or DIGESTS.get(key, "-sha256"), "-sign", f"{key}.pk",
                            "text")


def encoded(data):
    return base64.b64encode(data).decode()


def statement_with(base, chain, signature):
    made = copy.deepcopy(base)
    made["certificates"] = [{"vkey": base["vkeys"][0], "chain": [encoded(one) for one in chain],
                             "signature": encoded(signature)}]
    return made


def text_of(statement):
    registration = statement["registration"]
    return "\n".join(("utfall/key-binding/v1", statement["ledger"], statement["party"],
                      f"{registration['scheme']} {registration['number']}", statement["vkeys"][0],
                      ""))


TOWN = "/O=Town/organizationIdentifier=NTRSE-2120009994/CN=Seal"
AUTHORITY = "/CN=authority"


def statements(maker, base):
    """name -> statement"""
    text = text_of(base)
    for key in KEYS:
        leaf = maker.issue("leaf", key, TOWN, "signing", None)
        yield f"a leaf of {key}", statement_with(base, [leaf], maker.sign(key, text))
    for key in ("rsa", "rsa3", "short", "pss", "koblitz", "p256", "p384", "p521", "ed"):
        ca = maker.issue("ca", key, AUTHORITY, "issuing")
        for digest in ("-sha256", "-sha384", "-sha512", "-sha1"):
            leaf = maker.issue("leaf", "p256", TOWN, "signing", ("ca", key), digest)
            yield f"issued by {key} with {digest[1:]}", statement_with(
                base, [leaf, ca], maker.sign("p256", text))
    for extensions in ("ca", "plain", "no-authority", "no-issuing", "issuing", "not-signing"):
        ca = maker.issue("ca", "rsa", AUTHORITY, extensions)
        leaf = maker.issue("leaf", "p256", TOWN, "plain", ("ca", "rsa"))
        yield f"issued by one of [{extensions}]", statement_with(
            base, [leaf, ca], maker.sign("p256", text))
        leaf = maker.issue("leaf", "p256", TOWN, extensions)
        yield f"a leaf of [{extensions}]", statement_with(base, [leaf], maker.sign("p256", text))
    for forms in (("-conv_form", "compressed"), ("-conv_form", "hybrid"),
                  ("-param_enc", "explicit")):
        leaf = maker.issue("form", "p256", TOWN, "plain", forms=forms)
        yield f"a key with {' '.join(forms)}", statement_with(base, [leaf], maker.sign("p256", text))
    for subject in ("/CN=x", "/organizationIdentifier=NTRSE-2120009994",
                    "/organizationIdentifier=NTRSE-212000-9994",
                    "/organizationIdentifier=NTRSE2120009994", "/O=NTRSE-2120009994",
                    "/organizationIdentifier=NTRSE--2-120009994-",
                    "/organizationIdentifier=ntrse-2120009994",
                    "/organizationIdentifier=LEIXG-2120009994",
                    "/organizationIdentifier=NTRSE-212000999",
                    "/organizationIdentifier=NTRSE-21200099940",
                    "/organizationIdentifier=NTRSE-2120009994 ",
                    TOWN + "/organizationIdentifier=NTRSE-2120009994"):
        leaf = maker.issue("leaf", "p256", subject, "plain")
        yield f"the subject {subject}", statement_with(base, [leaf], maker.sign("p256", text))
    ca = maker.issue("ca", "rsa", AUTHORITY, "ca")
    middle = maker.issue("middle", "p384", "/CN=middle", "ca", ("ca", "rsa"))
    leaf = maker.issue("leaf", "p256", TOWN, "plain", ("middle", "p384"))
    signature = maker.sign("p256", text)
    for title, chain in (("three", [leaf, middle, ca]), ("two of three", [leaf, middle]),
                         ("one missing", [leaf, ca]), ("reversed", [ca, middle, leaf]),
                         ("twice the same", [leaf, leaf]), ("twice the root", [leaf, middle, ca, ca])):
        yield f"a chain of {title}", statement_with(base, chain, signature)
    for digest in ("-sha384", "-sha512", "-sha1"):
        yield f"signed with {digest[1:]}", statement_with(base, [leaf, middle],
                                                          maker.sign("p256", text, digest))
    for title, other in (("no newline", text[:-1]), ("another party", text.replace("pality", "pal")),
                         ("a hyphen less", text.replace("212000-", "212000"))):
        yield f"signed with {title}", statement_with(base, [leaf], maker.sign("p256", other))


def changed(chance, base):
    """The example with a byte of its leaf or its signature changed, cut off or added."""
    one = base["certificates"][0]
    leaf, ca = map(base64.b64decode, one["chain"])
    signature = base64.b64decode(one["signature"])
    for number in range(CHANGED_BYTES):
        parts = [leaf, signature]
        which = number % 2
        data = bytearray(parts[which])
        at = chance.randrange(len(data))
        way = chance.randrange(6)
        if way == 0:
            del data[at]
        elif way == 1:
            data.insert(at, chance.randrange(256))
        else:
            data[at] ^= 1 << chance.randrange(8)
        parts[which] = bytes(data)
        yield f"byte {at} of {('the leaf', 'the signature')[which]}", statement_with(
            base, [parts[0], ca], parts[1])


def by_program(folder, made):
    """The verdicts, in order."""
    files = []
    for number, (_, statement) in enumerate(made):
        files.append(folder / f"{number}.json")
        files[-1].write_text(json.dumps(statement), encoding="utf-8")
    told = subprocess.run([UTFALL, "check", *map(str, files)], capture_output=True, text=True,
                          check=False, env={**os.environ, "LC_ALL": "C.UTF-8"})
    lines = [line for line in told.stdout.splitlines() if not line.startswith("  ")]
    if len(lines) != len(files):
        raise SystemExit(f"{len(lines)} lines for {len(files)} files: {told.stderr[:300]}")
    return [line.split(": ", 1)[1].split(" ")[0] for line in lines]


def by_oracle(statement):
    try:
        _replay.check_certificates(statement)
    except Refused as refusal:
        return str(refusal)
    return "OK"


def compare(tap, folder, title, made, least):
    made = list(made)
    told = by_program(folder, made)
    computed = [by_oracle(statement) for _, statement in made]
    wrong = [f"{name}: the program says {mine}, the oracle {theirs}"
             for (name, _), mine, theirs in zip(made, told, computed)
             if (mine == "OK") != (theirs == "OK")]
    foreign = [f"{name}: {mine}" for (name, _), mine in zip(made, told)
               if mine != "OK" and not mine.startswith("CERTIFICATE_")]
    accepted = computed.count("OK")
    tap.ok(not wrong and not foreign and accepted >= least,
           f"{title}: {accepted} accepted, {len(made) - accepted} refused by both",
           wrong + foreign + [f"only {accepted} accepted"] * (accepted < least))


def main():
    tap = Tap()
    base = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="utfall-certificates-") as name:
        folder = pathlib.Path(name)
        compare(tap, folder, "the example", [("as it is", base)], 1)
        compare(tap, folder, "certificates of openssl", statements(Maker(folder), base), 30)
        compare(tap, folder, "changed bytes", changed(random.Random("certificates"), base), 0)
    return tap.end()


sys.exit(main())
