// Elements. Whatever a ledger says reaches the page as text only.

// What would turn the words after it around (UAX 9: embeddings, overrides, isolates) is shown by its number.
const shown = (text) => text.replace(/[\u202a-\u202e\u2066-\u2069]/g, (character) =>
    `[U+${character.charCodeAt(0).toString(16).toUpperCase()}]`);

function append(element, children) {
    for (const child of children.flat(Infinity)) {
        if (child !== null && child !== undefined && child !== false && child !== "") {
            element.append(typeof child === "string" ? shown(child) : child);
        }
    }
    return element;
}

function create(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes ?? {})) {
        if (name.startsWith("on")) {
            element.addEventListener(name.slice(2), value);
        } else if (value === true) {
            element.setAttribute(name, "");
        } else if (value !== null && value !== undefined && value !== false) {
            element.setAttribute(name, value);
        }
    }
    return append(element, children);
}

export const h = (tag, attributes, ...children) => create(document.createElement(tag), attributes, children);

export const svg = (tag, attributes, ...children) =>
    create(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

export function table(caption, heads, rows, numbers = []) {
    const cell = (content, i) => (i === 0 ? h("th", { scope: "row" }, content)
        : h("td", numbers.includes(i) ? { class: "number" } : {}, content));
    return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
        h("table", {}, h("caption", {}, caption),
            h("thead", {}, h("tr", {}, heads.map((head, i) =>
                h("th", { scope: "col", class: numbers.includes(i) ? "number" : null }, head)))),
            h("tbody", {}, rows.map((row) => h("tr", {}, row.map(cell))))));
}
