// Units (model.md, section 2): a map from base units to exponents.

import { need } from "./bytes.js";

export function readUnit(text) {
    const unit = new Map();
    let exponent = 1;
    for (const part of text.split(/([*/])/)) {
        if (part === "*" || part === "/") {
            exponent = part === "/" ? -1 : 1;
        } else if (part !== "1") {
            need(/^[A-Za-z_]{1,32}$/.test(part), `unit ${text}`, `enheten ${text}`);
            unit.set(part, (unit.get(part) ?? 0) + exponent);
        }
    }
    return unit;
}

export function times(a, b, exponent = 1) {
    const product = new Map(a);
    for (const [base, count] of b) {
        const together = (product.get(base) ?? 0) + count * exponent;
        if (together === 0) {
            product.delete(base);
        } else {
            product.set(base, together);
        }
    }
    return product;
}

export const raised = (a, exponent) => times(new Map(), a, exponent);

export function writeUnit(unit) {
    const bases = [...unit.keys()].sort();
    const spelled = (kept) => bases.flatMap((base) => Array(Math.max(0, kept * unit.get(base))).fill(base));
    const above = spelled(1);
    return [above.length > 0 ? above.join("*") : "1", ...spelled(-1)].join("/");
}
