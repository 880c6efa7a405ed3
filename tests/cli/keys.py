#!/usr/bin/python3
"""Key files: made with 0600, readable by openssl, opened by the right passphrase only."""

import os
import stat
import subprocess
import sys

from _cli import FALSE, GOOD, PASSPHRASE, TROUBLE, UTFALL, WITH_PASSPHRASE, Folder, Tap
from _writer import Key


def mode_of(folder, name):
    return stat.S_IMODE(os.stat(folder.file(name)).st_mode)


def test_new(tap, folder):
    old = os.umask(0)
    made = folder.run("key", "new", "--name", "town.example/finance", "-o", "town.key",
                      *WITH_PASSPHRASE)
    os.umask(old)
    tap.check("key new prints the vkey", made.ended(GOOD), made.is_quiet(),
              made.prints("town.example/finance+"))
    mode = mode_of(folder, "town.key")
    tap.check("a key file is 0600 whatever the umask", mode != 0o600 and f"{mode:o}")
    tap.check("nothing else is left", sorted(os.listdir(folder.path)) != ["passphrase", "town.key"]
              and os.listdir(folder.path))

    public = folder.openssl("pkey", "-in", "town.key", "-passin", "file:passphrase", "-pubout",
                            "-outform", "DER")[-32:]
    vkey = Key("town.example/finance", public=public).vkey
    tap.check("openssl reads the key, and the vkey is of it",
              made.out != vkey + "\n" and f"openssl has {vkey}\n{made}")
    text = folder.read("town.key").decode()
    tap.check("the file tells its vkey first", not text.startswith(f"vkey: {vkey}\n-----BEGIN "
                                                                     "ENCRYPTED PRIVATE KEY-----\n")
              and text)
    shown = folder.run("key", "show", "town.key")
    tap.check("key show prints the vkey without a passphrase", shown.ended(GOOD), shown.is_quiet(),
              "" if shown.out == made.out else shown)
    standard = folder.run("key", "show", "-", stdin=folder.read("town.key"))
    tap.check("key show - reads standard input", standard.ended(GOOD),
              "" if standard.out == made.out else standard)

    before = folder.read("town.key")
    again = folder.run("key", "new", "--name", "town.example", "-o", "town.key", "--json",
                       *WITH_PASSPHRASE)
    tap.check("a key file is never overwritten", again.coded("CONFLICT"),
              folder.read("town.key") != before and "it was")
    other = folder.run("key", "new", "--name", "town.example/finance", "-o", "other.key",
                       *WITH_PASSPHRASE)
    tap.check("two keys of one name differ", other.out == made.out and other)


def test_sources(tap, folder):
    """Where a passphrase comes from."""
    read, write = os.pipe()
    os.write(write, PASSPHRASE.encode() + b"\nmore\n")
    os.close(write)
    process = subprocess.run([UTFALL, "key", "new", "--name", "fd.example", "-o", "fd.key",
                              "--passphrase-fd", str(read)], cwd=folder.path, pass_fds=[read],
                             env=folder.environment, capture_output=True, check=False)
    rest = os.read(read, 100)
    os.close(read)
    tap.check("--passphrase-fd reads one line and no more",
              process.returncode != GOOD and process.stderr, rest != b"more\n" and rest)
    public = folder.openssl("pkey", "-in", "fd.key", "-passin", "file:passphrase", "-pubout",
                            "-outform", "DER")
    tap.check("the same passphrase opens it, from a file", len(public) < 32 and public)

    make = ("key", "new", "--name", "a.example", "-o", "a.key", "--json")
    folder.write("empty", "\n")
    folder.write("long", "x" * 5000 + "\n")
    for title, words, code, status in (
            ("without a source and without a terminal there is no passphrase", [], "NOT_FOUND",
             TROUBLE),
            ("a passphrase file that is missing is told", ["--passphrase-file", "missing"],
             "NOT_FOUND", TROUBLE),
            ("an empty passphrase is refused", ["--passphrase-file", "empty"], "INVALID", FALSE),
            ("a passphrase that is too long is refused, not cut", ["--passphrase-file", "long"],
             "LIMIT", TROUBLE),
            ("a descriptor that is not open is told", ["--passphrase-fd", "77"], "STORAGE", TROUBLE),
            ("a descriptor that is no number is refused", ["--passphrase-fd", "x"], "INVALID",
             FALSE)):
        result = folder.run(*make, *words)
        tap.check(title, result.coded(code), result.ended(status),
                  folder.exists("a.key") and "a key was made")
    for name in ("a b", "a+b", "", "x" * 256, "a\nb"):
        result = folder.run("key", "new", "--name", name, "-o", "a.key", "--json", *WITH_PASSPHRASE)
        tap.check(f"a key is not named {name[:8]!r}", "" if result.exit in (FALSE, TROUBLE) else result,
                  folder.exists("a.key") and "a key was made")
    result = folder.run("key", "new", "--name", "a.example", "-o", "nowhere/a.key", "--json",
                        *WITH_PASSPHRASE)
    tap.check("a folder that is missing is told", result.ended(TROUBLE))


