"""Declarations of all manifests of a corpus; files, validation and documentation are derived from them."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.manifest.columns import Column, Dtype, Table
from stemgmd_tools.pieces import ARTICULATIONS, GROUPS, NOTES, PIECES
from stemgmd_tools.storage.paths import KIT_NAME, RELATIVE_PATH

MIXTURE: Final = "mixture"
TRACKS: Final = (*(piece.value for piece in PIECES), MIXTURE, *(f"group_{group.value}" for group in GROUPS))
"""All tracks of a performance and a kit: nine stems, their mixture, the group stems."""

GMD_SPLITS: Final = ("train", "validation", "test")
KIT_SPLITS: Final = ("train", "heldout")

_NOTE_NUMBERS: Final = tuple(note.number for note in NOTES)
_SHA256: Final = "[0-9a-f]{64}"


def _performance(name: str, description: str) -> Column:
    return Column(name, Dtype.TEXT, description, pattern=RELATIVE_PATH)


_PERFORMANCE: Final = _performance("performance", "performance, named as in GMD: `drummer1/session1/3`")
_KIT: Final = Column("kit", Dtype.TEXT, "kit, the name of its sample map", pattern=KIT_NAME)
_KIT_HASH: Final = Column("kit_hash", Dtype.TEXT, "hash of the kit's content, or of the name and maps it is made from")
_PIECE: Final = Column("piece", Dtype.TEXT, "stem that contains the hit", allowed=tuple(p.value for p in PIECES))
_NOTE: Final = Column(
    "note", Dtype.INTEGER, "MIDI note, of the TD-11's 22", low=min(_NOTE_NUMBERS), high=max(_NOTE_NUMBERS)
)
_PEAK: Final = Column(
    "peak_dbfs", Dtype.REAL, "highest sample peak; missing for silence", "dBFS", nullable=True, high=0
)
_GMD_SPLIT: Final = Column(
    "gmd_split",
    Dtype.TEXT,
    "GMD's own split of the performance; missing outside GMD",
    nullable=True,
    allowed=GMD_SPLITS,
)
_KIT_SPLIT: Final = Column(
    "kit_split",
    Dtype.TEXT,
    "whether the kit, or every kit it was made from, is for training or held out; missing for a kit of your own",
    nullable=True,
    allowed=KIT_SPLITS,
)


def _path(name: str, description: str, *, nullable: bool = False) -> Column:
    return Column(
        name, Dtype.TEXT, f"{description}, relative to the corpus, with `/`", nullable=nullable, pattern=RELATIVE_PATH
    )


def _hash(name: str, of: str, *, nullable: bool = False) -> Column:
    return Column(name, Dtype.TEXT, f"SHA-256 of the {of}", nullable=nullable, pattern=_SHA256)


def _count(name: str, description: str, unit: str = "", low: float = 0) -> Column:
    return Column(name, Dtype.INTEGER, description, unit, low=low)


def _reader_count(name: str, description: str) -> Column:
    return Column(name, Dtype.INTEGER, f"in the MIDI file: {description}", nullable=True, low=0)


PERFORMANCES: Final = Table(
    "performances",
    "The performances: one row per performance.",
    (
        _PERFORMANCE,
        Column("drummer", Dtype.TEXT, "as in GMD", nullable=True),
        Column("session", Dtype.TEXT, "as in GMD", nullable=True),
        Column("style", Dtype.TEXT, "as in GMD: `style` or `style/substyle`", nullable=True),
        Column("bpm", Dtype.REAL, "tempo; the first one where it changes", "beats/min", nullable=True, low=0),
        Column("beat_type", Dtype.TEXT, "`beat` or `fill`", nullable=True),
        Column("time_signature", Dtype.TEXT, "as in GMD: `4-4`", nullable=True),
        Column("midi_filename", Dtype.TEXT, "the file in its own dataset", nullable=True),
        Column("audio_filename", Dtype.TEXT, "GMD's recording of it, where there is one", nullable=True),
        Column("duration_s", Dtype.REAL, "nominal length, tails not included", "s", low=0),
        _GMD_SPLIT,
        _count("hits", "number of hits"),
        Column("errata", Dtype.TEXT, "known errors of the performance; missing if none", nullable=True),
        _reader_count("duplicate_hits", "second and later hits of a note on one tick; only the loudest is kept"),
        _reader_count("restrikes", "hits of a note before its note-off; kept"),
        _reader_count("zero_length_notes", "notes of length 0; kept as hits"),
        _reader_count("late_hits", "hits at or after the nominal duration; left out"),
        _reader_count("unmapped_notes", "notes without counterpart in the note mapping; left out"),
        _path("midi_path", "source MIDI file"),
        _hash("midi_hash", "source MIDI file's bytes"),
        _path("mapped_midi_path", "MIDI file mapped to the nine pieces, time-aligned with the audio"),
        _hash("mapped_midi_hash", "mapped MIDI file's bytes"),
    ),
    key=("performance",),
)

STEMS: Final = Table(
    "stems",
    "Rendered audio: one row per track, that is performance x kit x (nine stems, mixture, group stems if asked for).",
    (
        _PERFORMANCE,
        _KIT,
        Column(
            "track", Dtype.TEXT, "one of the nine stems, their mixture, or the sum of a group of them", allowed=TRACKS
        ),
        _path("path", "audio file"),
        _count("frames", "length", "frames", low=1),
        _count("sample_rate", "sampling rate", "Hz", low=1),
        _count("hits", "hits that this track plays"),
        _PEAK,
        Column("rms_dbfs", Dtype.REAL, "root mean square over channels and frames; missing for silence", "dBFS", True),
        Column(
            "loudness_lufs",
            Dtype.REAL,
            "integrated loudness (ITU-R BS.1770-4); missing where nothing passes its gate",
            "LUFS",
            nullable=True,
        ),
        Column(
            "active_fraction", Dtype.REAL, "share of the track's 100 ms hops whose RMS is above -60 dBFS", low=0, high=1
        ),
        Column("silent", Dtype.FLAG, "whether every sample is zero"),
        Column("gain_db", Dtype.REAL, "headroom gain applied to all tracks of this performance and kit alike", "dB"),
        _count("seed", "seed of the corpus"),
        _KIT_HASH,
        _hash("content_hash", "file's bytes"),
        _count("bytes", "size of the file", "bytes", low=1),
        _GMD_SPLIT,
        _KIT_SPLIT,
    ),
    key=("performance", "kit", "track"),
)

HITS: Final = Table(
    "hits",
    "The hits: one row per hit of every performance, the same for all kits.",
    (
        _PERFORMANCE,
        _count("index", "number of the hit in its performance, from 0"),
        Column("time_s", Dtype.REAL, "onset from the start of the performance", "s", low=0),
        _count("frame", "onset at the corpus's sampling rate; the attack lies on this frame", "frames"),
        Column(
            "note", Dtype.INTEGER, "MIDI note of the TD-11 mapping", low=min(_NOTE_NUMBERS), high=max(_NOTE_NUMBERS)
        ),
        _PIECE,
        Column("articulation", Dtype.TEXT, "how the piece was played", allowed=ARTICULATIONS),
        Column("velocity", Dtype.INTEGER, "MIDI velocity", low=1, high=127),
        Column("openness", Dtype.REAL, "hi-hat openness, 0 shut .. 1 open; 0 for other pieces", low=0, high=1),
    ),
    key=("performance", "index"),
)

SINGLE_HITS: Final = Table(
    "single_hits",
    "One-shots of every kit: one row per articulation and velocity. Each is the take of its layer with which levels "
    "fall least from velocity to velocity: in a modelled kit they rise, in a recorded one as far as its recordings do.",
    (
        _KIT,
        Column("articulation", Dtype.TEXT, "how the piece is played", allowed=ARTICULATIONS),
        _PIECE,
        _NOTE,
        Column("velocity", Dtype.INTEGER, "MIDI velocity", low=1, high=127),
        _path("path", "audio file"),
        _count("frames", "length", "frames", low=1),
        _count("sample_rate", "sampling rate", "Hz", low=1),
        _count("onset_frame", "where the attack lies", "frames"),
        Column("gain_db", Dtype.REAL, "headroom gain applied to all velocities of this articulation alike", "dB"),
        _PEAK,
        _KIT_HASH,
        _hash("content_hash", "file's bytes"),
        _count("bytes", "size of the file", "bytes", low=1),
        _KIT_SPLIT,
    ),
    key=("kit", "articulation", "velocity"),
)

KITS: Final = Table(
    "kits",
    "The kits: one row per kit.",
    (
        _KIT,
        _KIT_SPLIT,
        Column("title", Dtype.TEXT, "name for people", nullable=True),
        Column("description", Dtype.TEXT, "how it sounds", nullable=True),
        Column("license", Dtype.TEXT, "SPDX identifier of the licence of its sounds", nullable=True),
        Column("attribution", Dtype.TEXT, "who made it", nullable=True),
        Column("source_url", Dtype.TEXT, "where it comes from", nullable=True),
        Column(
            "measured_on",
            Dtype.TEXT,
            "recorded kits that a model's figures were measured on, separated by spaces; missing if none",
            nullable=True,
        ),
        Column(
            "origin",
            Dtype.TEXT,
            "name that generates the kit, as `random:7`, for a kit made from others; else missing",
            nullable=True,
        ),
        Column("parents", Dtype.TEXT, "kits it was made from, separated by spaces", nullable=True),
        Column(
            "figures",
            Dtype.TEXT,
            "every figure drawn or given for the kit, a JSON object of numbers; read it with `Corpus.figures`",
            nullable=True,
        ),
        _KIT_HASH,
        _hash("bank_sha256", "PCM of the bank that the audio was made from"),
    ),
    key=("kit",),
)

AUGMENTATIONS: Final = Table(
    "augmentations",
    "The effects of an augmented corpus: one row per effect applied to an example, and one row (step 0) with the "
    "source of the example. The rows are sufficient to rebuild the audio.",
    (
        _performance("performance", "the example, a performance of this corpus: `parent+kit+copy`"),
        _KIT,
        _performance("parent", "performance that the example was made from"),
        _count("copy", "number of the copy of that performance and kit, from 1", low=1),
        _count("step", "number of the step in the chain, from 1; 0 for the source of the example"),
        _count("line", "number of the row within its step, from 0"),
        Column("effect", Dtype.TEXT, "name of the effect; `source` for step 0"),
        Column("scope", Dtype.TEXT, "scope of the draw", allowed=("example", "stem", "target", "song", "mixture")),
        Column(
            "stem",
            Dtype.TEXT,
            "stem that the effect was applied to; missing for all stems or the mixture",
            nullable=True,
            allowed=tuple(p.value for p in PIECES),
        ),
        Column("parameters", Dtype.TEXT, "every parameter, a JSON object"),
        _count("seed", "seed of the draws"),
        Column("chain", Dtype.TEXT, "name of the chain"),
        _hash("chain_hash", "chain's content"),
        Column("device", Dtype.TEXT, "device that computed the effects", allowed=("cpu", "cuda")),
        Column("version", Dtype.TEXT, "version of the code"),
        Column("libraries", Dtype.TEXT, "names and versions of the libraries that computed the sound"),
    ),
    key=("performance", "kit", "step", "line"),
)

TABLES: Final = {table.name: table for table in (PERFORMANCES, STEMS, HITS, SINGLE_HITS, KITS, AUGMENTATIONS)}
"""Every manifest by name."""


def tables_of(*, augmented: bool) -> dict[str, Table]:
    """Return the manifests of a corpus by name; only augmented corpora have ``augmentations``."""
    return {name: table for name, table in TABLES.items() if augmented or table is not AUGMENTATIONS}
