"""What a run was asked for, and the recorded kits it found."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from benchmarks.realism.results import Skipped
from stemgmd_tools.kits.library import KIT_PATH_VARIABLE

FITTED_KITS = ("salamander", "muldjord", "ludwig_1960s", "sams_sonor", "gogodze_phu")
"""Recorded kits that models are measured on: what "trained on recordings" is trained on."""
HELD_OUT_KITS = ("avl_black_pearl", "avl_red_zeppelin", "becks_ludwig")
"""Recorded kits that no model may know: the test set, unless another is named."""


@dataclass(frozen=True, slots=True)
class Context:
    """How much to measure, and on what."""

    quick: bool = False
    kits: Path | None = None
    """Folder of the recorded kits; None: not found."""
    test_kits: Path | None = None
    """Folder whose kits, all of them, are the test set instead of the kits held out."""
    recorded_names: tuple[str, ...] = FITTED_KITS
    """Kits in ``kits`` that stand for "trained on recordings"."""
    gmd: Path | None = None
    """The Groove MIDI Dataset; None: as for ``stemgmd render``."""
    jobs: int = 2
    """Processes."""

    def training_folders(self) -> tuple[Path, ...]:
        """Return the folders of the recorded kits of the training side.

        :raises Skipped: if there are none.
        """
        return self._present(self.recorded_names)

    def test_folders(self) -> tuple[Path, ...]:
        """Return the folders of the kits of the test set.

        :raises Skipped: if there are none.
        """
        if self.test_kits is not None:
            folders = tuple(sorted(path.parent for path in self.test_kits.glob("*/kit.json")))
            if not folders:
                raise Skipped(f"no folder with a kit.json in {self.test_kits}")
            return folders
        return self._present(HELD_OUT_KITS)

    def _present(self, names: tuple[str, ...]) -> tuple[Path, ...]:
        if self.kits is None:
            raise Skipped(f"no recorded kits: name their folder with --kits or {KIT_PATH_VARIABLE}")
        missing = [name for name in names if not (self.kits / name / "kit.json").is_file()]
        if missing:
            raise Skipped(f"{self.kits}: no kit {', '.join(missing)}")
        return tuple(self.kits / name for name in names)


def find_kits(given: Path | None) -> Path | None:
    """Return the folder of the recorded kits: the one given, else the first of ``STEMGMD_KITS`` that holds one."""
    places = (
        [given] if given else [Path(part) for part in os.environ.get(KIT_PATH_VARIABLE, "").split(os.pathsep) if part]
    )
    return next((place.expanduser() for place in places if any(place.expanduser().glob("*/kit.json"))), None)
