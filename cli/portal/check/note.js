// Signed notes and keys (formats.md, sections 3 and 4; C2SP signed-note), checkpoints and proofs.

import { Refused, compare, concat, decode, encode, equal, fromBase64, hex, need, sha256,
    toBase64 } from "./bytes.js";

const ED25519 = 1;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const FIELD = 2n ** 255n - 19n;
// y of the points whose order divides 8, RFC 7748's curve in its Edwards form.
const ORDER_8 = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
const SMALL = [0n, 1n, FIELD - 1n, ORDER_8, FIELD - ORDER_8];

// Whether this browser can verify Ed25519 at all: found out by doing it (RFC 8032, section 7.1).
let capable = null;
export async function canVerify() {
    capable ??= (async () => {
        try {
            const key = "1+wP7VMsDeXGdR2rhZHXOCYeP3WoO07GqD3AxYQuXlk=";
            await crypto.subtle.importKey("raw", fromBase64(key), "Ed25519", false, ["verify"]);
            return true;
        } catch {
            return false;
        }
    })();
    return capable;
}

function littleEndian(bytes) {
    return BigInt(`0x${hex(Uint8Array.from(bytes).reverse())}`);
}

// Section 3.2, 2: what WebCrypto does not promise to refuse.
function isProperPoint(bytes) {
    const number = littleEndian(bytes);
    const y = number & (2n ** 255n - 1n);
    return y < FIELD && !SMALL.includes(y);
}

export async function verifies(publicKey, signature, message) {
    if (signature.length !== 64 || !isProperPoint(publicKey) ||
        !isProperPoint(signature.subarray(0, 32)) ||
        littleEndian(signature.subarray(32)) >= ORDER) {
        return false;
    }
    const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    return crypto.subtle.verify("Ed25519", key, signature, message);
}

export async function readVkey(text) {
    const first = text.indexOf("+");
    const second = text.indexOf("+", first + 1);
    const malformed = ["malformed key", "felaktig nyckel"];
    need(first > 0 && second === first + 9, ...malformed);
    const name = text.slice(0, first);
    const id = text.slice(first + 1, second);
    const typed = fromBase64(text.slice(second + 1));
    need(typed.length === 33 && typed[0] === ED25519,
        "the key is not of type Ed25519", "nyckeln är inte av typen Ed25519");
    const made = await sha256(concat(encode(`${name}\n`), typed));
    need(hex(made.subarray(0, 4)) === id, "the key does not have its id", "nyckeln har inte sitt id");
    need(isProperPoint(typed.subarray(1)), ...malformed);
    return { text, name, id, publicKey: typed.subarray(1) };
}

function readLine(line) {
    const parts = /^\u2014 ([^\s+\u0000-\u001f\u007f-\u009f]+) ([A-Za-z0-9+/=]+)$/u.exec(line);
    need(parts !== null, "malformed signature line", "felaktig signaturrad");
    const bytes = fromBase64(parts[2]);
    need(bytes.length > 4 && bytes.length <= 4100, "malformed signature", "felaktig signatur");
    return { name: parts[1], id: hex(bytes.subarray(0, 4)), signature: bytes.subarray(4), line };
}

export function readNote(bytes) {
    const whole = decode(bytes);
    need(!/[\u0000-\u0009\u000b-\u001f]/.test(whole), "a control character", "ett styrtecken");
    const end = whole.lastIndexOf("\n\n");
    need(end > 0 && whole.endsWith("\n") && end + 2 < whole.length,
        "it is not a signed note", "det är ingen signerad not");
    const text = whole.slice(0, end + 1);
    const lines = whole.slice(end + 2, -1).split("\n").map(readLine);
    const names = new Set(lines.map(({ name, id }) => `${name}+${id}`));
    need(lines.length <= 64 && names.size === lines.length,
        "too many or repeated signature lines", "för många eller upprepade signaturrader");
    return { bytes, text, message: encode(text), lines };
}

