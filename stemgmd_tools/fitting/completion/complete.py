"""Complete a kit: from the fitted voices of a recorded kit to all 22 articulations.

Recorded articulations are used unchanged. A missing one is derived from a fitted stroke of the same kit
(:mod:`stemgmd_tools.fitting.completion.variants`), or, if no stroke of the instrument was recorded, taken from a donor
and adjusted to the kit's level (:mod:`stemgmd_tools.fitting.completion.donors`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from stemgmd_tools.errors import KitError
from stemgmd_tools.fitting.completion.donors import Lent, lend, recordings
from stemgmd_tools.fitting.completion.variants import VARIANTS, apply_variant
from stemgmd_tools.fitting.hihat.openness_degrees import opened, shut
from stemgmd_tools.fitting.recordings.families import family_of
from stemgmd_tools.fitting.velocity.typical import with_laws, with_soft_ends
from stemgmd_tools.kits.sample_map.licence import attribution_over, license_over
from stemgmd_tools.kits.sample_map.schema import SCHEMA_ID, Articulation, Fallback, KitMap
from stemgmd_tools.kits.synthesis.parameters import Jitter, RoomModel, VoiceModel
from stemgmd_tools.kits.voices.arithmetic import louder
from stemgmd_tools.kits.voices.compact import compacted
from stemgmd_tools.pieces import ARTICULATIONS

if TYPE_CHECKING:
    from stemgmd_tools.fitting.estimation.recorded_kit import Fitted

VARIATIONS: Final = 3
"""One-shots per layer of a completed voice."""

MOST_JITTER_DB: Final = 1.5
"""Largest standard deviation of a stroke's level: recorded repeats have 0.2 to 1.5 dB, a few soft ones more."""

_INSTRUMENTS: Final = (
    "kick",
    "snare_head",
    "snare_cross_stick",
    "hihat_closed_bow",
    "hihat_open_bow",
    "ride_bow",
    "crash1_edge",
)
"""Articulations for which a donor is preferred to a variant of another stroke."""
_STICKS: Final = ("hihat_closed_bow", "hihat_closed_edge", "hihat_pedal")
_RELEASE_S: Final = {"hihat_open": 0.06, "hihat_close": 0.03, "hihat_pedal": 0.03, "ride": 0.12, "crash": 0.12}


def complete_map(
    fitted: Fitted,
    donors: Sequence[Fitted] = (),
    *,
    name: str | None = None,
    title: str | None = None,
    description: str | None = None,
    room: RoomModel | None = None,
    gain_db: float = 0.0,
    leave_out: Collection[str] = (),
    stand_ins: Mapping[str, str] | None = None,
) -> KitMap:
    """Return a kit with all 22 articulations.

    :param fitted: the fitted voices of the recorded kit.
    :param donors: fitted kits that supply articulations which cannot be derived, in order of preference.
    :param name: name of the kit; default: that of the recorded kit with ``_model`` appended. ``title`` and
        ``description`` have similar defaults.
    :param leave_out: recorded articulations that are derived from others nevertheless.
    :param stand_ins: articulation that is neither derived nor borrowed -> the articulation of the kit that it falls
        back on, for instruments that the kit does not have.
    :raises KitError: if an articulation can be neither derived nor borrowed, or a licence is unknown.
    """
    fitted, *donors = (member._replace(voices=_voices_with_laws(member)) for member in (fitted, *donors))
    completion = _Completion(fitted, donors, leave_out)
    fallbacks = stand_ins or {}
    voices = {articulation: completion[articulation] for articulation in ARTICULATIONS if articulation not in fallbacks}
    kits = {member.kit.name: member.kit for member in (fitted, *donors)}
    measured_on = recordings({a: lent.kits for a, lent in voices.items()}, kits)
    source = fitted.kit.map
    return KitMap(
        schema_id=SCHEMA_ID,
        name=name or f"{source.name}_model",
        title=title or f"{source.title}, modelled",
        description=description or f"Fitted to recordings: {source.description}",
        license=license_over(recording.license for recording in measured_on),
        attribution=attribution_over(measured_on),
        measured_on=measured_on,
        gain_db=gain_db,
        room=room,
        articulations=_articulations(_with_degrees(voices), fallbacks),
    )


def _articulations(voices: Mapping[str, Lent], fallbacks: Mapping[str, str]) -> dict[str, Articulation]:
    models = {name: articulation(name, lent.voice) for name, lent in voices.items()}
    borrowing = {
        name: _released(name, Articulation(fallback=Fallback(articulation=lender)))
        for name, lender in fallbacks.items()
    }
    return {name: (models | borrowing)[name] for name in ARTICULATIONS}


def _voices_with_laws(fitted: Fitted) -> dict[str, VoiceModel]:
    """Return the voices with a velocity law over the whole range of velocities."""
    recorded = fitted.kit.map
    return with_laws(with_soft_ends(fitted.voices, recorded), recorded)


