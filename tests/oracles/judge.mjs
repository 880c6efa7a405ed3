// Puts questions to the portal's own check (cli/portal/check): one as JSON on each line, answered by
// a line. Its argument is the folder with the modules.

import { webcrypto } from "node:crypto";
import readline from "node:readline";

globalThis.crypto ??= webcrypto;
const { checkCase, checkEntry } = await import(`${process.argv[2]}/check.js`);
const { isSignedBy, openCheckpoint, readNote, readVkey } = await import(`${process.argv[2]}/note.js`);

const { Replay } = await import(`${process.argv[2]}/replay.js`);

const encode = (text) => new TextEncoder().encode(text);
const refuse = (reason) => `refused: ${reason}`;
const LOG_KINDS = ["charter", "party", "key"];

async function judgeCase(vkey, bytes) {
    const told = await checkCase(bytes, [vkey]);
    if (!told.ok) {
        return refuse(`${told.problems[0].at}: ${told.problems[0].reason.en}`);
    }
    return `good ${told.entries.findLast(({ kind }) => !LOG_KINDS.includes(kind)).index}`;
}

const ASKED = {
    async note(vkey, note) {
        return (await isSignedBy(readNote(encode(note)), await readVkey(vkey))) ? "good" : refuse("no line by the key");
    },
    async checkpoint(vkey, note) {
        await openCheckpoint(encode(note), [vkey]);
        return "good";
    },
    async proof(vkey, proof, entry) {
        const told = await checkEntry(entry, proof, [vkey]);
        return told.ok ? "good" : refuse(told.reason.en);
    },
    // A contract's life without a tree: [index, note] of every entry that decides about it.
    async replay(vkey, contract, entries) {
        const replay = new Replay(await readVkey(vkey), contract);
        for (const [index, note] of entries) {
            try {
                await replay.apply({ index, bytes: encode(note) });
            } catch (error) {
                if (error.reason !== undefined) {
                    return refuse(`entry ${index}: ${error.reason.en}`);
                }
                throw error;
            }
        }
        return `good ${replay.settlements.length}`;
    },
    case: (vkey, text) => judgeCase(vkey, text),
    bytes: (vkey, base64) => judgeCase(vkey, Buffer.from(base64, "base64")),
};

for await (const line of readline.createInterface({ input: process.stdin })) {
    const { ask, values } = JSON.parse(line);
    let answer;
    try {
        answer = await ASKED[ask](...values);
    } catch (error) {
        answer = error.reason === undefined ? `crashed: ${error.stack}` : refuse(error.reason.en);
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
}
