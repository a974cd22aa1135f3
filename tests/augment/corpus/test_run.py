"""Augmented corpora: the same bytes again, in shards, after damage, from their rows; sound by their own check."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from corpora import IDS, digests
from toy_batches import ON_STEMS, parameters
from toy_kits import write_sound

from stemgmd_tools.augment.audio import streaming
from stemgmd_tools.augment.chain.catalogue import find_effect
from stemgmd_tools.augment.chain.chain import load_chain, make_chain
from stemgmd_tools.augment.chain.effect import DRAWN
from stemgmd_tools.augment.chain.manifest_rows import read_drawn
from stemgmd_tools.augment.chain.schema import Chain
from stemgmd_tools.augment.corpus import libraries
from stemgmd_tools.augment.corpus.run import AugmentRequest
from stemgmd_tools.augment.corpus.verify_corpus import verify_corpus
from stemgmd_tools.augment.symbolic.source_spec import SourceSpec
from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.corpus.folder.identity import Augmentation
from stemgmd_tools.corpus.folder.locks import Shard
from stemgmd_tools.corpus.merge import merge
from stemgmd_tools.corpus.render.run import Request, render_corpus
from stemgmd_tools.corpus.sources.open import open_corpus, virtual_corpus
from stemgmd_tools.errors import LONGEST_MESSAGE, AugmentError, CorpusError, StemgmdError, UsageError
from stemgmd_tools.performances.select import Selection, select
from stemgmd_tools.performances.source import find_source
from stemgmd_tools.rendering.settings import RenderSettings

SELECTION = Selection(ids=IDS[:2])


@pytest.fixture(scope="module")
def rendered(tmp_path_factory, kit_files) -> Path:
    """Return a corpus on disk: two performances through two kits."""
    root = tmp_path_factory.mktemp("rendered") / "corpus"
    source = find_source()
    performances = select(source.read(), SELECTION)
    kits = [virtual_corpus(kits=[path]).kit(Path(path).stem) for path in kit_files]
    request = Request(performances, source.midi(), source.kind.value, kits, RenderSettings(), single_hits=False)
    render_corpus(root, request, jobs=1)
    return root


def request(origin: SourceSpec, chain: str = "larsnet", **changed) -> AugmentRequest:
    loaded = load_chain(chain)
    augmentation = Augmentation(loaded.name, loaded.hash, changed.pop("seed", 1), "cpu")
    return AugmentRequest(origin, "starter", augmentation, loaded, copies=2, selection=SELECTION, **changed)


@pytest.fixture(scope="module")
def augmented(tmp_path_factory, rendered) -> Path:
    """Return the corpus that the others are compared with. Read it, never write to it."""
    root = tmp_path_factory.mktemp("augmented") / "corpus"
    assert render_corpus(root, request(SourceSpec(rendered)), jobs=1).complete
    return root


def test_it_verifies_and_tells_every_draw(augmented):
    assert verify_corpus(augmented, jobs=1).failures == ()
    corpus = open_corpus(augmented)
    rows = corpus.manifest("augmentations")
    assert corpus.tracks["performance"].nunique() == 2 * 2 * 2
    assert set(rows.loc[rows["step"] == 0, "performance"]) == set(corpus.tracks["performance"])
    assert {"pitch_shift", "channel_swap"} <= set(rows["effect"])
    assert all(isinstance(json.loads(text), dict) for text in rows["parameters"])


@pytest.mark.slow
@pytest.mark.parametrize("chain", ["none", "demucs", "cacophony", "studio"])
def test_every_ready_chain_gives_a_sound_corpus(tmp_path, rendered, kit_files, chain):
    origin = SourceSpec(rendered, kit_path=(Path(kit_files[0]).parent,))
    render_corpus(tmp_path / "out", request(origin, chain), jobs=1)
    assert verify_corpus(tmp_path / "out", jobs=1).failures == ()


def test_none_leaves_every_sample_as_it_was(tmp_path, rendered):
    render_corpus(tmp_path / "out", replace(request(SourceSpec(rendered), "none"), copies=1), jobs=1)
    before, after = open_corpus(rendered), open_corpus(tmp_path / "out")
    for performance, kit in before.tracks[["performance", "kit"]].drop_duplicates().itertuples(index=False):
        same = after.stems(f"{performance}+{kit}+1", kit)
        assert (same == before.stems(performance, kit)).all()


def test_a_virtual_source_gives_the_same_bytes(tmp_path, augmented, kit_files):
    render_corpus(tmp_path / "out", request(SourceSpec(None, kits=kit_files)), jobs=1)
    assert digests(tmp_path / "out") == digests(augmented)


@pytest.mark.slow
@pytest.mark.parametrize("origin", ["files", "virtual"])
def test_the_number_of_processes_threads_and_examples_at_once_is_not_heard(
    tmp_path, monkeypatch, rendered, kit_files, origin
):
    source = (
        SourceSpec(rendered, kit_path=(Path(kit_files[0]).parent,))
        if origin == "files"
        else SourceSpec(None, kits=kit_files)
    )
    digests_by_setting = {}
    for processes, threads, batch in ((1, 1, 1), (1, 2, 2), (2, 2, 3)):
        monkeypatch.setenv("OMP_NUM_THREADS", str(threads))  # of further processes
        torch.set_num_threads(threads)
        root = tmp_path / f"{processes}-{threads}"
        wanted = replace(request(source, "studio"), copies=1, selected_kits=("tin",), batch=batch)
        render_corpus(root, wanted, jobs=processes)
        digests_by_setting[processes, threads] = digests(root)
    torch.set_num_threads(1)
    assert digests_by_setting[1, 2] == digests_by_setting[1, 1]
    assert digests_by_setting[2, 2] == digests_by_setting[1, 1]


def stated(effect: str) -> dict:
    """Return the typical values of the parameters that a chain states."""
    return {
        name: value
        for name, value in parameters(effect).items()
        if find_effect(effect).parameter(name).kind not in DRAWN
    }


def every_effect_on_audio() -> Chain:
    """Return a chain with every effect on audio and one on the mixture, each with its typical values."""
    steps = [
        {"effect": name, "scope": scope, "parameters": stated(name)}
        for name in (*ON_STEMS, "bleed")
        for scope in find_effect(name).scopes
        if name != "convolution" and scope in ("stem", "song", "mixture", "example")
        if scope != "example" or "stem" not in find_effect(name).scopes
    ]
    order = sorted(steps, key=lambda step: step["scope"] == "mixture")
    return make_chain({"steps": [{**step, "probability": 0.15 if step["scope"] == "stem" else 0.5} for step in order]})


def test_examples_computed_together_have_the_bytes_that_each_has_alone(monkeypatch, tmp_path, rendered):
    chain = every_effect_on_audio()
    augmentation = Augmentation(chain.name, chain.hash, 3, "cpu")
    alone = AugmentRequest(
        SourceSpec(rendered), "starter", augmentation, chain, copies=2, selected_kits=("tin",), selection=SELECTION
    )
    render_corpus(tmp_path / "alone", alone, jobs=1)
    drawn = set(open_corpus(tmp_path / "alone").manifest("augmentations")["effect"])
    assert drawn >= {step.effect for step in chain.steps}
    sizes = []
    apply = streaming.apply
    monkeypatch.setattr(streaming, "apply", lambda rows, *a, **k: sizes.append(len(rows)) or apply(rows, *a, **k))
    render_corpus(tmp_path / "together", replace(alone, batch=3), jobs=1)
    assert sorted(sizes) == [1, 3]  # of four examples of two lengths
    assert digests(tmp_path / "together") == digests(tmp_path / "alone")
    for record in sorted((tmp_path / "together" / ".stemgmd" / "stems").rglob("*.record"))[::2]:
        record.unlink()
    sizes.clear()
    render_corpus(tmp_path / "together", replace(alone, batch=4), jobs=1)
    assert sizes == [2]
    assert digests(tmp_path / "together") == digests(tmp_path / "alone")


def test_a_damaged_source_stops_a_batch_where_it_stops_one_at_a_time(tmp_path, rendered):
    source = tmp_path / "source"
    shutil.copytree(rendered, source)
    second, first = IDS[:2]  # the longer one is done first
    damaged = source / "audio" / "tin" / second / "kick.flac"
    damaged.write_bytes(damaged.read_bytes()[:1000])
    wanted = replace(request(SourceSpec(source), "none"), copies=1, selected_kits=("tin",))
    ends = {}
    for batch in (1, 2):
        root = tmp_path / str(batch)
        with pytest.raises(StemgmdError) as caught:
            render_corpus(root, replace(wanted, batch=batch), jobs=1)
        ends[batch] = str(caught.value), digests(root)
    assert str(damaged) in ends[1][0]
    assert ends[2] == ends[1]
    assert any(first in name for name in ends[1][1])


def test_rows_make_it_again_to_the_bit(tmp_path, augmented, rendered):
    given = read_drawn(augmented / "manifests" / "augmentations.parquet")
    again = AugmentRequest(SourceSpec(rendered), "starter", given[0].augmentation, replayed=given)
    render_corpus(tmp_path / "out", again, jobs=1)
    ours, theirs = (
        {path: digest for path, digest in digests(root).items() if not path.startswith(".stemgmd")}
        for root in (tmp_path / "out", augmented)
    )
    assert ours == theirs


def test_a_few_stems_at_a_time_give_the_same_bytes_also_from_their_rows(monkeypatch, tmp_path, augmented, rendered):
    monkeypatch.setattr(streaming, "MOST_AT_ONCE", 1)  # every example is a long one
    render_corpus(tmp_path / "drawn", request(SourceSpec(rendered)), jobs=1)
    assert digests(tmp_path / "drawn") == digests(augmented)
    given = read_drawn(augmented / "manifests" / "augmentations.parquet")
    again = AugmentRequest(SourceSpec(rendered), "starter", given[0].augmentation, replayed=given)
    render_corpus(tmp_path / "given", again, jobs=1)
    ours, theirs = (
        {path: digest for path, digest in digests(root).items() if path.startswith("audio")}
        for root in (tmp_path / "given", augmented)
    )
    assert ours == theirs


def test_one_example_is_made_again_from_its_rows_alone(tmp_path, augmented, rendered):
    rows = open_corpus(augmented).manifest("augmentations")
    name = rows["performance"].iloc[-1]
    rows[rows["performance"] == name].to_csv(tmp_path / "some.csv", index=False)
    run = CliRunner().invoke(
        stemgmd,
        ["augment", str(rendered), "--replay", str(tmp_path / "some.csv"), "--out", str(tmp_path / "o"), "--quiet"],
        catch_exceptions=False,
    )
    assert run.exit_code == 0, run.output
    files = digests(tmp_path / "o")
    audio = {path: digest for path, digest in files.items() if path.startswith("audio")}
    assert len(audio) == 10
    assert audio.items() <= digests(augmented).items()


def test_shards_merge_to_the_same_bytes(tmp_path, augmented, rendered):
    for number in (1, 2):
        render_corpus(tmp_path / str(number), request(SourceSpec(rendered)), jobs=1, shard=Shard(number, 2))
    merge(tmp_path / "all", [tmp_path / "1", tmp_path / "2"], jobs=1)
    assert digests(tmp_path / "all") == digests(augmented)


def test_a_damaged_track_is_made_again(tmp_path, augmented, rendered):
    root = tmp_path / "out"
    render_corpus(root, request(SourceSpec(rendered)), jobs=1)
    victim = next((root / "audio").rglob("kick.flac"))
    victim.write_bytes(victim.read_bytes()[:-10])
    assert render_corpus(root, request(SourceSpec(rendered)), jobs=1).rendered == 1
    assert digests(root) == digests(augmented)


def test_hits_follow_a_stretch(tmp_path, rendered):
    chain = tmp_path / "stretch.yaml"
    chain.write_text(
        "schema: stemgmd-chain/1\nname: stretch\ndescription: slower\nsource: test\nprobability: 1\nsteps:\n"
        "  - effect: time_stretch\n    scope: example\n    parameters: {rate: 0.8}\n",
        encoding="utf-8",
    )
    render_corpus(tmp_path / "out", replace(request(SourceSpec(rendered), str(chain)), copies=1), jobs=1)
    before, after = open_corpus(rendered).hits, open_corpus(tmp_path / "out").hits
    name = before["performance"].iloc[0]
    was = np.sort(before.loc[before["performance"] == name, "frame"].to_numpy())
    now = np.sort(after.loc[after["performance"] == f"{name}+tin+1", "frame"].to_numpy())
    assert np.abs(now - was / 0.8).max() <= 0.5
    assert verify_corpus(tmp_path / "out", jobs=1).failures == ()


def test_another_chain_or_seed_does_not_mix_in(tmp_path, rendered):
    root = tmp_path / "out"
    render_corpus(root, replace(request(SourceSpec(rendered), "none"), copies=1), jobs=1)
    with pytest.raises(CorpusError, match=r"augmentation seed 1 .now asked for: 2"):
        render_corpus(root, request(SourceSpec(rendered), "none", seed=2), jobs=1)
    with pytest.raises(CorpusError, match="augmentation chain none"):
        render_corpus(root, request(SourceSpec(rendered), "larsnet"), jobs=1)


def test_other_versions_of_libraries_do_not_mix_in(monkeypatch, tmp_path, rendered):
    root = tmp_path / "out"
    wanted = replace(request(SourceSpec(rendered), "none"), copies=1)
    render_corpus(root, wanted, jobs=1)
    before = digests(root)
    monkeypatch.setattr(libraries, "_version", lambda name: f"9.{len(name)}")
    with pytest.raises(CorpusError, match=r"augmentation libraries .*torch \d.* .now asked for: .*torch 9.5"):
        render_corpus(root, replace(request(SourceSpec(rendered), "none"), copies=1), jobs=1)
    assert digests(root) == before


def test_rows_that_were_carried_out_with_other_versions_are_told_and_recorded_anew(
    monkeypatch, tmp_path, rendered, augmented
):
    rows = open_corpus(augmented).manifest("augmentations")
    assert "torch " in rows["libraries"].iloc[0]
    rows[rows["performance"] == rows["performance"].iloc[0]].to_csv(tmp_path / "some.csv", index=False)
    monkeypatch.setattr(libraries, "_version", lambda name: f"9.{len(name)}")
    arguments = [
        "augment",
        str(rendered),
        "--replay",
        str(tmp_path / "some.csv"),
        "--out",
        str(tmp_path / "o"),
        "--quiet",
    ]
    run = CliRunner().invoke(stemgmd, [*arguments, "--jobs", "1"], catch_exceptions=False)
    assert run.exit_code == 0, run.output
    assert len(run.stderr.splitlines()) == 1
    assert "this run has numpy 9.5, scipy 9.5, soxr 9.4, torch 9.5: the bytes of the results may differ" in run.stderr
    recorded = open_corpus(tmp_path / "o").manifest("augmentations")["libraries"].unique().tolist()
    assert recorded == ["numpy 9.5, scipy 9.5, soxr 9.4, torch 9.5"]


def test_what_was_augmented_is_not_augmented_again(augmented):
    with pytest.raises(UsageError, match="augmented already"):
        request(SourceSpec(augmented))


def test_an_unknown_kit_is_named(rendered):
    with pytest.raises(UsageError, match=r"kit 'tuba'.*it has tin, wood"):
        request(SourceSpec(rendered), selected_kits=("tuba",)).jobs()


def test_a_page_shows_examples(tmp_path, rendered):
    pytest.importorskip("matplotlib")
    arguments = ["augment", str(rendered), "--chain", "larsnet", "--preview", "2", "--out", str(tmp_path), "--quiet"]
    run = CliRunner().invoke(stemgmd, arguments, catch_exceptions=False)
    assert run.exit_code == 0, run.output
    page = (tmp_path / "preview" / "index.html").read_text(encoding="utf-8")
    for file in pd.Series(page).str.extractall(r'src="([^"]+)"')[0]:
        assert (tmp_path / "preview" / file).stat().st_size > 1000
    assert page.count("<h2>") == 2
    tags = pd.Series(page).str.extractall(r"(<(?:audio|img) [^>]*>)")[0]
    assert tags.str.extract(r'src="([^"]+)"')[0].is_unique
    assert tags.str.contains(r'(?:aria-label|alt)="[^"]+"').all()  # for those who do not see them


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--chain", "nope"], "nope"),
        (["--chain", "none", "--gmd", "somewhere"], "--gmd cannot be used with CORPUS"),
        (["--chain", "none", "--replay", "rows.csv"], "--chain cannot be used with replay"),
        (["--replay", "rows.csv", "--copies", "2"], "--copies cannot be used with --replay"),
        (["--replay", "rows.csv", "--seed", "2"], "--seed cannot be used with --replay"),
        (["--chain", "none", "--out", "{corpus}"], "is inside the input corpus {corpus}; choose another folder"),
        (["--chain", "none", "--out", "{corpus}/more"], "is inside the input corpus {corpus}; choose another folder"),
    ],
)
def test_what_does_not_fit_together_is_told(rendered, arguments, words):
    arguments = [text.format(corpus=rendered) for text in arguments]
    run = CliRunner().invoke(stemgmd, ["augment", str(rendered), *arguments])
    assert run.exit_code != 0
    assert words.format(corpus=rendered) in str(run.exception)


@pytest.mark.parametrize(
    ("step", "change", "words"),
    [
        (1, {"effect": "frobnicate"}, 'step 1: unknown effect "frobnicate"'),
        (1, {"parameters": '{"drive": -5000}'}, "step 1: saturation: drive is -5000; must lie in"),
        (1, {"parameters": "{}"}, "step 1: saturation has the parameters"),
        (
            1,
            {"parameters": '{"drive": [2.0, 3.0]}'},
            "step 1: saturation: drive is [2.0, 3.0]; must be a number",
        ),
        (1, {"parameters": '{"drive": {"uniform": [1, 5]}}'}, '{"uniform": [1, 5]}; must be a number'),
        (1, {"parameters": '{"drive": true}'}, "drive is true; must be a number"),
        (1, {"parameters": '{"drive": null}'}, "drive is null; must be a number"),
        (1, {"parameters": f'{{"drive": {"[" * 100_000}'}, "step 1: parameters are not JSON"),
        (1, {"parameters": f'{{"drive": {[1] * 1000}}}'}, "1, 1]; must be a number"),
        (1, {"effect": "kit_swap", "parameters": '{"kit": ["tin"]}'}, 'kit is ["tin"]; must be a name'),
        (0, {"parameters": '{"start": [0]}'}, "it needs start"),
        (1, {"effect": "kit_swap", "parameters": '{"kit": "tuba"}'}, "kit 'tuba' is not in this corpus: tin, wood"),
        (0, {"parameters": "{}"}, "it needs start"),
        (0, {"device": "tpu"}, "device"),
        (0, None, "its row of step 0 is missing"),
    ],
)
def test_rows_that_were_changed_by_hand_are_refused_before_anything_is_written(
    tmp_path, rendered, augmented, step, change, words
):
    rows = open_corpus(augmented).manifest("augmentations")
    chosen = rows[(rows["performance"] == rows["performance"].iloc[0]) & (rows["step"] == 0)]
    effect = {"step": 1, "effect": "saturation", "scope": "stem", "stem": "kick", "parameters": '{"drive": 2.0}'}
    chosen = pd.concat([chosen, chosen.assign(**effect)], ignore_index=True)
    if change is None:
        chosen = chosen[chosen["step"] != step]
    for column, value in (change or {}).items():
        chosen.loc[chosen["step"] == step, column] = value
    chosen.to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / "out"
    line = ["augment", str(rendered), "--replay", str(tmp_path / "rows.csv"), "--out", str(out), "--quiet"]
    run = CliRunner().invoke(stemgmd, line)
    assert run.exit_code != 0
    assert words in str(run.exception)
    assert len(str(run.exception)) <= LONGEST_MESSAGE and "\n" not in str(run.exception)
    assert not out.exists()


def test_without_a_chain_larsnet_is_taken(tmp_path, rendered):
    line = ["augment", str(rendered), "--limit", "1", "--kits", "tin", "--out", str(tmp_path / "out"), "--quiet"]
    run = CliRunner().invoke(stemgmd, [*line, "--device", "cpu", "--jobs", "1"])
    assert run.exit_code == 0, run.exception
    assert set(open_corpus(tmp_path / "out").manifest("augmentations")["chain"]) == {"larsnet"}


def test_rows_that_a_spreadsheet_saved_replay(tmp_path, rendered, augmented):
    text = (augmented / "manifests" / "augmentations.csv").read_text(encoding="utf-8")
    saved = tmp_path / "rows.csv"
    saved.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert read_drawn(saved) == read_drawn(augmented / "manifests" / "augmentations.csv")


def test_rows_saved_with_semicolons_are_named(tmp_path, rendered, augmented):
    rows = pd.read_csv(augmented / "manifests" / "augmentations.csv")
    rows.to_csv(tmp_path / "rows.csv", index=False, sep=";")
    run = CliRunner().invoke(stemgmd, ["augment", str(rendered), "--replay", str(tmp_path / "rows.csv")])
    assert run.exit_code != 0
    assert "its fields are separated by semicolons; save it with commas" in str(run.exception)


def test_without_torch_the_extra_is_named(monkeypatch, rendered):
    monkeypatch.setitem(sys.modules, "torch", None)
    for arguments in ([str(rendered)], [str(rendered), "--preview", "1"], [str(rendered), "--replay", "rows.csv"]):
        run = CliRunner().invoke(stemgmd, ["augment", *arguments])
        assert isinstance(run.exception, UsageError)
        assert "pip install 'stemgmd-tools[augment]'" in str(run.exception)


def test_a_chain_with_nothing_to_draw_from_writes_nothing(tmp_path, kit_files):
    alone = request(SourceSpec(None, kits=kit_files[:1]))
    with pytest.raises(AugmentError, match="kit_swap needs another kit than tin without a split, and"):
        render_corpus(tmp_path / "out", alone, jobs=1)
    assert not (tmp_path / "out").exists()


def test_a_chain_may_look_for_hits(tmp_path, rendered):
    steps = [{"effect": "random_mix", "scope": "stem", "parameters": {"min_hits": 1}}]
    chain = make_chain({"name": "busy", "steps": steps})
    out = tmp_path / "out"
    busy = AugmentRequest(
        SourceSpec(rendered),
        "starter",
        Augmentation(chain.name, chain.hash, 0, "cpu"),
        chain,
        selection=Selection(limit=1),
    )
    render_corpus(out, busy, jobs=1)
    assert verify_corpus(out, jobs=1).failures == ()


HALL = (
    "schema: stemgmd-chain/1\nname: hall\ndescription: a hall of the caller's\nsource: test\nprobability: 1\nsteps:\n"
    "  - effect: convolution\n    scope: stem\n    parameters: {impulse_response: {choice: [hall]}, wet_db: -6}\n"
)


def test_impulse_responses_are_taken_from_a_folder(tmp_path, rendered):
    (tmp_path / "hall.yaml").write_text(HALL, encoding="utf-8")
    decay = np.exp(-np.arange(4000) / 600)[:, None] * np.random.default_rng(1).standard_normal((4000, 2))
    write_sound(tmp_path / "rooms" / "hall.wav", decay * 0.1, rate=22_050)
    arguments = ["augment", str(rendered), "--chain", str(tmp_path / "hall.yaml"), "--out", str(tmp_path / "out")]
    arguments += ["--quiet", "--jobs", "1", "--limit", "1", "--impulse-responses"]
    run = CliRunner().invoke(stemgmd, [*arguments, str(tmp_path / "rooms")], catch_exceptions=False)
    assert run.exit_code == 0, run.output
    assert verify_corpus(tmp_path / "out", jobs=1).failures == ()
    after, before = open_corpus(tmp_path / "out"), open_corpus(rendered)
    name = after.tracks["performance"].iloc[0]
    parent, kit, _ = name.split("+")
    assert not np.array_equal(after.stems(name, kit), before.stems(parent, kit))
    first = digests(tmp_path / "out")
    assert CliRunner().invoke(stemgmd, [*arguments, str(tmp_path / "rooms")]).exit_code == 0
    assert digests(tmp_path / "out") == first
    write_sound(tmp_path / "rooms" / "hall.wav", decay * 0.1 + 0.01, rate=22_050)
    assert CliRunner().invoke(stemgmd, [*arguments, str(tmp_path / "rooms")]).exit_code == 0
    changed = [path for path, digest in digests(tmp_path / "out").items() if digest != first[path]]
    assert any(path.endswith("mixture.flac") for path in changed)


@pytest.mark.parametrize("folder", [[], ["--impulse-responses"]])
def test_a_missing_impulse_response_is_told_before_anything_is_written(tmp_path, rendered, folder):
    (tmp_path / "hall.yaml").write_text(HALL, encoding="utf-8")
    arguments = ["augment", str(rendered), "--chain", str(tmp_path / "hall.yaml"), "--out", str(tmp_path / "out")]
    run = CliRunner().invoke(stemgmd, [*arguments, *(folder and [*folder, str(tmp_path)])])
    assert isinstance(run.exception, UsageError)
    assert 'impulse response "hall"' in str(run.exception)
    assert not (tmp_path / "out").exists()


def test_a_missing_pedalboard_is_told_before_anything_is_written(monkeypatch, tmp_path, rendered):
    monkeypatch.setitem(sys.modules, "pedalboard", None)
    (tmp_path / "bus.yaml").write_text(
        "schema: stemgmd-chain/1\nname: bus\ndescription: a bus\nsource: test\nprobability: 1\nsteps:\n"
        "  - effect: gsm_compression\n    scope: mixture\n",
        encoding="utf-8",
    )
    arguments = ["augment", str(rendered), "--chain", str(tmp_path / "bus.yaml"), "--out", str(tmp_path / "out")]
    run = CliRunner().invoke(stemgmd, arguments)
    assert "needs pedalboard" in str(run.exception)
    assert not (tmp_path / "out").exists()
