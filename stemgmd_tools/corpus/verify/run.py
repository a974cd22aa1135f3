"""Verify a corpus: compare its manifests, its files and its audio with each other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.corpus.folder import layout
from stemgmd_tools.corpus.folder.build_manifests import MANIFEST_FOLDER
from stemgmd_tools.corpus.folder.identity import IDENTITY_FILE, Identity
from stemgmd_tools.corpus.folder.records import CONTENT_FOLDERS
from stemgmd_tools.corpus.render.execute import worker_count
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.corpus.verify.attacks import Spread, attack_notes, spread_of
from stemgmd_tools.corpus.verify.audio_checks import StemSet, TrackFile, check_hash, check_single_hits, check_stems
from stemgmd_tools.corpus.verify.banks import bank_notes, check_banks
from stemgmd_tools.corpus.verify.findings import Failure, Findings
from stemgmd_tools.corpus.verify.microphones import check_microphones
from stemgmd_tools.errors import CorpusError
from stemgmd_tools.manifest.files import read_manifest
from stemgmd_tools.manifest.tables import tables_of
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.runtime.quantities import counted
from stemgmd_tools.runtime.workers import delayed, results_of, workers
from stemgmd_tools.storage.listing import list_files

_SHOWN: Final = 16
"""Number of digits of a hash that messages show."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a verification."""

    failures: tuple[Failure, ...]
    notes: tuple[str, ...]
    """Differences that are no failures: banks other than the published or cached ones, missing stems."""
    files: int
    """Number of files checked."""
    onsets: int
    """Number of attacks measured on the audio."""
    rises: Spread | None = None
    """Delays between hits and the steepest rise of the sound; None if nothing was measured."""


def verify_corpus(
    root: Path,
    *,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    reshaping_effects: Collection[str] = (),
) -> Verdict:
    """Verify the manifests, files and audio of a corpus.

    Checks that every row has a file and every file a row; that Parquet and CSV agree; that hashes and decoded lengths
    match; that mixtures and group stems equal the sums of the stems, integer for integer; that onsets measured on the
    audio agree with the hits; that tables agree with each other; and that no performance and no kit is in two splits.

    :param jobs: worker processes; all cores if omitted.
    :param progress: called with the number of finished tasks and the number of all tasks.
    :param reshaping_effects: names of effects that stretch attacks or add a second one, for an augmented corpus.
    :raises CorpusError: if there is no complete corpus in ``root``.
    """
    corpus = Corpus(root)
    findings = Findings()
    identity = corpus.identity
    wanted = tuple(tables_of(augmented=identity.augmentation is not None, microphones=identity.settings.microphones))
    frames = _manifests(root, wanted, findings)
    if frames is None:
        return Verdict(tuple(findings.failures), (), 0, 0)
    listed = _check_files(root, frames, findings)
    _check_agreement(identity, frames, findings)
    check_banks(root, frames["kits"], findings)
    effects = _effects(frames, reshaping_effects)
    tasks = [*_stem_tasks(root, frames, effects), *_single_hit_tasks(root, frames), *_midi_tasks(root, frames)]
    results = results_of(workers(worker_count(jobs), pre_dispatch="3*n_jobs"), tasks)
    for number, result in enumerate(results, start=1):
        findings.merge(result)
        if progress is not None:
            progress(number, len(tasks))
    notes = (*bank_notes(identity, frames["kits"]), *_silent_notes(frames), *attack_notes(findings.rises))
    failures = tuple(sorted(findings.failures))
    return Verdict(failures, notes, len(listed), findings.onsets, spread_of(findings.rises))


def _manifests(root: Path, wanted: Sequence[str], findings: Findings) -> dict[str, pd.DataFrame] | None:
    """Read every manifest from both its files; return None if one cannot be read."""
    frames = {}
    for name in wanted:
        try:
            frame, csv_frame = (read_manifest(root / MANIFEST_FOLDER / f"{name}.{end}") for end in ("parquet", "csv"))
        except CorpusError as error:
            findings.add("manifest", f"{MANIFEST_FOLDER}/{name}", error, "a valid manifest")
            continue
        if not frame.equals(csv_frame):
            findings.add("manifest", f"{MANIFEST_FOLDER}/{name}.csv", "other rows", f"those of {name}.parquet")
        frames[name] = frame
    return frames if len(frames) == len(wanted) else None


def _check_files(root: Path, frames: dict[str, pd.DataFrame], findings: Findings) -> set[str]:
    """Compare the files named in rows with the existing ones; return the named files."""
    performances = frames["performances"]
    paths = [frames[name]["path"] for name in ("stems", "microphones", "single_hits") if name in frames]
    paths += [performances["midi_path"], performances["mapped_midi_path"]]
    named = pd.concat(paths, ignore_index=True)
    for path in named[named.duplicated()]:
        findings.add("rows", path, "more than one row", "one row for one file")
    listed = set(named)
    present = set(_files(root))
    manifests = {f"{MANIFEST_FOLDER}/{name}.{end}" for name in frames for end in ("parquet", "csv")}
    for path in sorted(present - listed - manifests):
        findings.add("stray", path, "a file without a row", "no such file")
    for path in sorted(listed - present):
        findings.add("file", path, "missing", "a file")
    return listed


