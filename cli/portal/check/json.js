// Statements are canonical JSON (formats.md, section 2), so a text is read and written again: what
// comes out must be what went in. That refuses repeated names, fractions, exponents and blanks.

import { Refused, need } from "./bytes.js";

const DEPTH_MAX = 32;
const INTEGER_MAX = 2147483647;

function writeString(text) {
    need(!text.includes("\0") && !/\p{Surrogate}/u.test(text),
        "a string has a character that is not allowed", "en sträng har ett otillåtet tecken");
    return JSON.stringify(text);
}

export function canonical(value, depth = 1) {
    if (typeof value === "string") {
        return writeString(value);
    }
    if (typeof value === "boolean") {
        return String(value);
    }
    if (typeof value === "number") {
        need(Number.isInteger(value) && Math.abs(value) <= INTEGER_MAX,
            "a number is no integer or too large", "ett tal är inget heltal eller för stort");
        return String(value);
    }
    need(value !== null && depth <= DEPTH_MAX, "null, or nested too deeply", "null, eller för djupt");
    if (Array.isArray(value)) {
        return `[${value.map((item) => canonical(item, depth + 1)).join(",")}]`;
    }
    const members = Object.keys(value).sort() // by UTF-16 code units, as RFC 8785 asks
        .map((name) => `${writeString(name)}:${canonical(value[name], depth + 1)}`);
    return `{${members.join(",")}}`;
}

export function readCanonical(text) {
    let value;
    try {
        value = JSON.parse(text);
    } catch {
        throw new Refused("it is not JSON", "det är inte JSON");
    }
    need(typeof value === "object" && value !== null && !Array.isArray(value),
        "it is not a JSON object", "det är inget JSON-objekt");
    need(canonical(value) === text, "it is not canonical JSON", "det är inte kanonisk JSON");
    return value;
}
