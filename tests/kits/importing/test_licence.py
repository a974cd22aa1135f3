"""Licences are found in the texts that libraries carry."""

from __future__ import annotations

from pathlib import Path

import pytest

from stemgmd_tools.kits.importing.licence import licence_of_folder, licence_of_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("This work is licensed under CC0 1.0 Universal", "CC0-1.0"),
        ("This work is licensed under the Creative Commons 0 License.", "CC0-1.0"),
        ("http://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("https://creativecommons.org/licenses/by-sa/4.0/", "CC-BY-SA-4.0"),
        ("Creative Commons Attribution-ShareAlike 3.0 Unported", "CC-BY-SA-3.0"),
        ("Creative Commons Attribution 4.0 International", "CC-BY-4.0"),
        ("CC-BY-NC-SA 4.0", "CC-BY-NC-SA-4.0"),
        ("Attribution-NonCommercial 4.0 International", "CC-BY-NC-4.0"),
        ("CC BY 3.0", "CC-BY-3.0"),
        ("CC BY-NC-ND 4.0", "CC-BY-NC-ND-4.0"),
        ("CC BY-ND 4.0", "CC-BY-ND-4.0"),
        ("CC-BY-NC", "LicenseRef-CC-BY-NC"),
        ("CC BY-NC-SA", "LicenseRef-CC-BY-NC-SA"),
        ("CC BY-SA-NC 3.0", "CC-BY-NC-SA-3.0"),
        ("CC BY", "LicenseRef-CC-BY"),
        ("Attribution Non-Commercial Share Alike 3.0", "CC-BY-NC-SA-3.0"),
        ("Attribution-NonCommercial-NoDerivatives 4.0 International", "CC-BY-NC-ND-4.0"),
        ("https://creativecommons.org/licenses/by-nc/3.0/", "CC-BY-NC-3.0"),
        ("This is NOT in the public domain. All rights reserved.", ""),
        ("In the public domain", "LicenseRef-public-domain"),
        ("GPL-3.0-only", "GPL-3.0-only"),
        ("Attribution is welcome.", ""),
        ("GNU General Public License version 2", "GPL-2.0-or-later"),
        ("GNU GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007", "GPL-3.0-or-later"),
        ("MIT License\n\nPermission is hereby granted, free of charge, to any person", "MIT"),
        ("Recorded by someone in 2004. All rights reserved.", ""),
    ],
)
def test_texts(text: str, expected: str) -> None:
    assert licence_of_text(text) == expected


def test_the_licence_file_goes_before_the_readme(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("The program is under the MIT License.")
    (tmp_path / "LICENSE").write_text("Creative Commons Attribution-ShareAlike 4.0")
    assert licence_of_folder(tmp_path) == ("CC-BY-SA-4.0", "LICENSE")


def test_a_folder_without_texts_has_none(tmp_path: Path) -> None:
    (tmp_path / "kick.wav").write_bytes(b"CC0")
    assert licence_of_folder(tmp_path) == ("", "")
