"""Impulse responses that rows name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from torch import Tensor

from stemgmd_tools.errors import AugmentError

ImpulseResponses: TypeAlias = Mapping[str, Tensor]
"""By name: (1 or channel, frame), at the sample rate of the sound."""


def find_impulse_response(name: str, impulse_responses: ImpulseResponses) -> Tensor:
    """Return an impulse response by name.

    :raises AugmentError: if there is none of that name.
    """
    if name not in impulse_responses:
        names = ", ".join(impulse_responses) or "none"
        raise AugmentError(f'no impulse response "{name}"; available: {names}; pass it in impulse_responses')
    return impulse_responses[name]
