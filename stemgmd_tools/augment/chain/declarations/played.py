"""Effects on what is played and on what it is played with: hits, kits, strokes."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.augment.chain.declarations.types import EXAMPLE, SEED, STEMS, Domain, Effect, Kind, Parameter, rate

_OTHER_KIT: Final = Parameter("kit", "the kit that is heard instead, of the pool's same split", kind=Kind.KIT)

_SPREAD: Final = "each {} deviates by up to this, evenly distributed"

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
        "Moves every hit a little: normal deviations, cut at three of them.",
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
        "Changes every hit's velocity a little: normal deviations.",
        (Parameter("sigma", "standard deviation", "velocity", 0.0, 64.0), SEED),
        STEMS,
    ),
    Effect(
        "hit_drop",
        Domain.PERFORMANCE,
        "Leaves out hits.",
        (
            Parameter("share", "probability that a hit is left out", "", 0.0, 1.0),
            Parameter("max_velocity", "only hits up to this velocity", "velocity", 1, 127, 127, Kind.INTEGER),
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
        "The same performance from another kit.",
        (_OTHER_KIT,),
        STEMS,
        source="LarsNet (Mezza et al. 2024)",
    ),
    Effect(
        "doubling",
        Domain.KIT,
        "Half the sum of the stem and the same stem from another kit.",
        (_OTHER_KIT,),
        STEMS,
        source="LarsNet (Mezza et al. 2024)",
    ),
    Effect(
        "random_mix",
        Domain.KIT,
        "Another performance, kit and place for each stem: mixes nobody played.",
        (
            Parameter(
                "match",
                "what the other shares with the example: nothing, its kit, its tempo (within 3 %)",
                kind=Kind.CHOICE,
                choices=("any", "same_kit", "same_bpm"),
                default="any",
            ),
            Parameter(
                "min_hits",
                "places are tried, 16 at most, until a stem has so many hits there",
                "",
                0,
                1000,
                0,
                Kind.INTEGER,
            ),
            Parameter("performance", "the performance that is heard instead", kind=Kind.PERFORMANCE),
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
        "Deals out the stems of several songs, the example's own and others: each stem is from one of them, as played.",
        (
            Parameter("songs", "how many songs are dealt out together", "", 2, 64, 4, Kind.INTEGER),
            Parameter("performance", "the performance that is heard", kind=Kind.PERFORMANCE),
            Parameter("kit", "its kit, of the pool's same split", kind=Kind.KIT),
            Parameter("start_s", "where in it the segment starts", "s", kind=Kind.START),
        ),
        STEMS,
        changes_time=True,
        source="Remix of Demucs (demucs/augment.py), whose groups are of 4 songs",
    ),
    Effect(
        "time_shift",
        Domain.KIT,
        "The stem is heard later (or earlier), read from another place: nothing is lost.",
        (Parameter("shift_s", "later by", "s", -30.0, 30.0),),
        STEMS,
        changes_time=True,
        source="Shift of Demucs; Jeon et al. 2024",
    ),
    Effect(
        "tuning",
        Domain.KIT,
        "Tunes pieces: their one-shots are resampled; onsets stay to the sample.",
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
        "Pitch of every stroke: its one-shot is resampled; onsets stay to the sample.",
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
        "Scales how long every stroke rings; attacks stay as they are. No sound becomes longer, hence the upper bound.",
        (Parameter("decay", "decay time after over before", "", 0.1, 1.2),),
        STEMS,
    ),
)
