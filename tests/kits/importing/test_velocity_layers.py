"""Velocities are divided as the library's player does."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import pytest

from stemgmd_tools.kits.importing.velocity_layers import SQUARE_LAW_DB, velocity_layers
from stemgmd_tools.kits.sources.base import ONLY_MICROPHONE, Region, SoundFile


def region(name: str, velocity: tuple[int, int] | None = None, **rest: object) -> Region:
    return Region({ONLY_MICROPHONE: SoundFile(Path(f"/kit/{name}.wav"))}, name, velocity=velocity, **rest)  # type: ignore[arg-type]


def divided(*regions: Region) -> list[tuple[int, int, int, list[str]]]:
    return [(row.low, row.high, row.reference, [one.place for one in row.regions]) for row in velocity_layers(regions)]


def test_ranges_are_kept_and_takes_are_in_the_order_of_the_round_robin() -> None:
    rows = divided(
        region("loud", (65, 127)),
        region("soft2", (1, 64), round_robin=2),
        region("soft1", (1, 64), round_robin=1),
    )
    assert rows == [(1, 64, 64, ["soft1", "soft2"]), (65, 127, 127, ["loud"])]


def test_gaps_are_closed_in_their_middle_and_the_ends_are_extended() -> None:
    assert divided(region("soft", (10, 40)), region("loud", (51, 100))) == [
        (1, 45, 40, ["soft"]),
        (46, 127, 100, ["loud"]),
    ]


def test_overlaps_are_layers_with_the_takes_of_both() -> None:
    assert divided(region("soft", (1, 80)), region("loud", (61, 127))) == [
        (1, 60, 60, ["soft"]),
        (61, 80, 80, ["soft", "loud"]),
        (81, 127, 127, ["loud"]),
    ]


def test_strokes_without_strength_are_takes_of_one_layer() -> None:
    assert divided(region("a"), region("b")) == [(1, 127, 127, ["a", "b"])]


def test_power_is_proportional_to_velocity() -> None:
    rows = divided(*(region(f"{n:02}", power=10.0 + n / 10) for n in range(12)))
    assert [len(row[3]) for row in rows] == [4, 4, 4]
    assert (rows[0][0], rows[-1][1]) == (1, 127)
    assert [row[2] for row in rows] == [round(1 + 126 * power / 11) for power in (1.5, 5.5, 9.5)]
    assert all(low <= reference <= high for low, high, reference, _ in rows)
    assert all(upper[0] == lower[1] + 1 for lower, upper in pairwise(rows))


def test_strokes_of_one_layer_are_alike() -> None:
    """Nine strokes of a real crash cymbal, of which two layers of four or five takes would differ by 8 dB."""
    powers = [0.0132, 0.0140, 0.0151, 0.0283, 0.0295, 0.0304, 0.0590, 0.0612, 0.0743]
    rows = divided(*(region(str(n), power=power) for n, power in enumerate(powers)))
    assert [row[3] for row in rows] == [["0", "1", "2"], ["3", "4", "5"], ["6", "7", "8"]]
    assert [row[2] for row in rows] == [
        1 + round(126 * (power - 0.0132) / 0.0611) for power in (0.0141, 0.0294, 0.06483)
    ]


def test_equal_power_is_one_layer() -> None:
    assert divided(*(region(str(n), power=1.0) for n in range(9))) == [(1, 127, 127, [str(n) for n in range(9)])]


def test_power_of_extremes_keeps_every_layer_a_velocity() -> None:
    powers = [1e-6] * 20 + [1e-5] * 20 + [1.0]
    rows = divided(*(region(str(n), power=power) for n, power in enumerate(powers)))
    assert sum(len(row[3]) for row in rows) == len(powers)
    assert all(low <= high for low, high, _, _ in rows)


@pytest.mark.parametrize(("added_db", "expected"), [(None, -SQUARE_LAW_DB), (0.0, 0.0), (42.0, -42.0)])
def test_a_layer_has_the_gain_of_the_player_at_its_reference(added_db: float | None, expected: float) -> None:
    soft, loud = velocity_layers(
        [region("soft", (1, 1), dynamics_db=added_db), region("loud", (2, 127), dynamics_db=added_db)]
    )
    assert soft.gain_db == pytest.approx(expected)
    assert loud.gain_db == pytest.approx(0.0)


def test_gains_at_the_ends_of_ranges_go_before_the_law() -> None:
    """As in SFZ, where each layer often plays as recorded at the top of its range (``amp_velcurve_N=1``)."""
    soft, loud = velocity_layers(
        [
            region("soft", (1, 40), dynamics_db=32.0, velocity_gain_db=(-32.0, 0.0)),
            region("loud", (41, 127), velocity_gain_db=(-3.0, -1.0)),
        ]
    )
    assert (soft.reference, soft.gain_db) == (40, pytest.approx(0.0))
    assert (loud.reference, loud.gain_db) == (127, pytest.approx(-1.0))


def test_where_a_range_is_cut_the_gain_lies_between_its_ends() -> None:
    rows = velocity_layers(
        [region("a", (4, 64), velocity_gain_db=(-20.0, 0.0)), region("b", (17, 127), velocity_gain_db=(0.0, 0.0))]
    )
    assert [(row.high, row.gain_db) for row in rows] == [
        (16, pytest.approx(-10.0)),
        (64, pytest.approx(0.0)),
        (127, pytest.approx(0.0)),
    ]


def test_a_curve_of_the_library_balances_its_layers() -> None:
    softest, both, middle, loud = velocity_layers(
        [
            region("soft", (1, 30), velocity_gain_db=(-29.5, 0.0)),
            region("middle", (20, 60), velocity_gain_db=(-6.0, -2.0)),
            region("loud", (61, 127), velocity_gain_db=(-4.0, 1.0)),
        ]
    )
    at_19 = -29.5 * (1 - math.log(19) / math.log(30))
    assert [softest.reference, softest.gain_db] == [19, pytest.approx(at_19)]
    assert both.gain_db == pytest.approx((0.0 - 6.0 + 4.0 * math.log(30 / 20) / math.log(60 / 20)) / 2)
    assert [middle.gain_db, loud.gain_db] == pytest.approx([-2.0, 1.0])


def test_a_single_layer_has_the_gain_of_its_loudest_velocity() -> None:
    (layer,) = velocity_layers([region("only", (1, 127), velocity_gain_db=(-40.0, -3.0))])
    assert (layer.reference, layer.gain_db) == (127, pytest.approx(-3.0))