def need_sources(kit: str, recorded: Collection[str]) -> None:
    """Check that every articulation can be derived or borrowed.

    :param recorded: articulations that were recorded, of the kit or of a donor.
    :raises KitError: if one cannot.
    """
    available = set(recorded)
    size = 0
    while size != len(available):
        size = len(available)
        available |= {
            name for name, variants in VARIANTS.items() if any(variant.of in available for variant in variants)
        }
    for name in ARTICULATIONS:
        if name not in available:
            raise _lacking(kit, name)


def _lacking(kit: str, name: str) -> KitError:
    ways = ", ".join(variant.of for variant in VARIANTS.get(name, ())) or "none"
    return KitError(f"kit {kit}: {name} was not recorded and can be made only from: {ways}; name a donor that has it")


class _Completion:
    """Resolves the voice of every articulation, once."""

    def __init__(self, fitted: Fitted, donors: Sequence[Fitted], leave_out: Collection[str]) -> None:
        self._fitted = fitted
        self._own = {name: voice for name, voice in fitted.voices.items() if name not in leave_out}
        self._donors = donors
        self._resolved: dict[str, Lent] = {}

    def __getitem__(self, name: str) -> Lent:
        lent = self._find(name, ())
        if lent is None:
            raise _lacking(self._fitted.kit.name, name)
        return lent

    def _find(self, name: str, above: tuple[str, ...]) -> Lent | None:
        """Return a voice, or None; it must not be derived from the articulations in ``above``, which depend on it."""
        if name not in self._resolved:
            lent = self._recorded(name) or self._derived_or_borrowed(name, (*above, name))
            if lent is None:
                return None
            self._resolved[name] = lent
        return self._resolved[name]

    def _recorded(self, name: str) -> Lent | None:
        return Lent(self._own[name], (self._fitted.kit.name,)) if name in self._own else None

    def _derived_or_borrowed(self, name: str, above: tuple[str, ...]) -> Lent | None:
        variants = VARIANTS.get(name, ())
        if name in _INSTRUMENTS:
            return self._borrow(name, self._donors) or self._vary(name, above)
        mate = self._find(variants[0].of, above) if variants and variants[0].of not in above else None
        lender = [donor for donor in self._donors if mate is not None and mate.kits == (donor.kit.name,)]
        return self._borrow(name, lender) or self._vary(name, above) or self._borrow(name, self._donors)

    def _borrow(self, name: str, donors: Sequence[Fitted]) -> Lent | None:
        lent = lend(self._own, donors, name)
        if lent is None:
            return None
        donor, gain_db = lent
        return Lent(louder(donor.voices[name], gain_db), (donor.kit.name,))

    def _vary(self, name: str, above: tuple[str, ...]) -> Lent | None:
        for variant in VARIANTS.get(name, ()):
            source = None if variant.of in above else self._find(variant.of, above)
            if source is not None:
                rim = self._besides("snare_cross_stick" if variant.rim_db is not None else None, above)
                toward = self._besides(variant.toward, above)
                kits = dict.fromkeys(kit for part in (source, rim, toward) if part is not None for kit in part.kits)
                keeps = name.startswith("hihat_open")
                voice = source.voice if keeps else source.voice.model_copy(update={"openness": None})
                return Lent(apply_variant(variant, voice, rim and rim.voice, toward and toward.voice), tuple(kits))
        return None

    def _besides(self, name: str | None, above: tuple[str, ...]) -> Lent | None:
        """Return an additional voice that a variant uses, if the kit has it."""
        return None if name is None or name in above else self._find(name, above)


def _with_degrees(voices: dict[str, Lent]) -> dict[str, Lent]:
    """Return all voices, with all degrees of openness for hi-hats."""
    done = dict(voices)
    if "hihat_open_bow" not in voices:
        return done
    for stroke in ("bow", "edge"):
        wide, tight = voices[f"hihat_open_{stroke}"], voices[f"hihat_closed_{stroke}"]
        done[f"hihat_open_{stroke}"] = wide._replace(voice=opened(wide.voice, tight.voice))
        done[f"hihat_closed_{stroke}"] = tight._replace(voice=shut(tight.voice, wide.voice))
    return done


def _steadied(jitter: Jitter) -> Jitter:
    """Return a jitter whose level is limited, since two repeats of a soft stroke may be outliers."""
    return jitter.model_copy(update={"level_db": min(jitter.level_db, MOST_JITTER_DB)})


def articulation(name: str, voice: VoiceModel) -> Articulation:
    """Return an articulation that plays a voice; its choke group follows from its name."""
    model = compacted(voice).model_copy(
        update={"layers": family_of(name).form.layers, "variations": VARIATIONS, "jitter": _steadied(voice.jitter)}
    )
    return _released(name, Articulation(model=model))


def _released(name: str, source: Articulation) -> Articulation:
    """Return an articulation with the choke group and the release of its name."""
    piece = name.split("_", maxsplit=1)[0]
    rings = piece in ("hihat", "ride", "crash1", "crash2")
    release_s = next((s for prefix, s in _RELEASE_S.items() if name.startswith(prefix)), source.release_s)
    return source.model_copy(
        update={"choke_group": piece if rings else None, "chokes": name in _STICKS, "release_s": release_s}
    )
