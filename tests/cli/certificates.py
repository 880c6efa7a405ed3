#!/usr/bin/python3
"""key bind, and what submit, show and verify make of certificates: openssl makes every certificate,
and signs and verifies in both directions."""

import base64
import datetime
import json
import subprocess
import sys

from _cli import FALSE, GOOD, ORIGIN, TROUBLE, UTFALL, WITH_LOG, WITH_PASSPHRASE, Tap, Town, identity

NUMBER = "212000-0456"
REGISTRATION = {"scheme": "SE-ORGNR", "number": NUMBER}
TODAY = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
OF_TOWN = "/O=Skåne kommun/organizationIdentifier=NTRSE-2120000456/CN=Seal"
EXTENSIONS = """
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature,nonRepudiation
[cipher]
basicConstraints = CA:FALSE
keyUsage = critical,keyAgreement
[stamping]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
"""
TSA = """
[tsa]
default_tsa = here
[here]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
ess_cert_id_alg = sha256
"""
KEYS = {
    "P-256": ("ec", "ec_paramgen_curve:P-256"), "P-384": ("ec", "ec_paramgen_curve:P-384"),
    "P-521": ("ec", "ec_paramgen_curve:P-521"), "RSA": ("rsa", "rsa_keygen_bits:2048"),
    "short RSA": ("rsa", "rsa_keygen_bits:1024"), "secp256k1": ("ec", "ec_paramgen_curve:secp256k1"),
}
DIGESTS = {"P-256": "-sha256", "P-384": "-sha384", "P-521": "-sha512", "RSA": "-sha256"}


def issue(town, name, subject, extensions="leaf", issuer="middle", key="P-256", days="30"):
    """A certificate NAME.pem with its key NAME.pk, and NAME.chain with those behind it."""
    kind, parameter = KEYS[key]
    town.openssl("req", "-new", "-newkey", kind, "-pkeyopt", parameter, "-nodes", "-keyout",
                 f"{name}.pk", "-utf8", "-subj", subject, "-out", f"{name}.csr")
    signed = ("-signkey", f"{name}.pk") if name == issuer else (
        "-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.pk", "-CAcreateserial")
    town.openssl("x509", "-req", "-in", f"{name}.csr", *signed, "-out", f"{name}.pem", "-extfile",
                 "extensions", "-extensions", extensions, "-days", days)
    behind = b"" if issuer in (name, "root") else town.read(f"{issuer}.pem")
    town.write(f"{name}.chain", town.read(f"{name}.pem") + behind)


def prepare(town):
    town.write("extensions", EXTENSIONS)
    town.write("tsa.cnf", TSA)
    town.write("serial", "01\n")
    town.write("index", "")
    town.write("ca.cnf", "[ca]\ndefault_ca = here\n[here]\ndatabase = index\n"
                         "default_md = sha256\ndefault_crl_days = 30\n")
    issue(town, "root", "/CN=root", "ca", "root", key="P-384")
    issue(town, "stranger", "/CN=stranger", "ca", "stranger")
    issue(town, "middle", "/CN=middle", "ca", "root", key="RSA")
    issue(town, "tsa", "/CN=tsa", "stamping", "root")
    for name, key in (("town", "P-256"), ("other-key", "P-256"), ("p384", "P-384"),
                      ("p521", "P-521"), ("rsa", "RSA"), ("short", "short RSA"),
                      ("koblitz", "secp256k1")):
        issue(town, name, OF_TOWN, key=key)
    issue(town, "hyphen", f"/O=Town/organizationIdentifier=NTRSE-{NUMBER}/CN=Seal")
    issue(town, "other", "/O=Other/organizationIdentifier=NTRSE-5560160680/CN=Seal")
    issue(town, "longer", "/O=Other/organizationIdentifier=NTRSE-21200004560/CN=Seal")
    issue(town, "foreign", "/O=Other/organizationIdentifier=NTRFI-2120000456/CN=Seal")
    issue(town, "two", "/O=Two/organizationIdentifier=NTRSE-2120000456/"
                       "organizationIdentifier=NTRSE-5560160680/CN=Seal")
    issue(town, "nameless", "/O=Town/CN=Seal")
    issue(town, "cipher", OF_TOWN, "cipher")
    issue(town, "expired", OF_TOWN, days="-1")
    issue(town, "leafs-child", OF_TOWN, issuer="town")
    town.write_json("town.json", draft())


