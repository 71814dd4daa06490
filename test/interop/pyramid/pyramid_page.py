"""The tables of docs/guide/coming-from-pyramid.md."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "guide" / "coming-from-pyramid.md"

Row = dict[str, str]


def rows_of(heading: str) -> list[Row]:
    """Return the rows of all tables of a section, each by the names in the head of its table."""
    section = next(part for part in re.split("^## ", PAGE.read_text(), flags=re.MULTILINE) if part.startswith(f"{heading}\n"))
    rows: list[Row] = []
    head: list[str] | None = None
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if not cells:
            head = None
        elif head is None:
            head = cells
        elif not re.fullmatch("[ :|-]+", line):
            rows.append(dict(zip(head, cells, strict=True)))
    return rows


def code_in(cell: str) -> list[str]:
    return re.findall("`([^`]+)`", cell)


def headings() -> list[str]:
    return re.findall("^## (.+)$", PAGE.read_text(), flags=re.MULTILINE)
