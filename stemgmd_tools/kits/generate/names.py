"""Parse names of generated kits and generate them: ``random:7``, ``random:7..106:from=a+b:spread=1.5``,
``morph:a+b:0.3``.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.generate.digits import rounded, rounded_room
from stemgmd_tools.kits.generate.draw import draw_kit
from stemgmd_tools.kits.generate.instruments import GROUPS
from stemgmd_tools.kits.generate.morph import mixed_articulations, mixed_room
from stemgmd_tools.kits.generate.parents import Parent, joined, measured_on, strictest, voice_of
from stemgmd_tools.kits.sample_map.licence import attribution_over
from stemgmd_tools.kits.sample_map.schema import Articulation, KitMap, Origin, Recording
from stemgmd_tools.kits.voices.compact import compacted
from stemgmd_tools.kits.voices.loudness import level_db
from stemgmd_tools.runtime.quantities import counted

SPACE_VERSION: Final = 7
"""Part of the key of every generated kit. Raise it whenever equal names and parents give another map."""
RANDOM: Final = "random"
MORPH: Final = "morph"
MOST_KITS: Final = 10_000
"""Largest number of kits that one name may stand for."""
HIGHEST_SEED: Final = 2**31 - 1
HIGHEST_SPREAD: Final = 3.0
RANDOM_FORM: Final = "random:SEED or random:FIRST..LAST, then :from=KIT+KIT and :spread=NUMBER if you like"
MORPH_FORM: Final = "morph:KIT+KIT:SHARE, with a share from 0 (the first kit) to 1, of at most three decimals"

_HASH_DIGITS: Final = 8


@dataclass(frozen=True, slots=True)
class RandomName:
    """A kit drawn from a seed."""

    seed: int
    kits: tuple[str, ...] = ()
    """Names of the parents, sorted; empty: the training donors."""
    spread: float = 1.0

    @property
    def _options(self) -> str:
        parts = [f"from={'+'.join(self.kits)}"] if self.kits else []
        parts += [f"spread={self.spread:g}"] if self.spread != 1.0 else []
        return "".join(f":{part}" for part in parts)

    @property
    def spelled(self) -> str:
        """The name as used in selections of kits."""
        return f"{RANDOM}:{self.seed}{self._options}"

    @property
    def slug(self) -> str:
        """The name in paths and manifests; options are included as a hash."""
        digest = hashlib.blake2b(self._options.encode()).hexdigest()[:_HASH_DIGITS]
        return f"{RANDOM}_{self.seed}_{digest}" if self._options else f"{RANDOM}_{self.seed}"


@dataclass(frozen=True, slots=True)
class MorphName:
    """A mixture of two kits."""

    first: str
    second: str
    thousandths: int
    """Share of the second kit, 0 to 1000."""

    @property
    def share(self) -> float:
        """Share of the second kit, 0 to 1."""
        return self.thousandths / 1000

    @property
    def kits(self) -> tuple[str, str]:
        """Names of both kits."""
        return self.first, self.second

    @property
    def spelled(self) -> str:
        """The name as used in selections of kits."""
        return f"{MORPH}:{self.first}+{self.second}:{self.share:g}"

    @property
    def slug(self) -> str:
        """The name in paths and manifests."""
        return f"{MORPH}_{self.first}_{self.second}_{self.thousandths:04d}"


GeneratedName: TypeAlias = RandomName | MorphName


def is_generated_name(word: str) -> bool:
    """Return whether a word names generated kits."""
    return word.partition(":")[0] in {RANDOM, MORPH} and ":" in word


def generated_names(word: str) -> tuple[GeneratedName, ...]:
    """Parse a word that names generated kits.

    :raises UsageError: if it has another form, or stands for more than 10,000 kits.
    """
    kind, *parts = word.split(":")
    return _random_names(word, parts) if kind == RANDOM else (_morph_name(word, parts),)


def _random_names(word: str, parts: Sequence[str]) -> tuple[RandomName, ...]:
    match = re.fullmatch(r"([0-9]{1,18})(?:\.\.([0-9]{1,18}))?", parts[0])
    if not match:
        raise UsageError(f'kit "{word}": found "{parts[0]}" for the seed; the form is {RANDOM_FORM}')
    first = int(match[1])
    last = first if match[2] is None else int(match[2])
    if last < first or last > HIGHEST_SEED:
        raise UsageError(f'kit "{word}": seeds run upwards, from 0 to at most {HIGHEST_SEED}; found {parts[0]}')
    if last - first >= MOST_KITS:
        raise UsageError(f'kit "{word}": {last - first + 1:,} kits; one name stands for at most {MOST_KITS:,}')
    kits, spread = _options(word, parts[1:])
    return tuple(RandomName(seed, kits, spread) for seed in range(first, last + 1))


def _options(word: str, parts: Sequence[str]) -> tuple[tuple[str, ...], float]:
    options: dict[str, str] = {}
    for part in parts:
        key, equals, value = part.partition("=")
        if key not in {"from", "spread"} or not equals or key in options:
            raise UsageError(f'kit "{word}": found "{part}"; the form is {RANDOM_FORM}')
        options[key] = value
    kits = tuple(sorted(set(_kits(word, options["from"])))) if "from" in options else ()
    return kits, spread_of(word, options["spread"]) if "spread" in options else 1.0


def spread_of(word: str, text: str) -> float:
    """Parse a spread.

    :raises UsageError: if it is not a number from 0 to 3.
    """
    try:
        spread = float(text)
    except ValueError:
        spread = math.nan
    if not 0.0 <= spread <= HIGHEST_SPREAD:
        raise UsageError(f'kit "{word}": spread is "{text}"; allowed: a number from 0 to {HIGHEST_SPREAD:g}')
    return float(f"{spread:g}")


def _morph_name(word: str, parts: Sequence[str]) -> MorphName:
    if len(parts) != 2:
        raise UsageError(f'kit "{word}": the form is {MORPH_FORM}')
    kits = _kits(word, parts[0])
    if len(kits) != 2:
        raise UsageError(f'kit "{word}": names {counted(len(kits), "kit")}; the form is {MORPH_FORM}')
    return MorphName(*kits, thousandths=thousandths_of(word, parts[1]))


def thousandths_of(word: str, text: str) -> int:
    """Parse a share and return it in thousandths.

    :raises UsageError: if it is not a number from 0 to 1 with at most three decimals.
    """
    if not re.fullmatch(r"0?\.\d{1,3}|[01](\.0{0,3})?|0\.", text):
        raise UsageError(f'kit "{word}": share is "{text}"; the form is {MORPH_FORM}')
    return round(float(text) * 1000)


def _kits(word: str, text: str) -> tuple[str, ...]:
    kits = tuple(text.split("+"))
    if not all(kits):
        raise UsageError(f'kit "{word}": found "{text}"; kits are joined by +')
    return kits


Finder: TypeAlias = Callable[[str], Parent]
"""Name of a kit -> the kit as a parent."""


class Shipped(NamedTuple):
    """What generated kits need of the kits that ship."""

    training: tuple[str, ...] = ()
    """Donors that a random kit is drawn from if its name says no others."""
    rooms: tuple[str, ...] = ()
    """Kits whose rooms those have; donors have none."""
    names: Collection[str] = frozenset()
    """All kits and donors; their own parents are not told."""

    def parents_of(self, name: GeneratedName) -> tuple[str, ...]:
        """Return the parents of the kit of a name."""
        return name.kits or self.training

    def rooms_of(self, name: GeneratedName) -> tuple[str, ...]:
        """Return the kits beside the parents of which only the room is used: numbers that were set, not measured."""
        return () if name.kits else self.rooms


def generated_map(name: GeneratedName, find: Finder, shipped: Shipped) -> KitMap:
    """Generate the kit of a name. Equal names and parents give equal kits.

    :raises UsageError: if a parent is unknown or plays sample files, or no parent has an instrument.
    """
    if isinstance(name, RandomName):
        return _random_map(name, find, shipped)
    return _morph_map(name, find, shipped.names)


def _random_map(name: RandomName, find: Finder, shipped: Shipped) -> KitMap:
    candidates = [find(kit) for kit in shipped.parents_of(name)]
    drawn = draw_kit(name.seed, candidates, name.spread, [find(kit).map for kit in shipped.rooms_of(name)])
    parents = {one.map.name: one.map for one in candidates}
    donors = {part: pair.used for part, pair in drawn.donors.items() if part != "room" or name.kits}
    used = sorted({kit for names in donors.values() for kit in names})
    return _finished(
        drawn.kit_map,
        name,
        title=f"Random {name.seed}",
        description=f"Drawn from {', '.join(used)} with seed {name.seed}.",
        groups={part: [parents[kit] for kit in names] for part, names in donors.items()},
        parents=[parents[kit] for kit in used],
        shipped=shipped.names,
        figures=drawn.figures,
    )


def _morph_map(name: MorphName, find: Finder, shipped: Collection[str]) -> KitMap:
    first, second = (find(kit).map for kit in name.kits)
    mixed = first.model_copy(
        update={
            "articulations": mixed_articulations(first, second, name.share),
            "room": mixed_room(first.room, second.room, name.share),
        }
    )
    used = [kit for kit, part in ((first, 1.0 - name.share), (second, name.share)) if part > 0.0]
    return _finished(
        mixed,
        name,
        title=f"{first.title} to {second.title}, {name.share:g}",
        description=f"Between {first.name} and {second.name}: {name.share:g} of the way.",
        groups=dict.fromkeys(GROUPS, used),
        parents=used,
        shipped=shipped,
        figures={"share": name.share},
    )


def _finished(
    kit_map: KitMap,
    name: GeneratedName,
    *,
    title: str,
    description: str,
    groups: Mapping[str, Sequence[KitMap]],
    parents: Sequence[KitMap],
    shipped: Collection[str],
    figures: Mapping[str, float],
) -> KitMap:
    """Return a kit with its own name, licence, attribution and origin, rounded to audible precision."""
    measured = measured_on(groups)
    finished = kit_map.model_copy(
        update={
            "name": name.slug,
            "title": title,
            "description": description,
            "license": strictest(kit.license for kit in parents),
            "attribution": _attribution(parents, measured),
            "source_url": None,
            "measured_on": measured,
            "origin": Origin(name=name.spelled, kits=_ancestors(parents, shipped), figures=dict(figures)),
            "room": kit_map.room and rounded_room(kit_map.room),
            "articulations": {key: _brief(articulation) for key, articulation in kit_map.articulations.items()},
        }
    )
    return KitMap.model_validate(finished.model_dump(by_alias=True))


def _attribution(parents: Sequence[KitMap], measured: Sequence[Recording]) -> str:
    """Return the attribution: that of all recordings, then those of parents that were not fitted."""
    fitted = [kit for kit in parents if kit.measured_on and kit.attribution == attribution_over(kit.measured_on)]
    others = [kit.attribution for kit in parents if kit not in fitted]
    return joined([*([attribution_over(measured)] if fitted else []), *others])


def _brief(articulation: Articulation) -> Articulation:
    """Return an articulation with fewer numbers and the same level."""
    before = voice_of(articulation)
    voice = compacted(rounded(before))
    gain_db = float(np.clip(articulation.gain_db + level_db(before) - level_db(voice), -60.0, 60.0))
    return articulation.model_copy(
        update={
            "model": voice,
            "gain_db": round(gain_db, 4),
            "pan": round(articulation.pan, 4),
            "release_s": round(articulation.release_s, 4),
        }
    )


def _ancestors(parents: Sequence[KitMap], shipped: Collection[str]) -> tuple[str, ...]:
    """Return the kits that a kit was generated from; a generated parent is replaced by its own parents."""
    ancestors: set[str] = set()
    for kit in parents:
        is_generated = kit.origin is not None and kit.name not in shipped
        ancestors.update(kit.origin.kits if is_generated and kit.origin else (kit.name,))
    return tuple(sorted(ancestors))