def draft(**more):
    return {"kind": "party", "version": 1, "date": TODAY, **identity("town"),
            "registration": REGISTRATION, **more}


def bind(town, name, *more, source="town.json", output="bound.json", key=None):
    return town.run("key", "bind", source, "--certificate", f"{name}.chain", "--key",
                    key or f"{name}.pk", "-o", output, "--force", "--json", *more)


def text_of(vkey, party="town.example", registration=f"SE-ORGNR {NUMBER}", origin=ORIGIN):
    return f"utfall/key-binding/v1\n{origin}\n{party}\n{registration}\n{vkey}\n"


def der_of(town, name):
    pem = town.read(f"{name}.pem").decode()
    return "".join(pem.split("-----")[2].split())


def signed_by(town, name, key, text):
    """The base64 of openssl's signature."""
    town.write("to-sign", text)
    return base64.b64encode(
        town.openssl("dgst", DIGESTS[key], "-sign", f"{name}.pk", "to-sign")).decode()


def by_hand(town, name, key="P-256", chain=None, vkey=None, **differs):
    """A draft whose binding openssl signed."""
    vkey = vkey or town.vkeys["town"]
    return draft(ledger=ORIGIN, vkeys=[town.vkeys["town"]], certificates=[{
        "vkey": vkey, "chain": [der_of(town, one) for one in chain or (name, "middle")],
        "signature": signed_by(town, name, key, text_of(vkey, **differs))}])


def sign(town, source, note):
    town.good("sign", source, "-o", note, "--key", "town.key", "--force", *WITH_PASSPHRASE)
    return town.sign(note, note, "registrar")


def submit(town, source):
    return town.run("submit", sign(town, source, "bound.note"), "--json", *WITH_LOG)


def test_bind(tap, town):
    made = bind(town, "town")
    tap.check("key bind makes a draft of a draft", made.coded("OK"),
              made.json.get("organization_identifier") != "NTRSE-2120000456" and made,
              "" if "Skåne" in made.json.get("subject", "") else made)
    bound = json.loads(town.read("bound.json"))
    one = bound["certificates"][0]
    tap.check("it has the ledger, the party's valid keys, and the chain as it is",
              bound["ledger"] != ORIGIN and bound,
              bound["vkeys"] != [town.vkeys["town"]] and bound,
              one["chain"] != [der_of(town, "town"), der_of(town, "middle")] and one)
    town.write("text", text_of(one["vkey"]))
    town.write("signature", base64.b64decode(one["signature"]))
    town.openssl("x509", "-in", "town.pem", "-pubkey", "-noout", "-out", "town.pub")
    shown = town.openssl("dgst", "-sha256", "-verify", "town.pub", "-signature", "signature", "text")
    tap.check("openssl verifies the signature over the text of docs/formats.md",
              "" if b"Verified OK" in shown else shown)
    again = bind(town, "hyphen", source="bound.json")
    tap.check("binding again replaces the certificate of the same key", again.coded("OK"),
              len(json.loads(town.read("bound.json"))["certificates"]) != 1 and again)
    in_place = town.run("key", "bind", "bound.json", "--certificate", "town.chain", "--key", "town.pk",
                        "-o", "bound.json")
    tap.check("it may be done in place, and says who vouches", in_place.ended(GOOD),
              in_place.says("NTRSE-2120000456"))
    printed = town.run("key", "bind", "town.json", "--certificate", "town.chain", "--key", "town.pk",
                       "--lang", "sv")
    tap.check("without --output the draft is printed, and the message is Swedish",
              printed.ended(GOOD), printed.prints('"certificates"'), printed.says("intygar"))