// Statements have their signature lines in one order (formats.md, section 6.1).
export function areOrdered(lines) {
    return lines.every((line, i) => {
        if (i === 0) {
            return true;
        }
        const byName = compare(encode(lines[i - 1].name), encode(line.name));
        return byName < 0 || (byName === 0 && lines[i - 1].id < line.id);
    });
}

export async function isSignedBy(note, key) {
    const line = note.lines.find(({ name, id }) => name === key.name && id === key.id);
    return line !== undefined && verifies(key.publicKey, line.signature, note.message);
}

export function readCheckpoint(note) {
    const lines = note.text.split("\n");
    const malformed = ["malformed checkpoint", "felaktig kontrollpunkt"];
    need(lines.length === 4 && lines[3] === "" && /^(0|[1-9]\d{0,18})$/.test(lines[1]), ...malformed);
    const root = fromBase64(lines[2]);
    const size = BigInt(lines[1]);
    need(root.length === 32 && size < 2n ** 63n, ...malformed);
    return { origin: lines[0], size, root };
}

export const leafHash = (bytes) => sha256(concat(Uint8Array.of(0), bytes));
const nodeHash = (left, right) => sha256(concat(Uint8Array.of(1), left, right));

// RFC 9162, section 2.1.3.2.
export async function rootFrom(index, size, leaf, hashes) {
    need(index < size, "the entry is not below the checkpoint", "posten är inte under kontrollpunkten");
    let fn = index;
    let sn = size - 1n;
    let hash = leaf;
    for (const sibling of hashes) {
        need(sn !== 0n, "the proof is too long", "beviset är för långt");
        if ((fn & 1n) === 1n || fn === sn) {
            hash = await nodeHash(sibling, hash);
            while ((fn & 1n) === 0n && fn !== 0n) {
                fn >>= 1n;
                sn >>= 1n;
            }
        } else {
            hash = await nodeHash(hash, sibling);
        }
        fn >>= 1n;
        sn >>= 1n;
    }
    need(sn === 0n, "the proof is too short", "beviset är för kort");
    return hash;
}

export async function needInclusion(entry, checkpoint) {
    const leaf = await leafHash(entry.bytes);
    const root = await rootFrom(BigInt(entry.index), checkpoint.size, leaf, entry.hashes);
    need(equal(root, checkpoint.root), "it is not the entry under the signed root",
        "det är inte posten under den signerade roten");
}

export async function openCheckpoint(bytes, vkeys) {
    const note = readNote(bytes);
    const checkpoint = readCheckpoint(note);
    for (const vkey of vkeys) {
        const key = await readVkey(vkey);
        if (key.name === checkpoint.origin && (await isSignedBy(note, key))) {
            return { ...checkpoint, key, rootText: toBase64(checkpoint.root) };
        }
    }
    throw new Refused("the checkpoint is not signed by the key that you trust",
        "kontrollpunkten är inte signerad med den nyckel som du litar på");
}

// A .tlog-proof (formats.md, section 9.3).
export function readProof(bytes) {
    const text = decode(bytes);
    const end = text.indexOf("\n\n");
    need(end > 0, "malformed proof", "felaktigt bevis");
    const lines = text.slice(0, end).split("\n");
    const index = /^index (0|[1-9]\d{0,18})$/.exec(lines[lines[1]?.startsWith("extra ") ? 2 : 1] ?? "");
    need(lines[0] === "c2sp.org/tlog-proof@v1" && index !== null, "malformed proof", "felaktigt bevis");
    const hashes = lines.slice(lines[1].startsWith("extra ") ? 3 : 2).map(fromBase64);
    need(hashes.length <= 64 && hashes.every((hash) => hash.length === 32), "malformed proof",
        "felaktigt bevis");
    return { index: BigInt(index[1]), hashes, checkpoint: encode(text.slice(end + 2)) };
}
