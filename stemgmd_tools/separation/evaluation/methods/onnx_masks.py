"""Networks that `baseline-export` wrote to ONNX files, as separators."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from stemgmd_tools.errors import UsageError, shown
from stemgmd_tools.separation.networks.separator import MaskSeparator
from stemgmd_tools.separation.networks.stft import Spectrogram
from stemgmd_tools.separation.weights.export import FORMAT

SUFFIX: Final = ".onnx"


class OnnxMasks(MaskSeparator):
    """Masks that onnxruntime computes on the CPU; the transform is that of the file's metadata.

    :param path: file of ``stemgmd baseline-export``.
    :raises UsageError: if it cannot be read, has another format, or the extra ``onnx`` is missing.
    """

    def __init__(self, path: Path) -> None:
        """Read the network and its metadata."""
        try:
            import onnxruntime  # noqa: PLC0415 - an extra
        except ModuleNotFoundError:
            raise UsageError(f"{shown(path)}: needs the extra onnx: pip install 'stemgmd-tools[onnx]'") from None
        try:
            self._session: Any = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own kinds have no common base
            raise UsageError(f"{shown(path)}: is no ONNX file that onnxruntime can run: {_line(error)}") from error
        about = self._session.get_modelmeta().custom_metadata_map
        if about.get("format") != FORMAT:
            raise UsageError(f"{shown(path)}: lacks the metadata of {FORMAT}; give a file of stemgmd baseline-export")
        transform = Spectrogram(int(about["window"]), int(about["hop"]), mirrored=about["edges"] == "mirrored")
        super().__init__(about["stems"].split(","), transform, int(about["sample_rate"]))
        self.about: dict[str, Any] = json.loads(about["about"])
        self._complex = about["masks"] == "complex"
        self._count = None if about["spectra"] == "any" else int(about["spectra"])
        if self._count is not None:
            self.segment = (self._count - 1) * transform.hop

    def masks(self, spectra: Tensor) -> Tensor:
        """Return masks (item, stem, 2, bin, spectrum) of complex spectra (item, 2, bin, spectrum)."""
        length = spectra.shape[-1]
        missing = 0 if self._count is None else self._count - length
        parts = torch.view_as_real(nn.functional.pad(spectra, (0, missing))).cpu().numpy()
        masks = np.concatenate([self._session.run(["masks"], {"spectra": item[None]})[0] for item in parts])
        result = torch.from_numpy(masks)
        if self._complex:
            result = torch.view_as_complex(result)
        return result[..., :length].to(spectra.device)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
