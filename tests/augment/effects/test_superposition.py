"""What effects owe to superposition and level, and that those on mixtures keep to what those on stems do."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from toy_batches import ON_STEMS, RATE, toy_applied, toy_batch, typical_row  # noqa: E402

from stemgmd_tools.augment.audio.apply import apply  # noqa: E402
from stemgmd_tools.augment.chain.catalogue import EFFECTS, find_effect  # noqa: E402
from stemgmd_tools.augment.chain.effect import AudioEffect, FilterEffect, Law, Scope  # noqa: E402


def _law(name: str) -> Law:
    effect = find_effect(name)
    if isinstance(effect, AudioEffect):
        return effect.law
    return Law.LINEAR if isinstance(effect, FilterEffect) else Law.NONLINEAR


LINEAR = [name for name in ON_STEMS if _law(name) is Law.LINEAR]
FOLLOWS_LEVEL = [name for name in ON_STEMS if _law(name) is Law.FOLLOWS_LEVEL]
BENDS = [name for name in ON_STEMS if _law(name) is Law.NONLINEAR]
ROUNDING = 2e-6
"""Of floats, against a full scale of 1."""
ON_MIXTURES = sorted(effect.name for effect in EFFECTS if Scope.MIXTURE in effect.scopes)


def _applied(effect: str, stems: torch.Tensor) -> torch.Tensor:
    return toy_applied([[typical_row(effect)]] * len(stems), stems).stems


def _finished(effect: str, stems: torch.Tensor) -> torch.Tensor:
    if library := find_effect(effect).library:
        pytest.importorskip(library)
    return toy_applied([[typical_row(effect, -1, "mixture")]] * len(stems), stems).mixture


@pytest.mark.parametrize("effect", LINEAR)
def test_linear_effects_are_linear(effect):
    one, other = toy_batch(1, 20_000, seed=1), toy_batch(1, 20_000, seed=2).flip(-1)
    size = max(1.0, float(_applied(effect, one).abs().max()))
    assert torch.allclose(
        _applied(effect, one + other), _applied(effect, one) + _applied(effect, other), atol=ROUNDING * size
    )
    assert torch.allclose(_applied(effect, -0.3 * one), -0.3 * _applied(effect, one), atol=ROUNDING * size)


@pytest.mark.parametrize("effect", FOLLOWS_LEVEL)
@pytest.mark.parametrize("level", [0.5, -0.03125])
def test_pitch_and_time_follow_the_level(effect, level):
    """By powers of two: others round, and of two places that go on equally well rounding chooses."""
    sound = toy_batch(1, 40_000)
    assert torch.allclose(_applied(effect, level * sound), level * _applied(effect, sound), atol=ROUNDING)


@pytest.mark.parametrize("effect", BENDS)
def test_what_bends_is_not_linear(effect):
    sound = toy_batch(1, 60_000) * 3
    assert not torch.allclose(_applied(effect, 0.1 * sound), 0.1 * _applied(effect, sound), atol=1e-4)


@pytest.mark.parametrize("effect", ON_MIXTURES)
def test_a_mixture_is_the_same_alone_and_in_a_batch(effect):
    stems = toy_batch(24, 8000)
    together = _finished(effect, stems)
    for item in (0, 1, 23):
        assert torch.equal(together[item], _finished(effect, stems[item : item + 1])[0])


@pytest.mark.parametrize("effect", ON_MIXTURES)
@pytest.mark.parametrize(("channels", "frames"), [(1, 1), (2, 1), (2, 2), (1, 7001)])
def test_mixtures_of_any_shape(effect, channels, frames):
    for stems in (toy_batch(1, frames, channels), torch.full((1, 3, channels, frames), 0.2)):
        mixture = _finished(effect, stems)
        assert mixture.shape == (1, channels, frames) and bool(mixture.isfinite().all())


@pytest.mark.parametrize(
    "effect", [name for name in ON_MIXTURES if not getattr(find_effect(name), "adds_noise", False)]
)
def test_silent_mixtures_stay_silent(effect):
    assert not _finished(effect, torch.zeros(1, 3, 2, 5000)).any()


def test_bleed_is_none_where_all_levels_are_down():
    stems = toy_batch(1, 20_000)
    levels = {"leakage_db": -80.0, "overhead_db": -80.0, "room_db": -80.0}
    row = typical_row("bleed", -1, "mixture", **levels)
    applied = apply([[row]], stems, sample_rate=RATE, names=("kick", "snare", "toms"))
    assert (applied.mixture - applied.stems.sum(1)).abs().max() < 1e-3
    assert (toy_applied([[typical_row("bleed", -1, "mixture")]], stems).mixture - applied.mixture).abs().max() > 1e-2
