"""Cases made and changed in Python, from docs/formats.md, section 9.5; and who judges them."""

import base64
import hashlib
import json
import os
import pathlib
import subprocess
import sys

from _forge import leaf_hash, root_of, tree
from _world import ORIGIN, UTFALL

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "oracles"))
import _bundles  # noqa: E402
from _shapes import Refused, VKey  # noqa: E402

VERIFIER = os.environ.get("UTFALL_VERIFY") or f"{UTFALL}-verify"


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def subtree(leaves):
    """The root over leaf hashes, by its definition (RFC 6962, section 2.1)."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return node(subtree(leaves[:half]), subtree(leaves[half:]))


def path_of(index, leaves):
    """The inclusion proof, by its definition (RFC 6962, section 2.1.1)."""
    if len(leaves) == 1:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if index < half:
        return path_of(index, leaves[:half]) + [subtree(leaves[half:])]
    return path_of(index - half, leaves[half:]) + [subtree(leaves[:half])]


def checkpoint(notes, key, origin=ORIGIN):
    text = f"{origin}\n{len(notes)}\n{base64.b64encode(root_of(tree(notes), len(notes))).decode()}\n"
    return f"{text}\n{key.line(text)}".encode()


class Witness:
    """Cosigns checkpoints (C2SP tlog-cosignature, type 0x04)."""

    def __init__(self, name, secret):
        typed = b"\x04" + bytes(secret.verify_key)
        self.name, self.secret = name, secret
        self.id = hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{base64.b64encode(typed).decode()}"

    def line(self, note, time=1800000000, signed_time=None):
        text = note[:note.rindex(b"\n\n") + 1]
        stated = time if signed_time is None else signed_time
        message = f"cosignature/v1\ntime {stated}\n".encode() + text
        signature = self.secret.sign(message).signature
        encoded = base64.b64encode(self.id + time.to_bytes(8, "big") + signature).decode()
        return f"\u2014 {self.name} {encoded}\n".encode()


class Bundle:
    """A case, in parts that can be exchanged."""

    def __init__(self, contract, note, entries, attachments=()):
        self.contract = contract
        self.checkpoint = note
        self.entries = [list(one) for one in entries]  # [index, [hash], note]
        self.attachments = list(attachments)

    @classmethod
    def read(cls, data):
        case = _bundles.Case(data)
        return cls(case.contract, case.checkpoint, case.entries, case.attachments)

    @classmethod
    def of(cls, contract, notes, key, indexes=None):
        """Of a whole log that `key` signs."""
        leaves = [leaf_hash(note) for note in notes]
        chosen = range(len(notes)) if indexes is None else indexes
        return cls(contract, checkpoint(notes, key),
                   [[index, path_of(index, leaves), notes[index]] for index in chosen])

    def bytes(self):
        parts = [f"utfall-case@v1\ncontract {self.contract}\n".encode(),
                 f"checkpoint {len(self.checkpoint)}\n".encode(), self.checkpoint,
                 f"entries {len(self.entries)}\n".encode()]
        for index, path, note in self.entries:
            parts.append(f"entry {index} {len(path)} {len(note)}\n".encode())
            parts += [base64.b64encode(one) + b"\n" for one in path]
            parts.append(note)
        parts.append(f"attachments {len(self.attachments)}\n".encode())
        for kind, data in self.attachments:
            parts.append(f"attachment {kind} {len(data)}\n".encode() + data + b"\n")
        return b"".join(parts)


# --- The two judges: (exit status, what was said, the entry that the case reaches to) ---

def judge(folder, data, policy=None, vkeys=(), note=None, program=VERIFIER):
    """utfall-verify."""
    words = [str(program), "--json"]
    path = pathlib.Path(folder) / "bundle"
    path.write_bytes(data)
    paths = [path]
    if note is not None:
        paths.append(pathlib.Path(folder) / "bundle.note")
        paths[1].write_bytes(note)
    if policy is not None:
        (pathlib.Path(folder) / "policy").write_bytes(policy)
        words += ["--policy", str(pathlib.Path(folder) / "policy")]
    for vkey in vkeys:
        words += ["--vkey", vkey]
    done = subprocess.run(words + [str(one) for one in paths], capture_output=True, check=False,
                          timeout=60)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = {}
    said = " ".join(str(answer.get(name, "")) for name in ("code", "at", "reason"))
    return done.returncode, said + done.stderr.decode(), answer.get("last_entry")


def judge_again(data, policy=None, vkeys=(), note=None):
    """The second opinion, with the same exit statuses."""
    try:
        trusted = None if policy is None else _bundles.Policy(policy)
        keys = [VKey(vkey) for vkey in vkeys]
        last = None
        if note is None:
            _, is_whole, last = _bundles.verify_case(data, trusted, keys)
        else:
            is_whole = _bundles.verify_proof(data, note, trusted, keys)
    except Refused as refusal:
        return 1, str(refusal), None
    return 0 if is_whole else 3, "", last
