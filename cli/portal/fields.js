// A statement as a list of names and values, whatever it holds.

import { h } from "./dom.js";
import { money } from "./format.js";

export function fields(value) {
    if (Array.isArray(value)) {
        return h("ul", {}, value.map((item) => h("li", {}, fields(item))));
    }
    if (typeof value !== "object") {
        return String(value);
    }
    if (Object.keys(value).sort().join(" ") === "amount currency" && typeof value.amount === "string") {
        return money(value);
    }
    return h("dl", { class: "fields" }, Object.entries(value).flatMap(([name, item]) =>
        [h("dt", {}, name.replaceAll("_", " ")), h("dd", {}, fields(item))]));
}
