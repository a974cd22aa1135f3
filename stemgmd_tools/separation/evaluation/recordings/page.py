"""An HTML page on which some recordings can be heard: mixture and stems, with strokes and onsets marked."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from stemgmd_tools import units
from stemgmd_tools.html import page
from stemgmd_tools.separation.evaluation.examples import MIXTURE, ExampleSound, excerpt, gain_for, ranks_of
from stemgmd_tools.separation.evaluation.measure import Times
from stemgmd_tools.separation.evaluation.methods.base import Frames, Method
from stemgmd_tools.separation.evaluation.onsets import onset_times_s
from stemgmd_tools.separation.evaluation.recordings.clip import RecordingClip, recording_clip
from stemgmd_tools.separation.evaluation.recordings.measure import level_gain
from stemgmd_tools.separation.evaluation.recordings.references import LESS_BLEED, METRICS
from stemgmd_tools.separation.evaluation.recordings.report import sections_of
from stemgmd_tools.separation.evaluation.recordings.run import strokes_of_stems
from stemgmd_tools.separation.evaluation.recordings.track import Recording
from stemgmd_tools.separation.evaluation.report import STYLE, section_html, sounds_html
from stemgmd_tools.storage.files import write_bytes

PAGE: Final = "index.html"
EXCERPT_S: Final = 6.0
"""Maximum length of an excerpt, taken where most strokes are annotated, or else where the recording is loudest."""
_LEAD_S: Final = 0.5
"""Sound before an excerpt in which onsets are detected too, so that its beginning is none."""
_STEP_S: Final = 0.5
_NOTE: Final = (
    f"Up to {EXCERPT_S:g} s, both channels mixed to one; all sounds of a recording at one level. Green marks below: "
    "annotated strokes of the stem. Red marks above: detected onsets."
)


def write_page(
    out: Path,
    about: str,
    table: pd.DataFrame,
    methods: Sequence[Method],
    recordings: Sequence[Recording],
    stems: Sequence[str],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Path:
    """Write the self-contained page; return its path.

    It shows the best, the median and the worst recording of the last method, with the stems of every method.

    :param progress: called with recordings done and recordings in all.
    :raises UsageError: if matplotlib is not installed.
    """
    names = [method.name for method in methods]
    body = [f"<p>{html.escape(about)}</p>\n", *map(section_html, sections_of(table, names))]
    chosen = _chosen(table[table["method"] == names[-1]], recordings)
    body.append(f"<h2>Recordings</h2>\n<p>{html.escape(_NOTE)}</p>\n")
    for number, (rank, recording) in enumerate(chosen, start=1):
        body.append(_recording(rank, recording, methods, stems))
        progress(number, len(chosen))
    write_bytes(out / PAGE, page("Evaluation on recordings", "".join(body), STYLE))
    return out / PAGE


def _chosen(rows: pd.DataFrame, recordings: Sequence[Recording]) -> list[tuple[str, Recording]]:
    """Return the best, median and worst recording by mean onset F1, or by nSDR without any strokes."""
    column = "onset_f1" if rows["onset_f1"].notna().any() else f"{LESS_BLEED}{METRICS[0].name}"
    means = rows.groupby("recording")[column].mean().sort_values(ascending=False, kind="stable")
    by_name = {recording.name: recording for recording in recordings}
    return [(rank, by_name[str(means.index[place])]) for rank, place in ranks_of(len(means)).items()]


def _recording(rank: str, recording: Recording, methods: Sequence[Method], stems: Sequence[str]) -> str:
    """Return the part of the page about one recording."""
    clip = recording_clip(recording, stems)
    strokes = strokes_of_stems(recording, stems)
    everything = None if strokes is None else np.concatenate(list(strokes.values()))
    start, frames = _interesting_part(clip, everything)
    begin = max(0, start - units.frames_of(_LEAD_S, clip.sample_rate))
    gain = np.float32(level_gain(clip.mixture(0, clip.frames)))

    def shown(title: str, sound: Frames, played_s: Times | None) -> ExampleSound:
        """Return the part of a sound that begins before the excerpt."""
        marks = [None if played_s is None else played_s - start / clip.sample_rate]
        marks.append(onset_times_s(gain * sound, clip.sample_rate) - (start - begin) / clip.sample_rate)
        seconds = frames / clip.sample_rate
        inside = [None if times is None else times[(times >= 0.0) & (times < seconds)] for times in marks]
        return ExampleSound(title, sound[:, start - begin :], *inside)

    length = frames + start - begin
    rows = [[shown(MIXTURE, clip.mixture(begin, length), None)]]
    if clip.references:
        isolated = {stem: sound[:, begin : begin + length] for stem, sound in clip.references.items()}
        rows.append(
            [shown(f"isolated {stem}", sound, strokes[stem] if strokes else None) for stem, sound in isolated.items()]
        )
    for method in methods:
        if method.name != MIXTURE:
            parts = zip(stems, excerpt(method, clip, begin, length), strict=True)
            rows.append(
                [shown(f"{method.name}: {stem}", part, strokes[stem] if strokes else None) for stem, part in parts]
            )
    level = gain_for([item for row in rows for item in row])
    players = [sounds_html(row, [item.title for item in row], level, clip.sample_rate) for row in rows]
    title = f"{rank}: {recording.name}, from {start / clip.sample_rate:.1f} s"
    return f"<h3>{html.escape(title)}</h3>\n{''.join(players)}"


def _interesting_part(clip: RecordingClip, strokes_s: Times | None) -> tuple[int, int]:
    """Return start and length of the part with most strokes, or with most energy if none are annotated."""
    step, frames = (units.frames_of(time_s, clip.sample_rate) for time_s in (_STEP_S, EXCERPT_S))
    if clip.frames <= frames:
        return 0, clip.frames
    if strokes_s is None:
        power = np.square(clip.mixture(0, clip.frames), dtype=np.float64).sum(axis=0)
        weights = np.add.reduceat(power, np.arange(0, clip.frames, step))
    else:
        weights = np.histogram(strokes_s * clip.sample_rate, np.arange(0, clip.frames + step, step))[0].astype(float)
    sums = np.convolve(weights, np.ones(frames // step), "valid")
    return min(int(sums.argmax()) * step, clip.frames - frames), frames
