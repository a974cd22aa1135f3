"""The catalogue is one consistent table; rows survive JSON to the bit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stemgmd_tools.augment.chain.catalogue import EFFECTS, find_effect
from stemgmd_tools.augment.chain.effect import Domain, Kind, Scope
from stemgmd_tools.augment.chain.rows import Row, rounded, rows_from_json, rows_to_json
from stemgmd_tools.errors import UsageError

NUMBERS = (Kind.REAL, Kind.INTEGER)


def test_names_are_unique():
    names = [effect.name for effect in EFFECTS]
    assert len(set(names)) == len(names)
    for effect in EFFECTS:
        parameters = [parameter.name for parameter in effect.parameters]
        assert len(set(parameters)) == len(parameters), effect.name


def test_ranges_hold_their_defaults():
    for effect in EFFECTS:
        for parameter in effect.parameters:
            if parameter.kind in NUMBERS:
                assert parameter.low < parameter.high, (effect.name, parameter.name)
                assert parameter.default is None or parameter.low <= parameter.default <= parameter.high
            elif parameter.kind is Kind.CHOICE:
                assert parameter.choices
                assert parameter.default is None or parameter.default in parameter.choices
            else:
                assert parameter.default is None


def test_scopes_fit_the_domain():
    for effect in EFFECTS:
        assert effect.scopes
        if effect.domain is Domain.MIX:
            assert effect.scopes == (Scope.MIXTURE,)
        if effect.domain in (Domain.PERFORMANCE, Domain.KIT):
            assert Scope.MIXTURE not in effect.scopes
        if effect.domain is Domain.AUDIO and effect.changes_time:
            # Stems of different lengths have no sum; those of repitched songs are made to end together.
            assert effect.scopes == ((Scope.SONG,) if effect.name == "repitch" else (Scope.EXAMPLE,))


def test_an_unknown_effect_is_refused_with_those_that_are_known():
    with pytest.raises(UsageError, match=r"pitchshift.*pitch_shift"):
        find_effect("pitchshift")


@given(st.floats(-1e6, 1e6), st.integers(0, 2**31 - 1), st.text(max_size=5))
def test_rows_survive_json_to_the_bit(value, seed, text):
    row = Row("a+b+1", 2, "gain", "stem", 3, {"gain_db": rounded(value), "seed": seed, "name": text})
    (back,) = rows_from_json(rows_to_json([row]))
    assert back == row
    assert [type(one) for one in back.parameters.values()] == [float, int, str]


@pytest.mark.parametrize("text", ["{", "3", '[{"example": "a"}]', rows_to_json([]).replace("]", "3]")])
def test_what_no_run_wrote_is_refused(text):
    with pytest.raises(UsageError, match="rows"):
        rows_from_json(text)
