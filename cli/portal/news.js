// What was appended while a page is open: it is told, and shown when the reader asks for it.

import { getStream } from "./api.js";
import { h } from "./dom.js";
import { t } from "./language.js";

const RETRY_MS = 5000;

// Reads Server-Sent Events until the stream ends, and tells the id of each. Not by EventSource: that
// cannot send the token which a closed ledger asks for.
async function read(stream, heard) {
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
        const { done, value } = await reader.read();
        if (done) {
            return;
        }
        const blocks = `${text}${value}`.split("\n\n");
        text = blocks.pop();
        blocks.map((block) => /^id: (\d+)$/m.exec(block)).filter(Boolean).forEach(([, id]) => heard(id));
    }
}

// Returns what begins to listen, unless it does so already: after a page could be read.
export function follow(place, show) {
    let count = 0;
    let last = null;
    let isListening = false;
    const tell = () => {
        const button = h("button", { type: "button", onclick: () => { count = 0; place.replaceChildren(); show(); } },
            t("Show it", "Visa"));
        place.replaceChildren(h("p", { class: "news" }, count === 1 ? t("A new statement is in the ledger. ", "En ny utsaga finns i liggaren. ")
            : t(`${count} new statements are in the ledger. `, `${count} nya utsagor finns i liggaren. `), button));
    };
    const listen = async () => {
        if (isListening) {
            return;
        }
        isListening = true;
        try {
            await read(await getStream("/api/v1/events", last), (id) => { last = id; count++; tell(); });
            setTimeout(listen, RETRY_MS); // the server ended; it, or another, comes back
        } catch {
            // Nothing can be heard now. The next page that can be read begins again.
        }
        isListening = false;
    };
    return listen;
}
