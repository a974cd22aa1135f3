"""Write the note table as ``manifests/pieces.csv``.

python -m stemgmd_tools.manifest.pieces_table    writes it
"""

from __future__ import annotations

import csv
import io
from typing import Final

from stemgmd_tools import data
from stemgmd_tools.pieces import NOTES
from stemgmd_tools.storage.files import write_bytes

PIECES_TABLE: Final = "pieces.csv"


def pieces_table() -> str:
    """Return the note table as CSV: note, TD-11 name, articulation, piece, axis of the stem array, LarsNet group."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("note", "td11_name", "articulation", "piece", "axis", "group", "general_midi"))
    for note in NOTES:
        piece = note.piece
        row = (note.number, note.td11_name, note.articulation, piece, piece.axis, piece.group, note.general_midi)
        writer.writerow(row)
    return text.getvalue()


if __name__ == "__main__":
    write_bytes(data.shipped("manifests") / PIECES_TABLE, pieces_table().encode())
