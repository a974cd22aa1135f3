"""Export a network to ONNX: masks as a function of the mixture's spectra.

ONNX supports neither complex numbers nor inverse transforms: real and imaginary parts are a last axis of size two, and
the transform is left to the caller. The metadata of the file describes it. See ``docs/separation.md``.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from stemgmd_tools.errors import StemgmdError, UsageError
from stemgmd_tools.seeds import stream
from stemgmd_tools.separation.networks.registry import model_named, model_names
from stemgmd_tools.separation.networks.separator import MaskSeparator, Separator
from stemgmd_tools.storage.files import remove_abandoned, write_bytes

FORMAT: Final = "stemgmd-masks/1"
TOLERANCE: Final = 1e-4
"""Maximum difference of a mask between torch and onnxruntime; masks are about 0 to 1."""
_SPECTRUM_AXIS: Final = 3


class Exported(NamedTuple):
    """An exported network."""

    path: Path
    spectra: int | None
    """Fixed number of input spectra; None: any number."""
    difference: float
    """Maximum difference of its masks from torch's, on noise."""


class _Masks(nn.Module):
    """Masks (1, stem, 2, bin, spectrum[, 2]) of spectra (1, 2, bin, spectrum, 2)."""

    def __init__(self, model: MaskSeparator) -> None:
        super().__init__()
        self.model = model

    def forward(self, spectra: Tensor) -> Tensor:
        masks = self.model.masks(torch.view_as_complex(spectra))
        return torch.view_as_real(masks) if masks.is_complex() else masks


def export_onnx(path: Path, model: Separator, about: Mapping[str, Any] | None = None) -> Exported:
    """Export a model's network to ONNX and compare the masks of onnxruntime and torch.

    :param about: description of the weights; stored in the metadata as JSON.
    :raises UsageError: if the model does not predict masks, or the extra ``onnx`` is missing.
    :raises StemgmdError: if the model cannot be expressed in ONNX, or the masks differ by more than :data:`TOLERANCE`.
    """
    if not isinstance(model, MaskSeparator):
        raise UsageError(
            f"this model does not predict masks; models that do, and can be exported: {', '.join(exportable_models())}"
        )
    _require_onnx()
    network = _Masks(model.cpu().eval()).eval()
    count = model.transform.count(model.segment)
    proto = _converted(network, _noise(model, count))
    length = proto.graph.input[0].type.tensor_type.shape.dim[_SPECTRUM_AXIS]
    fixed = None if length.dim_param else int(length.dim_value)
    for name, value in _metadata(model, proto, fixed, about or {}).items():
        entry = proto.metadata_props.add()
        entry.key, entry.value = name, value
    content: bytes = proto.SerializeToString()
    difference = max(
        _difference(content, network, _noise(model, count)) for count in ([37, 2] if not fixed else [fixed])
    )
    if not difference <= TOLERANCE:
        raise StemgmdError(
            f"{path}: masks differ from torch's by {difference:.1e}, more than {TOLERANCE:.0e}; nothing was written"
        )
    remove_abandoned(path)
    write_bytes(path, content)
    return Exported(path, fixed, difference)


def exportable_models() -> tuple[str, ...]:
    """Return the names of the models that predict masks."""
    return tuple(name for name in model_names() if _predicts_masks(model_named(name).network))


def _predicts_masks(network: Any) -> bool:
    return isinstance(network, type) and issubclass(network, MaskSeparator)


def _require_onnx() -> None:
    try:
        import onnx  # noqa: F401, PLC0415 - an extra
        import onnxruntime  # noqa: F401, PLC0415
        import onnxscript  # noqa: F401, PLC0415
    except ModuleNotFoundError:
        raise UsageError("exporting needs the extra onnx: pip install 'stemgmd-tools[onnx]'") from None


def _noise(model: MaskSeparator, count: int) -> Tensor:
    """Return the spectra of noise, (1, 2, bin, count, 2)."""
    draw = stream(0, "export", model.transform.bins, count)
    return torch.from_numpy(draw.standard_normal((1, 2, model.transform.bins, count, 2)).astype(np.float32))


def _converted(network: nn.Module, example: Tensor) -> Any:
    """Return the network as ``onnx.ModelProto``, without metadata of the exporting machine.

    Models that split their input into pieces of fixed length get the number of spectra of ``example``.
    """
    try:
        proto = _traced(network, example, {"spectra": {_SPECTRUM_AXIS: torch.export.Dim("spectrum", min=1)}})
    except torch.onnx.OnnxExporterError:
        try:
            proto = _traced(network, example, None)
        except torch.onnx.OnnxExporterError as error:
            lines = [line for line in str(error).splitlines() if line.startswith("<class")]
            raise StemgmdError(f"the model cannot be expressed in ONNX: {' '.join(lines[:1])}") from error
    for part in (proto.graph, *proto.functions):
        for node in part.node:
            node.doc_string = ""
            del node.metadata_props[:]
    return proto


def _traced(network: nn.Module, example: Tensor, dynamic: dict[str, dict[int, Any]] | None) -> Any:
    with _quiet():
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            verbose=False,
            input_names=["spectra"],
            output_names=["masks"],
            dynamic_shapes=dynamic,
        )
    if program is None:
        raise StemgmdError("the model cannot be expressed in ONNX")
    return program.model_proto


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the exporter's messages about optional packages and failed attempts."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def _metadata(model: MaskSeparator, proto: Any, fixed: int | None, about: Mapping[str, Any]) -> dict[str, str]:
    """Return the metadata that users of the file need."""
    dimensions = len(proto.graph.output[0].type.tensor_type.shape.dim)
    return {
        "format": FORMAT,
        "stems": ",".join(model.stems),
        "sample_rate": str(model.sample_rate),
        "window": str(model.transform.window),
        "window_shape": "hann, periodic",
        "hop": str(model.transform.hop),
        "edges": "mirrored" if model.transform.mirrored else "silence",
        "masks": "complex" if dimensions == 6 else "real",
        "spectra": "any" if fixed is None else str(fixed),
        "about": json.dumps(dict(about), sort_keys=True),
    }


def _difference(content: bytes, network: nn.Module, spectra: Tensor) -> float:
    """Return the maximum difference between the masks of onnxruntime and torch."""
    import onnxruntime  # noqa: PLC0415 - an extra

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    masks = session.run(["masks"], {"spectra": spectra.numpy()})[0]
    with torch.inference_mode():
        expected = network(spectra).numpy()
    if masks.shape != expected.shape:
        raise StemgmdError(f"masks have the shape {masks.shape}, torch's {expected.shape}")
    return float(np.abs(masks - expected).max())
