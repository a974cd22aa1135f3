"""Which piece is it: classifiers that learn from modelled one-shots, tested on recordings of kits kept out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.realism import features
from benchmarks.realism.context import Context
from benchmarks.realism.kit_sets import in_parallel, kit_named, random_names, shipped_names
from benchmarks.realism.results import Section, Skipped, Table
from benchmarks.realism.sounds import Sound, played_sounds, recorded_sounds
from benchmarks.results import Row
from stemgmd_tools.pieces import PIECES, Group
from stemgmd_tools.seeds import stream

RANDOM_SHARE: Final = 0.4
"""Of the sheet of strokes, for each of many random kits."""
SEEDS: Final = 5
RESAMPLINGS: Final = 2000
SHIPPED_REACH: Final = 0.98
RANDOM_REACH: Final = 1.02

TEXT: Final = """Log-mel patches (28 bands, 10 stretches of time over 1.4 s, dB re the loudest cell, 60 dB range) of
single strokes; logistic regression, a perceptron with one hidden layer of 128 and a random forest of 400 trees learn
the piece from one set of kits and are asked about recordings of other kits: nine pieces, and seven with the toms as
one. The figure is balanced accuracy, the mean over the classes of the share that is right, and the mean of 5 seeds. A
ratio is that of the means over the six (three classifiers, nine and seven classes); its interval holds 95 % of 2,000
bootstrap samples of the test recordings, drawn within kit and piece, the same for both sides of the ratio. Modelled
kits play the strokes that recorded kits hold: five velocities of each main stroke, three of the others; a random kit
(drawn from the space of all ten) two and one."""


class Data(NamedTuple):
    """Labelled features."""

    features: NDArray[np.float64]
    """(sounds, 280)"""
    piece: NDArray[np.intp]
    """(sounds,) index of the piece."""
    kit: NDArray[np.intp]
    """(sounds,) index of the kit."""


def section(context: Context) -> Section:
    """Measure.

    :raises Skipped: without recorded kits.
    """
    test = _recorded(context.test_folders(), context)
    sets = {"recorded": _recorded(context.training_folders(), context)}
    sets["ten shipped"] = _modelled(shipped_names(quick=context.quick), 1.0, context)
    notes = ""
    try:
        names = random_names(quick=context.quick)
        sets["100 random"] = _modelled(names, RANDOM_SHARE, context)
    except Skipped as reason:
        notes = str(reason)
    right = {name: _right(train, test, context) for name, train in sets.items()}
    seeds = _resamplings(test)
    rows = [
        _ratio("shipped", "ten shipped", right, test, seeds, SHIPPED_REACH),
        _ratio("100 random", "100 random", right, test, seeds, RANDOM_REACH, notes),
    ]
    return Section("Piece classifier", TEXT, rows, [_accuracies(sets, right, test, seeds), *_per_piece(right, test)])


def _recorded(folders: tuple[Path, ...], context: Context) -> Data:
    return _data(in_parallel(_recorded_patches, folders, context.jobs))


def _modelled(names: tuple[str, ...], share: float, context: Context) -> Data:
    return _data(in_parallel(partial(_played_patches, share=share), names, context.jobs))


def _recorded_patches(folder: Path) -> list[tuple[int, features.Float]]:
    return _patches(recorded_sounds(folder))


def _played_patches(name: str, share: float) -> list[tuple[int, features.Float]]:
    return _patches(played_sounds(kit_named(name), 0, share))


def _patches(sounds: list[Sound]) -> list[tuple[int, features.Float]]:
    return [(sound.piece.axis, features.patch(sound.samples)) for sound in sounds]


def _data(kits: list[list[tuple[int, features.Float]]]) -> Data:
    rows = [(kit, piece, values) for kit, sounds in enumerate(kits) for piece, values in sounds]
    kit, piece, values = zip(*rows, strict=True)
    return Data(np.array(values), np.array(piece), np.array(kit))


def _merged(piece: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the pieces with the three toms as one."""
    first = min(one.axis for one in PIECES if one.group is Group.TOMS)
    toms = np.array([one.group is Group.TOMS for one in PIECES])
    return np.where(toms[piece], first, piece)


def _learners(seeds: int) -> Iterator[tuple[str, list[Callable[[], Any]]]]:
    """Yield each kind of classifier with its seeds; what does not depend on chance has one."""
    yield "LR", [lambda: LogisticRegression(C=0.02, class_weight="balanced", max_iter=2000)]
    yield (
        "MLP",
        [partial(MLPClassifier, (128,), alpha=1.0, max_iter=300, tol=1e-3, random_state=seed) for seed in range(seeds)],
    )
    yield (
        "RF",
        [
            partial(RandomForestClassifier, 400, class_weight="balanced", min_samples_leaf=2, random_state=seed)
            for seed in range(seeds)
        ],
    )


