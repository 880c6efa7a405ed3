"""What each byte of an SQLite file is for, read from the file format alone.

Source: https://www.sqlite.org/fileformat2.html, sections 1.3 to 1.6. Only what a ledger needs: no
pointer maps, no lock page, UTF-8.
"""

import struct

# (first byte, size, name)
HEADER = (
    (0, 16, "magic"),
    (16, 2, "page size"),
    (18, 1, "write version"),
    (19, 1, "read version"),
    (20, 1, "reserved bytes of a page"),
    (21, 3, "payload fractions"),
    (24, 4, "change counter"),
    (28, 4, "pages of the file"),
    (32, 4, "first freelist page"),
    (36, 4, "number of freelist pages"),
    (40, 4, "schema cookie"),
    (44, 4, "schema format"),
    (48, 4, "suggested cache size"),
    (52, 4, "largest root page"),
    (56, 4, "text encoding"),
    (60, 4, "user version"),
    (64, 4, "incremental vacuum"),
    (68, 4, "application id"),
    (72, 20, "reserved for expansion"),
    (92, 4, "version-valid-for"),
    (96, 4, "SQLite version"),
)

UNUSED = {"free space of a page", "free block of a page", "end of an overflow page", "free page"}

# Where a table has an INTEGER PRIMARY KEY as its first column, the row does not hold it: the key of
# the cell is it. The row says NULL instead, in one byte, and SQLite does not look (section 2.3).
KEY_STANDS_ELSEWHERE = {"identity", "entry", "checkpoint", "attachment"}
NOT_READ = "the type of a key that stands elsewhere"

INTERIOR = {2, 5}  # types of b-tree pages with a pointer to the left in each cell


def varint(data, at):
    """Returns (value, size)."""
    value = 0
    for size in range(1, 9):
        byte = data[at + size - 1]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, size
    return value << 8 | data[at + 8], 9


