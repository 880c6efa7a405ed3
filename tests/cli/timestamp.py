#!/usr/bin/python3
"""timestamp: RFC 3161, against an authority of openssl's; every way in which a token is wrong."""

import hashlib
import http.server
import sys
import threading

from _cli import FALSE, GOOD, TROUBLE, WITH_LOG, Tap, Town

TST_INFO = "1.2.840.113549.1.9.16.1.4"
CONFIG = """
[tsa]
default_tsa = here
[here]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4
other_policies = 1.2.3.5
digests = {digests}
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
EXTENSIONS = """
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[stamping]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[mail]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = emailProtection
"""


def issue(town, name, extensions, *more, issuer="root"):
    """A certificate NAME.pem with its key NAME.pk."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.pk")
    town.openssl("req", "-new", *key, "-subj", f"/O=Example/CN={name}", "-out", f"{name}.csr")
    signed = ("-signkey", f"{name}.pk") if name == issuer else (
        "-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.pk", "-CAcreateserial")
    town.openssl("x509", "-req", "-in", f"{name}.csr", *signed, "-out", f"{name}.pem", "-extfile",
                 "extensions", "-extensions", extensions, *(more or ("-days", "30")))


def make_authority(town):
    town.write("extensions", EXTENSIONS)
    town.write("serial", "01\n")
    town.write("tsa.cnf", CONFIG.format(digests="sha256"))
    town.write("strict.cnf", CONFIG.format(digests="sha512"))
    issue(town, "root", "root", issuer="root")
    issue(town, "stranger", "root", issuer="stranger")
    issue(town, "tsa", "stamping")
    issue(town, "mail", "mail")
    issue(town, "expired", "stamping", "-days", "-1")
    town.write("index", "")
    town.write("ca.cnf", "[ca]\ndefault_ca = here\n[here]\ndatabase = index\n"
                         "default_md = sha256\ndefault_crl_days = 30\n")


def reply(town, request, output, *more, config="tsa.cnf", signer="tsa"):
    town.openssl("ts", "-reply", "-config", config, "-queryfile", request, "-signer",
                 f"{signer}.pem", "-inkey", f"{signer}.pk", "-out", output, *more)
    return output


def checkpoint_text(town):
    town.good("prove", "0", "-o", "proof", "--force")
    return town.read("proof").split(b"\n\n", 1)[1].split(b"\n\n")[0] + b"\n"


def resign(town, token, output, signer, *more):
    """The same TSTInfo, signed by somebody else."""
    town.openssl("cms", "-verify", "-noverify", "-inform", "DER", "-in", token, "-out", "tst")
    town.openssl("cms", "-sign", "-binary", "-nodetach", "-econtent_type", TST_INFO, "-cades", "-md",
                 "sha256", "-in", "tst", "-signer", f"{signer}.pem", "-inkey", f"{signer}.pk",
                 "-outform", "DER", "-out", output, *more)
    return output


def keep(town, token, *more, ca="root.pem"):
    return town.run("timestamp", "--token", token, "--ca", ca, "--json", *more)


