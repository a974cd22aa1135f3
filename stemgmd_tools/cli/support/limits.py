"""Checks of system limits before a command starts."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.errors import UsageError

LEAST_ADDRESS_SPACE: Final = 600_000_000
"""Bytes. With less, libraries fail to load, crash or hang."""


def require_address_space() -> None:
    """Check that the address space is large enough.

    :raises UsageError: if the limit (``ulimit -v``) is too low.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < LEAST_ADDRESS_SPACE:
        raise UsageError(
            f"the address space is limited to {limit // 10**6:,} MB (ulimit -v); "
            f"at least {LEAST_ADDRESS_SPACE // 10**6:,} MB are needed"
        )
