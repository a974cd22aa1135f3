"""Files of weights: equal content gives equal bytes, in every process, and the library reads them."""

from __future__ import annotations

import subprocess
import sys

import torch
from safetensors.torch import load, save

from stemgmd_tools.separation.weights.tensor_bytes import tensor_bytes

PROCESSES = 4
PROGRAM = """
import hashlib, torch
from stemgmd_tools.separation.weights.tensor_bytes import tensor_bytes
told = {name: name * 3 for name in ("format", "spec", "about", "rest", "é")}
print(hashlib.sha256(tensor_bytes({"a": torch.arange(3.0), "b": torch.ones(2, 2)}, told)).hexdigest())
"""


def test_every_process_writes_the_same_bytes() -> None:
    run = [sys.executable, "-c", PROGRAM]
    outputs = {subprocess.run(run, capture_output=True, text=True, check=True).stdout for _ in range(PROCESSES)}
    assert len(outputs) == 1


def test_the_library_reads_them() -> None:
    tensors = {"b": torch.ones(2, 2).T, "a": torch.arange(3), "empty": torch.zeros(0)}
    content = tensor_bytes(tensors, {"z": "1", "a": '{"é": "\\n"}'})
    read = load(content)
    assert read.keys() == tensors.keys()
    assert all(torch.equal(read[name], one) for name, one in tensors.items())
    plain = save({name: one.contiguous() for name, one in tensors.items()})
    assert content.endswith(plain[8 + int.from_bytes(plain[:8], "little") :])
    assert content.index(b'"a":') < content.index(b'"z":')
