"""Serialise tensors and metadata as a safetensors file; equal content gives equal bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from safetensors.torch import save
from torch import Tensor

_LENGTH_BYTES: Final = 8
"""Size of the header length at the start of the file; the header is padded to a multiple of it."""
_METADATA: Final = "__metadata__"


def tensor_bytes(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """Return the file's bytes. The library writes ``metadata`` in an order that differs from process to process.

    :param metadata: metadata of the file; they are written in the order of their names.
    """
    content = save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, dict(metadata))
    end = _LENGTH_BYTES + int.from_bytes(content[:_LENGTH_BYTES], "little")
    header = json.loads(content[_LENGTH_BYTES:end])
    header[_METADATA] = dict(sorted(metadata.items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _LENGTH_BYTES)
    return len(text).to_bytes(_LENGTH_BYTES, "little") + text + content[end:]
