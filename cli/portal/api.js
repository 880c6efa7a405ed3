// Asking the server. What it says is shown as what the server says, until it is checked.

import { language, t } from "./language.js";

export class Failure extends Error {}

// Where reading takes a token, it is kept until the tab is closed.
const TOKEN = "utfall.token";
export class TokenNeeded extends Failure {}
export const keepToken = (token) => sessionStorage.setItem(TOKEN, token);

function headers() {
    const token = sessionStorage.getItem(TOKEN);
    return { "Accept-Language": language, ...(token === null ? {} : { Authorization: `Bearer ${token}` }) };
}

async function ask(path, options) {
    let response;
    try {
        response = await fetch(path, { ...options, headers: headers() });
    } catch {
        throw new Failure(t("The server does not answer.", "Servern svarar inte."));
    }
    if (response.status === 401) {
        throw new TokenNeeded(t("This ledger is not open to everyone.", "Den här liggaren är inte öppen för alla."));
    }
    return response;
}

export async function getJson(path) {
    const response = await ask(path);
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) {
        throw new Failure(answer.reason ?? `HTTP ${response.status}`);
    }
    return answer;
}

export async function getBytes(path) {
    const response = await ask(path);
    if (!response.ok) {
        const answer = await response.json().catch(() => ({}));
        throw new Failure(answer.reason ?? `HTTP ${response.status}`);
    }
    return new Uint8Array(await response.arrayBuffer());
}

// A stream of events, behind the one that was heard of last.
export async function getStream(path, last) {
    const more = last === null ? {} : { "Last-Event-ID": last };
    const response = await fetch(path, { headers: { ...headers(), ...more } });
    if (!response.ok) {
        throw new Failure(`HTTP ${response.status}`);
    }
    return response.body;
}

// Posts a text; a refusal is an answer like any other.
export async function post(path, body) {
    const response = await ask(path, { method: "POST", body });
    return response.json().catch(() => ({ ok: false, reason: `HTTP ${response.status}` }));
}

// The file that was chosen. The input forgets it: one of the same name, signed again meanwhile, would
// otherwise be no change.
export function takeFile(input) {
    const [file] = input.files;
    input.value = "";
    return file;
}
