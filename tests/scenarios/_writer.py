"""A second implementation of writing: canonical JSON, keys, notes, roots.

Nothing here calls the program that is tested; the formats are those of docs/formats.md.
"""

import base64
import hashlib

import nacl.signing

ED25519 = b"\x01"

ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r",
           "\t": "\\t"}


def quoted(text):
    """RFC 8785 section 3.2.2.2: the shortest escapes, everything else as it is."""
    return '"' + "".join(ESCAPES.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 0x20 else c)
                         for c in text) + '"'


def canonical(value):
    """RFC 8785, for the values that statements have."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if value is None:
        return "null"
    if isinstance(value, list):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{quoted(name)}:{canonical(value[name])}" for name in names) + "}"
    raise TypeError(f"a statement has no {type(value).__name__}")


def text_of(statement):
    """What is signed: one line of canonical JSON."""
    return canonical(statement).encode() + b"\n"


def id_of(text):
    return "sha256:" + hashlib.sha256(text).hexdigest()


class Key:
    """A key that signs notes under a name."""

    def __init__(self, name, seed=None, public=None):
        self.name = name
        self.secret = nacl.signing.SigningKey(seed) if seed is not None else None
        self.public = bytes(self.secret.verify_key) if public is None else public
        typed = ED25519 + self.public
        self.id = hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{base64.b64encode(typed).decode()}"

    def under_name(self, name):
        """The same secret, of someone else."""
        return Key(name, seed=bytes(self.secret)) if self.secret else Key(name, public=self.public)

    def line(self, text):
        """The signature line of a text."""
        signature = self.secret.sign(text).signature
        encoded = base64.b64encode(self.id + signature).decode()
        return f"\N{EM DASH} {self.name} {encoded}\n".encode()


def key_of(name, number=1):
    """The same key in every run: what fails, fails again."""
    return Key(name, seed=hashlib.sha256(f"scenario key {number} of {name}".encode()).digest())


def note_of(text, keys):
    """A note with a line by each key, ascending by name and id."""
    ordered = sorted(keys, key=lambda key: (key.name.encode(), key.id))
    return text + b"\n" + b"".join(key.line(text) for key in ordered)


def root_of(leaves):
    """The Merkle tree hash of RFC 6962 section 2.1, by its definition."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\1" + root_of(leaves[:half]) + root_of(leaves[half:])).digest()
