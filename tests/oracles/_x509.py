"""X.509 as docs/formats.md 7.3 has it, in plain integers: what needs no clock and no roots.

Source: RFC 5280 and 5480, X.690 for DER, SEC 1 for ECDSA, RFC 8017 for RSASSA-PKCS1-v1_5.
"""

import hashlib

from _shapes import Refused, need

SEQUENCE, SET, INTEGER, BITS, OCTETS, OID, BOOLEAN = 0x30, 0x31, 0x02, 0x03, 0x04, 0x06, 0x01

# name -> (p, a = p - 3, b, n, G, digest of its size)
CURVES = {
    "1.2.840.10045.3.1.7": (
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b,
        0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551,
        (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
         0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5), "sha256"),
    "1.3.132.0.34": (
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef,
        0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973,
        (0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7,
         0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f),
        "sha384"),
    "1.3.132.0.35": (
        2**521 - 1,
        0x0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00,
        2**521 - 0x5ae79787c40d069948033feb708f65a2fc44a36477663b851449048e16ec79bf7,
        (0x00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66,
         0x011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650),
        "sha512"),
}

# algorithm of a signature -> (kind of key, digest)
ALGORITHMS = {
    "1.2.840.10045.4.3.2": ("EC", "sha256"), "1.2.840.10045.4.3.3": ("EC", "sha384"),
    "1.2.840.10045.4.3.4": ("EC", "sha512"), "1.2.840.113549.1.1.11": ("RSA", "sha256"),
    "1.2.840.113549.1.1.12": ("RSA", "sha384"), "1.2.840.113549.1.1.13": ("RSA", "sha512"),
}

# DigestInfo before the digest: RFC 8017 section 9.2, note 1.
DIGEST_INFO = {"sha256": "3031300d060960864801650304020105000420",
               "sha384": "3041300d060960864801650304020205000430",
               "sha512": "3051300d060960864801650304020305000440"}


# --- DER ---

def cut(data):
    """(tag, content, whole, rest) of the first element."""
    need(len(data) >= 2, "DER: too short")
    tag, size, at = data[0], data[1], 2
    need(tag & 0x1F != 0x1F, "DER: a long tag")
    if size >= 0x80:
        count = size & 0x7F
        need(1 <= count <= 4 and len(data) >= 2 + count, "DER: a wrong length")
        size, at = int.from_bytes(data[2:2 + count], "big"), 2 + count
        need(size >= 0x80 and data[2] != 0, "DER: a length that is not the shortest")
    need(len(data) >= at + size, "DER: cut off")
    return tag, data[at:at + size], data[:at + size], data[at + size:]


def one(data, tag):
    """The content of what is exactly one element of this tag."""
    found, content, _, rest = cut(data)
    need(found == tag and not rest, f"DER: no single {tag:#x}")
    return content


def items(content):
    """[(tag, content, whole)]"""
    found = []
    while content:
        tag, inner, whole, content = cut(content)
        found.append((tag, inner, whole))
    return found


def oid(content):
    need(content and content[-1] < 0x80, "DER: an OID")
    numbers, number = [], 0
    for byte in content:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))


def integer(content):
    need(content and (len(content) == 1 or not (
        content[0] == 0 and content[1] < 0x80 or content[0] == 0xFF and content[1] >= 0x80)),
        "DER: an integer that is not the shortest")
    return int.from_bytes(content, "big", signed=True)


def bits(content):
    need(content and content[0] == 0, "DER: a string of bits that are not whole bytes")
    return content[1:]


# --- Keys ---

class EllipticKey:
    kind = "EC"

    def __init__(self, curve, point):
        need(curve in CURVES, "another curve")
        self.p, self.b, self.n, self.base, self.digest = CURVES[curve]
        size = (self.p.bit_length() + 7) // 8
        need(len(point) == 1 + 2 * size and point[0] == 4, "a point that is not uncompressed")
        x, y = (int.from_bytes(point[at:at + size], "big") for at in (1, 1 + size))
        need(x < self.p and y < self.p and (y * y - x**3 + 3 * x - self.b) % self.p == 0,
             "a point that is not on the curve")
        self.point = (x, y)

    def add(self, a, b):
        if a is None or b is None:
            return a or b
        if a[0] == b[0] and (a[1] + b[1]) % self.p == 0:
            return None
        slope = (3 * (a[0]**2 - 1) * pow(2 * a[1], -1, self.p) if a == b else
                 (b[1] - a[1]) * pow(b[0] - a[0], -1, self.p)) % self.p
        x = (slope**2 - a[0] - b[0]) % self.p
        return x, (slope * (a[0] - x) - a[1]) % self.p

    def multiply(self, number, point):
        product = None
        while number:
            if number & 1:
                product = self.add(product, point)
            point = self.add(point, point)
            number >>= 1
        return product

    def verify(self, text, signature, digest):
        pair = items(one(signature, SEQUENCE))
        need([tag for tag, _, _ in pair] == [INTEGER, INTEGER], "no signature of ECDSA")
        r, s = (integer(content) for _, content, _ in pair)
        need(0 < r < self.n and 0 < s < self.n, "a number that is too large")
        hashed = hashlib.new(digest, text).digest()
        number = int.from_bytes(hashed, "big") >> max(0, 8 * len(hashed) - self.n.bit_length())
        inverse = pow(s, -1, self.n)
        sum_ = self.add(self.multiply(number * inverse % self.n, self.base),
                        self.multiply(r * inverse % self.n, self.point))
        need(sum_ is not None and sum_[0] % self.n == r, "the signature does not verify")