def _files(root: Path) -> Iterator[str]:
    for folder in CONTENT_FOLDERS:
        if (root / folder).is_dir():
            listing = list_files(root / folder, hidden=True)
            for path in (*listing.files, *(fault.path for fault in listing.faults)):
                yield path.relative_to(root).as_posix()


def _check_agreement(identity: Identity, frames: dict[str, pd.DataFrame], findings: Findings) -> None:
    """Compare the manifests with each other and with the identity of the corpus."""
    stems, hits, kits = frames["stems"], frames["hits"], frames["kits"]
    performances = frames["performances"].set_index("performance")
    _check_same(findings, "kits", set(stems["kit"]) | set(frames["single_hits"]["kit"]), set(kits["kit"]))
    for name in sorted(set(stems["performance"]) - set(performances.index)):
        findings.add("rows", f"performance {name}", "stems without a row in performances", "a row")
    played = hits.groupby("performance").size()
    for name, expected in performances["hits"].items():
        if played.get(name, 0) != expected:
            findings.add("hits", str(name), counted(int(played.get(name, 0)), "row"), counted(int(expected), "hit"))
    _check_identity(identity, frames, findings)
    if "microphones" in frames:
        keys = ["performance", "kit"]
        pairs = [set(map(tuple, frames[name][keys].to_numpy())) for name in ("microphones", "stems")]
        _check_same(findings, "microphones", *({f"{kit}/{name}" for name, kit in one} for one in pairs))
    wanted = set(layout.tracks(identity.settings))
    for (performance, kit), tracks in stems.groupby(["performance", "kit"])["track"]:
        if set(tracks) != wanted:
            _check_same(findings, f"tracks of {performance} x {kit}", set(tracks), wanted)
    _check_splits(frames, findings)


def _check_identity(identity: Identity, frames: dict[str, pd.DataFrame], findings: Findings) -> None:
    """Compare settings, kits and frames in the manifests with ``corpus.json``."""
    settings, hits = identity.settings, frames["hits"]
    for table, column, expected in (
        ("stems", "seed", settings.seed),
        ("stems", "sample_rate", settings.sample_rate),
        ("single_hits", "sample_rate", settings.sample_rate),
    ):
        for actual in sorted(set(frames[table][column]) - {expected}):
            findings.add("identity", f"{table}.{column}", actual, f"{expected}, as in {IDENTITY_FILE}")
    for table in ("kits", "stems", "single_hits"):
        for kit, actual in frames[table][["kit", "kit_hash"]].drop_duplicates().itertuples(index=False):
            expected_hash = identity.kits.get(kit, "no such kit")
            if actual != expected_hash:
                findings.add("identity", f"{table}: kit {kit}", actual[:_SHOWN], f"{expected_hash[:_SHOWN]}")
    frames_of_hits = units.frames_of_array(hits["time_s"].to_numpy(), settings.sample_rate)
    wrong = np.flatnonzero(frames_of_hits != hits["frame"].to_numpy())
    if len(wrong):
        row = int(wrong[0])
        findings.add("hits", f"row {row}", f"frame {hits['frame'].iloc[row]}", f"{frames_of_hits[row]}, as its time")


def _check_same(findings: Findings, what: str, actual: Iterable[str], expected: Iterable[str]) -> None:
    extra, missing = set(actual) - set(expected), set(expected) - set(actual)
    if extra or missing:
        named = (", ".join(sorted(names)[:5]) or "nothing" for names in (extra, missing))
        findings.add("rows", what, "unexpected: {}; missing: {}".format(*named), "one and the same set")


def _check_splits(frames: dict[str, pd.DataFrame], findings: Findings) -> None:
    """Check that no performance and no kit is in two splits, in any table."""
    for column, key, tables in (
        ("gmd_split", "performance", ("performances", "stems")),
        ("kit_split", "kit", ("kits", "stems", "single_hits")),
    ):
        rows = pd.concat([frames[table][[key, column]] for table in tables], ignore_index=True).drop_duplicates()
        for name in rows.loc[rows[key].duplicated(), key].unique():
            splits = rows.loc[rows[key] == name, column].fillna("none").tolist()
            findings.add("split", f"{key} {name}", f"in {', '.join(sorted(splits))}", "one split")
    rows = frames["performances"][["midi_hash", "gmd_split"]].drop_duplicates()
    for digest in rows.loc[rows["midi_hash"].duplicated(), "midi_hash"].unique():
        splits = rows.loc[rows["midi_hash"] == digest, "gmd_split"].fillna("none").tolist()
        findings.add("split", f"MIDI file {digest[:_SHOWN]}", f"in {', '.join(sorted(splits))}", "one split")


