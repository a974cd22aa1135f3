"""The network as ONNX: the same masks, any length, and metadata that suffices without torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from toy_separators import ComplexMasks, Gains, TinyMasks, register_toys

from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.errors import StemgmdError, UsageError
from stemgmd_tools.seeds import stream
from stemgmd_tools.separation.evaluation.methods.model import TrainedModel
from stemgmd_tools.separation.evaluation.methods.onnx_masks import OnnxMasks
from stemgmd_tools.separation.networks.registry import ModelSpec, build
from stemgmd_tools.separation.networks.separator import MaskSeparator
from stemgmd_tools.separation.weights import export
from stemgmd_tools.separation.weights.export import TOLERANCE, export_onnx
from stemgmd_tools.separation.weights.file import load_weights, save_weights, shipped_weights

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")


class Whole(TinyMasks):
    """A model that takes in pieces of nine spectra, as LarsNet does of 512: the network fixes their number."""

    segment = 8 * 128

    def masks(self, spectra):
        pieces = torch.split(spectra.abs(), 9, -1)
        return torch.cat([super(Whole, self).masks(some) for some in pieces], -1)


def metadata_of(path: Path) -> dict[str, str]:
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


def separated(path: Path, sound: np.ndarray) -> np.ndarray:
    """Return the stems (stem, 2, frame) of a sound (2, frame), by nothing but numpy, onnxruntime and the metadata."""
    about = metadata_of(path)
    window, hop = int(about["window"]), int(about["hop"])
    shape = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    frames = sound.shape[1]
    padded = np.pad(sound, ((0, 0), (window // 2, window // 2 + -frames % hop)))
    starts = range(0, padded.shape[1] - window + 1, hop)
    spectra = np.stack([np.fft.rfft(padded[:, at : at + window] * shape) for at in starts], axis=-1)
    parts = np.stack([spectra.real, spectra.imag], axis=-1)[None].astype(np.float32)
    masks = onnxruntime.InferenceSession(path).run(["masks"], {"spectra": parts})[0][0]
    if about["masks"] == "complex":
        masks = masks[..., 0] + 1j * masks[..., 1]
    total = np.zeros((len(about["stems"].split(",")), *padded.shape))
    weight = np.zeros(padded.shape[1])
    for number, at in enumerate(starts):
        total[..., at : at + window] += np.fft.irfft(masks[..., number] * spectra[..., number]) * shape
        weight[at : at + window] += shape**2
    inside = slice(window // 2, window // 2 + frames)
    return total[..., inside] / weight[inside]


@pytest.mark.parametrize("kind", [TinyMasks, ComplexMasks])
def test_who_has_only_the_file_gets_the_same_stems(tmp_path, kind):
    torch.manual_seed(3)
    model = kind(("a", "b", "c"))
    exported = export_onnx(tmp_path / "m.onnx", model, {"licence": "Apache-2.0"})
    content = exported.path.read_bytes()
    assert str(Path(torch.__file__).parent).encode() not in content  # nothing of the machine it was made on
    assert str(Path(export.__file__).parent).encode() not in content
    assert exported.spectra is None
    assert exported.difference <= TOLERANCE
    assert metadata_of(exported.path)["about"] == '{"licence": "Apache-2.0"}'
    assert (metadata_of(exported.path)["stems"], metadata_of(exported.path)["sample_rate"]) == ("a,b,c", "44100")
    assert (metadata_of(exported.path)["edges"], metadata_of(exported.path)["spectra"]) == ("silence", "any")
    for frames in (1, 1000, 20_001):
        sound = stream(0, "onnx", frames).uniform(-1, 1, (2, frames)).astype(np.float32)
        with torch.inference_mode():
            expected = model.eval()(torch.from_numpy(sound)[None])[0].numpy()
        assert np.abs(separated(exported.path, sound) - expected).max() < TOLERANCE
        with torch.inference_mode():
            loaded = OnnxMasks(exported.path)(torch.from_numpy(sound)[None])[0].numpy()
        assert np.abs(loaded - expected).max() < TOLERANCE


@pytest.mark.slow
def test_the_weights_that_ship_are_exported_for_any_length(tmp_path):
    model = load_weights(shipped_weights()).model
    assert isinstance(model, MaskSeparator)
    exported = export_onnx(tmp_path / "m.onnx", model)
    assert exported.spectra is None
    assert exported.difference <= TOLERANCE


@pytest.mark.slow
def test_bandsplit_is_exported_for_any_length(tmp_path):
    torch.manual_seed(3)
    model = build(ModelSpec("bandsplit-s", ("kick", "snare"), {"width": 4, "across": 4}))
    assert isinstance(model, MaskSeparator)
    exported = export_onnx(tmp_path / "m.onnx", model)
    assert exported.spectra is None
    assert exported.difference <= TOLERANCE


@pytest.mark.slow
def test_larsnet_is_exported_for_its_patches(tmp_path):
    torch.manual_seed(3)
    model = build(ModelSpec("larsnet", ("kick",)))
    assert isinstance(model, MaskSeparator)
    exported = export_onnx(tmp_path / "m.onnx", model)
    assert exported.spectra == 512
    assert exported.difference <= TOLERANCE


def test_a_model_of_pieces_says_how_many_spectra_it_takes(tmp_path):
    torch.manual_seed(3)
    exported = export_onnx(tmp_path / "m.onnx", Whole(("a",)))
    assert exported.spectra == 9
    assert metadata_of(exported.path)["spectra"] == "9"
    loaded = OnnxMasks(exported.path)
    assert loaded.segment == Whole.segment
    for frames in (Whole.segment, 300):  # a shorter sound is one piece as well
        sound = torch.from_numpy(stream(0, "onnx", frames).uniform(-1, 1, (1, 2, frames)).astype(np.float32))
        assert loaded(sound).shape == (1, 1, 2, frames)
    written = exported.path.read_bytes()
    method = TrainedModel(exported.path)
    assert (method.name, method.stems, len(method.about["sha256"])) == ("m", ("a",), 64)
    (tmp_path / "damaged.onnx").write_bytes(written[:100])
    with pytest.raises(UsageError, match=r"damaged\.onnx: is no ONNX file that onnxruntime can run"):
        TrainedModel(tmp_path / "damaged.onnx")
    foreign = onnx.load(exported.path)
    del foreign.metadata_props[:]
    onnx.save(foreign, tmp_path / "foreign.onnx")
    with pytest.raises(UsageError, match=r"foreign\.onnx: lacks the metadata of stemgmd-masks/1"):
        TrainedModel(tmp_path / "foreign.onnx")


def test_a_difference_is_noticed_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_difference", lambda *_: 2 * TOLERANCE)
    with pytest.raises(StemgmdError, match="nothing was written"):
        export_onnx(tmp_path / "m.onnx", TinyMasks(("a",)))
    assert not list(tmp_path.iterdir())


def test_models_without_masks_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"does not predict masks; .*: bandsplit-s, larsnet, larsnet-s$"):
        export_onnx(tmp_path / "m.onnx", Gains())


def test_the_command(tmp_path, monkeypatch):
    register_toys(monkeypatch)
    spec = ModelSpec("tiny-masks", ("a", "b"))
    save_weights(tmp_path / "w.safetensors", spec, build(spec), {})
    words = ["baseline-export", "--weights", str(tmp_path / "w.safetensors"), "--out", str(tmp_path / "m.onnx")]
    result = CliRunner().invoke(stemgmd, words)
    assert result.exit_code == 0, result.exception
    assert result.stdout.startswith(f"{tmp_path / 'm.onnx'}: a, b; takes any number of spectra at once; within ")
    again = CliRunner().invoke(stemgmd, words)
    assert "already exists" in str(again.exception)
    assert CliRunner().invoke(stemgmd, [*words, "--overwrite"]).exit_code == 0