class RsaKey:
    kind = "RSA"
    digest = "sha256"

    def __init__(self, modulus, exponent):
        need(2048 <= modulus.bit_length() <= 8192, "RSA of another size")
        self.modulus, self.exponent = modulus, exponent

    def verify(self, text, signature, digest):
        size = (self.modulus.bit_length() + 7) // 8
        number = int.from_bytes(signature, "big")
        need(len(signature) == size and number < self.modulus, "a signature of another size")
        found = pow(number, self.exponent, self.modulus).to_bytes(size, "big")
        info = bytes.fromhex(DIGEST_INFO[digest]) + hashlib.new(digest, text).digest()
        need(found == b"\0\1" + b"\xff" * (size - 3 - len(info)) + b"\0" + info,
             "the signature does not verify")


def key_of(info):
    algorithm, point = items(info)
    need(algorithm[0] == SEQUENCE and point[0] == BITS, "no key")
    parts = items(algorithm[1])
    name = oid(parts[0][1])
    if name == "1.2.840.10045.2.1":
        need(len(parts) == 2 and parts[1][0] == OID, "a curve without a name")
        return EllipticKey(oid(parts[1][1]), bits(point[1]))
    need(name == "1.2.840.113549.1.1.1", "another kind of key")
    numbers = items(one(bits(point[1]), SEQUENCE))
    return RsaKey(*(integer(content) for _, content, _ in numbers))


# --- Certificates ---

class Certificate:
    def __init__(self, der):
        parts = items(one(der, SEQUENCE))
        need([tag for tag, _, _ in parts] == [SEQUENCE, SEQUENCE, BITS], "no certificate")
        (_, _, self.signed), (_, algorithm, whole), (_, signature, _) = parts
        fields = items(one(self.signed, SEQUENCE))
        if fields[0][0] == 0xA0:
            fields = fields[1:]
        need([tag for tag, _, _ in fields[:6]] == [INTEGER] + 5 * [SEQUENCE],
             "a certificate without its fields")
        _, inner, issuer, _, subject, info = fields[:6]
        need(items(algorithm)[0][0] == OID, "no algorithm")
        self.algorithm = oid(items(algorithm)[0][1])
        self.algorithms_agree = inner[2] == whole
        self.signature = bits(signature)
        self.issuer, self.subject, self.names = issuer[2], subject[2], subject[1]
        self.key = key_of(info[1])
        self.extensions = {}
        for tag, content, _ in fields[6:]:
            if tag == 0xA3:
                self.read_extensions(one(content, SEQUENCE))

    def read_extensions(self, content):
        for _, extension, _ in items(content):
            parts = items(extension)
            self.extensions.setdefault(oid(parts[0][1]), []).append(parts[-1][1])

    def usage(self, *wanted):
        found = self.extensions.get("2.5.29.15", [])
        if not found:
            return True
        content = one(found[0], BITS)
        flags = "".join(f"{byte:08b}" for byte in content[1:])
        return len(found) == 1 and any(flags[bit:bit + 1] == "1" for bit in wanted)

    def may_issue(self):
        found = self.extensions.get("2.5.29.19", [])
        if len(found) != 1:
            return False
        parts = items(one(found[0], SEQUENCE))
        return bool(parts) and parts[0][0] == BOOLEAN and parts[0][1] != b"\0" and self.usage(5)

    def organisation(self):
        found = [items(pair)[1][1] for _, group, _ in items(self.names)
                 for _, pair, _ in items(group) if oid(items(pair)[0][1]) == "2.5.4.97"]
        return found[0] if len(found) == 1 else None


def identifier_of(registration):
    need(isinstance(registration, dict) and registration["scheme"] in ("SE-ORGNR", "LEI"),
         "a scheme that certificates do not name")
    prefix = "NTRSE-" if registration["scheme"] == "SE-ORGNR" else "LEIXG-"
    return prefix + registration["number"].replace("-", "")


def check_chain(chain):
    certificates = [Certificate(der) for der in chain]
    need(certificates[0].usage(0, 1), "a leaf that is not for signing")
    for one_, issuer in zip(certificates, certificates[1:]):
        need(one_.issuer == issuer.subject, "another issuer")
        need(issuer.may_issue(), "one that may not issue")
        need(one_.algorithms_agree and one_.algorithm in ALGORITHMS, "another algorithm")
        kind, digest = ALGORITHMS[one_.algorithm]
        need(kind == issuer.key.kind, "an algorithm of another kind of key")
        issuer.key.verify(one_.signed, one_.signature, digest)
    return certificates[0]


def check_binding(statement, vkey, chain, signature):
    """The binding of a party statement; raises Refused."""
    try:
        leaf = check_chain(chain)
    except (ValueError, IndexError, TypeError) as error:
        raise Refused(f"no certificate: {error}") from error
    organisation = leaf.organisation()
    need(organisation is not None, "no organisation")
    text = organisation.decode("latin-1")
    need(text[:6] + text[6:].replace("-", "") == identifier_of(statement["registration"]),
         "another organisation")
    registration = statement["registration"]
    bound = "\n".join(("utfall/key-binding/v1", statement["ledger"], statement["party"],
                       f"{registration['scheme']} {registration['number']}", vkey, ""))
    leaf.key.verify(bound.encode(), signature, leaf.key.digest)
