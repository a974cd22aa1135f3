"""Words in the names of drum samples: what is struck, how, and how hard.

Words are lower case and written together: ``hi-hat``, ``HiHat`` and ``hi hat`` are all looked up as ``hihat``.
Abbreviations are those of common sample packs, samplers and drum machines.
"""

from __future__ import annotations

from typing import Final, NamedTuple

KICK: Final = "kick"
SNARE: Final = "snare"
TOM: Final = "tom"
HIHAT: Final = "hihat"
RIDE: Final = "ride"
CRASH: Final = "crash"
CYMBAL: Final = "cymbal"
"""Instruments that have articulations of their own; a cymbal that is not described further counts as a crash."""

SURE: Final = 1.0
LIKELY: Final = 0.7
"""An abbreviation of two or three letters."""
WEAK: Final = 0.4
"""A word that often means something else."""


class Word(NamedTuple):
    """Meaning of a word."""

    instrument: str = ""
    """One of the constants above, or the name of an instrument without articulations; empty if the word names none."""
    strike: str = ""
    """How or where it is struck, or which of several it is; empty if the word does not say."""
    score: float = SURE


def _table(score: float, instrument: str, rows: dict[str, str]) -> dict[str, Word]:
    return {text: Word(instrument, strike, score) for strike, texts in rows.items() for text in texts.split()}


_INSTRUMENTS: Final = {
    **_table(SURE, KICK, {"": "kick kicks kickdrum bassdrum bassdrums kdrum kik kck bombo cassa"}),
    **_table(LIKELY, KICK, {"": "kd bd kk ks kck kic"}),
    **_table(WEAK, KICK, {"": "bass k"}),
    **_table(
        SURE,
        SNARE,
        {
            "": "snare snares snaredrum snr snaer",
            "rimshot": "rimshot rimshots snarerim",
            "cross_stick": "sidestick sidesticks sidestk crossstick crosstick xstick crossstk sstick rimclick rimknock "
            "rimtap",
        },
    ),
    **_table(
        LIKELY,
        SNARE,
        {"": "sd sn sna sc", "rimshot": "rs rim rimsh rms", "rim": "se", "cross_stick": "ss xs sst xst sts stk"},
    ),
    **_table(WEAK, SNARE, {"": "s", "cross_stick": "stick"}),
    **_table(
        SURE,
        TOM,
        {
            "": "tom toms tomtom tomtoms",
            "rack": "racktom racktoms rack",
            "floor": "floortom floortoms floor flr flrtom",
            "high": "hitom hightom tomhi tomhigh tomh",
            "mid": "midtom mediumtom middletom tommid tomm",
            "low": "lotom lowtom tomlo tomlow toml tomf",
        },
    ),
    **_table(LIKELY, TOM, {"high": "ht th", "mid": "mt tm", "low": "lt tl", "floor": "ft tf ftom", "rack": "rt rtom"}),
    **_table(WEAK, TOM, {"": "t"}),
    **_table(
        SURE,
        HIHAT,
        {
            "": "hihat hihats hat hats highhat highhats hhat charley charleston",
            "closed": "closedhat closehat closedhihat closedhh hhclosed chh hhc clhat chat clh",
            "open": "openhat openhihat openhh hhopen ohh hho ophat oph ohat",
            "half": "halfopenhat semiopenhat hhhalf lsh",
            "pedal": "pedalhat foothat hhpedal hhfoot hhp phh hhped fch chick hhchick",
        },
    ),
    **_table(
        LIKELY, HIHAT, {"": "hh", "closed": "ch hc clht", "half": "hhl", "open": "ho opht", "pedal": "hp ph hf hhf"}
    ),
    **_table(WEAK, HIHAT, {"open": "oh", "half": "hl"}),
    **_table(SURE, RIDE, {"": "ride rides ridecymbal flatride", "bell": "ridebell rbell"}),
    **_table(LIKELY, RIDE, {"": "rd rid rc rde", "bell": "rb rdb rcb"}),
    **_table(WEAK, RIDE, {"bell": "bell bells cup dome"}),
    **_table(SURE, CRASH, {"": "crash crashes crashcymbal crsh"}),
    **_table(LIKELY, CRASH, {"": "cr crs csh cra"}),
    **_table(WEAK, CRASH, {"": "cc"}),
    **_table(SURE, CYMBAL, {"": "cymbal cymbals cymb"}),
    **_table(LIKELY, CYMBAL, {"": "cym cy"}),
}

