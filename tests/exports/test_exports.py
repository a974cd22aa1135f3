"""Exports: what is written is right, whole, and never over other content."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from corpora import IDS, digests
from toy_package import install

from stemgmd_tools import open_corpus
from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.corpus.render.run import render_corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.errors import CorpusError, StemgmdError, UsageError
from stemgmd_tools.exports.base import ExportRequest, export
from stemgmd_tools.exports.writing.vocabularies import VOCABULARIES
from stemgmd_tools.performances.select import Selection


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, request_of) -> Path:
    root = tmp_path_factory.mktemp("stemgmd") / "corpus"
    render_corpus(root, request_of(layout="stemgmd", container="wav"), jobs=1)
    return root


@pytest.mark.parametrize("kind", ["disk", "virtual"])
def test_stemgmd_is_what_render_writes(corpus, original, request_of, kind, tmp_path):
    work = request_of()
    source = open_corpus(corpus) if kind == "disk" else VirtualCorpus(work.performances, work.kits)
    request = ExportRequest(source, tmp_path / "out", midi=work.midi, collection=work.source, jobs=1)
    assert not export("stemgmd", request).unchanged
    assert digests(tmp_path / "out") == digests(original)


def test_stemgmd_is_completed_by_the_same_call(corpus, original, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(original, out)
    damaged, missing = sorted(out.rglob("audio/**/*.wav"))[:2]
    damaged.write_bytes(damaged.read_bytes()[:-2])
    missing.unlink()
    request = ExportRequest(open_corpus(corpus), out, jobs=1)
    assert not export("stemgmd", request).unchanged
    assert digests(out) == digests(original)
    assert export("stemgmd", request).unchanged


def test_stemgmd_has_16_bits(request_of, tmp_path):
    work = request_of(sample_format="int24")
    source = VirtualCorpus(work.performances, work.kits, work.settings)
    with pytest.raises(UsageError, match="has 24 bits; StemGMD has 16, so render with --subtype 16"):
        export("stemgmd", ExportRequest(source, tmp_path / "out", midi=work.midi))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_onsets_are_those_of_the_hits(corpus, tmp_path, vocabulary):
    io = pytest.importorskip("mir_eval.io")
    source = open_corpus(corpus)
    export("onsets", ExportRequest(source, tmp_path, {"vocabulary": vocabulary}))
    hits = source.hits
    column = {"9": "piece", "22": "articulation"}.get(vocabulary)
    for name in source.performances["performance"]:
        times, labels = io.load_labeled_events(str(tmp_path / f"{name}.txt"))
        rows = hits[hits["performance"] == name]
        if column is not None:
            assert labels == rows[column].tolist()
            assert times.tolist() == rows["time_s"].tolist()
        header, *lines = (tmp_path / f"{name}.tsv").read_text().splitlines()
        assert header == "time_s\tlabel\tvelocity"
        assert [line.split("\t")[:2] for line in lines] == [
            [repr(time), label] for time, label in zip(times.tolist(), labels, strict=True)
        ]
        left_out = {"3": rows["piece"].str.contains("tom|ride|crash"), "8": rows["articulation"].str.contains("cross")}
        expected = rows[~left_out[vocabulary]] if vocabulary in left_out else rows
        assert [int(line.split("\t")[2]) for line in lines] == expected["velocity"].tolist()
        if vocabulary in ("3", "5"):
            assert set(labels) <= {"kick", "snare", "hihat", "toms", "cymbals"}


def test_onsets_do_not_depend_on_the_source(corpus, request_of, tmp_path):
    work = request_of()
    export("onsets", ExportRequest(open_corpus(corpus), tmp_path / "disk"))
    export("onsets", ExportRequest(VirtualCorpus(work.performances, work.kits), tmp_path / "virtual"))
    assert digests(tmp_path / "disk") == digests(tmp_path / "virtual")


def test_onsets_of_another_corpus_are_not_replaced(corpus, request_of, tmp_path):
    export("onsets", ExportRequest(open_corpus(corpus), tmp_path))
    whole = digests(tmp_path)
    work = request_of()
    softer = []
    for performance in work.performances:
        hits = performance.hits.copy()
        hits["velocity"] = 1
        softer.append(replace(performance, hits=hits))
    with pytest.raises(CorpusError, match="holds another export"):
        export("onsets", ExportRequest(VirtualCorpus(softer, work.kits), tmp_path))
    assert digests(tmp_path) == whole


def test_what_an_early_kill_left_does_not_stop_the_same_command(corpus, tmp_path):
    (tmp_path / ".lock").touch()
    (tmp_path / "export.json.123.part").write_bytes(b"{")
    assert not export("onsets", ExportRequest(open_corpus(corpus), tmp_path)).unchanged


def test_a_damaged_or_missing_text_is_written_again(corpus, tmp_path):
    request = ExportRequest(open_corpus(corpus), tmp_path)
    assert not export("onsets", request).unchanged
    whole = digests(tmp_path)
    damaged, missing = sorted(tmp_path.rglob("*.t*"))[:2]
    damaged.write_bytes(b"0.5\tki")
    missing.unlink()
    assert not export("onsets", request).unchanged
    assert digests(tmp_path) == whole
    assert export("onsets", request).unchanged


@pytest.mark.parametrize(("options", "selection"), [({"vocabulary": "3"}, Selection()), ({}, Selection(ids=IDS[:1]))])
def test_another_export_is_not_written_over(corpus, tmp_path, options, selection):
    source = open_corpus(corpus)
    export("onsets", ExportRequest(source, tmp_path))
    whole = digests(tmp_path)
    with pytest.raises(CorpusError, match="holds another export"):
        export("onsets", ExportRequest(source, tmp_path, options, selection))
    assert digests(tmp_path) == whole


@pytest.mark.parametrize("name", ["huggingface", "onsets", "stemgmd"])
def test_a_folder_of_something_else_is_refused(corpus, tmp_path, name):
    (tmp_path / "thesis.txt").write_text("all of it")
    with pytest.raises(StemgmdError, match="not empty and not"):
        export(name, ExportRequest(open_corpus(corpus), tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (
            "nothing",
            {},
            "export format 'nothing': not known; there are huggingface, jams, midi, onsets, stemgmd, webdataset",
        ),
        ("onsets", {"vocabulary": "7"}, "vocabulary is '7'; allowed: 9, 3, 5, 8, 18, 22"),
        ("stemgmd", {"x": "7"}, "export stemgmd: no option 'x'; there are none"),
        ("onsets", {"vocabular": "7"}, 'no option .vocabular. \\(did you mean "vocabulary"'),
    ],
)
def test_what_is_not_declared_is_named(corpus, tmp_path, name, options, message):
    with pytest.raises(UsageError, match=message):
        export(name, ExportRequest(open_corpus(corpus), tmp_path, options))


def test_the_command(corpus, tmp_path):
    runner = CliRunner()
    words = ["export", "onsets", str(corpus), "--out", str(tmp_path / "out"), "--id", IDS[0]]
    assert runner.invoke(stemgmd, words).output == f"{tmp_path / 'out'}: 2 files written\n"
    assert runner.invoke(stemgmd, words).output == f"{tmp_path / 'out'}: 2 files already there\n"
    both = runner.invoke(stemgmd, [*words, "--virtual", "x"])
    assert "give either CORPUS or --virtual GMD" in str(both.exception)


TOY = """
from stemgmd_tools.exports.base import Export, Option
from stemgmd_tools.exports.text_files import write_files

def write(request):
    names = "".join(f"{name}\\n" for name in request.kit_names())
    return write_files(EXPORT.name, request, {f"kits.{request.options['suffix']}": names.encode})

SUFFIX = Option("suffix", "Suffix.", ("txt", "md"), "txt")
EXPORT = Export("kit-list", "Names of kits.", "Write the names of the kits.", write, (SUFFIX,))
"""


def test_a_format_of_another_distribution_is_a_command(corpus, tmp_path):
    package = install(tmp_path / "package", "stemgmd_tools.exports", TOY)
    assert re.search(r"kit-list +Names of kits\.", package.run("export", "--help").stdout)
    out = tmp_path / "out"
    words = ("export", "kit-list", str(corpus), "--out", str(out), "--suffix", "md")
    assert package.run(*words).stdout == f"{out}: 1 file written\n"
    assert (out / "kits.md").read_text() == "toy\n"