class Map:
    """`label[offset]` names every byte; `page_size` is that of the file."""

    def __init__(self, data):
        self.data = data
        self.page_size = struct.unpack(">H", data[16:18])[0]
        self.usable = self.page_size - data[20]
        self.label = [None] * len(data)
        for first, size, name in HEADER:
            self.mark(first, size, f"header: {name}")
        self.free_pages()
        self.tree(1, "sqlite_schema")
        for name, root in self.roots():
            self.tree(root, name)
        unknown = [offset for offset, label in enumerate(self.label) if label is None]
        assert not unknown, f"the map has holes: {unknown[:10]}"

    def mark(self, first, size, label):
        for offset in range(first, first + size):
            assert self.label[offset] is None, f"byte {offset} is {self.label[offset]} and {label}"
            self.label[offset] = label

    def integer(self, at, size):
        return int.from_bytes(self.data[at:at + size], "big")

    def base(self, page):
        return (page - 1) * self.page_size

    def free_pages(self):
        """Trunks of the freelist name the leaves, whose content is nothing."""
        trunk = self.integer(32, 4)
        while trunk:
            base = self.base(trunk)
            count = self.integer(base + 4, 4)
            self.mark(base, 8 + 4 * count, "freelist")
            self.mark(base + 8 + 4 * count, self.page_size - 8 - 4 * count, "free page")
            for i in range(count):
                leaf = self.integer(base + 8 + 4 * i, 4)
                self.mark(self.base(leaf), self.page_size, "free page")
            trunk = self.integer(base, 4)

    def tree(self, page, name):
        base = self.base(page)
        header = base + (100 if page == 1 else 0)
        kind = self.data[header]
        size = 12 if kind in INTERIOR else 8
        count = self.integer(header + 3, 2)
        content = self.integer(header + 5, 2) or 65536
        self.mark(header, size, f"{name}: page header")
        self.mark(header + size, 2 * count, f"{name}: cell pointer")
        self.mark(header + size + 2 * count, base + content - (header + size + 2 * count),
                  "free space of a page")
        self.free_blocks(base, self.integer(header + 1, 2))
        children = []
        for i in range(count):
            children += self.cell(base, base + self.integer(header + size + 2 * i, 2), kind, name)
        if kind in INTERIOR:
            children.append(self.integer(header + 8, 4))
        for offset in range(base + content, base + self.page_size):
            self.label[offset] = self.label[offset] or "free space of a page"  # fragments
        for child in children:
            self.tree(child, name)

    def free_blocks(self, base, block):
        while block:
            size = self.integer(base + block + 2, 2)
            self.mark(base + block, 4, "header of a free block")
            self.mark(base + block + 4, size - 4, "free block of a page")
            block = self.integer(base + block, 2)

    def cell(self, base, at, kind, name):
        """Marks a cell and its overflow pages; gives the page to its left, if there is one."""
        start, children = at, []
        if kind in INTERIOR:
            children.append(self.integer(at, 4))
            at += 4
        if kind == 5:  # interior page of a table: a pointer and a key
            at += varint(self.data, at)[1]
            self.mark(start, at - start, f"{name}: cell")
            return children
        payload, size = varint(self.data, at)
        at += size
        if kind == 13:
            at += varint(self.data, at)[1]
        row = at
        local = self.local_size(payload, kind)
        end, overflow = row + local, 0
        if local < payload:
            overflow = self.integer(end, 4)
            end += 4
        end = max(end, start + 4)
        self.mark(start, end - start, f"{name}: cell")
        size = varint(self.data, row)[0]
        self.label[row:row + size] = [f"{name}: row header"] * size
        if name in KEY_STANDS_ELSEWHERE and kind == 13:
            assert size < 0x80, "the header of the row takes more than a byte to size"
            self.label[row + 1] = NOT_READ
        self.overflow(overflow, payload - local, name)
        return children

    def local_size(self, payload, kind):
        """How much of a payload stands in the cell (section 1.6)."""
        usable = self.usable
        most = usable - 35 if kind == 13 else (usable - 12) * 64 // 255 - 23
        least = (usable - 12) * 32 // 255 - 23
        if payload <= most:
            return payload
        size = least + (payload - least) % (usable - 4)
        return size if size <= most else least

    def overflow(self, page, left, name):
        while left > 0:
            base = self.base(page)
            size = min(left, self.usable - 4)
            self.mark(base, 4 + size, f"{name}: overflow")
            self.mark(base + 4 + size, self.page_size - 4 - size, "end of an overflow page")
            left -= size
            page = self.integer(base, 4)

    def record(self, at):
        """The values of a record in one cell, as far as a schema needs: text and integers."""
        size, used = varint(self.data, at)
        types, offset = [], at + used
        while offset < at + size:
            kind, used = varint(self.data, offset)
            types.append(kind)
            offset += used
        values, offset = [], at + size
        for kind in types:
            size = {8: 0, 9: 0, 5: 6, 6: 8, 7: 8}.get(kind, kind) if kind < 12 else (kind - 12) // 2
            raw = self.data[offset:offset + size]
            values.append(raw if kind >= 12 else kind - 8 if size == 0 else
                          int.from_bytes(raw, "big"))
            offset += size
        return values

    def roots(self, page=1):
        """(name, root page) of each table and index; triggers have none."""
        header = self.base(page) + (100 if page == 1 else 0)
        kind, count = self.data[header], self.integer(header + 3, 2)
        size = 12 if kind in INTERIOR else 8
        found = []
        for i in range(count):
            at = self.base(page) + self.integer(header + size + 2 * i, 2)
            if kind == 5:
                found += self.roots(self.integer(at, 4))
                continue
            at += varint(self.data, at)[1]
            at += varint(self.data, at)[1]
            row = self.record(at)
            if row[0] != b"trigger":
                found.append((row[1].decode(), row[3]))
        if kind == 5:
            found += self.roots(self.integer(header + 8, 4))
        return found
