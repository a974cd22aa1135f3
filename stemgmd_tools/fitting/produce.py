"""From a recorded kit to the files of a modelled one: its sample map, the report of the fit, the pictures."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from stemgmd_tools.errors import KitError, UsageError
from stemgmd_tools.fitting.completion.complete import complete_map, need_sources
from stemgmd_tools.fitting.estimation.recorded_kit import fit_voices
from stemgmd_tools.fitting.evaluation.fit_metrics import Judgement, heard_layers, judge
from stemgmd_tools.fitting.evaluation.plots import draw, need_matplotlib
from stemgmd_tools.fitting.evaluation.report import FitFigures, report_text
from stemgmd_tools.fitting.recordings.recordings import recorded_strokes
from stemgmd_tools.fitting.working_dir import workplace
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.kits.sample_map.licence import license_over
from stemgmd_tools.kits.sample_map.loader import load_map
from stemgmd_tools.kits.sample_map.outline import kind
from stemgmd_tools.kits.sample_map.schema import KitMap
from stemgmd_tools.kits.sample_map.writer import map_text
from stemgmd_tools.storage.files import write_bytes
from stemgmd_tools.storage.paths import KIT_NAME, inside

Progress = Callable[[str, float], None]
"""Told what begins, and the share of the work that was done before it."""

_SUFFIX: Final = ".yaml"
_REPORT_COST: Final = 0.3
"""Judging and drawing a recording, relative to fitting it."""


class Produced(NamedTuple):
    """What was written."""

    map: Path
    report: Path | None
    pictures: Path | None
    """Their folder; None if there are none."""
    fit_s: float
    """Time the fit took, donors included. No file tells it: equal recordings give equal files."""


def produce(
    kit: Kit,
    out: Path,
    *,
    donors: Sequence[Kit] = (),
    title: str | None = None,
    report: bool = True,
    progress: Progress | None = None,
) -> Produced:
    """Fit a recorded kit and write its map, then its report and pictures.

    Each file appears whole or not at all, the map first; a report of an earlier fit is removed before.

    :param out: the sample map; its name without ``.yaml`` is the name of the new kit.
    :param donors: recorded kits that lend what ``kit`` lacks.
    :raises UsageError: if ``out`` cannot be the name of a map, or is one that must not be written over.
    :raises KitError: if a kit has no recordings, nothing can stand in for what it lacks, its licence is not known,
        another run is writing ``out``, or it cannot be written; all but a full disk is told before the work.
    """
    name = map_name(out)
    _need_recordings(kit, donors)
    picture_folder(out)  # a link that leads elsewhere is told before the work
    with workplace(out, report_path(out)) as work:
        return _produced(kit, donors, _Task(out, work, name, title, report), progress)


class _Task(NamedTuple):
    """What is to be written, and where it waits until it is whole."""

    out: Path
    work: Path
    name: str
    title: str | None
    report: bool


def _produced(kit: Kit, donors: Sequence[Kit], task: _Task, progress: Progress | None) -> Produced:
    """Fit, then write."""
    out = task.out
    steps = _Steps((kit, *donors), report=task.report, progress=progress)
    start_s = time.perf_counter()
    fitted = fit_voices(kit, steps.fitting(kit))
    lent = tuple(fit_voices(donor, steps.fitting(donor)) for donor in donors)
    kit_map = complete_map(fitted, lent, name=task.name, title=task.title)
    fit_s = time.perf_counter() - start_s
    text = map_text(kit_map).encode()
    beside = report_path(out)
    beside.unlink(missing_ok=True)
    write_bytes(out, text)
    if not task.report:
        return Produced(out, None, None, fit_s)
    judgements, pictures, no_pictures = _shown(fitted.kit, kit_map, task, steps)
    figures = FitFigures(judgements, len(text), pictures, no_pictures)
    write_bytes(beside, report_text(fitted, kit_map, figures).encode())
    steps.done()
    return Produced(out, beside, picture_folder(out) if pictures else None, fit_s)


def map_name(out: Path) -> str:
    """Return the name of the kit whose map is to be ``out``.

    :raises UsageError: if it cannot be one, or if there is a file that no fit has written.
    """
    name = out.name.removesuffix(_SUFFIX)
    if not out.name.endswith(_SUFFIX) or not re.fullmatch(KIT_NAME, name):
        raise UsageError(f"--out {out}: must be NAME{_SUFFIX} with a name of a-z, 0-9 and _, as in my_kit{_SUFFIX}")
    if out.exists() and not _was_fitted(out):
        raise UsageError(f"--out {out}: is there already, and no fit has written it; choose another name or remove it")
    return name


def _was_fitted(path: Path) -> bool:
    try:
        found = load_map(path)
        return kind(found) == "modelled" and bool(found.measured_on) and found.origin is None
    except KitError:
        return False


def report_path(out: Path) -> Path:
    """Return where the report of a map lies."""
    return out.with_name(out.name.removesuffix(_SUFFIX) + ".report.md")


def picture_folder(out: Path) -> Path:
    """Return where the pictures of a map's report lie.

    :raises StemgmdError: if that is a link to elsewhere.
    """
    return inside(out.parent, out.name.removesuffix(_SUFFIX) + ".report", entered=True)


def _need_recordings(kit: Kit, donors: Sequence[Kit]) -> None:
    """Tell before the work what would end it."""
    for one in (kit, *donors):
        if not recorded(one):
            raise KitError(f"kit {one.name} has no recordings, so there is nothing to fit; name a recorded kit")
    license_over([kit.license])
    need_sources(kit.name, {name for one in (kit, *donors) for name in recorded(one)})


def recorded(kit: Kit) -> tuple[str, ...]:
    """Return the articulations of a kit that have recordings of their own."""
    return tuple(name for name, articulation in kit.map.articulations.items() if articulation.layers)


def _shown(source: Kit, kit_map: KitMap, task: _Task, steps: _Steps) -> tuple[dict[str, Judgement], list[str], str]:
    """Judge every recorded articulation as the map plays it, and draw its pictures.

    :return: judgements, pictures, and why there are no pictures.
    """
    no_pictures = _why_no_pictures()
    judgements: dict[str, Judgement] = {}
    folder = picture_folder(task.out)
    for name, strokes in recorded_strokes(source).items():
        steps.judging(name)
        voice = kit_map.articulations[name].model
        if voice is None:
            continue
        judgements[name] = judge(voice, heard_layers(strokes), name)
        if not no_pictures:
            draw(voice, strokes, name, task.work / f"{name}.png")
    pictures = [] if no_pictures else [f"{folder.name}/{path.name}" for path in _moved(task.work, folder)]
    return judgements, pictures, no_pictures


def _why_no_pictures() -> str:
    try:
        need_matplotlib()
    except UsageError as error:
        return str(error)
    return ""


def _moved(drawn: Path, folder: Path) -> list[Path]:
    """Move pictures into their folder in place of those of an earlier fit."""
    try:
        folder.mkdir(exist_ok=True)
        for stale in folder.glob("*.png"):
            stale.unlink()
        return [Path(shutil.move(path, folder / path.name)) for path in sorted(drawn.glob("*.png"))]
    except OSError as error:
        raise KitError(f"{folder}: cannot be written ({error.strerror})") from error


class _Steps:
    """Counts recordings done, and tells the share."""

    def __init__(self, kits: Sequence[Kit], *, report: bool, progress: Progress | None) -> None:
        self._progress = progress or (lambda _what, _share: None)
        self._files = {kit.name: _files(kit) for kit in kits}
        self._first = kits[0].name
        fits = sum(sum(files.values()) for files in self._files.values())
        self._total = fits + (_REPORT_COST * sum(self._files[self._first].values()) if report else 0.0)
        self._done = 0.0
        self._pending = 0.0

    def fitting(self, kit: Kit) -> Callable[[str], None]:
        """Return what the fit of a kit calls when it begins an articulation."""
        return lambda name: self._begin(f"{kit.name} {name}", self._files[kit.name].get(name, 0))

    def judging(self, name: str) -> None:
        """Begin judging and drawing an articulation."""
        self._begin(f"report {name}", _REPORT_COST * self._files[self._first].get(name, 0))

    def done(self) -> None:
        """Tell that all is done."""
        self._progress("", 1.0)

    def _begin(self, what: str, cost: float) -> None:
        self._done += self._pending
        self._pending = cost
        self._progress(what, min(1.0, self._done / self._total))


def _files(kit: Kit) -> dict[str, int]:
    """Return how many recordings each articulation has."""
    articulations = kit.map.articulations.items()
    return {name: sum(len(layer.files) for layer in one.layers) for name, one in articulations if one.layers}
