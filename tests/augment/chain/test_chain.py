"""Chains: what is refused, and with which line; what the ready ones say."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from stemgmd_tools.augment.chain.catalogue import EFFECTS
from stemgmd_tools.augment.chain.chain import (
    CHAINS,
    chain_names,
    json_schema,
    load_chain,
    make_chain,
    read_chain,
    schema_text,
)
from stemgmd_tools.augment.chain.effect import DRAWN, Kind
from stemgmd_tools.augment.chain.schema import settings_of
from stemgmd_tools.augment.sampling.draw import NUMBERS
from stemgmd_tools.errors import AugmentError, UsageError

HEAD = "schema: stemgmd-chain/1\nname: mine\ndescription: for tests\nsteps:\n"
GAIN = "  - effect: gain\n    scope: stem\n    parameters:\n      gain_db: "


def _read(folder: Path, steps: str, head: str = HEAD):
    path = folder / "mine.yaml"
    path.write_text(head + steps, encoding="utf-8")
    return read_chain(path)


def test_the_ready_chains_are_those_that_are_promised_and_have_no_fault():
    assert chain_names() == (
        "cacophony",
        "demucs",
        "demucs-finetune",
        "larsnet",
        "mastered",
        "mixing",
        "none",
        "studio",
    )
    for name in chain_names():
        chain = load_chain(name)
        assert chain.name == name
        assert chain.description
        assert chain.source or not chain.steps
        jsonschema.validate(yaml.safe_load((CHAINS / f"{name}.yaml").read_text(encoding="utf-8")), json_schema())


def test_larsnet_has_the_published_probabilities_ranges_and_order():
    chain = load_chain("larsnet")
    assert chain.probability == 0.5
    said = [(s.effect, s.probability, s.scope.value, s.joint, s.except_target) for s in chain.steps]
    assert said == [
        ("kit_swap", 0.5, "stem", True, True),
        ("doubling", 0.3, "stem", False, False),
        ("pitch_shift", 0.3, "stem", False, False),
        ("saturation", 0.3, "stem", False, False),
        ("channel_swap", 0.5, "stem", False, False),
        ("gain", 0.3, "stem", True, False),
    ]
    ranges = {name: drawn.uniform for step in chain.steps for name, drawn in step.parameters.items()}
    assert ranges == {"cents": (-300, 300), "drive": (1, 5), "gain_db": (-12, 0)}


@pytest.mark.parametrize(
    ("steps", "line", "words"),
    [
        ("  - effect: gian\n    scope: stem\n", 5, ("steps[0].effect", 'did you mean "gain"')),
        ("  - effect: gain\n    scope: stem\n", 5, ("gain needs gain_db",)),
        (
            "  - effect: gain\n    scope: band\n",
            6,
            ("steps[0].scope", "'target', 'song' or 'mixture'"),
        ),
        (GAIN + "61\n", 8, ("gain_db", "found 61", "-60..24 dB")),
        (GAIN + "loud\n", 8, ('found "loud"', "must be a number")),
        (GAIN + "{uniform: [0, 30]}\n", 8, ("uniform[1]", "found 30", "-60..24 dB")),
        (GAIN + "{uniform: [3, 0]}\n", 8, ("found [3, 0]", "lower bound comes first")),
        (GAIN + "{unifrom: [0, 3]}\n", 8, ("gain_db.unifrom", 'did you mean "uniform"')),
        (GAIN + "{uniform: [0, 3], choice: [1]}\n", 8, ("uniform and choice", "exactly one")),
        (GAIN + "{uniform: [0, 3], within: [0, 1]}\n", 8, ("within", "bounds a normal only")),
        (GAIN + "{log_uniform: [0, 3]}\n", 8, ("log_uniform[0]", "above 0")),
        (GAIN + "{normal: [0, -1]}\n", 8, ("normal[1]", "0 or more")),
        (GAIN + "{uniform: [0]}\n", 8, ("gain_db.uniform", "value 2 is missing")),
        (GAIN + "{}\n", 8, ("found none", "exactly one")),
        (GAIN + "0\n      volume: 1\n", 9, ("volume", "parameters of gain: gain_db")),
        (GAIN + "0\n    probability: 1.5\n", 9, ("probability", "found 1.5", "1")),
        (GAIN + "0\n    stems: [kick, snair]\n", 9, ("stems[1]", 'did you mean "snare"')),
        (GAIN + "0\n    stems: []\n", 9, ("steps[0].stems",)),
        (GAIN + "0\n    probabilty: 1\n", 9, ('did you mean "probability"',)),
        ("  - effect: tempo\n    scope: stem\n    parameters: {rate: 1.1}\n", 6, ("scope", "tempo allows example")),
        (
            "  - effect: gain\n    scope: example\n    joint: true\n    parameters: {gain_db: 1}\n",
            7,
            ("joint", "one toss"),
        ),
        ("  - effect: kit_swap\n    scope: target\n    except_target: true\n", 7, ("nothing would be left",)),
        ("  - effect: mp3_compression\n    scope: mixture\n    stems: [kick]\n", 7, ("only one mixture",)),
        (
            "  - effect: varispeed\n    scope: example\n    stems: [kick]\n    parameters: {rate: 1.1}\n",
            7,
            ("all stems alike",),
        ),
        (
            "  - effect: tempo\n    scope: example\n    stems: [kick]\n    parameters: {rate: 1.1}\n",
            7,
            ("all stems alike",),
        ),
        (
            "  - effect: kit_swap\n    scope: stem\n    parameters: {kit: cedar}\n",
            7,
            ("parameters.kit", "always drawn"),
        ),
        (GAIN + "0\n  - effect: doubling\n    scope: stem\n", 9, ("kit step after a audio", "the order is")),
        (
            "  - effect: gain\n    scope: mixture\n    parameters: {gain_db: 0}\n" + GAIN + "0\n",
            8,
            ("audio step after a mixture-scope",),
        ),
        ("  - effect: bit_crush\n    scope: stem\n    parameters: {bits: 8.5}\n", 7, ("whole number",)),
        (
            "  - effect: noise_floor\n    scope: stem\n    parameters: {level_dbfs: -60, colour: brown}\n",
            7,
            ('found "brown"', "white, pink"),
        ),
        (
            "  - effect: noise_floor\n    scope: stem\n    parameters: {level_dbfs: -60, colour: {uniform: [0, 1]}}\n",
            7,
            ("colour is no number",),
        ),
        (GAIN + "1\n    scope: target\n", 9, ('"scope" occurs twice',)),
        ("  - effect: [gain\n", 6, ("not valid YAML",)),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path, steps, line, words):
    with pytest.raises(AugmentError) as error:
        _read(tmp_path, steps)
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(f"{tmp_path / 'mine.yaml'}:{line}: "), message
    for word in words:
        assert word in message, message


def test_the_schema_that_is_shipped_is_that_of_the_models():
    assert (CHAINS / "chain.schema.json").read_text(encoding="utf-8") == schema_text(), (
        "write stemgmd_tools.augment.chain.chain.schema_text() there again"
    )


def test_the_name_is_that_of_the_file(tmp_path):
    with pytest.raises(AugmentError, match=r':2: name: found "yours"; it must be the file\'s name, "mine"'):
        _read(tmp_path, " []\n", HEAD.replace("mine", "yours").rstrip("\n"))


def test_a_list_is_no_chain(tmp_path):
    with pytest.raises(AugmentError, match="a chain is a mapping"):
        _read(tmp_path, "- 1\n", "")


def test_a_missing_file_and_an_unknown_name_are_told(tmp_path):
    with pytest.raises(AugmentError, match="cannot be read"):
        load_chain(tmp_path / "none_such.yaml")
    with pytest.raises(UsageError, match=r'no chain "larsnett" \(did you mean "larsnet"\?\); ready chains: cacophony'):
        load_chain("larsnett")


def test_one_and_one_point_zero_are_the_same_chain_and_prose_does_not_count(tmp_path):
    first = _read(tmp_path, GAIN + "1\n")
    second = _read(tmp_path, GAIN + "1.0 # a comment\n    probability: 1\n", HEAD.replace("for tests", "other words"))
    assert first.hash == second.hash
    assert _read(tmp_path, GAIN + "1.5\n").hash != first.hash
    assert _read(tmp_path, GAIN + "1\n    probability: 0.5\n").hash != first.hash


def test_a_default_that_is_stated_is_the_same_chain():
    plain = {"effect": "limiter", "scope": "stem", "parameters": {"threshold_db": -1}}
    stated = {**plain, "parameters": {"threshold_db": -1, "lookahead_ms": 5}}
    assert make_chain({"steps": [plain]}).hash == make_chain({"steps": [stated]}).hash


def test_a_chain_made_in_python_is_checked_as_a_file_is():
    with pytest.raises(AugmentError, match=r"chain unnamed: steps\[0\]\.parameters\.gain_db: found 99.0"):
        make_chain({"steps": [{"effect": "gain", "scope": "stem", "parameters": {"gain_db": 99}}]})


def test_every_effect_can_stand_in_a_chain_with_every_scope_it_allows():
    schema = jsonschema.Draft202012Validator(json_schema())
    for effect in EFFECTS:
        assert len(effect.parameters) < NUMBERS
        needed = {
            p.name: "room" if p.kind is Kind.TEXT else {"uniform": [p.low, p.high]}
            for p in effect.parameters
            if p.kind not in DRAWN and p.default is None
        }
        for scope in effect.scopes:
            step = {"effect": effect.name, "scope": scope.value, "parameters": needed}
            (checked,) = make_chain({"steps": [step]}).steps
            assert list(settings_of(checked)) == [p.name for p in effect.parameters]
            whole = {"schema": "stemgmd-chain/1", "name": "a", "description": "", "steps": [step]}
            schema.validate(json.loads(json.dumps(whole)))
