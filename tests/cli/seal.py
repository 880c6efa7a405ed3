#!/usr/bin/python3
"""seal: an organisation's CMS signature over a statement, with openssl in both directions."""

import subprocess
import sys

from _cli import FALSE, GOOD, TROUBLE, WITH_LOG, WITH_PASSPHRASE, Tap, Town

NUMBER = "212000-0456"
EXTENSIONS = """
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[seal]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature,nonRepudiation
[cipher]
basicConstraints = CA:FALSE
keyUsage = critical,keyAgreement
"""


def issue(town, name, subject, extensions="seal", *more, issuer="root"):
    """A P-256 certificate NAME.pem with its key NAME.pk."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.pk")
    town.openssl("req", "-new", *key, "-utf8", "-subj", subject, "-out", f"{name}.csr")
    signed = ("-signkey", f"{name}.pk") if name == issuer else (
        "-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.pk", "-CAcreateserial")
    town.openssl("x509", "-req", "-in", f"{name}.csr", *signed, "-out", f"{name}.pem", "-extfile",
                 "extensions", "-extensions", extensions, *(more or ("-days", "30")))


def prepare(town):
    town.write("extensions", EXTENSIONS)
    town.write("index", "")
    town.write("ca.cnf", "[ca]\ndefault_ca = here\n[here]\ndatabase = index\n"
                         "default_md = sha256\ndefault_crl_days = 30\n")
    issue(town, "root", "/CN=root", "root", issuer="root")
    issue(town, "stranger", "/CN=stranger", "root", issuer="stranger")
    issue(town, "town", "/O=Skåne kommun/organizationIdentifier=NTRSE-2120000456/CN=Seal")
    issue(town, "hyphen", f"/O=Town/organizationIdentifier=NTRSE-{NUMBER}/CN=Seal")
    issue(town, "other", "/O=Other/organizationIdentifier=NTRSE-5560160680/CN=Seal")
    issue(town, "longer", "/O=Other/organizationIdentifier=NTRSE-21200004560/CN=Seal")
    issue(town, "nameless", "/O=Town/CN=Seal")
    issue(town, "cipher", "/O=Town/organizationIdentifier=NTRSE-2120000456/CN=Cipher", "cipher")
    issue(town, "expired", "/O=Town/organizationIdentifier=NTRSE-2120000456/CN=Old", "seal",
          "-days", "-1")
    # The town tells its registration number: its party statement is what a seal binds keys by.
    town.write_json("party.json", {
        "kind": "party", "version": 1, "date": "2026-01-15", "party": "town.example",
        "legal_name": "The town", "registration": {"scheme": "SE-ORGNR", "number": NUMBER}})
    town.good("sign", "party.json", "-o", "party.note", "--key", "town.key", "--vkey",
              town.vkeys["town"], *WITH_PASSPHRASE)
    town.sign("party.note", "party.note", "registrar")
    town.write("text", town.read("party.note").split(b"\n\n")[0] + b"\n")


def seal(town, name, output, *more, source="party.note", key=None):
    return town.run("seal", source, "--certificate", f"{name}.pem", "--key", key or f"{name}.pk",
                    "-o", output, *more)


def check(town, file, *more, source="party.note", ca="root.pem"):
    return town.run("seal", source, "--seal", file, "--ca", ca, "--json", *more)


def openssl_accepts(town, file):
    done = subprocess.run(["openssl", "cms", "-verify", "-inform", "DER", "-binary", "-in", file,
                           "-content", "text", "-CAfile", "root.pem", "-purpose", "any", "-cades",
                           "-out", "verified"], cwd=town.path, capture_output=True, check=False)
    return "" if done.returncode == 0 else done.stderr.decode()


def test_good(tap, town):
    made = seal(town, "town", "town.p7s")
    tap.check("a statement is sealed", made.ended(GOOD), made.is_silent(), made.says("sealed"))
    tap.check("openssl accepts the seal", openssl_accepts(town, "town.p7s"))
    checked = check(town, "town.p7s")
    wanted = {"organization_identifier": "NTRSE-2120000456", "binds_keys": True,
              "revocation_checked": False}
    tap.check("and so does the program, which compares the organisation", checked.coded("OK"),
              *(f"{name}: {checked.json.get(name)}" for name in wanted
                if checked.json.get(name) != wanted[name]),
              "" if "Skåne" in checked.json.get("subject", "") else checked)
    shown = town.run("seal", "party.note", "--seal", "town.p7s", "--ca", "root.pem")
    tap.check("for people it says what was not looked up", shown.ended(GOOD), shown.is_quiet(),
              shown.prints("NTRSE-2120000456", "revoked"),
              "ualified" in shown.out and "it says qualified")
    swedish = town.run("seal", "party.note", "--seal", "town.p7s", "--ca", "root.pem", "--lang", "sv")
    tap.check("in Swedish too", swedish.prints("stämplat", "organisationen"))
    town.openssl("cms", "-sign", "-binary", "-cades", "-md", "sha256", "-in", "text", "-signer",
                 "hyphen.pem", "-inkey", "hyphen.pk", "-outform", "DER", "-out", "theirs.p7s")
    tap.check("a seal that openssl made is accepted", check(town, "theirs.p7s").coded("OK"))
    town.good("submit", "party.note", *WITH_LOG)
    index = str(town.size() - 1)
    tap.check("an entry of the ledger is sealed and checked by its index",
              check(town, "town.p7s", source=index).coded("OK"),
              seal(town, "town", "entry.p7s", "--json", source=index).coded("OK"),
              check(town, "entry.p7s", source=index).coded("OK"))
    tap.check("a seal over a contract binds no keys", seal(
        town, "other", "contract.p7s", "--json", source="contract.note").coded("OK"),
        check(town, "contract.p7s", source="contract.note").json.get("binds_keys") is not False
        and "it does")
    town.openssl("pkcs8", "-topk8", "-in", "town.pk", "-out", "locked.pk", "-passout",
                 "file:passphrase")
    tap.check("a key may be encrypted", seal(town, "town", "locked.p7s", "--json", *WITH_PASSPHRASE,
                                             key="locked.pk").coded("OK"),
              check(town, "locked.p7s").coded("OK"))


def test_wrong(tap, town):
    good = town.read("town.p7s")
    for name in ("other", "longer", "nameless", "cipher", "expired"):
        town.openssl("cms", "-sign", "-binary", "-cades", "-md", "sha256", "-in", "text", "-signer",
                     f"{name}.pem", "-inkey", f"{name}.pk", "-outform", "DER", "-out", f"{name}.p7s")
    sign = ("cms", "-sign", "-binary", "-in", "text", "-signer", "town.pem", "-inkey", "town.pk",
            "-outform", "DER")
    town.openssl(*sign, "-cades", "-nodetach", "-out", "attached.p7s")
    town.openssl(*sign, "-md", "sha256", "-out", "plain.p7s")
    town.openssl(*sign, "-cades", "-nocerts", "-out", "bare.p7s")
    town.openssl(*sign, "-cades", "-signer", "other.pem", "-inkey", "other.pk", "-out", "two.p7s")
    town.write("cut.p7s", good[:-5])
    town.write("longer-file.p7s", good + b"\0")
    town.write("flipped.p7s", good[:-5] + bytes([good[-5] ^ 1]) + good[-4:])
    for title, file, more, phrase, code in (
            ("of another organisation", "other.p7s", {}, "NTRSE-5560160680", "UNTRUSTED"),
            ("of a longer number", "longer.p7s", {}, "NTRSE-21200004560", "UNTRUSTED"),
            ("of no organisation", "nameless.p7s", {}, "no organisation", "UNTRUSTED"),
            ("by a certificate that is not for signing", "cipher.p7s", {}, "not for signing",
             "UNTRUSTED"),
            ("by a certificate that had expired", "expired.p7s", {}, "had expired", "UNTRUSTED"),
            ("that leads to another root", "town.p7s", {"ca": "stranger.pem"}, "none of the given",
             "UNTRUSTED"),
            ("of another text", "town.p7s", {"source": "contract.note"}, "not one of this text",
             "UNTRUSTED"),
            ("that was changed", "flipped.p7s", {}, "not one of this text", "UNTRUSTED"),
            ("that does not name its certificate", "plain.p7s", {}, "not one of this text",
             "UNTRUSTED"),
            ("without its certificate", "bare.p7s", {}, "lacks the certificate", "INVALID"),
            ("of two signers", "two.p7s", {}, "one signer", "INVALID"),
            ("with a text of its own", "attached.p7s", {}, "text of its own", "INVALID"),
            ("that is cut", "cut.p7s", {}, "not a seal", "INVALID"),
            ("with bytes after it", "longer-file.p7s", {}, "not a seal", "INVALID"),
            ("that is something else", "party.json", {}, "not a seal", "INVALID")):
        result = check(town, file, **more)
        tap.check(f"a seal {title} is refused", result.coded(code), result.ended(FALSE),
                  "" if phrase in result.json.get("reason", "") else f"no '{phrase}'\n{result}")
    for title, words, code in (
            ("a key of another certificate", {"key": "other.pk"}, "INVALID"),
            ("a file that is no key", {"key": "party.json"}, "INVALID"),
            ("a statement that is none", {"source": "party.json"}, "NOTE_MALFORMED")):
        result = seal(town, "town", "x.p7s", "--json", **words)
        tap.check(f"{title} makes no seal", result.coded(code), town.exists("x.p7s") and "it did")
    town.write("wrong", "wrong\n")
    result = seal(town, "town", "x.p7s", "--json", "--passphrase-file", "wrong", key="locked.pk")
    tap.check("a wrong passphrase makes no seal", result.coded("UNTRUSTED"))
    tap.check("a seal is not overwritten", seal(town, "town", "town.p7s", "--json").coded("CONFLICT"))
    missing = check(town, "missing.p7s")
    tap.check("a seal that is missing is told", missing.coded("NOT_FOUND"), missing.ended(TROUBLE))
    town.openssl("ca", "-config", "ca.cnf", "-revoke", "town.pem", "-keyfile", "root.pk", "-cert",
                 "root.pem", "-crl_reason", "keyCompromise")
    town.openssl("ca", "-config", "ca.cnf", "-gencrl", "-keyfile", "root.pk", "-cert", "root.pem",
                 "-out", "stolen.crl")
    revoked = check(town, "town.p7s", "--crl", "stolen.crl")
    tap.check("a seal by a stolen key is refused", revoked.coded("UNTRUSTED"),
              "" if "revoked" in revoked.json.get("reason", "") else revoked)
    tap.check("one by another key is not", check(
        town, "theirs.p7s", "--crl", "stolen.crl").json.get("revocation_checked") is not True
        and "it is")


def main():
    tap = Tap()
    with Town() as town:
        prepare(town)
        test_good(tap, town)
        test_wrong(tap, town)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
