"""Effects on finished mixes with pedalboard (GPL-3), one mix at a time, on the CPU. No other module imports it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from stemgmd_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

Parameters = Mapping[str, Any]


def _pedalboard() -> Any:
    try:
        import pedalboard  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError as error:
        raise UsageError(
            "this effect needs pedalboard, which is not installed; pip install 'stemgmd-tools[augment]'"
        ) from error
    return pedalboard


def _bus_compressor(board: Any, values: Parameters) -> Sequence[Any]:
    names = ("threshold_db", "ratio", "attack_ms", "release_ms")
    return [board.Compressor(**{name: float(values[name]) for name in names})]


def _tape_saturation(board: Any, values: Parameters) -> Sequence[Any]:
    drive_db = float(values["drive_db"])
    return [
        board.Distortion(drive_db=drive_db),
        board.LowpassFilter(cutoff_frequency_hz=float(values["frequency_hz"])),
    ]


def _reverb(board: Any, values: Parameters) -> Sequence[Any]:
    names = ("room_size", "damping", "wet_level", "dry_level", "width")
    return [board.Reverb(**{name: float(values[name]) for name in names})]


_PLUGINS: Final[Mapping[str, Callable[[Any, Parameters], Sequence[Any]]]] = {
    "bus_compressor": _bus_compressor,
    "tape_saturation": _tape_saturation,
    "mp3_compression": lambda board, values: [board.MP3Compressor(vbr_quality=float(values["vbr_quality"]))],
    "gsm_compression": lambda board, _: [board.GSMFullRateCompressor()],
    "board_reverb": _reverb,
}
BOARD_EFFECTS: Final = frozenset({*_PLUGINS, "board_convolution"})
"""Names of these effects in the catalogue."""
SHORTEST: Final = 4
"""Minimum frames, so that pedalboard does not confuse frames and channels; shorter mixes are padded."""


def need_board(effects: Iterable[str]) -> None:
    """Check that pedalboard is installed if effects need it.

    :raises UsageError: if one of them needs pedalboard and it is not installed.
    """
    if not BOARD_EFFECTS.isdisjoint(effects):
        _pedalboard()


def board_effect(
    name: str,
    audio: np.ndarray,
    values: Parameters,
    *,
    sample_rate: int,
    impulse_response: np.ndarray | None = None,
) -> np.ndarray:
    """Return a finished mix after an effect, with the same length and without a codec's delay.

    :param audio: (channel, frame) float32.
    :param impulse_response: (channel, frame) at the sample rate, for ``board_convolution``.
    :raises UsageError: if pedalboard is not installed.
    """
    board = _pedalboard()
    if name == "board_convolution":
        plugins: Sequence[Any] = [board.Convolution(_response(impulse_response), float(values["mix"]), sample_rate)]
    else:
        plugins = _PLUGINS[name](board, values)
    sound = np.pad(audio, ((0, 0), (0, max(0, SHORTEST - audio.shape[1]))))
    out = np.asarray(board.Pedalboard(list(plugins))(sound, float(sample_rate)), np.float32)
    out = out[:, : audio.shape[1]]
    if name == "tape_saturation":
        out = out * _level_gain(audio, out)
    return np.pad(out, ((0, 0), (0, audio.shape[1] - out.shape[1])))


def _response(taps: np.ndarray | None) -> np.ndarray:
    if taps is None:
        raise UsageError("board_convolution: no impulse response was given; pass it in impulse_responses")
    return np.ascontiguousarray(taps, np.float32)


def _level_gain(before: np.ndarray, after: np.ndarray) -> np.float32:
    """Return the gain that brings ``after`` to the RMS of ``before``."""
    energy = float(np.square(after, dtype=np.float64).sum())
    return np.float32(np.sqrt(float(np.square(before, dtype=np.float64).sum()) / energy) if energy else 1.0)
