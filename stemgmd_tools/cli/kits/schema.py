"""``stemgmd kits schema``: print the JSON Schema of sample maps, e.g. for editors."""

from __future__ import annotations

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of sample maps."""
    from stemgmd_tools.kits.sample_map.loader import schema_text

    click.echo(schema_text(), nl=False)
