"""Declare effects on hits, kits and strokes."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.augment.chain.declarations.types import EXAMPLE, SEED, STEMS, Domain, Effect, Kind, Parameter, rate

_OTHER_KIT: Final = Parameter("kit", "the replacement kit, of the same split", kind=Kind.KIT)

_SPREAD: Final = "maximum deviation of each {}, uniformly distributed"

PERFORMANCE_EFFECTS: Final[tuple[Effect, ...]] = (
    Effect(
        "tempo",
        Domain.PERFORMANCE,
        "Plays the performance at another tempo; sounds keep their pitch and length.",
        (rate("speed"),),
        EXAMPLE,
        changes_time=True,
    ),
    Effect(
        "humanise",
        Domain.PERFORMANCE,
        "Shifts every hit by a normal deviation, clipped at three standard deviations.",
        (Parameter("sigma_ms", "standard deviation", "ms", 0.0, 100.0), SEED),
        STEMS,
        changes_time=True,
    ),
    Effect(
        "swing",
        Domain.PERFORMANCE,
        "Warps each pair of subdivisions so that its middle comes later (or earlier).",
        (
            Parameter("percent", "where the middle of a pair lies: 50 straight, 66.7 triplets", "%", 25.0, 75.0),
            Parameter(
                "subdivision",
                "length of half a pair",
                kind=Kind.CHOICE,
                choices=("eighth", "sixteenth"),
                default="eighth",
            ),
            Parameter("bpm", "tempo of the performance", "beats/min", kind=Kind.TEMPO),
        ),
        EXAMPLE,
        changes_time=True,
        source="swing as on the Linn and MPC machines",
    ),
    Effect(
        "velocity_curve",
        Domain.PERFORMANCE,
        "Bends velocities: 127 (v / 127) ** gamma; above 1 soft hits get softer.",
        (Parameter("gamma", "exponent", "", 0.25, 4.0),),
        STEMS,
    ),
    Effect(
        "velocity_jitter",
        Domain.PERFORMANCE,
        "Changes every hit's velocity by a normal deviation.",
        (Parameter("sigma", "standard deviation", "velocity", 0.0, 64.0), SEED),
        STEMS,
    ),
    Effect(
        "hit_drop",
        Domain.PERFORMANCE,
        "Removes hits at random.",
        (
            Parameter("share", "probability that a hit is removed", "", 0.0, 1.0),
            Parameter(
                "max_velocity", "only hits up to this velocity are removed", "velocity", 1, 127, 127, Kind.INTEGER
            ),
            SEED,
        ),
        STEMS,
    ),
    Effect(
        "openness_shift",
        Domain.PERFORMANCE,
        "Opens or closes the hi-hat, strokes and pedal; what is shut stays shut, what is open stays open.",
        (Parameter("shift", "added to the openness", "", -1.0, 1.0),),
        EXAMPLE,
    ),
)

KIT_EFFECTS: Final[tuple[Effect, ...]] = (
    Effect(
        "kit_swap",
        Domain.KIT,
        "Plays the stem with another kit.",
        (_OTHER_KIT,),
        STEMS,
        source="LarsNet (Mezza et al. 2024)",
    ),
    Effect(
        "doubling",
        Domain.KIT,
        "Averages the stem and the same stem played with another kit.",
        (_OTHER_KIT,),
        STEMS,
        source="LarsNet (Mezza et al. 2024)",
    ),
    Effect(
        "random_mix",
        Domain.KIT,
        "Takes each stem from another performance, kit and position.",
        (
            Parameter(
                "match",
                "what the source shares with the example: nothing, its kit, its tempo (within 3 %)",
                kind=Kind.CHOICE,
                choices=("any", "same_kit", "same_bpm"),
                default="any",
            ),
            Parameter(
                "min_hits",
                "minimum number of hits of the stem; up to 16 positions are tried",
                "",
                0,
                1000,
                0,
                Kind.INTEGER,
            ),
            Parameter("performance", "the replacement performance", kind=Kind.PERFORMANCE),
            _OTHER_KIT,
            Parameter("start_s", "where in it the segment starts", "s", kind=Kind.START),
        ),
        STEMS,
        changes_time=True,
        source="Jeon et al. 2024",
    ),
    Effect(
        "remix",
        Domain.KIT,
        "Takes each stem, unchanged, from one of several songs, the example among them.",
        (
            Parameter("songs", "number of songs", "", 2, 64, 4, Kind.INTEGER),
            Parameter("performance", "the performance of the song", kind=Kind.PERFORMANCE),
            Parameter("kit", "the kit of the song, of the same split", kind=Kind.KIT),
            Parameter("start_s", "where in it the segment starts", "s", kind=Kind.START),
        ),
        STEMS,
        changes_time=True,
        source="Remix of Demucs (demucs/augment.py), whose groups are of 4 songs",
    ),
    Effect(
        "time_shift",
        Domain.KIT,
        "Shifts the stem in time by reading it from another position, so that nothing is cut off.",
        (Parameter("shift_s", "delay", "s", -30.0, 30.0),),
        STEMS,
        changes_time=True,
        source="Shift of Demucs; Jeon et al. 2024",
    ),
    Effect(
        "tuning",
        Domain.KIT,
        "Tunes pieces by resampling their one-shots; onsets are unchanged.",
        (
            Parameter("cents", "pitch", "cents", -2400.0, 2400.0),
            Parameter("spread_cents", _SPREAD.format("piece"), "cents", 0.0, 1200.0, 0.0),
            SEED,
        ),
        STEMS,
    ),
    Effect(
        "stroke_pitch",
        Domain.KIT,
        "Shifts the pitch of every stroke by resampling its one-shot; onsets are unchanged.",
        (
            Parameter("cents", "pitch", "cents", -2400.0, 2400.0),
            Parameter("spread_cents", _SPREAD.format("stroke"), "cents", 0.0, 1200.0, 0.0),
            SEED,
        ),
        STEMS,
    ),
    Effect(
        "damping",
        Domain.KIT,
        "Scales the decay time of every stroke; attacks are unchanged and no sound becomes longer.",
        (Parameter("decay", "factor on the decay time", "", 0.1, 1.2),),
        STEMS,
    ),
)
