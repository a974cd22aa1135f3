"""Which regions a stroke plays while controllers and keyswitches are as the library is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stemgmd_tools.kits.sources.sfz.controllers import Controllers
from stemgmd_tools.kits.sources.sfz.definition.instrument import Instrument, Written
from stemgmd_tools.kits.sources.sfz.definition.opcodes import Problems, note, number, parsed
from stemgmd_tools.kits.sources.sfz.openness import HatController, conditions, span_of

_NOTE_OFF: Final = frozenset({"release", "release_key", "legato"})
_RESTING: Final = ("bend", "chanaft", "polyaft")
"""Ranges of pitch bend and aftertouch, which rest at 0."""


class Selection:
    """Decides whether a region belongs to the kit as it sounds when it is loaded."""

    def __init__(
        self, instrument: Instrument, controllers: Controllers, hats: Sequence[HatController], problems: Problems
    ) -> None:
        """Find the keyswitch that is on.

        :param hats: controllers that do not switch regions off, since all degrees of openness belong to the kit.
        """
        self._controllers = controllers
        self._hats = {hat.number for hat in hats}
        self._problems = problems
        self._switch = self._first_switch(instrument)

    def switches(self, written: Written) -> tuple[int, ...] | None:
        """Return the controllers whose ranges a region asks for, without the hi-hat's; None if it does not sound."""
        opcodes = written.opcodes
        if not opcodes.get("sample", "").strip():
            reason = "region without a sample was left out"
        elif opcodes.get("trigger", "attack").strip().lower() in _NOTE_OFF:
            reason = f"played at the end of a note (trigger={opcodes['trigger'].strip()[:20]}), left out"
        elif not self._switched_on(written):
            name = opcodes.get("sw_label", opcodes.get("sw_last", opcodes.get("sw_down", "")))
            reason = f"belongs to another keyswitch than the first one, left out: {name[:40]}"
        else:
            asked = conditions(opcodes) - self._hats
            off = [index for index in sorted(asked) if not self._is_on(written, index)]
            if not off and not self._bent(written):
                if any(parsed(name).role == "on_cc" for name in opcodes if "cc" in name):
                    self._problems.add(
                        "regions that a controller starts are taken as sounds without a key", written.place
                    )
                return tuple(sorted(asked))
            by = ", ".join(map(self._controllers.shown, off[:3])) or "pitch bend or aftertouch"
            reason = f"switched off as the library is loaded, left out: {by}"
        self._problems.add(reason, written.place)
        return None

    def _is_on(self, written: Written, index: int) -> bool:
        span = span_of(written, index, self._problems)
        at = self._controllers.value(index) * 127.0
        return span is None or span[0] - 1e-6 <= at < span[1]

    def _bent(self, written: Written) -> bool:
        """Return whether a region asks for pitch bend or aftertouch."""
        for name in _RESTING:
            for end, sign in (("lo", 1), ("hi", -1)):
                text = written.opcodes.get(end + name)
                value = None if text is None else number(text, end + name, written.place, self._problems)
                if value is not None and value * sign > 0:
                    return True
        return False

    def _first_switch(self, instrument: Instrument) -> int | None:
        """Return the keyswitch that is on when the library is loaded: its default, or its first."""
        first = None
        for written in instrument.regions:
            for name in ("sw_default", "sw_last"):
                if name in written.opcodes:
                    key = note(written.opcodes[name], name, written.place, self._problems)
                    if name == "sw_default":
                        return key
                    first = key if first is None else first
        return first

    def _switched_on(self, written: Written) -> bool:
        opcodes = written.opcodes
        if "sw_down" in opcodes or "sw_previous" in opcodes:
            return False
        low, high = opcodes.get("sw_lolast", opcodes.get("sw_last")), opcodes.get("sw_hilast", opcodes.get("sw_last"))
        if low is None or high is None or self._switch is None:
            return True
        ends = [note(text, "sw_last", written.place, self._problems) for text in (low, high)]
        return ends[0] is None or ends[1] is None or ends[0] <= self._switch <= ends[1]
