// Bytes, texts and hashes. Nothing here is ours but the glue: TextDecoder, SHA-256 of WebCrypto.

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

// A refusal: what is wrong, in both languages.
export class Refused extends Error {
    constructor(en, sv) {
        super(en);
        this.reason = { en, sv };
    }
}

export function need(holds, en, sv) {
    if (!holds) {
        throw new Refused(en, sv);
    }
}

export const encode = (text) => encoder.encode(text);

export function decode(bytes) {
    try {
        return decoder.decode(bytes);
    } catch {
        throw new Refused("it is not UTF-8", "det är inte UTF-8");
    }
}

export function concat(...parts) {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return whole;
}

export function equal(a, b) {
    return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

export function compare(a, b) {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
        if (a[i] !== b[i]) {
            return a[i] - b[i];
        }
    }
    return a.length - b.length;
}

export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export function toBase64(bytes) {
    let binary = "";
    for (const byte of bytes) {
        binary += String.fromCharCode(byte);
    }
    return btoa(binary);
}

// One spelling only: with padding, without blanks or stray bits.
export function fromBase64(text) {
    let binary = null;
    try {
        binary = atob(text);
    } catch {
        // told below
    }
    need(binary !== null && btoa(binary) === text, "malformed base64", "felaktig base64");
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

export async function sha256(bytes) {
    return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

export async function digest(bytes) {
    return `sha256:${hex(await sha256(bytes))}`;
}