def test_good(tap, town):
    asked = town.run("timestamp", "--request", "a.tsq")
    text = checkpoint_text(town)
    shown = town.openssl("ts", "-query", "-in", "a.tsq", "-text").decode()
    tap.check("a request is written, and openssl reads it", asked.ended(GOOD), asked.is_silent(),
              "" if "sha256" in shown and "Certificate required: yes" in shown else shown)
    digest = hashlib.sha256(text).digest()
    tap.check("it is of the text of the newest checkpoint, without signatures",
              "" if digest in town.read("a.tsq") else shown)
    again = town.run("timestamp", "--request", "b.tsq", "--json")
    tap.check("each request has a nonce of its own", again.coded("OK"),
              town.read("a.tsq") == town.read("b.tsq") and "the nonces are equal")

    mixed = town.run("timestamp", "--request", "-", "--json")
    tap.check("a request and --json do not go to the same place", mixed.coded("USAGE"))

    reply(town, "a.tsq", "a.tsr")
    # Meanwhile the ledger grows.
    town.sign("measurement.json", "measurement.note", "evaluator")
    town.good("submit", "measurement.note", *WITH_LOG)
    none = town.run("verify")
    tap.check("verify says nothing of time-stamps where there are none",
              "existed before" in none.out and none)
    kept = town.run("timestamp", "--token", "a.tsr", "--request", "a.tsq", "--ca", "root.pem",
                    "--json")
    size = int(text.split(b"\n")[1])
    wanted = {"size": size, "policy": "1.2.3.4", "authority": "CN=tsa,O=Example", "verified": True}
    tap.check("a reply is verified and kept with the checkpoint it is of", kept.coded("OK"),
              *(f"{name}: {kept.json.get(name)}" for name in wanted
                if kept.json.get(name) != wanted[name]))
    town.write("text", text)
    town.openssl("ts", "-verify", "-data", "text", "-in", "a.tsr", "-CAfile", "root.pem")
    tap.check("openssl accepts the same reply for the same text")

    listed = town.run("verify")
    tap.check("verify shows it, and says that it was not verified", listed.ended(GOOD),
              listed.prints(f"the first {size} entries existed before", "CN=tsa,O=Example",
                            "not verified"))
    sound = town.run("verify", "--ca", "root.pem")
    tap.check("verify --ca verifies it, and says that revocation was not looked up",
              sound.ended(GOOD), sound.prints("verified to the roots", "--crl"))
    answer = town.run("verify", "--ca", "root.pem", "--json")
    stamps = answer.json.get("timestamps", [])
    tap.check("verify --json has it", answer.coded("OK"), len(stamps) != 1 and answer,
              stamps and stamps[0].get("verified") is not True and answer)
    tap.check("the same token is kept once", keep(town, "a.tsr").coded("OK"),
              len(town.good("verify", "--json").json["timestamps"]) != 1 and "it is there twice")
    town.openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "a.tsq", "-signer", "tsa.pem",
                 "-inkey", "tsa.pk", "-token_out", "-out", "bare")
    tap.check("a bare token is taken too", keep(town, "bare").coded("OK"))
    swedish = town.run("verify", "--lang", "sv")
    tap.check("verify tells it in Swedish", swedish.prints("fanns före"))
    refused = town.run("verify", "--ca", "stranger.pem", "--json")
    tap.check("verify --ca refuses a time-stamp that leads to another root",
              refused.coded("UNTRUSTED"), refused.ended(FALSE))


def test_wrong(tap, town):
    """Each is refused by a message of its own."""
    town.good("timestamp", "--request", "r.tsq")
    town.good("timestamp", "--request", "other.tsq")
    reply(town, "r.tsq", "good.tsr")
    reply(town, "r.tsq", "token", "-token_out")
    town.openssl("ts", "-query", "-data", "charter.json", "-sha256", "-cert", "-out", "charter.tsq")
    reply(town, "charter.tsq", "charter.tsr")
    town.openssl("ts", "-query", "-data", "charter.json", "-sha512", "-cert", "-out", "long.tsq")
    reply(town, "long.tsq", "long.tsr", config="strict.cnf")
    reply(town, "r.tsq", "rejected.tsr", config="strict.cnf")
    town.write("text", checkpoint_text(town))
    town.openssl("ts", "-query", "-data", "text", "-sha256", "-out", "plain.tsq")
    reply(town, "plain.tsq", "plain.tsr")
    resign(town, "token", "expired.tsr", "expired")
    resign(town, "token", "mail.tsr", "mail")
    good = town.read("good.tsr")
    town.write("cut.tsr", good[:-9])
    town.write("longer.tsr", good + b"\0")
    town.write("empty.tsr", b"")
    at = good.rindex(b"\x02\x21" if b"\x02\x21" in good[-80:] else b"\x02\x20")
    town.write("flipped.tsr", good[:at + 9] + bytes([good[at + 9] ^ 1]) + good[at + 10:])
    accuracy = good.index(b"\x30\x03\x02\x01\x01", good.index(b"\x18\x0f")) + 4
    town.write("moved.tsr", good[:accuracy] + b"\x02" + good[accuracy + 1:])
    for title, words, phrase, code in (
            ("of another text", ["charter.tsr"], "no checkpoint of this ledger", "UNTRUSTED"),
            ("of another text than the request", ["charter.tsr", "--request", "r.tsq"],
             "of another text", "UNTRUSTED"),
            ("that answers another request", ["good.tsr", "--request", "other.tsq"], "nonce",
             "UNTRUSTED"),
            ("of an authority whose certificate had expired", ["expired.tsr"], "had expired",
             "UNTRUSTED"),
            ("by a certificate for another purpose", ["mail.tsr"], "time-stamping alone",
             "UNTRUSTED"),
            ("that leads to another root", ["good.tsr", "--ca", "stranger.pem"], "none of the given",
             "UNTRUSTED"),
            ("of another policy", ["good.tsr", "--tsa-policy", "1.2.3.9"],
             "under the policy 1.2.3.4, not 1.2.3.9", "UNTRUSTED"),
            ("whose policy is asked for by no identifier", ["good.tsr", "--tsa-policy", "x y"],
             "object identifier", "INVALID"),
            ("of another digest", ["long.tsr"], "SHA-256", "INVALID"),
            ("that was not granted", ["rejected.tsr"], "did not grant", "INVALID"),
            ("without its certificate", ["plain.tsr"], "lacks the certificate", "INVALID"),
            ("that is cut", ["cut.tsr"], "not a whole", "INVALID"),
            ("with bytes after it", ["longer.tsr"], "not a whole", "INVALID"),
            ("that is empty", ["empty.tsr"], "not a whole", "INVALID"),
            ("whose signature was changed", ["flipped.tsr"], "signature", "UNTRUSTED"),
            ("whose accuracy was changed", ["moved.tsr"], "signature", "UNTRUSTED"),
            ("when the request is none", ["good.tsr", "--request", "charter.json"],
             "not a whole RFC 3161 request", "INVALID"),
            ("when the roots are none", ["good.tsr", "--ca", "charter.json"], "no certificate",
             "INVALID"),
            ("when the lists are none", ["good.tsr", "--crl", "charter.json"], "revocation list",
             "INVALID")):
        result = keep(town, *words)
        tap.check(f"a time-stamp {title} is refused", result.coded(code), result.ended(FALSE),
                  "" if phrase in result.json.get("reason", "") else f"no '{phrase}'\n{result}")
    missing = keep(town, "missing.tsr")
    tap.check("a reply that is missing is told", missing.coded("NOT_FOUND"), missing.ended(TROUBLE))
    tap.check("nothing of it was kept", town.good("verify", "--json").json["timestamps"] != [] and
              "something was")
    tap.check("the good one is good", keep(town, "good.tsr", "--request", "r.tsq").coded("OK"))


