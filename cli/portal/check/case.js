// The file that shows one contract with everything that decides about it (formats.md, section 9.5).

import { decode, fromBase64, need } from "./bytes.js";

const LF = 10;
const NUMBER = "(0|[1-9][0-9]{0,18})";

class Reader {
    constructor(bytes) {
        this.bytes = bytes;
        this.at = 0;
    }

    line() {
        const end = this.bytes.indexOf(LF, this.at);
        need(end >= 0 && end - this.at < 1024, "malformed case: a line does not end",
            "felaktig ärendefil: en rad slutar inte");
        const line = decode(this.bytes.subarray(this.at, end));
        this.at = end + 1;
        return line;
    }

    match(pattern) {
        const line = this.line();
        const parts = new RegExp(`^${pattern}$`).exec(line);
        need(parts !== null, `malformed case: "${line.slice(0, 60)}"`,
            `felaktig ärendefil: "${line.slice(0, 60)}"`);
        return parts.slice(1);
    }

    take(size) {
        const end = this.at + Number(size);
        need(Number.isSafeInteger(end) && end <= this.bytes.length, "the case is cut off",
            "ärendefilen är avhuggen");
        const part = this.bytes.subarray(this.at, end);
        this.at = end;
        return part;
    }
}

function readEntry(reader, before) {
    const [index, count, size] = reader.match(`entry ${NUMBER} ${NUMBER} ${NUMBER}`);
    need(Number(count) <= 64 && Number.isSafeInteger(Number(index)) && Number(index) > before &&
        (before >= 0 || index === "0"), "entries of a case ascend from 0",
    "en ärendefils poster stiger från 0");
    const hashes = [];
    for (let i = 0; i < Number(count); i++) {
        const hash = fromBase64(reader.line());
        need(hash.length === 32, "malformed hash", "felaktig hash");
        hashes.push(hash);
    }
    return { index: Number(index), hashes, bytes: reader.take(size) };
}

export function readCase(bytes) {
    need(bytes.length <= 67108864, "the case is too large", "ärendefilen är för stor");
    const reader = new Reader(bytes);
    reader.match("utfall-case@v1");
    const [contract] = reader.match("contract ([a-z0-9-]{1,64})");
    const checkpoint = reader.take(reader.match(`checkpoint ${NUMBER}`)[0]);
    const [count] = reader.match(`entries ${NUMBER}`);
    need(Number(count) >= 2 && Number(count) <= 20000, "2 to 20,000 entries", "2 till 20 000 poster");
    const entries = [];
    for (let i = 0; i < Number(count); i++) {
        entries.push(readEntry(reader, entries.at(-1)?.index ?? -1));
    }
    const [attached] = reader.match(`attachments ${NUMBER}`);
    need(Number(attached) <= 1000, "too many attachments", "för många bilagor");
    const attachments = [];
    for (let i = 0; i < Number(attached); i++) {
        const [kind, size] = reader.match(`attachment ([a-z0-9-]{1,64}) ${NUMBER}`);
        attachments.push({ kind, bytes: reader.take(size) });
        need(reader.take(1)[0] === LF, "malformed attachment", "felaktig bilaga");
    }
    need(reader.at === bytes.length, "something follows the case", "något följer efter ärendefilen");
    return { contract, checkpoint, entries, attachments };
}
