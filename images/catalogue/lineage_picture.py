"""The tree of a lineage as two drawings: columns for wide pages, indented rows for narrow ones."""

import unicodedata
from dataclasses import dataclass

from images.catalogue.lineage import Node

HEIGHT, ROW = 46, 58  # of a box, and from one row to the next
WIDE, GAP, WIDEST = 1120, 36, 240  # of the whole drawing, between columns, of a box
NARROW, INDENT = 326, 18
CHARACTER = 8.4  # about the width of a bold Latin one at 14 pixels


@dataclass(frozen=True)
class Box:
    """Where a node is drawn, and as much of its title as fits."""

    node: Node
    x: int
    y: int
    width: int

    @property
    def label(self) -> str:
        """A node with a dot has a little less room."""
        taken = 44 if self.node.status else 26
        return shortened(self.node.title, int((self.width - taken) / CHARACTER))


@dataclass(frozen=True)
class Drawing:
    """Boxes and the lines between them, as SVG paths, in pixels."""

    width: int
    height: int
    boxes: list[Box]
    lines: list[str]


def shortened(text: str, room: int) -> str:
    """`text` in at most `room` columns; a Chinese character takes two."""
    if sum(map(_columns, text)) <= room:
        return text
    kept = ""
    for character in text:
        if sum(map(_columns, kept + character)) > room - 1:
            break
        kept += character
    return f"{kept}…"


def draw_wide(root: Node) -> Drawing:
    """Columns by depth; each leaf has a row, a parent stands beside its first child."""
    columns = max(depth for _, depth in root.walk()) + 1
    width = min(WIDEST, (WIDE - GAP * (columns - 1)) // columns)
    boxes: list[Box] = []
    lines: list[str] = []
    rows = _columns_of(root, 0, 0, width, boxes, lines)
    return Drawing(columns * (width + GAP) - GAP, rows * ROW - (ROW - HEIGHT), boxes, lines)


def draw_narrow(root: Node) -> Drawing:
    """A row for each node, indented by its depth."""
    placed = [
        (node, Box(node, depth * INDENT, row * ROW, NARROW - depth * INDENT))
        for row, (node, depth) in enumerate(root.walk())
    ]
    where = {id(node): box for node, box in placed}
    lines = [
        f"M{box.x + INDENT // 2} {box.y + HEIGHT}V{where[id(child)].y + HEIGHT // 2}h{INDENT // 2}"
        for node, box in placed
        for child in node.children
    ]
    return Drawing(NARROW, len(placed) * ROW - (ROW - HEIGHT), [box for _, box in placed], lines)


def _columns_of(node: Node, depth: int, row: int, width: int, boxes: list[Box], lines: list[str]) -> int:
    """Place a node at `row` and all below it; how many rows they take."""
    box = Box(node, depth * (width + GAP), row * ROW, width)
    boxes.append(box)
    taken = 0
    for child in node.children:
        lines.append(_curve(box, (row + taken) * ROW))
        taken += _columns_of(child, depth + 1, row + taken, width, boxes, lines)
    return max(1, taken)


def _curve(box: Box, y: int) -> str:
    """From the right of a box to the left of the one in the next column at `y`."""
    begin, end, middle = box.x + box.width, box.x + box.width + GAP, box.x + box.width + GAP // 2
    return f"M{begin} {box.y + HEIGHT // 2}C{middle} {box.y + HEIGHT // 2} {middle} {y + HEIGHT // 2} {end} {y + HEIGHT // 2}"


def _columns(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
