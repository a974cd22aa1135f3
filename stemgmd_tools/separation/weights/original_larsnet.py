"""Load the original weights of LarsNet, published as one PyTorch checkpoint per stem, into :class:`LarsNet`.

The original weights are licensed CC BY-NC 4.0, not for commercial use, and so are weights converted from them.
Example::

    model = load_original({stem: folder / stem / f"pretrained_{stem}_unet.pth" for stem in LarsNet().stems})
    save_weights(Path("larsnet.safetensors"), ModelSpec("larsnet", model.stems), model, {"license": "CC-BY-NC-4.0"})
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from stemgmd_tools.errors import UsageError
from stemgmd_tools.separation.models.larsnet import LarsNet

STATE: Final = "model_state_dict"
"""Key of the network's state in an original checkpoint."""
_NAMES: Final = (
    (re.compile(r"^input_norm\."), "norm."),
    (re.compile(r"^mask_layer\.0\."), "mask."),
    (re.compile(r"^enc([1-6])\.(conv|bn)\."), "encoder.{}."),
    (re.compile(r"^dec([1-6])\.(conv_trans|bn)\."), "decoder.{}."),
)
_LAYERS: Final = {"conv": "convolution", "conv_trans": "convolution", "bn": "norm"}


def load_original(checkpoints: Mapping[str, Path]) -> LarsNet:
    """Return a LarsNet with the original's weights, in evaluation mode.

    Files are read with ``weights_only=True``: no code of theirs runs.

    :param checkpoints: a file for every stem; their order is the order of the output.
    :raises UsageError: for a file that cannot be read, or that does not hold exactly the network's parameters.
    """
    if not checkpoints:
        raise UsageError("original weights: no checkpoint is given; give a .pth file for every stem")
    model = LarsNet(tuple(checkpoints))
    for stem, path in checkpoints.items():
        network = model.networks[stem]
        state = _converted(_read(path), path)
        _check(state, network.state_dict(), path)
        network.load_state_dict(state)
    return model.eval()


def our_name(name: str) -> str | None:
    """Return the name of an original parameter in this package; None if it is not a parameter of LarsNet."""
    for pattern, start in _NAMES:
        match = pattern.match(name)
        if not match:
            continue
        if not match.groups():
            return start + name[match.end() :]
        level, layer = match.groups()
        return f"{start.format(int(level) - 1)}{_LAYERS[layer]}.{name[match.end() :]}"
    return None


def _read(path: Path) -> Mapping[str, Any]:
    """Return the state in a checkpoint: under its key, or the file's whole content."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UsageError(f"{path}: cannot be read as a checkpoint ({first}); give LarsNet's own .pth file") from error
    state = content.get(STATE, content) if isinstance(content, dict) else None
    if not isinstance(state, dict):
        raise UsageError(f"{path}: holds {type(content).__name__}, not a checkpoint with {STATE!r}")
    return state


def _converted(state: Mapping[str, Any], path: Path) -> dict[str, Tensor]:
    renamed: dict[str, Tensor] = {}
    for name, value in state.items():
        ours = our_name(name)
        if ours is None or not isinstance(value, Tensor):
            raise UsageError(f"{path}: {name} is no parameter of LarsNet's U-Net; give LarsNet's own .pth file")
        renamed[ours] = value
    return renamed


def _check(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor], path: Path) -> None:
    missing = [name for name in wanted if name not in state and not name.endswith("num_batches_tracked")]
    if missing:
        raise UsageError(f"{path}: {len(missing)} parameters are missing, {missing[0]} first; is the file whole?")
    for name, value in state.items():
        if name not in wanted:
            raise UsageError(f"{path}: {name} is no parameter of LarsNet's U-Net; give LarsNet's own .pth file")
        if value.shape != wanted[name].shape:
            was, should = tuple(value.shape), tuple(wanted[name].shape)
            raise UsageError(f"{path}: {name} has shape {was}, the U-Net's is {should}")
