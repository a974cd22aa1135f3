"""The list of clips to keep is read by whatever takes clips of a corpus."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.errors import UsageError
from stemgmd_tools.performances.lists.keep import KeepList, read_keep
from stemgmd_tools.performances.select import Selection, select


@pytest.fixture
def keep(corpus: Path, tmp_path: Path) -> tuple[Path, str, str]:
    """Return a list with the first of two performances, its name and its kit."""
    source = Corpus(corpus)
    name = str(source.performances["performance"].iloc[0])
    kit = source.kits_of(name)[0]
    path = tmp_path / "keep.csv"
    path.write_text(f"performance,kit\n{name},{kit}\n")
    return path, name, kit


def test_a_list_is_read(tmp_path: Path) -> None:
    path = tmp_path / "keep.csv"
    path.write_text("\ufeffperformance,kit,why\r\na/1,one,x\r\nb,,y\r\n", encoding="utf-8")
    listed = read_keep(path)
    assert [listed.allows(*clip) for clip in (("a/1", "one"), ("a/1", "two"), ("b", "two"), ("c", ""))] == [
        True,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("text", ["name\na\n", "performance,kit\n", None])
def test_what_is_no_list_is_refused_in_one_line(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "keep.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=r"keep\.csv"):
        read_keep(path)


def test_a_selection_keeps_what_is_listed(corpus: Path, keep: tuple[Path, str, str]) -> None:
    path, name, kit = keep
    source = Corpus(corpus)
    played = [source.played(str(one)) for one in source.performances["performance"]]
    selection = Selection(keep=read_keep(path))
    assert [performance.id for performance in select(played, selection)] == [name]
    assert selection.allows(name, kit)
    assert not selection.allows(name, "another")
    with pytest.raises(UsageError, match="list of clips to keep"):
        select(played, Selection(keep=KeepList(frozenset({("another", "")}))))


def test_exports_take_it(corpus: Path, keep: tuple[Path, str, str], tmp_path: Path) -> None:
    path, name, _ = keep
    out = tmp_path / "out"
    line = ["export", "onsets", str(corpus), "--out", str(out), "--keep", str(path), "--quiet"]
    assert CliRunner().invoke(stemgmd, line).exit_code == 0
    assert [one.relative_to(out).as_posix() for one in out.rglob("*.txt")] == [f"{name}.txt"]


def test_evaluations_and_trainings_take_it(corpus: Path, keep: tuple[Path, str, str]) -> None:
    pytest.importorskip("torch")
    from stemgmd_tools.separation.evaluation.run import evaluation_clips
    from stemgmd_tools.separation.training.loop.parts import CorpusPart

    path, name, kit = keep
    listed = read_keep(path)
    clips = evaluation_clips(Corpus(corpus), selection=Selection(keep=listed))
    assert [(clip.performance, clip.kit) for clip in clips] == [(name, kit)]
    everything = frozenset(Corpus(corpus).performances["performance"])
    part = CorpusPart(corpus, everything, frozenset({kit}), listed)
    assert set(part.tracks["performance"]) == {name}
    assert part.kits_of(name) == (kit,)
    assert [part.kits_of(other) for other in everything - {name}] == [()]


def test_augmentations_take_it(corpus: Path, keep: tuple[Path, str, str]) -> None:
    pytest.importorskip("torch")
    from stemgmd_tools.augment.chain.chain import load_chain
    from stemgmd_tools.augment.corpus.run import AugmentRequest
    from stemgmd_tools.augment.symbolic.source_spec import SourceSpec
    from stemgmd_tools.corpus.folder.identity import Augmentation

    path, name, kit = keep
    chain = load_chain("none")
    request = AugmentRequest(
        SourceSpec(corpus),
        "starter",
        Augmentation(chain.name, chain.hash, 0, "cpu"),
        chain,
        selection=Selection(keep=read_keep(path)),
    )
    assert [(example.performance, example.kit) for example in request.examples()] == [(name, kit)]
