"""Summarise a corpus by kit, piece and split, with its credits.

Performance hours are nominal durations, each performance counted once. Stem hours are the lengths of the written stems,
tails included: about nine times the performance hours for each kit.
"""

from __future__ import annotations

import pandas as pd

from stemgmd_tools.corpus.folder.attribution import attribution_lines
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.runtime.quantities import counted, size_text

_NO_SPLIT = "none"


def hours_by_kit(corpus: Corpus) -> pd.DataFrame:
    """Return one row per kit: split, stems, stem hours, bytes of all its tracks."""
    tracks = _tracks(corpus)
    stems = tracks[tracks["is_stem"]]
    by_kit = stems.groupby("kit", sort=True)
    return pd.DataFrame(
        {
            "split": by_kit["kit_split"].first(),
            "stems": by_kit.size(),
            "stem hours": by_kit["hours"].sum(),
            "bytes": tracks.groupby("kit")["bytes"].sum(),
        }
    )


def hours_by_piece(corpus: Corpus) -> pd.DataFrame:
    """Return one row per piece: stem hours, those that are active, percentage of silent stems, number of hits."""
    stems = _tracks(corpus)
    stems = stems[stems["is_stem"]].assign(active=lambda rows: rows["hours"] * rows["active_fraction"])
    by_piece = stems.groupby("track")
    hits = corpus.hits.groupby("piece").size()
    frame = pd.DataFrame(
        {
            "stem hours": by_piece["hours"].sum(),
            "active stem hours": by_piece["active"].sum(),
            "silent stems %": 100 * by_piece["silent"].mean(),
            "hits": hits,
        }
    )
    frame["hits"] = frame["hits"].fillna(0).astype(int)
    return frame.reindex([piece.value for piece in PIECES]).rename_axis("piece")


def hours_by_split(corpus: Corpus) -> pd.DataFrame:
    """Return one row per pair of GMD split and kit split: performances, their hours, stems, stem hours."""
    duration_s = corpus.performances.set_index("performance")["duration_s"]
    stems = _tracks(corpus)
    by_split = stems[stems["is_stem"]].groupby(["gmd_split", "kit_split"])
    return pd.DataFrame(
        {
            "performances": by_split["performance"].nunique(),
            "performance hours": by_split["performance"].agg(lambda ids: duration_s[ids.unique()].sum() / 3600),
            "stems": by_split.size(),
            "stem hours": by_split["hours"].sum(),
        }
    )


def describe(corpus: Corpus) -> list[str]:
    """Return the summary of a corpus as lines of text."""
    identity, tracks = corpus.identity, _tracks(corpus)
    settings = identity.settings
    stems = tracks[tracks["is_stem"]]
    microphones = corpus.manifest("microphones") if settings.microphones else None
    size = int(tracks["bytes"].sum() + corpus.single_hits["bytes"].sum())
    size += 0 if microphones is None else int(microphones["bytes"].sum())
    performances = counted(len(corpus.performances), "performance")
    counts = (
        f"{performances} ({identity.source}) x {counted(tracks['kit'].nunique(), 'kit')}",
        counted(len(stems), "stem"),
        f"{corpus.performances['duration_s'].sum() / 3600:,.2f} performance hours",
        f"{stems['hours'].sum():,.2f} stem hours",
        counted(len(corpus.hits), "hit"),
        counted(len(corpus.single_hits), "single hit"),
        *([] if microphones is None else [counted(len(microphones), "track of microphones", "tracks of microphones")]),
        size_text(size),
    )
    settings_texts = (
        f"{settings.container} {settings.sample_format}",
        f"{settings.sample_rate} Hz",
        f"layout {settings.layout}",
        f"mapping {settings.mapping}",
        f"tail {settings.tail}",
        f"seed {settings.seed}",
        f"stemgmd-tools {identity.version}",
    )
    lines = [f"{corpus.root}: {', '.join(counts)}", ", ".join(settings_texts)]
    by_kit = hours_by_kit(corpus)
    by_kit["size"] = by_kit.pop("bytes").map(size_text)
    tables = {"by kit": by_kit, "by piece": hours_by_piece(corpus), "by split": hours_by_split(corpus)}
    for title, table in tables.items():
        lines += [
            "",
            f"{title}:",
            *table.reset_index().to_string(index=False, float_format="{:.3f}".format).splitlines(),
        ]
    return [*lines, "", "attribution:", *attribution_lines(corpus.kits, identity.source)]


def _tracks(corpus: Corpus) -> pd.DataFrame:
    """Return all tracks with the columns ``hours`` and ``is_stem`` added and missing splits filled."""
    tracks = corpus.tracks
    tracks["hours"] = tracks["frames"] / tracks["sample_rate"] / 3600
    tracks["is_stem"] = tracks["track"].isin([piece.value for piece in PIECES])
    for column in ("gmd_split", "kit_split"):
        tracks[column] = tracks[column].fillna(_NO_SPLIT)
    return tracks