def test_revoked(tap, town):
    town.openssl("ca", "-config", "ca.cnf", "-gencrl", "-keyfile", "root.pk", "-cert", "root.pem",
                 "-out", "empty.crl")
    tap.check("a revocation list that does not name it changes nothing",
              keep(town, "good.tsr", "--crl", "empty.crl").coded("OK"))
    looked = town.run("verify", "--ca", "root.pem", "--crl", "empty.crl")
    tap.check("verify --crl looks revocation up", looked.ended(GOOD),
              "--crl" in looked.out and looked)
    town.openssl("ca", "-config", "ca.cnf", "-revoke", "tsa.pem", "-keyfile", "root.pk", "-cert",
                 "root.pem", "-crl_reason", "superseded")
    # The list says since when, to the second: one that came after the time-stamp leaves it alone.
    index = town.read("index").decode().split("\t")
    index[2] = "491231235959Z,superseded"
    town.write("index", "\t".join(index))
    town.openssl("ca", "-config", "ca.cnf", "-gencrl", "-keyfile", "root.pk", "-cert", "root.pem",
                 "-out", "later.crl")
    tap.check("a certificate that was replaced later still counts",
              keep(town, "good.tsr", "--crl", "later.crl").coded("OK"))
    index[2] = "491231235959Z,keyCompromise"
    town.write("index", "\t".join(index))
    town.openssl("ca", "-config", "ca.cnf", "-gencrl", "-keyfile", "root.pk", "-cert", "root.pem",
                 "-out", "stolen.crl")
    index[2] = "200101000000Z,superseded"
    town.write("index", "\t".join(index))
    town.openssl("ca", "-config", "ca.cnf", "-gencrl", "-keyfile", "root.pk", "-cert", "root.pem",
                 "-out", "earlier.crl")
    for title, crl in (("one whose key was stolen counts at no time", "stolen.crl"),
                       ("one that was revoked before does not count", "earlier.crl")):
        result = keep(town, "good.tsr", "--crl", crl)
        tap.check(title, result.coded("UNTRUSTED"),
                  "" if "revoked" in result.json.get("reason", "") else result)
    refused = town.run("verify", "--ca", "root.pem", "--crl", "stolen.crl")
    tap.check("verify --crl refuses it", refused.ended(FALSE), refused.says("was revoked"))


