"""Separators on real recordings: ``python -m benchmarks.recordings --mdb DIR --gmd DIR``.

``--mdb``: weights separate the drum-only tracks of MDB Drums, a clone of https://github.com/CarlSouthall/MDBDrums;
onsets, invented strokes and leakage are measured. ``--gmd``: the same figures of true stems, the most that the detector
can give, and of the weights, on clips of GMD's validation split rendered through the ten shipped kits. Writes
``benchmarks/recordings.json``, from which ``python docs/generate.py`` makes its parts of ``docs/real-recordings.md``;
what is not asked for stays as it is there.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from stemgmd_tools.corpus.sources.open import virtual_corpus
from stemgmd_tools.kits.kit_table import kit_table
from stemgmd_tools.manifest.frames import frame_of
from stemgmd_tools.markdown import markdown_table
from stemgmd_tools.performances.select import Selection
from stemgmd_tools.pieces import GROUPS
from stemgmd_tools.runtime.quantities import counted
from stemgmd_tools.separation.evaluation.methods.base import Clip, Frames, Method
from stemgmd_tools.separation.evaluation.methods.bounds import Mixture
from stemgmd_tools.separation.evaluation.methods.model import TrainedModel
from stemgmd_tools.separation.evaluation.recordings.measure import measure_recording
from stemgmd_tools.separation.evaluation.recordings.report import sections_of
from stemgmd_tools.separation.evaluation.recordings.run import evaluate_recordings
from stemgmd_tools.separation.evaluation.recordings.table import RECORDINGS_TABLE
from stemgmd_tools.separation.evaluation.recordings.track import find_recordings
from stemgmd_tools.separation.evaluation.run import EvaluationClip, Measures, audio_of, evaluation_clips, strokes_of
from stemgmd_tools.separation.weights.file import REFERENCE

RESULTS: Final = Path(__file__).with_name("recordings.json")
PERFORMANCES: Final = 12
MAX_S: Final = 30.0
STEMS: Final = tuple(group.value for group in GROUPS)
NOTHING: Final = "Not measured yet."


class TrueStems(Method):
    """The true stems of a rendered clip: what a separator without error gives."""

    name = "true stems"

    @property
    def about(self) -> Mapping[str, Any]:
        """The name."""
        return {"name": self.name}

    def separate(self, clip: Clip) -> Iterator[Frames]:
        """Yield the stems block by block."""
        for start, length in clip.blocks():
            yield clip.both(start, length)[1]


def recorded_rows(folder: Path, methods: Sequence[Method]) -> list[dict[str, Any]]:
    """Return the rows of methods on the recordings of a folder, without missing figures."""
    table = evaluate_recordings(None, methods, find_recordings(folder)[1], STEMS)
    return [row.dropna().to_dict() for _, row in table.astype(object).iterrows()]


def rendered_rows(clips: Sequence[EvaluationClip], methods: Sequence[Method]) -> list[dict[str, Any]]:
    """Return counts and mean onset F1 by method, split of the kits and stem, on the beginnings of rendered clips."""
    splits = {row.name: row.split for row in kit_table()}
    rows = [
        {"method": method.name, "kits": splits.get(clip.kit, "other"), "stem": stem, **figures}
        for clip in clips
        for method in methods
        for stem, figures in measure_recording(
            method, audio_of(clip, Measures(STEMS, MAX_S)), strokes_of(clip, STEMS)
        ).items()
    ]
    groups = pd.DataFrame(rows).groupby(["method", "kits", "stem"], sort=False)
    counts = groups[["strokes", "detected", "matched"]].sum()
    means = counts.assign(onset_f1=groups["onset_f1"].mean().astype(object)).reset_index()
    return [dict(row) for row in means.to_dict("records")]


def recorded_markdown(results: Mapping[str, Any]) -> str:
    """Return the tables of real recordings: all of them together, then F1 of the weights on each."""
    if "recorded" not in results:
        return NOTHING
    complete = ({**dict.fromkeys(RECORDINGS_TABLE.names), **row} for row in results["recorded"])
    table = frame_of(RECORDINGS_TABLE, complete)
    weights = results["weights"]
    others = dict.fromkeys(row["method"] for row in results["recorded"] if row["method"] != weights["name"])
    methods = [*others, weights["name"]]
    strokes = int(table[table["method"] == weights["name"]]["strokes"].sum())
    about = (
        f"{counted(table['recording'].nunique(), 'recording')}, {strokes:,} strokes. "
        f"Weights: `{weights['name']}`, SHA-256 `{weights['sha256'][:16]}…`."
    )
    return "\n\n".join(
        [about, *(section.markdown(3) for section in sections_of(table, methods)), _each(table, methods)]
    )


def _each(table: pd.DataFrame, methods: Sequence[str]) -> str:
    """Return F1 of the last method on each recording; a stem that was not struck has none."""
    own = table[table["method"] == methods[-1]].pivot_table(
        index="recording", columns="stem", values="onset_f1", observed=True
    )
    rows = [
        (str(name), *("" if pd.isna(value) else f"{value:.2f}" for value in row))
        for name, *row in own.reindex(columns=list(STEMS)).itertuples()
    ]
    return f"### Onset F1 of `{methods[-1]}` by recording\n\n{markdown_table(('recording', *STEMS), rows)}"


def rendered_markdown(results: Mapping[str, Any]) -> str:
    """Return onset F1 on rendered clips by method and kits."""
    if "rendered" not in results:
        return NOTHING
    rows = []
    for (method, kits), part in pd.DataFrame(results["rendered"]).groupby(["method", "kits"], sort=False):
        f1 = part.set_index("stem")["onset_f1"].reindex(list(STEMS))
        pooled = 2 * part["matched"].sum() / (part["strokes"].sum() + part["detected"].sum())
        rows.append((str(method), str(kits), *(f"{value:.3f}" for value in (*f1, f1.mean(), pooled))))
    return markdown_table(("method", "kits", *STEMS, "stem mean", "pooled"), rows)


def _rounded(value: Any) -> Any:
    """Return JSON data with numbers of four decimals."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return round(value, 4) if isinstance(value, float) else value


def main() -> None:
    """Measure what is asked for and write it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recordings", description=__doc__.split("\n")[0])
    parser.add_argument("--mdb", type=Path, help="clone of MDB Drums, with its audio")
    parser.add_argument("--gmd", type=Path, help="the Groove MIDI Dataset")
    parser.add_argument("--weights", type=Path, default=REFERENCE, help="default: the weights that ship")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results go; default: %(default)s")
    given = parser.parse_args()
    model = TrainedModel(given.weights)
    results = json.loads(given.out.read_text(encoding="utf-8")) if given.out.is_file() else {}
    if given.mdb:
        results["weights"] = {"name": model.name, "sha256": model.about["sha256"]}
        results["recorded"] = recorded_rows(given.mdb, [Mixture(), model])
    if given.gmd:
        selection = Selection(splits=("validation",), limit=PERFORMANCES)
        clips = evaluation_clips(virtual_corpus(given.gmd, ["all"]), selection=selection)
        results["rendered"] = rendered_rows(clips, [TrueStems(), model])
    given.out.write_text(json.dumps(_rounded(results), indent=1) + "\n", encoding="utf-8")
    print(recorded_markdown(results), rendered_markdown(results), sep="\n\n")


if __name__ == "__main__":
    main()