def test_bind_refusals(tap, town):
    for title, name, more, code in (
            ("a certificate of another organisation", "other", {}, "CERTIFICATE_ORGANISATION"),
            ("a number with a digit more", "longer", {}, "CERTIFICATE_ORGANISATION"),
            ("the register of another country", "foreign", {}, "CERTIFICATE_ORGANISATION"),
            ("a certificate without a number", "nameless", {}, "CERTIFICATE_ORGANISATION"),
            ("a certificate with two numbers", "two", {}, "CERTIFICATE_ORGANISATION"),
            ("a key that is not the certificate's", "town", {"key": "other-key.pk"}, "INVALID"),
            ("a certificate that is not for signing", "cipher", {}, "INVALID"),
            ("a short RSA key", "short", {}, "INVALID"),
            ("another curve", "koblitz", {}, "INVALID"),
            ("a chain through one that may not issue", "leafs-child", {}, "CERTIFICATE_CHAIN")):
        result = bind(town, name, **more)
        tap.check(f"key bind refuses {title}", result.coded(code))
    town.write_json("np.json", draft(registration="not_published"))
    town.write_json("measure.json", {"kind": "measurement", "version": 1, "date": TODAY})
    tap.check("key bind refuses a party without a registration number",
              bind(town, "town", source="np.json").coded("CERTIFICATE_ORGANISATION"))
    tap.check("key bind refuses a --vkey that the draft does not have",
              bind(town, "town", "--vkey", town.vkeys["investor"]).coded("INVALID"))
    lost = town.run("key", "bind", "town.json", "--json", "--key", "town.pk", "-o", "x")
    tap.check("key bind needs a certificate", lost.coded("USAGE"), lost.ended(TROUBLE))
    missing = bind(town, "missing")
    tap.check("key bind names a file that is missing", missing.coded("NOT_FOUND"),
              "" if "missing.chain" in missing.out else missing)


def test_rules(tap, town):
    """sign refuses what submit would; the scenarios submit the same."""
    good = by_hand(town, "town")
    vkey = town.vkeys["town"]
    for title, made, code in (
            ("another party", by_hand(town, "town", party="investor.example"),
             "CERTIFICATE_SIGNATURE"),
            ("another ledger", by_hand(town, "town", origin="town.example/other"),
             "CERTIFICATE_SIGNATURE"),
            ("another number", by_hand(town, "town", registration="SE-ORGNR 556016-0680"),
             "CERTIFICATE_SIGNATURE"),
            ("another vkey", {**good, "certificates": [
                {**good["certificates"][0],
                 "signature": signed_by(town, "town", "P-256", text_of(town.vkeys["investor"]))}]},
             "CERTIFICATE_SIGNATURE"),
            ("a vkey that is not the statement's", by_hand(town, "town", vkey=town.vkeys["investor"]),
             "CERTIFICATE_KEY"),
            ("another certificate's key", {**good, "certificates": [
                {**good["certificates"][0],
                 "signature": signed_by(town, "other-key", "P-256", text_of(vkey))}]},
             "CERTIFICATE_SIGNATURE"),
            ("a wrong number", by_hand(town, "other"), "CERTIFICATE_ORGANISATION"),
            ("a chain that skips one", by_hand(town, "town", chain=("town", "root")),
             "CERTIFICATE_CHAIN"),
            ("a chain of strangers", by_hand(town, "town", chain=("town", "stranger")),
             "CERTIFICATE_CHAIN"),
            ("a chain that is reversed", by_hand(town, "town", chain=("middle", "town")),
             "CERTIFICATE_MALFORMED"),
            ("a certificate that is none", {**good, "certificates": [
                {**good["certificates"][0], "chain": ["AAAA"]}]}, "CERTIFICATE_MALFORMED"),
            ("a certificate with a byte after it", {**good, "certificates": [
                {**good["certificates"][0], "chain": [base64.b64encode(
                    base64.b64decode(der_of(town, "town")) + b"\0").decode()]}]},
             "CERTIFICATE_MALFORMED"),
            ("a vkey twice", {**good, "certificates": good["certificates"] * 2}, "NAME_REPEATED")):
        town.write_json("forged.json", made)
        result = town.run("check", "forged.json", "--json")
        tap.check(f"refused: a binding with {title}",
                  "" if code in result.out and result.exit != GOOD else result)
    # A byte of the certificate's own signature: the link breaks.
    der = bytearray(base64.b64decode(der_of(town, "town")))
    der[-1] ^= 1
    broken = {**good, "certificates": [{**good["certificates"][0], "chain": [
        base64.b64encode(der).decode(), der_of(town, "middle")]}]}
    town.write_json("forged.json", broken)
    result = town.run("check", "forged.json", "--json")
    tap.check("refused: a certificate that its issuer did not sign",
              "" if "CERTIFICATE_CHAIN" in result.out else result)
    for name, key in (("p384", "P-384"), ("p521", "P-521"), ("rsa", "RSA"), ("town", "P-256")):
        town.write_json("hand.json", by_hand(town, name, key))
        accepted = submit(town, "hand.json")
        tap.check(f"accepted: a binding that openssl signed by {key}", accepted.coded("OK"))


