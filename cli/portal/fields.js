// A statement as a list of names and values, whatever it holds.

import { h } from "./dom.js";
import { money } from "./format.js";

const isFlat = (value) => typeof value !== "object" || (value.amount !== undefined && value.currency !== undefined);

// Rows with the same few names are read best as a table.
function isTable(value) {
    return Array.isArray(value) && value.length > 0 && value.every((row) => typeof row === "object" && !Array.isArray(row) &&
        Object.keys(row).join() === Object.keys(value[0]).join() && Object.values(row).every(isFlat));
}

export function fields(value) {
    if (isTable(value)) {
        return h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, Object.keys(value[0]).map((name) =>
            h("th", { scope: "col" }, name.replaceAll("_", " "))))),
        h("tbody", {}, value.map((row) => h("tr", {}, Object.values(row).map((cell) => h("td", {}, fields(cell))))))));
    }
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
