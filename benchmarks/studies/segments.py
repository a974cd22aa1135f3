"""Score weights on fixed sets of segments: original ones, random mixes, and mixes with shifted stems."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from stemgmd_tools.augment.dataset import SegmentDataset
from stemgmd_tools.augment.sampling.mixing_options import RandomMix
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.separation.training.loop.distributed import Ranks
from stemgmd_tools.separation.training.loop.validate import Validation
from stemgmd_tools.separation.training.settings.schema import TrainConfig
from stemgmd_tools.separation.weights.file import load_weights
from stemgmd_tools.storage.files import file_sha256, write_bytes

SEED = 20_240_228
"""Of all sets, independent of the seeds of the trainings."""
ORIGINAL: Mapping[str, Any] = {"p_original": 1.0}
RANDOM: Mapping[str, Any] = {"p_original": 0.0}


class SegmentSets:
    """Fixed sets of segments of one source, by the options of their mixes; rendered once, at their first use.

    :param segments: number of segments in each set.
    """

    def __init__(self, source: Corpus | VirtualCorpus, config: TrainConfig, segments: int) -> None:
        self._source, self._config, self._segments = source, config, segments
        self._sets: dict[str, Validation] = {}

    def score_db(self, weights: Path, mix: Mapping[str, Any], record: Path) -> float:
        """Return the mean nSDR over all present stems of a set.

        :param mix: options of random mixing.
        :param record: file in which the score stays for the next run.
        """
        key = json.dumps({"mix": mix, "segments": self._segments, "weights": file_sha256(weights)}, sort_keys=True)
        if record.is_file():
            content = json.loads(record.read_text(encoding="utf-8"))
            if content["key"] == key:
                return float(content["db"])
        model = load_weights(weights).model.eval()
        result = self._set(mix)(model, "fp32").pooled_db
        write_bytes(record, json.dumps({"key": key, "db": result}).encode())
        return result

    def _set(self, mix: Mapping[str, Any]) -> Validation:
        name = json.dumps(mix, sort_keys=True)
        if name not in self._sets:
            dataset = SegmentDataset(
                self._source,
                self._config.segment_frames,
                self._segments,
                stems=self._config.model.stem_names,
                mix=RandomMix(**mix),
                seed=SEED,
            )
            self._sets[name] = Validation(dataset, 4, self._ranks)
        return self._sets[name]

    @cached_property
    def _ranks(self) -> Ranks:
        return Ranks(0, 1, torch.device("cpu"))
