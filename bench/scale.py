#!/usr/bin/python3
"""How cost grows with entries: writes docs/scale.csv, and draws it as docs/scale.svg.

    scale.py BUILD SIZE...   measures ledgers of these sizes; rows of other sizes stay
    scale.py --draw          draws what is there
"""

import csv
import math
import os
import subprocess
import sys
import tempfile

DOCS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "docs")
TABLE = os.path.join(DOCS, "scale.csv")
COLUMNS = ("entries", "bytes", "make_s", "submit_ms", "prove_us", "settle_ms", "verify_s")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 440, 70, 210, 30, 60

# What is drawn: a name, a colour, and what it costs for each entry or each time, in seconds.
LINES = (
    ("verify, each entry", "#0b6e4f", lambda row: row["verify_s"] / row["entries"]),
    ("submit one, durable", "#b5381a", lambda row: row["submit_ms"] / 1e3),
    ("open and settle one contract", "#2b4c9b", lambda row: row["settle_ms"] / 1e3),
    ("prove one entry", "#7a4a9e", lambda row: row["prove_us"] / 1e6),
)


def read_rows():
    if not os.path.exists(TABLE):
        return {}
    with open(TABLE, encoding="ascii", newline="") as file:
        return {int(row["entries"]): {name: float(row[name]) for name in COLUMNS} for row in csv.DictReader(file)}


def write_rows(rows):
    with open(TABLE, "w", encoding="ascii", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for _, row in sorted(rows.items()):
            writer.writerow([f"{row[name]:.10g}" for name in COLUMNS])


def duration(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size * 0.9999:
            return f"{seconds / size:g} {unit}"
    return f"{seconds / 1e-9:g} ns"


def draw(rows):
    rows = [row for _, row in sorted(rows.items())]
    points = [(name, colour, [(row["entries"], cost(row)) for row in rows]) for name, colour, cost in LINES]
    values = [value for _, _, line in points for _, value in line]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    first = math.floor(math.log10(rows[0]["entries"]))
    last = max(first + 1, math.ceil(math.log10(rows[-1]["entries"]) - 0.05))

    def x(entries):
        return LEFT + (math.log10(entries) - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def y(value):
        return HEIGHT - BOTTOM - (math.log10(value) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
             'aria-labelledby="title desc" font-family="sans-serif" font-size="13">',
             '<title id="title">Seconds by entries of the ledger</title>',
             '<desc id="desc">Four lines over the number of entries, both axes logarithmic: none of them rises as the '
             'ledger does. The numbers are in scale.csv.</desc>', '<rect width="100%" height="100%" fill="#fff"/>']
    for power in range(low, high + 1):
        at = y(10 ** power)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>'
                     f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{duration(10 ** power)}</text>')
    for power in range(first, last + 1):
        at = x(10 ** power)
        parts.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#ddd"/>'
                     f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{10 ** power:,}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">entries of the ledger</text>')
    labels = []  # where they stand: at the end of their lines, and never over one another
    for at in sorted(y(line[-1][1]) + 4 for _, _, line in points):
        labels.append(max(at, labels[-1] + 16) if labels else at)
    for name, colour, line in sorted(points, key=lambda one: -one[2][-1][1]):
        drawn = " ".join(f"{x(entries):.1f},{y(value):.1f}" for entries, value in line)
        parts.append(f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(entries):.1f}" cy="{y(value):.1f}" r="3.5" fill="{colour}"/>' for entries, value in line]
        parts.append(f'<text x="{WIDTH - RIGHT + 10}" y="{labels.pop(0):.1f}" fill="{colour}">{name}</text>')
    with open(os.path.join(DOCS, "scale.svg"), "w", encoding="utf-8") as file:
        file.write("\n".join(parts) + "\n</svg>\n")


def main():
    rows = read_rows()
    if sys.argv[1] != "--draw":
        for size in sys.argv[2:]:
            with tempfile.TemporaryDirectory() as folder:
                told = subprocess.run([f"{sys.argv[1]}/bench/tools/scale", folder, size], check=True,
                                      stdout=subprocess.PIPE, text=True).stdout
            print(told, end="", flush=True)
            row = dict(zip(COLUMNS, map(float, told.strip().split(","))))
            rows = {entries: kept for entries, kept in rows.items() if round(math.log10(entries), 1) != round(math.log10(row["entries"]), 1)}
            rows[int(row["entries"])] = row
            write_rows(rows)
    draw(rows)


if __name__ == "__main__":
    main()