def _right(train: Data, test: Data, context: Context) -> dict[tuple[str, int], NDArray[np.float64]]:
    """Return how often each test sound was told right, by classifier and number of classes, shape (sounds,)."""
    tasks = [
        (name, classes, make)
        for name, makes in _learners(1 if context.quick else SEEDS)
        for classes in (9, 7)
        for make in makes
    ]
    predictions = in_parallel(
        partial(_predicted, train=train, test=test), [(task[1], task[2]()) for task in tasks], context.jobs
    )
    keys = [(name, classes) for name, classes, _ in tasks]
    return {
        key: np.mean([prediction for prediction, other in zip(predictions, keys, strict=True) if other == key], axis=0)
        for key in dict.fromkeys(keys)
    }


def _predicted(task: tuple[int, Any], train: Data, test: Data) -> NDArray[np.float64]:
    classes, learner = task
    of = _merged if classes == 7 else np.asarray
    machine = make_pipeline(StandardScaler(), learner).fit(train.features, of(train.piece))
    return np.asarray(machine.predict(test.features) == of(test.piece), float)


def _resamplings(test: Data) -> NDArray[np.intp]:
    """Return bootstrap samples of the test sounds, drawn within kit and piece, shape (resamplings, sounds)."""
    draw = stream(0, "realism", "bootstrap")
    cell = test.kit * len(PIECES) + test.piece
    columns = [np.flatnonzero(cell == one) for one in np.unique(cell)]
    return np.concatenate([draw.choice(members, (RESAMPLINGS, len(members))) for members in columns], axis=1)


def _balanced(right: NDArray[np.float64], classes: int, test: Data, chosen: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the balanced accuracy of each choice of sounds, shape (choices,)."""
    piece = (_merged(test.piece) if classes == 7 else test.piece)[chosen]
    shares = []
    for one in np.unique(piece):
        member = piece == one
        shares.append((right[chosen] * member).sum(axis=-1) / np.maximum(member.sum(axis=-1), 1))
    return np.asarray(np.mean(shares, axis=0))


def _mean(right: dict[tuple[str, int], NDArray[np.float64]], test: Data, chosen: NDArray[np.intp]) -> Any:
    return np.mean([_balanced(predicted, classes, test, chosen) for (_, classes), predicted in right.items()], axis=0)


def _ratio(
    what: str,
    name: str,
    right: dict[str, dict[tuple[str, int], NDArray[np.float64]]],
    test: Data,
    seeds: NDArray[np.intp],
    reach: float,
    note: str = "",
) -> Row:
    """Return a row: learnt from one set over learnt from recordings."""
    title = f"piece classifier, {what} kits over recordings"
    if name not in right:
        return Row(title, None, at_least=reach, note=note)
    every = np.arange(len(test.piece))[None]
    figure = (_mean(right[name], test, every) / _mean(right["recorded"], test, every))[0]
    low, high = np.percentile(_mean(right[name], test, seeds) / _mean(right["recorded"], test, seeds), [2.5, 97.5])
    about = f"{len(test.piece)} test sounds of {len(np.unique(test.kit))} kits"
    return Row(title, round(float(figure), 3), "", round(float(low), 3), round(float(high), 3), reach, note=about)


def _accuracies(
    sets: dict[str, Data],
    right: dict[str, dict[tuple[str, int], NDArray[np.float64]]],
    test: Data,
    seeds: NDArray[np.intp],
) -> Table:
    every = np.arange(len(test.piece))[None]
    keys = list(right["recorded"])
    rows = []
    for name, predicted in right.items():
        figures = [_balanced(predicted[key], key[1], test, every)[0] for key in keys]
        errors = [_balanced(predicted[key], key[1], test, seeds).std() for key in keys]
        cells = [f"{figure:.3f} ± {error:.3f}" for figure, error in zip(figures, errors, strict=True)]
        mean = _mean(predicted, test, every)[0]
        rows.append((name, f"{len(sets[name].piece):,}", *cells, f"{mean:.3f}"))
    header = ("learnt from", "sounds", *(f"{name}, {classes}" for name, classes in keys), "mean")
    return Table("Balanced accuracy ± standard error, classifier and number of classes", header, rows)


def _per_piece(right: dict[str, dict[tuple[str, int], NDArray[np.float64]]], test: Data) -> list[Table]:
    rows = []
    for name, predicted in right.items():
        share = np.mean([one for (_, classes), one in predicted.items() if classes == 9], axis=0)
        rows.append((name, *(f"{share[test.piece == piece.axis].mean():.2f}" for piece in PIECES)))
    return [Table("Share told right of nine, by piece, mean of the classifiers", ("learnt from", *PIECES), rows)]
