"""What every effect of the catalogue makes of the same input, to the bit: a program for several environments."""

from __future__ import annotations

import hashlib
import json
import pickle
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from toy_batches import NAMES, RATE, TAPS, TIME_EFFECTS, parameters, toy_batch, toy_onsets, typical_row
from toy_source import ToyMicrophones, ToySource, toy_example, toy_source

from stemgmd_tools.augment.audio.apply import apply
from stemgmd_tools.augment.audio.signal.attacks import detect_attacks
from stemgmd_tools.augment.chain.catalogue import EFFECTS
from stemgmd_tools.augment.chain.effect import Domain, Effect, Scope
from stemgmd_tools.augment.chain.rows import ALL_STEMS, Row
from stemgmd_tools.augment.symbolic.examples import render_example

ITEMS, FRAMES = 2, 60_000


def write_input(path: Path) -> None:
    """Write stems, an impulse response and banks: what makes them may itself depend on the environment."""
    path.write_bytes(pickle.dumps((toy_batch(ITEMS, FRAMES).numpy(), TAPS["hall"].numpy(), toy_source().banks)))


def outputs(stems: torch.Tensor, taps: torch.Tensor, source: ToySource) -> Iterator[tuple[str, Any]]:
    """Yield the name of every effect, and of its variants, with what it makes."""
    for effect in EFFECTS:
        if effect.domain in (Domain.PERFORMANCE, Domain.KIT):
            yield from _rendered(effect, source)
            continue
        scopes = [scope for scope in (Scope.MIXTURE, Scope.STEM, Scope.SONG) if scope in effect.scopes]
        for scope in scopes or [Scope.EXAMPLE]:
            rows = _rows(effect, scope)
            applied = _applied(rows, stems, taps)
            yield f"{effect.name}, {scope}", applied.mixture if scope == Scope.MIXTURE else applied.stems
    yield "pitch_shift, strokes found", _applied([typical_row("pitch_shift", 1)], stems, taps, onsets_given=False).stems
    yield "noise_floor, pink", _applied([typical_row("noise_floor", 1, colour="pink")], stems, taps).stems
    loud = Row("an example", 0, "loudness_normalization", "example", ALL_STEMS, {"lufs": -22.0})
    yield "loudness_normalization, all stems", _applied([loud], stems, taps).stems
    yield "strokes found", detect_attacks(stems[0, 1], RATE)


def _rendered(effect: Effect, source: ToySource) -> Iterator[tuple[str, Any]]:
    row = Row("d/1+tin+1", 0, effect.name, "example", ALL_STEMS, parameters(effect.name))
    if getattr(effect, "needs_microphones", False):
        source = ToyMicrophones(source.banks)
    rendered = render_example(source, toy_example(), [row])
    yield f"{effect.name}, stems", rendered.stems
    yield f"{effect.name}, labels", rendered.labels
    yield f"{effect.name}, hits", rendered.performance.hits


def _rows(effect: Effect, scope: Scope) -> list[Row]:
    if effect.name in TIME_EFFECTS:
        return [typical_row(effect.name)]
    if scope is Scope.STEM:
        return [typical_row(effect.name, stem) for stem in range(len(NAMES))]
    return [typical_row(effect.name, ALL_STEMS, scope.value)]


def _applied(rows: Sequence[Row], stems: torch.Tensor, taps: torch.Tensor, *, onsets_given: bool = True) -> Any:
    onsets = [[toy_onsets(FRAMES)] * len(NAMES)] * ITEMS if onsets_given else None
    each = [rows] * ITEMS
    return apply(each, stems, sample_rate=RATE, names=NAMES, onsets=onsets, impulse_responses={"hall": taps})


def main(path: str) -> None:
    """Print the hash of everything that is made."""
    stems, taps, banks = pickle.loads(Path(path).read_bytes())
    sounds = outputs(torch.from_numpy(stems), torch.from_numpy(taps), ToySource(banks))
    hashes = {name: hashlib.sha256(np.asarray(one).tobytes()).hexdigest() for name, one in sounds}
    sys.stdout.write(json.dumps(hashes))


if __name__ == "__main__":
    main(sys.argv[1])
