"""Certificates of organisations: openssl makes them, and signs what docs/formats.md 7.3 says."""

import base64
import os
import subprocess
import tempfile

EXTENSIONS = """
[ca]
basicConstraints = critical,CA:TRUE
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical,nonRepudiation
"""


def certificate_of(statement, organisation, is_stranger=False):
    """A binding of the first vkey; a stranger is a second authority that calls itself the same."""
    with tempfile.TemporaryDirectory(prefix="utfall-certificate-") as folder:
        maker = Maker(folder)
        maker.issue("authority", "/CN=authority")
        maker.issue("stranger", "/CN=authority")
        maker.issue("leaf", f"/O=Organisation/organizationIdentifier={organisation}", "authority")
        registration = statement["registration"]
        number = registration if isinstance(registration, str) else (
            f"{registration['scheme']} {registration['number']}")
        vkey = statement["vkeys"][0]
        text = "\n".join(("utfall/key-binding/v1", statement["ledger"], statement["party"], number,
                          vkey, ""))
        behind = "stranger" if is_stranger else "authority"
        return {"vkey": vkey, "chain": [maker.der("leaf"), maker.der(behind)],
                "signature": maker.sign("leaf", text)}


class Maker:
    def __init__(self, folder):
        self.folder = folder
        self.write("extensions", EXTENSIONS)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def openssl(self, *words):
        return subprocess.run(["openssl", *words], cwd=self.folder, check=True,
                              capture_output=True).stdout

    def issue(self, name, subject, issuer=None):
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-keyout", f"{name}.pk", "-subj", subject, "-out", "request")
        signed = ("-signkey", f"{name}.pk") if issuer is None else (
            "-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.pk")
        self.openssl("x509", "-req", "-in", "request", *signed, "-out", f"{name}.pem", "-set_serial",
                     "1", "-days", "30", "-extfile", "extensions", "-extensions",
                     "leaf" if issuer else "ca")

    def der(self, name):
        return base64.b64encode(
            self.openssl("x509", "-in", f"{name}.pem", "-outform", "DER")).decode()

    def sign(self, name, text):
        self.write("text", text)
        return base64.b64encode(
            self.openssl("dgst", "-sha256", "-sign", f"{name}.pk", "text")).decode()
