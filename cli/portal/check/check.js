/*
 * The browser's own check of a contract: signatures, inclusion, who may sign, and every settlement
 * computed again. It shares no code with the server; it was written from docs/formats.md and
 * docs/model.md.
 *
 *     checkCase(bytes or text, vkeys) -> Promise<{
 *         ok, capable,                 false, false: this browser cannot verify Ed25519; what the case
 *                                      says is there all the same, to be shown and not believed
 *         contract, origin, size, root,
 *         problems:    [{index, at, reason: {en, sv}, who}],
 *         signatures:  [{index, name, key_id, party, ok}],
 *         settlements: [{index, id, period, agrees, lines: [{line, unit, value, stated}], pays}],
 *         entries:     [{index, id, kind, body, signers}],
 *         limits:      [{en, sv}],     what this cannot establish
 *         replay}                      with the contract as it stands, for what pages compute
 *
 *     checkEntry(note, proof, vkeys) -> Promise<{ok, capable, origin, size, root, index, reason}>
 *
 * Nothing is thrown: what cannot be read is a problem.
 */

import { Refused, encode } from "./bytes.js";
import { readCase } from "./case.js";
import { canVerify, needInclusion, openCheckpoint, readCheckpoint, readNote, readProof, readVkey,
    verifies } from "./note.js";
import { Replay } from "./replay.js";

const LIMITS = [
    { en: "whether others are shown the same ledger (that takes witnesses)",
        sv: "om andra får se samma liggare (för det krävs vittnen)" },
    { en: "whether newer statements of the contract are withheld, or that a key was revoked",
        sv: "om nyare utsagor i kontraktet undanhålls, eller att en nyckel återkallats" },
    { en: "whether what was measured is true",
        sv: "om det som mätts är sant" },
    { en: "rules about the form of statements, of terms, records and certificates: utfall-verify checks them all",
        sv: "regler om formen på utsagor, villkor, underlag och certifikat: utfall-verify prövar dem alla" },
];

// The portal adds what is true of a page alone: its code came from the server that it checks.
export const OF_PAGES = {
    en: "that this page is the one that was written: its code came from this server, too; utfall-verify does not",
    sv: "att sidan är den som skrevs: också dess kod kom från den här servern; det gör inte utfall-verify",
};

const unable = { en: "this browser cannot verify Ed25519 signatures",
    sv: "den här webbläsaren kan inte pröva Ed25519-signaturer" };

const toBytes = (input) => (typeof input === "string" ? encode(input) : new Uint8Array(input));

function reasonOf(error) {
    if (error instanceof Refused) {
        return error.reason;
    }
    return { en: `it has not the expected form (${error.message})`, sv: `det har inte väntad form (${error.message})` };
}

async function replayCase(file, checkpoint, result) {
    const replay = new Replay(checkpoint.key, file.contract, result.capable ? verifies : async () => true);
    result.replay = replay;
    result.signatures = replay.signatures;
    result.settlements = replay.settlements;
    result.entries = replay.entries;
    for (const entry of file.entries) {
        try {
            await needInclusion(entry, checkpoint);
            await replay.apply(entry);
        } catch (error) {
            const signed = replay.signatures.filter(({ index }) => index === entry.index);
            result.problems.push({ index: entry.index, at: `entry ${entry.index}`, reason: reasonOf(error),
                who: [...new Set(signed.map(({ party }) => party))] });
            return; // what follows stands on it
        }
    }
    if (replay.contract === null) {
        result.problems.push({ index: null, at: file.contract, who: [],
            reason: { en: "the contract is not in it", sv: "kontraktet finns inte i den" } });
    }
}

// What a checkpoint says, for a browser that cannot verify: it is shown, never called good.
async function readUnopened(bytes, vkeys) {
    const checkpoint = readCheckpoint(readNote(bytes));
    return { ...checkpoint, key: await readVkey(vkeys[0]), rootText: "" };
}

export async function checkCase(input, vkeys) {
    const result = { ok: false, capable: await canVerify(), contract: null, origin: null, size: null, root: null,
        problems: [], signatures: [], settlements: [], entries: [], limits: [...LIMITS], replay: null };
    if (!result.capable) {
        result.problems.push({ index: null, at: "", who: [], reason: unable });
    }
    try {
        const file = readCase(toBytes(input));
        result.contract = file.contract;
        const checkpoint = await (result.capable ? openCheckpoint : readUnopened)(file.checkpoint, vkeys);
        result.origin = checkpoint.origin;
        result.size = checkpoint.size.toString();
        result.root = checkpoint.rootText;
        await replayCase(file, checkpoint, result);
        if (file.attachments.length > 0) {
            result.limits.push({ en: `${file.attachments.length} time-stamps and lists beside the checkpoint`,
                sv: `${file.attachments.length} tidsstämplar och listor vid kontrollpunkten` });
        }
    } catch (error) {
        result.problems.push({ index: null, at: "", who: [], reason: reasonOf(error) });
    }
    result.ok = result.problems.length === 0;
    return result;
}

export async function checkEntry(note, proof, vkeys) {
    const result = { ok: false, capable: await canVerify(), origin: null, size: null, root: null, index: null, reason: null };
    if (!result.capable) {
        return { ...result, reason: unable };
    }
    try {
        const read = readProof(toBytes(proof));
        const checkpoint = await openCheckpoint(read.checkpoint, vkeys);
        await needInclusion({ ...read, bytes: toBytes(note) }, checkpoint);
        return { ...result, ok: true, origin: checkpoint.origin, size: checkpoint.size.toString(), root: checkpoint.rootText,
            index: read.index.toString() };
    } catch (error) {
        return { ...result, reason: reasonOf(error) };
    }
}
