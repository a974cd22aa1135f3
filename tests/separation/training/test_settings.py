"""Settings of a run: what a file may say, what wins over what, and what is refused with line and key."""

from __future__ import annotations

import pytest

from stemgmd_tools.augment.chain.chain import load_chain
from stemgmd_tools.errors import TrainingError, UsageError
from stemgmd_tools.separation.training.settings.files import config_text, load_config, preset_names, read_config
from stemgmd_tools.separation.training.settings.schema import TrainConfig


def test_the_paper_preset_is_the_published_recipe():
    config = load_config(preset="larsnet")
    assert config.model.name == "larsnet"
    assert config.model.stem_names == ("kick", "snare", "toms", "hihat", "cymbals")
    assert (config.data.segment_s, config.data.grid_s, config.grid_frames) == (11.85, 2.0, 88_200)
    assert config.data.kits == ("train",)
    assert config.loss.terms == {"l1_magnitude": 1.0}
    assert (config.optimizer.name, config.optimizer.learning_rate, config.optimizer.items) == ("adam", 1e-4, 24)
    assert config.optimizer.weight_decay == 0.0
    assert config.optimizer.clip_norm is None
    assert config.schedule.name == "constant"
    assert config.budget.steps == 98_000
    assert config.ema is None
    chain = load_chain(config.data.chain)
    assert chain.probability == 0.5
    wanted = ["kit_swap", "doubling", "pitch_shift", "saturation", "channel_swap", "gain"]
    assert [step.effect for step in chain.steps] == wanted
    assert [step.probability for step in chain.steps] == [0.5, 0.3, 0.3, 0.3, 0.5, 0.3]


def test_fine_tuning_of_ht_demucs_is_the_published_recipe():
    config = load_config(preset="htdemucs-finetune", changes={"data": {"target": ["snare"]}})
    optimizer = config.optimizer
    assert config.model.name == "htdemucs-s"
    assert (optimizer.learning_rate, optimizer.clip_norm, optimizer.weight_decay) == (1e-4, 5.0, 0.05)
    assert config.schedule.name == "constant"
    assert config.budget.steps == 50 * 800
    assert config.loss.terms == {"l1_waveform": 1.0}
    whole, remaining = load_chain("demucs").steps, load_chain(config.data.chain).steps
    left_out = {"remix", "time_shift", "repitch", "scale"}
    assert remaining == tuple(step for step in whole if step.effect not in left_out)


@pytest.mark.parametrize("preset", preset_names())
def test_what_is_saved_reads_back(preset, tmp_path):
    config = load_config(preset=preset, changes={"data": {"mix": {"p_original": 0.5}}})
    file = tmp_path / "config.yaml"
    file.write_text(config_text(config), encoding="utf-8")
    assert read_config(file) == config
    assert read_config(file).identity == config.identity


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("optimizer:\n  learnin_rate: 1\n", ':2: optimizer.learnin_rate: unknown key .did you mean "learning_rate"'),
        ("modle: {}\n", ':1: modle: unknown key .did you mean "model"'),
        ("seed: 1\nloss: {terms: {l1: 1}}\n", ":2: loss.terms.l1: "),
        ("data:\n  mix: {p_original: 2}\n", ":2: data.mix: p_original is 2.0; allowed: 0..1"),
        ("data:\n  chain: none\n  mix: {p_orginal: 0.2}\n", ':3: data.mix.p_orginal: .*"p_original"'),
        ("data: {target: [tom]}\n", 'data.target names "tom"'),
        ("model: {stems: [snare]}\n", "together they must contain all nine pieces, each once"),
        ("model: {stems: [toms, hi_tom, kick]}\n", "together they must contain all nine pieces, each once"),
        ("model: {stems: [bongo]}\n", "model.stems: no stem bongo; pieces: kick"),
        ("optimizer: {betas: [0.9, 1.0]}\n", ":1: optimizer.betas"),
        ("loss: {windows: []}\n", ":1: loss.windows"),
        ("loss: {stem_weights: {kick: -1}}\n", ":1: loss.stem_weights"),
        (
            "data:\n  mix: {curriculum: [{from_mix: 0, p_original: 1}]}\n",
            ":2: data.mix: curriculum: from_mix is 0; it must",
        ),
        ("data:\n  mix: {curriculum: [{from_mix: 9}]}\n", ":2: data.mix.curriculum.*p_original"),
        ("data: {mix: {}, min_active: {toms: 1}}\n", "cannot be used together"),
        ("data: {grid_s: 2, min_active: {toms: 1}}\n", "grid_s cannot be used with min_active or mix"),
        ("optimizer: {learning_rate: fast}\n", 'found "fast"; must be a valid number'),
        ("optimizer: {items: 5, accumulate: 2}\n", "must be a multiple of accumulate"),
        ("- 1\n", ":1: found "),
        ("seed: 1\nseed: 2\n", ":2: .*twice"),
    ],
)
def test_faults_are_named_with_file_line_and_key(text, words, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TrainingError, match=f"mine.yaml{words}" if words.startswith(":") else words):
        load_config(file)


def test_the_last_word_wins_and_what_goes_without_another_takes_it_away(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("data: {mix: {p_original: 0.3}, segment_s: 3}\nbudget: {time_s: 60}\n", encoding="utf-8")
    config = load_config(file, changes={"data": {"segment_s": 4.0}, "seed": 5})
    assert config.data.mix is not None
    assert config.data.mix.p_original == 0.3
    assert config.data.min_active == {}
    assert config.data.segment_s == 4.0
    assert (config.budget.steps, config.budget.time_s) == (None, 60)
    assert config.seed == 5


def test_identity_is_what_decides_what_is_computed():
    plain = load_config()
    assert (
        load_config(changes={"budget": {"steps": 7}, "data": {"workers": 3}, "device": "cpu"}).identity
        == plain.identity
    )
    for change in ({"seed": 1}, {"data": {"chain": "none"}}, {"loss": {"terms": {"mse": 1}}}, {"ema": None}):
        assert load_config(changes=change).identity != plain.identity


def test_what_is_unknown_is_refused():
    with pytest.raises(UsageError, match=r'no preset "larsnt" .did you mean "larsnet"'):
        load_config(preset="larsnt")
    with pytest.raises(UsageError, match=r"settings: optimizer.items: "):
        load_config(changes={"optimizer": {"items": 0}})


def test_all_defaults_are_allowed():
    assert TrainConfig() == TrainConfig.model_validate_json("{}")
