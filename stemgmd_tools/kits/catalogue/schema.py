"""The format of a catalogue entry: one open drum library, pinned, and how it is imported."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from stemgmd_tools.storage.paths import KIT_NAME, is_relative_path
from stemgmd_tools.strict_yaml.model import Strict

SCHEMA_ID: Final = "stemgmd-recorded/1"
MAX_BYTES: Final = 8 << 30
"""Largest archive or file."""
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


def _printed(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("must be text on one line")
    return text


def _inside(text: str) -> str:
    if not is_relative_path(text):
        raise ValueError("must be a path inside the folder, its parts joined by /, none of them ..")
    return text


Line = Annotated[str, AfterValidator(_printed)]
Inside = Annotated[str, AfterValidator(_inside)]


class Source(Strict):
    """Where the files come from: a commit of a GitHub repository, or an archive."""

    github: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", description="repository, as owner/name"
    )
    commit: str | None = Field(default=None, pattern="^[0-9a-f]{40}$", description="commit of the repository")
    archive: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s]+/[^\s/]+$",
        description="address of a .zip, .tar.* or .deb archive, or of an .sf2 file; with `commit`, of that commit",
    )
    bytes: int | None = Field(default=None, gt=0, le=MAX_BYTES, description="size of the archive")
    sha256: Sha256 | None = Field(default=None, description="SHA-256 of the archive")
    folder: Inside | None = Field(
        default=None, description="folder of the library in the repository or archive; default: all of it"
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.archive is None and (self.github is None or self.commit is None):
            raise ValueError("give `github` and `commit`, or `archive`")
        if self.archive is None and (self.bytes or self.sha256):
            raise ValueError("`bytes` and `sha256` are those of an `archive`; files of a repository are in the table")
        return self


class Entry(Strict):
    """One drum library that `stemgmd kits install` can install."""

    schema_id: Literal["stemgmd-recorded/1"] = Field(alias="schema", description="format and version of this file")
    name: str = Field(pattern=f"^{KIT_NAME}$", description="the kit's name, equal to the file's")
    title: Line = Field(description="display name")
    description: Line = Field(description="one or two sentences: drums, room, microphones, how it was played")
    license: Line = Field(description="SPDX identifier")
    license_checked: tuple[Line, ...] = Field(min_length=1, description="places that state the licence")
    license_doubt: Line | None = Field(default=None, description="what is doubtful about the licence")
    attribution: Line = Field(description="the required credit; copied into every manifest")
    homepage: Line = Field(pattern="^https?://", description="address of the library's page")
    verified: bool = Field(description="whether all files were hashed and imported when the entry was made")
    source: Source
    definition: Inside = Field(description="file that defines the kit, or folder of one-shots, relative to `folder`")
    options: dict[str, Line] = Field(default_factory=dict, description="options of the format, as for `kits import`")
    map: dict[str, Line] = Field(
        default_factory=dict, description="note or name -> articulation, as `--map` of `kits import`"
    )
    layers: int | None = Field(default=None, ge=1, description="largest number of velocity layers of a drum")
    microphones: int | None = Field(default=None, ge=1, description="number of microphones")

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if self.verified and self.source.archive and not (self.source.bytes and self.source.sha256):
            raise ValueError("a verified archive needs `bytes` and `sha256`")
        if len(self.license_checked) < 2 and not self.license_doubt:
            raise ValueError("a licence checked in fewer than two places needs a `license_doubt`")
        return self