def test_judged(tap, town):
    plain = town.run("show", "town.example")
    tap.check("show tells the organisation, and that roots were not verified", plain.ended(GOOD),
              plain.prints("NTRSE-2120000456", "not verified (give --ca)"))
    shown = town.run("show", "town.example", "--ca", "root.pem")
    tap.check("show --ca judges it on the statement's date", shown.ended(GOOD),
              shown.prints("verified to the roots", f"{TODAY}T23:59:59Z", "no time-stamp", "--crl"))
    answer = town.run("show", "town.example", "--ca", "root.pem", "--json")
    one = (answer.json.get("certificates") or [{}])[0]
    tap.check("show --json has it", answer.coded("OK"), one.get("verified") is not True and answer,
              one.get("vkey") != town.vkeys["town"] and answer,
              one.get("entered_by") != "date" and answer)
    none = town.run("show", "investor.example", "--json")
    tap.check("a party without certificates has none", none.coded("OK"),
              none.json.get("certificates") != [] and none)
    verified = town.run("verify", "--ca", "root.pem")
    tap.check("verify --ca tells it too", verified.ended(GOOD),
              verified.prints("NTRSE-2120000456", "verified to the roots"))
    tap.check("verify tells it in Swedish", town.run("verify", "--lang", "sv").prints("NTRSE-2120000456",
                                                                                      "intyg"))
    tap.check("nothing says that anything is qualified", "qualified" in (
        plain.out + shown.out + verified.out + town.read("town.json").decode()) and "it does")
    for command in (("verify",), ("show", "town.example")):
        refused = town.run(*command, "--ca", "stranger.pem", "--json")
        tap.check(f"{command[0]} --ca refuses a chain to another root", refused.coded("UNTRUSTED"),
                  refused.ended(FALSE),
                  "" if "leads to none of the given roots" in refused.json.get("reason", "")
                  and "entry" in refused.json.get("at", "") else refused)


def generate_list(town, output, issuer="middle"):
    town.openssl("ca", "-config", "ca.cnf", "-gencrl", "-keyfile", f"{issuer}.pk", "-cert",
                 f"{issuer}.pem", "-out", output)


