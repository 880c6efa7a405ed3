// What was appended while a page is open: it is told, and shown when the reader asks for it.

import { h } from "./dom.js";
import { t } from "./language.js";

export function follow(place, show) {
    let count = 0;
    const tell = () => {
        const button = h("button", { type: "button", onclick: () => { count = 0; place.replaceChildren(); show(); } },
            t("Show it", "Visa"));
        place.replaceChildren(h("p", { class: "news" }, count === 1 ? t("A new statement is in the ledger. ", "En ny utsaga finns i liggaren. ")
            : t(`${count} new statements are in the ledger. `, `${count} nya utsagor finns i liggaren. `), button));
    };
    // A browser comes again by itself, from the statement that it heard of last. Where reading takes
    // a token it is refused, and hears nothing.
    new EventSource("/api/v1/events").addEventListener("message", () => { count++; tell(); });
}
