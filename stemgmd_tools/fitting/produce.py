"""Fit a recorded kit and write the modelled kit: its sample map, a report of the fit, and pictures."""

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
from stemgmd_tools.fitting.evaluation.fit_metrics import Judgement, analysed_layers, judge
from stemgmd_tools.fitting.evaluation.plots import draw, need_matplotlib
from stemgmd_tools.fitting.evaluation.report import FitFigures, report_text
from stemgmd_tools.fitting.recordings.recordings import recorded_strokes
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.kits.sample_map.licence import license_over
from stemgmd_tools.kits.sample_map.loader import load_map
from stemgmd_tools.kits.sample_map.outline import kind
from stemgmd_tools.kits.sample_map.schema import KitMap
from stemgmd_tools.kits.sample_map.writer import map_text
from stemgmd_tools.storage.files import write_bytes, write_failure
from stemgmd_tools.storage.paths import KIT_NAME, inside
from stemgmd_tools.storage.working_dir import workplace

Progress = Callable[[str, float], None]
"""Called with the name of the next step and the share of the work done before it."""

_SUFFIX: Final = ".yaml"
_REPORT_COST: Final = 0.3
"""Cost of judging and drawing a recording, relative to fitting it."""


class Produced(NamedTuple):
    """The written files."""

    map: Path
    report: Path | None
    pictures: Path | None
    """Folder of the pictures; None without pictures."""
    fit_s: float
    """Duration of the fit in seconds, including donors; not written to any file, so that files are reproducible."""


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

    Each file is written atomically, the map first; the report of an earlier fit is removed before.

    :param out: the sample map; its name without ``.yaml`` is the name of the new kit.
    :param donors: recorded kits that supply articulations missing in ``kit``.
    :raises UsageError: if ``out`` is not a valid name of a map, or exists and was not written by a fit.
    :raises KitError: if a kit has no recordings, a missing articulation cannot be replaced, a licence is unknown,
        another run is writing ``out``, or a file cannot be written; all except a full disk is checked before the work.
    """
    name = map_name(out)
    _need_recordings(kit, donors)
    picture_folder(out)  # a link to another folder is reported before the work
    with workplace(out, report_path(out)) as work:
        return _produced(kit, donors, _Task(out, work, name, title, report), progress)


class _Task(NamedTuple):
    """The requested output and the working folder."""

    out: Path
    work: Path
    name: str
    title: str | None
    report: bool


def _produced(kit: Kit, donors: Sequence[Kit], task: _Task, progress: Progress | None) -> Produced:
    """Fit the kits, then write the files."""
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
    """Return the name of the kit whose map is written to ``out``.

    :raises UsageError: if the name is not valid, or ``out`` exists and was not written by a fit.
    """
    name = out.name.removesuffix(_SUFFIX)
    if not out.name.endswith(_SUFFIX) or not re.fullmatch(KIT_NAME, name):
        raise UsageError(f"--out {out}: must be NAME{_SUFFIX} with a name of a-z, 0-9 and _, as in my_kit{_SUFFIX}")
    if out.exists() and not _was_fitted(out):
        raise UsageError(f"--out {out}: is there already, and no fit has written it; choose another name or remove it")
    return name


def _was_fitted(path: Path) -> bool:
    try:
        kit_map = load_map(path)
        return kind(kit_map) == "modelled" and bool(kit_map.measured_on) and kit_map.origin is None
    except KitError:
        return False


def report_path(out: Path) -> Path:
    """Return the path of a map's report."""
    return out.with_name(out.name.removesuffix(_SUFFIX) + ".report.md")


def picture_folder(out: Path) -> Path:
    """Return the folder of the pictures of a map's report.

    :raises StemgmdError: if it is a link to another folder.
    """
    return inside(out.parent, out.name.removesuffix(_SUFFIX) + ".report", entered=True)


def _need_recordings(kit: Kit, donors: Sequence[Kit]) -> None:
    """Check before the work that all kits have recordings and everything missing can be replaced."""
    for source in (kit, *donors):
        if not recorded(source):
            raise KitError(f"kit {source.name} has no recordings, so there is nothing to fit; name a recorded kit")
    license_over([kit.license])
    need_sources(kit.name, {name for source in (kit, *donors) for name in recorded(source)})


def recorded(kit: Kit) -> tuple[str, ...]:
    """Return the articulations of a kit that have their own recordings."""
    return tuple(name for name, articulation in kit.map.articulations.items() if articulation.layers)


def _shown(source: Kit, kit_map: KitMap, task: _Task, steps: _Steps) -> tuple[dict[str, Judgement], list[str], str]:
    """Judge every recorded articulation of the map, and draw its pictures.

    :return: judgements, paths of pictures, and the reason if there are no pictures.
    """
    no_pictures = _why_no_pictures()
    judgements: dict[str, Judgement] = {}
    folder = picture_folder(task.out)
    for name, strokes in recorded_strokes(source).items():
        steps.judging(name)
        voice = kit_map.articulations[name].model
        if voice is None:
            continue
        judgements[name] = judge(voice, analysed_layers(strokes), name)
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
    """Move pictures into their folder, replacing those of an earlier fit."""
    try:
        folder.mkdir(exist_ok=True)
        for stale in folder.glob("*.png"):
            stale.unlink()
        return [Path(shutil.move(path, folder / path.name)) for path in sorted(drawn.glob("*.png"))]
    except OSError as error:
        raise write_failure(folder, error, KitError) from error


class _Steps:
    """Counts finished recordings and reports the share of the work."""

    def __init__(self, kits: Sequence[Kit], *, report: bool, progress: Progress | None) -> None:
        self._progress = progress or (lambda _what, _share: None)
        self._files = {kit.name: _files(kit) for kit in kits}
        self._first = kits[0].name
        fits = sum(sum(files.values()) for files in self._files.values())
        self._total = fits + (_REPORT_COST * sum(self._files[self._first].values()) if report else 0.0)
        self._done = 0.0
        self._pending = 0.0

    def fitting(self, kit: Kit) -> Callable[[str], None]:
        """Return the callback for the start of each articulation in the fit of a kit."""
        return lambda name: self._begin(f"{kit.name} {name}", self._files[kit.name].get(name, 0))

    def judging(self, name: str) -> None:
        """Begin judging and drawing an articulation."""
        self._begin(f"report {name}", _REPORT_COST * self._files[self._first].get(name, 0))

    def done(self) -> None:
        """Report the end of the work."""
        self._progress("", 1.0)

    def _begin(self, what: str, cost: float) -> None:
        self._done += self._pending
        self._pending = cost
        self._progress(what, min(1.0, self._done / self._total))


def _files(kit: Kit) -> dict[str, int]:
    """Return the number of recordings of each articulation."""
    articulations = kit.map.articulations.items()
    return {
        name: sum(layer.variations for layer in articulation.layers)
        for name, articulation in articulations
        if articulation.layers
    }