def test_revoked(tap, town):
    generate_list(town, "empty.crl")
    looked = town.run("verify", "--ca", "root.pem", "--crl", "empty.crl", "--json")
    one = (looked.json.get("certificates") or [{}])[0]
    tap.check("verify --crl looks revocation up", looked.coded("OK"),
              one.get("revocation_checked") is not True and looked)
    town.openssl("ca", "-config", "ca.cnf", "-revoke", "town.pem", "-keyfile", "middle.pk", "-cert",
                 "middle.pem", "-crl_reason", "keyCompromise")
    generate_list(town, "stolen.crl")
    for command in (("verify",), ("show", "town.example")):
        refused = town.run(*command, "--ca", "root.pem", "--crl", "stolen.crl", "--json")
        tap.check(f"{command[0]} --crl refuses a certificate whose key was stolen",
                  refused.coded("UNTRUSTED"),
                  "" if "was revoked" in refused.json.get("reason", "") else refused)
    generate_list(town, "strangers.crl", "stranger")
    tap.check("a list of somebody else says nothing about it",
              town.run("verify", "--ca", "root.pem", "--crl", "strangers.crl", "--json").coded("OK"))


def test_moment(tap, town):
    """A statement of a day before the certificate was valid; then a time-stamp that says when."""
    town.write_json("early.json", {**by_hand(town, "town"), "date": "2020-01-01"})
    tap.check("the ledger takes a certificate whatever the date", submit(town, "early.json").coded("OK"))
    early = town.run("show", "town.example", "--ca", "root.pem", "--json")
    tap.check("one that was not valid on the statement's date is not believed",
              early.coded("UNTRUSTED"),
              "" if "was not valid yet" in early.json.get("reason", "") else early)
    town.good("timestamp", "--request", "a.tsq")
    town.openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "a.tsq", "-signer", "tsa.pem",
                 "-inkey", "tsa.pk", "-out", "a.tsr")
    town.good("timestamp", "--token", "a.tsr", "--ca", "root.pem")
    stamped = town.run("show", "town.example", "--ca", "root.pem", "--json")
    one = (stamped.json.get("certificates") or [{}])[0]
    tap.check("with a time-stamp over it, that moment counts", stamped.coded("OK"),
              one.get("entered_by") != "timestamp" and stamped)
    town.write_json("expired.json", by_hand(town, "expired"))
    tap.check("an expired certificate enters", submit(town, "expired.json").coded("OK"))
    for command in (("verify",), ("show", "town.example")):
        refused = town.run(*command, "--ca", "root.pem", "--json")
        tap.check(f"{command[0]} --ca does not believe it", refused.coded("UNTRUSTED"),
                  "" if "had expired" in refused.json.get("reason", "") else refused)
    tap.check("without --ca the ledger is as good as before", town.run("verify", "--json").coded("OK"))
    town.write_json("bare.json", draft(ledger=ORIGIN))
    tap.check("a later statement without certificates ends them",
              submit(town, "bare.json").coded("OK"),
              town.run("verify", "--ca", "root.pem", "--json").json.get("certificates") != []
              and "they stand")


def test_case(tap, town):
    """A case is checked without the ledger, and by the verifier inside its sandbox."""
    town.sign("contract.json", "contract.note", "town", "investor", "evaluator")
    town.good("submit", "contract.note", *WITH_LOG)
    for name, key in (("town", "P-256"), ("p384", "P-384"), ("p521", "P-521"), ("rsa", "RSA")):
        town.write_json("hand.json", by_hand(town, name, key))
        submit(town, "hand.json")
        town.good("prove", "small", "-o", "small.case", "--force")
        verifier = subprocess.run([f"{UTFALL}-verify", "small.case", "--vkey", town.vkeys["log"]],
                                  cwd=town.path, capture_output=True, check=False)
        signature = json.loads(town.read("hand.json"))["certificates"][0]["signature"].encode()
        tap.check(f"the verifier checks a case with a certificate on {key}",
                  town.read("small.case").count(signature) < 1 and "it is not there",
                  verifier.returncode != GOOD and verifier)


def main():
    tap = Tap()
    with Town(contract=False) as town:
        prepare(town)
        test_bind(tap, town)
        test_bind_refusals(tap, town)
        test_rules(tap, town)
        test_judged(tap, town)
        test_revoked(tap, town)
        test_moment(tap, town)
        test_case(tap, town)
    return tap.end()


sys.exit(main())