class _Effects(NamedTuple):
    """The effects of an example that the checks must allow for."""

    on_mixture: bool = False
    changes_attacks: bool = False


_AUGMENTED_TOLERANCE_S: Final = 0.001
"""Largest shift of an attack by effects."""
_RESHAPED_TOLERANCE_S: Final = 0.005
"""The same for effects that stretch attacks, or add a second one, which changes the peak that attacks are measured
against."""


def _effects(frames: dict[str, pd.DataFrame], reshaping: Collection[str]) -> dict[str, _Effects]:
    """Return the effects of each example of an augmented corpus; empty for a rendered corpus."""
    if "augmentations" not in frames:
        return {}
    rows = frames["augmentations"].groupby("performance")
    return {
        str(name): _Effects(
            on_mixture=bool((group["scope"] == "mixture").any()),
            changes_attacks=bool(group["effect"].isin(list(reshaping)).any()),
        )
        for name, group in rows
    }


def _stem_tasks(root: Path, frames: dict[str, pd.DataFrame], effects: Mapping[str, _Effects]) -> Iterator[object]:
    """Yield one task per performance and kit, the longest first."""
    hits: dict[str, dict[str, NDArray[np.int64]]] = {}
    for (performance, piece), onsets in frames["hits"].groupby(["performance", "piece"])["frame"]:
        hits.setdefault(str(performance), {})[str(piece)] = np.sort(onsets.to_numpy())
    of_microphones = _microphones(frames)
    stems = frames["stems"].sort_values(["frames", "performance", "kit"], ascending=[False, True, True])
    for (performance, kit), group in stems.groupby(["performance", "kit"], sort=False):
        rows = group.to_dict("records")
        tracks = {row["track"]: _track(row, silent=row["silent"]) for row in rows}
        if tracks.keys() >= _NEEDED:
            stem_set = StemSet(
                tracks,
                hits.get(str(performance), {}),
                rows[0]["sample_rate"],
                str(kit),
                *_allowance(effects.get(str(performance))),
                microphones=of_microphones.get((performance, kit), {}),
            )
            yield delayed(check_stems)(root, stem_set)
            if stem_set.microphones:
                yield delayed(check_microphones)(root, stem_set)


def _microphones(frames: dict[str, pd.DataFrame]) -> dict[Hashable, dict[str, dict[str, TrackFile]]]:
    """Return the tracks of microphones by performance and kit, then microphone, then track."""
    of_microphones: dict[Hashable, dict[str, dict[str, TrackFile]]] = {}
    if "microphones" in frames:
        for row in frames["microphones"].to_dict("records"):
            microphones = of_microphones.setdefault((row["performance"], row["kit"]), {})
            microphones.setdefault(row["microphone"], {})[row["track"]] = _track(row, silent=row["silent"])
    return of_microphones


def _allowance(effects: _Effects | None) -> tuple[float, bool]:
    """Return the largest shift of attacks, and whether the mixture is the sum of the stems."""
    if effects is None:
        return 0.0, True
    return _RESHAPED_TOLERANCE_S if effects.changes_attacks else _AUGMENTED_TOLERANCE_S, not effects.on_mixture


_NEEDED: Final = {*(piece.value for piece in PIECES), layout.MIXTURE}


def _track(row: Mapping[Hashable, Any], *, silent: bool = False) -> TrackFile:
    return TrackFile(row["path"], row["content_hash"], row["frames"], silent)


def _single_hit_tasks(root: Path, frames: dict[str, pd.DataFrame]) -> Iterator[object]:
    """Yield one task per kit."""
    for kit, group in frames["single_hits"].groupby("kit"):
        rows = group.to_dict("records")
        hits = [(_track(row), row["onset_frame"], row["piece"]) for row in rows]
        yield delayed(check_single_hits)(root, str(kit), hits, rows[0]["sample_rate"])


def _midi_tasks(root: Path, frames: dict[str, pd.DataFrame]) -> Iterator[object]:
    rows = frames["performances"]
    files = [*zip(rows["midi_path"], rows["midi_hash"], strict=True)]
    files += zip(rows["mapped_midi_path"], rows["mapped_midi_hash"], strict=True)
    yield delayed(_check_hashes)(root, files)


def _check_hashes(root: Path, files: list[tuple[str, str]]) -> Findings:
    findings = Findings()
    for path, sha256 in files:
        check_hash(root, path, sha256, findings)
    return findings


def _silent_notes(frames: dict[str, pd.DataFrame]) -> Iterator[str]:
    """Yield a note on performances without audio, if an interrupted run left any."""
    silent = len(set(frames["performances"]["performance"]) - set(frames["stems"]["performance"]))
    if silent:
        yield f"without stems yet: {counted(silent, 'performance')}; the run that should render them was interrupted"
