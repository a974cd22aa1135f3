"""Load the settings of a run from a preset, a YAML file and the command line; and write them as YAML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from stemgmd_tools.errors import KitError, TrainingError, UsageError
from stemgmd_tools.separation.training.settings.schema import TrainConfig
from stemgmd_tools.strict_yaml.diagnostics import first_fault, shown, translated
from stemgmd_tools.strict_yaml.parse import YamlText, parse_yaml, spell
from stemgmd_tools.strict_yaml.problem import nearest

PRESETS: Final = Path(__file__).resolve().parent / "presets"
"""The folder of the presets."""


def preset_names() -> tuple[str, ...]:
    """Return the names of the presets."""
    return tuple(sorted(path.stem for path in PRESETS.glob("*.yaml")))


def load_config(
    path: Path | None = None, *, preset: str = "default", changes: Mapping[str, Any] | None = None
) -> TrainConfig:
    """Return the settings of a preset, overridden by the keys of a file, overridden by ``changes``.

    :param changes: nested like the keys of a file.
    :raises UsageError: for an unknown preset, or changes that do not fit.
    :raises TrainingError: if the file is faulty: one line with file, line and key.
    """
    if preset not in preset_names():
        known = preset_names()
        raise UsageError(f'no preset "{preset}"{nearest(preset, known)}; presets: {", ".join(known)}')
    data = _parsed(PRESETS / f"{preset}.yaml").data
    if path is not None:
        text = _parsed(path)
        data = overlaid(data, text.data)
        _checked(data, text)
    return _checked(overlaid(data, changes or {}))


def read_config(path: Path) -> TrainConfig:
    """Read complete settings, such as those saved with a run, without a preset.

    :raises TrainingError: if the file is faulty: one line with file, line and key.
    """
    text = _parsed(path)
    return _checked(text.data, text)


def with_changes(config: TrainConfig, changes: Mapping[str, Any]) -> TrainConfig:
    """Return settings with some values changed.

    :param changes: nested like the keys of a file.

    :raises UsageError: if they do not fit.
    """
    return _checked(overlaid(config.model_dump(mode="json", by_alias=True), changes))


def config_text(config: TrainConfig) -> str:
    """Return settings as YAML with all keys."""
    content = config.model_dump(mode="json", by_alias=True)
    text: str = yaml.safe_dump(content, sort_keys=False, default_flow_style=None, width=120)
    return text


def overlaid(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested data with the keys of ``over`` on top; mappings are merged, those that are one choice replaced."""
    merged = dict(under)
    for one, other in _EXCLUSIVE:
        for given, rival in ((one, other), (other, one)):
            if over.get(given) and rival not in over:
                merged.pop(rival, None)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(below, dict) and isinstance(value, dict) and key not in _REPLACED
        merged[key] = overlaid(below, value) if both and isinstance(below, dict) else value
    return merged


_REPLACED: Final = frozenset({"terms", "options", "min_active", "stem_weights", "budget"})
"""Mappings that are one choice: a file that names some of the keys means no others."""

_EXCLUSIVE: Final = (("mix", "min_active"), ("mix", "grid_s"), ("min_active", "grid_s"), ("corpus", "gmd"))
"""Keys that go without each other: who gives one takes the other of the layer below away."""


def _parsed(path: Path) -> YamlText:
    try:
        text = parse_yaml(path)
    except KitError as error:
        raise TrainingError(str(error)) from error
    if not isinstance(text.data, dict):
        raise TrainingError(f"{path}:1: found {shown(text.data)}; settings are a mapping of keys to values")
    return text


def _checked(data: Mapping[str, Any], text: YamlText | None = None) -> TrainConfig:
    try:
        # JSON is the one strict mode in which a list is a tuple and 1 is a float, but "1" is not a number.
        return TrainConfig.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        problems = list(translated(error, data, TrainConfig.model_json_schema(by_alias=True)))
    except UsageError as error:  # of the knobs of random mixing, which check themselves
        where = "settings" if text is None else f"{text.path}:{text.line(('data', 'mix'))}"
        raise TrainingError(f"{where}: data.mix: {error}") from error
    if text is not None:
        raise TrainingError(first_fault(text, problems))
    at = f"{spell(problems[0].at)}: " if problems[0].at else ""
    raise UsageError(f"settings: {at}{problems[0].text}")