def refused_key(folder, file, passphrase="passphrase"):
    folder.write_json("draft.json", {"kind": "party", "version": 1, "ledger": "x.example",
                                     "date": "2026-01-15", "party": "a.example", "legal_name": "A",
                                     "registration": "not_published", "vkeys": [
                                         Key("a.example", public=bytes.fromhex(
                                             "d75a980182b10ab7d54bfed3c964073a"
                                             "0ee172f3daa62325af021a68f707511a")).vkey]})
    return folder.run("sign", "draft.json", "-o", "x.note", "--key", file, "--passphrase-file",
                      passphrase, "--json")


def test_opening(tap, folder):
    folder.make_key("a.example", "a.key")
    folder.write("wrong", "wrong\n")
    good = folder.read("a.key")
    vkey, pem = good.split(b"\n", 1)

    result = refused_key(folder, "a.key", "wrong")
    tap.check("a wrong passphrase is told", result.coded("UNTRUSTED"), result.ended(FALSE))
    tap.check("a passphrase is never shown", "wrong\n" in result.err + result.out and result)

    folder.write("renamed.key", vkey.replace(b"a.example", b"b.example") + b"\n" + pem)
    result = refused_key(folder, "renamed.key")
    tap.check("a vkey line of another name is refused", "" if result.exit == FALSE else result)

    folder.make_key("a.example", "second.key")
    folder.write("swapped.key", vkey + b"\n" + folder.read("second.key").split(b"\n", 1)[1])
    result = refused_key(folder, "swapped.key")
    tap.check("a vkey line of another key is refused", result.coded("UNTRUSTED"))

    folder.write("bare.key", pem)
    tap.check("a key file has a vkey line", refused_key(folder, "bare.key").coded("INVALID"),
              folder.run("key", "show", "bare.key", "--json").coded("INVALID"))
    folder.openssl("genpkey", "-algorithm", "ed25519", "-out", "open.pem")
    folder.write("open.key", vkey + b"\n" + folder.read("open.pem"))
    tap.check("an unencrypted key is refused", refused_key(folder, "open.key").coded("INVALID"))
    folder.openssl("genpkey", "-algorithm", "ed448", "-out", "other.pem")
    other = folder.openssl("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-iter", "1", "-in",
                           "other.pem", "-passout", "file:passphrase")
    folder.write("other.key", vkey + b"\n" + other)
    tap.check("a key of another algorithm is refused",
              refused_key(folder, "other.key").coded("INVALID"))
    folder.write("cut.key", good[:len(good) // 2])
    result = refused_key(folder, "cut.key")
    tap.check("half a key file is refused", "" if result.exit == FALSE else result)
    folder.write("large.key", good + b"x" * 20000)
    tap.check("a key file that is too large is refused",
              refused_key(folder, "large.key").coded("LIMIT"))
    tap.check("nothing was signed by any of them", folder.exists("x.note") and "something was")
    result = refused_key(folder, "a.key")
    tap.check("the right passphrase opens the right file", result.coded("OK"))


def main():
    tap = Tap()
    with Folder() as folder:
        test_new(tap, folder)
    with Folder() as folder:
        test_sources(tap, folder)
    with Folder() as folder:
        test_opening(tap, folder)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
