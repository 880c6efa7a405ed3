// Charts: an SVG with a text alternative; the table beside it says the same in numbers. Only where
// something is drawn does a number become a float.

import { h, svg } from "./dom.js";

const WIDTH = 640;
const LEFT = 20;
const RIGHT = 20;

export const toFloat = ([p, q]) => Number((p * 1000000n) / q) / 1000000;

function scale(min, max, from, to) {
    const span = max - min || 1;
    return (x) => from + ((x - min) / span) * (to - from);
}

let count = 0;
function frame(height, title, description, caption, ...content) {
    count++;
    return h("figure", {}, svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${height}`, role: "img",
        "aria-labelledby": `chart-title-${count} chart-text-${count}` },
    svg("title", { id: `chart-title-${count}` }, title), svg("desc", { id: `chart-text-${count}` }, description),
    content), h("figcaption", {}, caption));
}

// Bars of what was measured, and a line for each threshold. All are {at: float, text}.
export function thresholdChart(title, description, caption, bars, thresholds, interval) {
    const ats = [...bars, ...thresholds, ...(interval ?? [])].map(({ at }) => at);
    const x = scale(Math.min(0, ...ats), Math.max(...ats, 0) * 1.05 || 1, LEFT, WIDTH - RIGHT);
    const bottom = 34 + bars.length * 40;
    return frame(bottom + 28, title, description, caption,
        bars.map(({ at, text, isControl }, i) => [
            svg("text", { x: LEFT, y: 18 + i * 40 }, text),
            svg("rect", { class: isControl ? "control" : "bar", x: Math.min(x(0), x(at)), y: 24 + i * 40,
                width: Math.max(2, Math.abs(x(at) - x(0))), height: 16 })]),
        interval === undefined ? [] : svg("line", { class: "interval", x1: x(interval[0].at), x2: x(interval[1].at), y1: 32, y2: 32 }),
        svg("line", { class: "axis", x1: x(0), x2: x(0), y1: 20, y2: bottom }),
        thresholds.map(({ at, text }) => [
            svg("line", { class: "threshold", x1: x(at), x2: x(at), y1: 20, y2: bottom }),
            svg("text", { x: Math.min(x(at) + 4, WIDTH - RIGHT), y: bottom + 18,
                "text-anchor": x(at) > WIDTH * 0.6 ? "end" : "start" }, text)]));
}

// A curve through points {x, y} as floats; `today` is one of them or null; texts are of the ends.
export function curveChart(title, description, caption, points, today, ends) {
    const height = 300;
    const top = 24;
    const bottom = height - 40;
    const xs = points.map((point) => point.x);
    const ys = points.map((point) => point.y);
    const x = scale(Math.min(...xs), Math.max(...xs), LEFT, WIDTH - RIGHT);
    const y = scale(Math.min(0, ...ys), Math.max(...ys, 0) || 1, bottom, top);
    const path = points.map((point, i) => `${i === 0 ? "M" : "L"}${x(point.x).toFixed(1)} ${y(point.y).toFixed(1)}`).join("");
    return frame(height, title, description, caption,
        svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: top, y2: top }),
        svg("text", { x: LEFT, y: top - 6 }, ends.top),
        svg("line", { class: "axis", x1: LEFT, x2: WIDTH - RIGHT, y1: y(0), y2: y(0) }),
        svg("text", { x: LEFT, y: bottom + 20 }, ends.left),
        svg("text", { x: WIDTH - RIGHT, y: bottom + 20, "text-anchor": "end" }, ends.right),
        svg("path", { class: "curve", d: path }),
        today === null ? [] : [
            svg("line", { class: "threshold", x1: x(today.x), x2: x(today.x), y1: top, y2: bottom }),
            svg("circle", { class: "today", cx: x(today.x), cy: y(today.y), r: 7 }),
            svg("text", { x: x(today.x) + (x(today.x) > WIDTH * 0.6 ? -12 : 12), y: Math.max(y(today.y) - 12, top + 14),
                "text-anchor": x(today.x) > WIDTH * 0.6 ? "end" : "start" }, today.text)]);
}