class Authority(http.server.BaseHTTPRequestHandler):
    """Answers with what openssl makes of the query; the path says how."""

    town = None

    def do_POST(self):
        query = self.rfile.read(int(self.headers["Content-Length"]))
        kind = self.headers["Content-Type"]
        self.town.write("asked.tsq", query)
        body = self.town.read(reply(self.town, "asked.tsq", "answered.tsr"))
        good = kind == "application/timestamp-query" and self.path != "/broken"
        self.send_response(200 if good else 500)
        self.send_header("Content-Type", "text/html" if self.path == "/page" else
                         "application/timestamp-reply")
        if self.path == "/large":
            body += bytes(100000)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_network(tap, town):
    Authority.town = town
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Authority) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        before = len(town.good("verify", "--json").json["timestamps"])
        asked = town.run("timestamp", "--tsa", base + "/", "--ca", "root.pem")
        tap.check("an authority is asked by HTTP", asked.ended(GOOD), asked.is_silent(),
                  asked.says("existed before", "CN=tsa"))
        stamps = town.good("verify", "--ca", "root.pem", "--json").json["timestamps"]
        tap.check("and its time-stamp is of the newest checkpoint", len(stamps) != before + 1,
                  stamps[-1]["size"] != town.size() and stamps)
        other = town.run("timestamp", "--tsa", base + "/", "--ca", "root.pem", "--tsa-policy",
                         "1.2.3.5", "--json")
        tap.check("a policy is asked for", other.coded("OK"),
                  other.json.get("policy") != "1.2.3.5" and other)
        for path, code in (("/broken", "STORAGE"), ("/page", "STORAGE"), ("/large", "LIMIT")):
            result = town.run("timestamp", "--tsa", base + path, "--ca", "root.pem", "--json")
            tap.check(f"an answer from {path} is told", result.coded(code), result.ended(TROUBLE))
        server.shutdown()
    gone = town.run("timestamp", "--tsa", base + "/", "--ca", "root.pem", "--json")
    tap.check("an authority that does not answer is told", gone.coded("STORAGE"),
              gone.ended(TROUBLE))


def stamp_by(town, signer, crl):
    town.good("timestamp", "--request", "k.tsq", "--force")
    reply(town, "k.tsq", "k.tsr", signer=signer)
    return keep(town, "k.tsr", "--crl", crl)


def test_kept_lists(tap, town):
    """What was known at one time-stamp is found again by whoever verifies later, without --crl."""
    issue(town, "tsa2", "stamping")
    town.openssl("ca", "-config", "ca.cnf", "-gencrl", "-keyfile", "root.pk", "-cert", "root.pem",
                 "-out", "root.crl")
    town.openssl("ca", "-config", "ca.cnf", "-gencrl", "-keyfile", "stranger.pk", "-cert",
                 "stranger.pem", "-out", "stranger.crl")
    town.write("both.crl", town.read("root.crl") + town.read("stranger.crl"))
    first = stamp_by(town, "tsa", "both.crl")
    tap.check("revocation lists that were given are kept", first.coded("OK"),
              first.json.get("lists_kept") != 2 and first)
    verified = town.run("verify", "--ca", "root.pem")
    tap.check("and verify looks them up without --crl", verified.ended(GOOD),
              "--crl" in verified.out and verified)
    count = town.good("verify", "--json").json["attachments"]
    again = keep(town, "k.tsr", "--crl", "both.crl")
    tap.check("the same list is kept once", again.coded("OK"),
              town.good("verify", "--json").json["attachments"] != count and again)
    town.openssl("ca", "-config", "ca.cnf", "-revoke", "tsa.pem", "-keyfile", "root.pk", "-cert",
                 "root.pem", "-crl_reason", "keyCompromise")
    town.openssl("ca", "-config", "ca.cnf", "-gencrl", "-keyfile", "root.pk", "-cert", "root.pem",
                 "-out", "stolen.crl")
    tap.check("a later time-stamp brings a list that names the authority of the first",
              stamp_by(town, "tsa2", "stolen.crl").coded("OK"))
    refused = town.run("verify", "--ca", "root.pem", "--json")
    tap.check("and verify refuses the first by it", refused.coded("UNTRUSTED"),
              "" if "was revoked" in refused.json.get("reason", "") else refused)
    town.good("publish", "site")
    site = town.run("verify", "site", "--ca", "root.pem", "--json")
    tap.check("so does who verifies the published ledger", site.coded("UNTRUSTED"),
              "" if "was revoked" in site.json.get("reason", "") else site)
    issue(town, "impostor", "root", issuer="impostor")
    town.openssl("req", "-new", "-x509", "-key", "impostor.pk", "-subj", "/O=Example/CN=root",
                 "-out", "impostor.pem")
    town.openssl("ca", "-config", "ca.cnf", "-gencrl", "-keyfile", "impostor.pk", "-cert",
                 "impostor.pem", "-out", "impostor.crl")
    told = stamp_by(town, "tsa2", "impostor.crl")
    tap.check("a list that its authority did not sign is refused when it is given",
              told.coded("UNTRUSTED"),
              "" if "was not signed by it" in told.json.get("reason", "") else told)


def main():
    tap = Tap()
    with Town() as town:
        make_authority(town)
        test_good(tap, town)
    with Town() as town:
        make_authority(town)
        test_wrong(tap, town)
        test_revoked(tap, town)
        test_network(tap, town)
    with Town() as town:
        make_authority(town)
        test_kept_lists(tap, town)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
