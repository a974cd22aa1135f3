"""Create a preview of examples spread evenly over a run."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from stemgmd_tools import units
from stemgmd_tools.augment.chain.manifest_rows import Drawn
from stemgmd_tools.augment.corpus.jobs import AugmentJob
from stemgmd_tools.augment.corpus.preview import LONGEST_S, Shown, Side, write_preview
from stemgmd_tools.augment.corpus.render_example import augment
from stemgmd_tools.augment.corpus.run import AugmentRequest
from stemgmd_tools.augment.symbolic.source_spec import open_source
from stemgmd_tools.storage.figures import empty_figure
from stemgmd_tools.storage.paths import inside

FOLDER: Final = "preview"


def preview(out: Path, request: AugmentRequest, count: int) -> Path:
    """Write a page of up to ``count`` examples to the folder ``preview`` of ``out``; return its path.

    :raises StemgmdError: as the examples' jobs do.
    """
    empty_figure(1.0, 1.0)  # before minutes of work, rather than after
    folder = inside(out, FOLDER, entered=True)
    jobs = [job for job in request.jobs() if isinstance(job, AugmentJob)]
    count = min(count, len(jobs))
    chosen = [jobs[(2 * number + 1) * len(jobs) // (2 * count)] for number in range(count)]
    return write_preview(folder, [_shown(job) for job in chosen])


def _shown(job: AugmentJob) -> Shown:
    """Return the beginning of one example, without and with its rows."""
    source = open_source(job.plan.origin)
    frames = min(units.frames_of(LONGEST_S, source.sample_rate), source.length(job.example.performance, job.kit_name))
    example = job.example._replace(frames=frames)
    rows = job.drawn_rows()
    before, after = (augment(job.plan.origin, example, chosen, job.plan.augmentation.device) for chosen in ((), rows))
    return Shown(
        Drawn(example, rows, job.plan.augmentation),
        Side(*before.tracks.part(0, before.tracks.frames)),
        Side(*after.tracks.part(0, after.tracks.frames)),
        source.sample_rate,
        source.bit_depth,
    )