OTHERS: Final = {
    "agogo": "agogo agogos",
    "bell": "jinglebell jinglebells jingle sleighbell sleigh belltree",
    "bobobo": "bobobo",
    "bongo": "bongo bongos",
    "cabasa": "cabasa",
    "cajon": "cajon",
    "castanets": "castanet castanets",
    "china": "china chinese chinacymbal chinas trash trashcrash",
    "chimes": "chime chimes bellchime barchimes windchime windchimes marktree",
    "clap": "clap claps handclap handclaps clp cp",
    "claves": "clave claves cl2",
    "conga": "conga congas",
    "cowbell": "cowbell cowbells cowb cwb cb",
    "cuica": "cuica",
    "djembe": "djembe",
    "effect": "fx sfx scratch zap noise vocal vox shout laser beep",
    "gong": "gong gongs tamtam",
    "guiro": "guiro",
    "maracas": "maraca maracas mar",
    "metronome": "metronome",
    "octoban": "octoban octobans",
    "percussion": "perc percussion prc",
    "rototom": "rototom rototoms",
    "shaker": "shaker shakers shk caxixi",
    "snap": "fingersnap snap snaps fingersnaps",
    "splash": "splash splashes splashcymbal spl",
    "stack": "stack",
    "sticks": "sticks stickclick stickhit drumstick drumsticks",
    "surdo": "surdo",
    "tabla": "tabla tablas",
    "tambourine": "tambourine tambourines tamb tambo pandeiro tmb",
    "timbale": "timbale timbales timb",
    "timpani": "timpani timpano",
    "triangle": "triangle triangles",
    "vibraslap": "vibraslap vibra",
    "whistle": "whistle",
    "woodblock": "woodblock woodblocks wblock block templeblock",
}
"""Instruments that none of the 22 articulations stands for."""

_STRIKES: Final = {
    **_table(
        SURE,
        "",
        {
            "head": "head center centre",
            "middle": "middle",
            "rim": "rim rims",
            "edge": "edge edges edg ed shank shoulder clang",
            "bow": "bow tip",
            "cross_stick": "click clicks",
            "": "oneshot oneshots",
            "closed": "closed close shut clsd cld closd tight",
            "open": "open opened openness opn",
            "half": "half semi semiopen halfopen halfclosed semiclosed mostlyopen slosh sloshy",
            "quarter": "quarter qtr loose",
            "pedal": "pedal pdl foot footed chik chick",
            "high": "high hi hgh small",
            "mid": "mid medium md",
            "low": "low lo large",
        },
    ),
    **_table(LIKELY, "", {"closed": "cl cls clo", "open": "op ope", "pedal": "ped"}),
}

_SPECIAL: Final = (
    "brush brushes brushed flam flams roll rolls drag drags ruff buzz choke choked grab mute muted mutes damp damped "
    "dampened off nosnares snaresoff sizzle swirl sweep swish swis chok cho scrape rattle splash mallet mallets rod "
    "rods hotrod hotrods stomp reverse reversed rev bowed release dead press double riff loop fill"
)
SPECIAL: Final = frozenset(_SPECIAL.split())
"""Strokes that none of the 22 articulations stands for; a plain one is preferred to them."""

WORDS: Final = {
    **{text: Word(name) for name, texts in OTHERS.items() for text in texts.split()},
    **_STRIKES,
    **_INSTRUMENTS,
}
"""Every word of instruments and strikes."""

_MICROPHONES: Final = (
    "mic mics microphone overhead overheads room rooms amb ambience ambient top bottom btm under spot trigger "
    "oh ohl ohr"
)
MICROPHONES: Final = frozenset(_MICROPHONES.split())
"""Words that follow the name of an instrument where it names a microphone."""

DYNAMICS: Final = {
    "ppp": 1,
    "pp": 2,
    "p": 3,
    "mp": 4,
    "mf": 5,
    "f": 6,
    "ff": 7,
    "fff": 8,
    "ghost": 1,
    "ghosts": 1,
    "quiet": 2,
    "soft": 3,
    "softest": 1,
    "light": 3,
    "medium": 5,
    "med": 5,
    "mid": 5,
    "normal": 5,
    "norm": 5,
    "hard": 7,
    "heavy": 7,
    "loud": 7,
    "accent": 8,
    "hardest": 8,
    "loudest": 8,
    "max": 8,
}
"""Words for how hard a stroke is, on a scale from 1 to 8."""
