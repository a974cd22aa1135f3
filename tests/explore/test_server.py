"""The server over real HTTP: tables, clips, sound; and what it refuses."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import requests
import soundfile
from corpora import IDS
from explore_server import serving

from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.explore.corpus import ExploredCorpus
from stemgmd_tools.explore.server import ExploreServer
from stemgmd_tools.explore.sound import TRACKS
from stemgmd_tools.pieces import PIECES

CLIP = {"performance": IDS[0], "kit": "tin"}


@pytest.fixture(scope="module")
def server(explored: ExploredCorpus) -> Iterator[ExploreServer]:
    with serving(explored, b"the page") as server:
        yield server


@pytest.fixture(scope="module")
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def get(server: ExploreServer, http: requests.Session):
    """Return a function that asks for a path below the token."""

    def ask(path: str, query: dict[str, Any] | None = None, **headers: str) -> requests.Response:
        return http.get(server.url + path, params=query, headers=headers, timeout=30)

    return ask


def test_clips_are_filtered_sorted_and_paged(get, source: VirtualCorpus) -> None:
    everything = get("api/clips").json()
    assert everything["total"] == 6
    assert everything["hours"] == pytest.approx(2 * source.performances["duration_s"].sum() / 3600)
    page = get("api/clips", {"kit": "tin", "sort": "-bpm", "offset": 1, "limit": 1}).json()
    bpm = sorted(source.performances["bpm"], reverse=True)
    assert (page["total"], [row["bpm"] for row in page["rows"]]) == (3, bpm[1:2])
    limits = f"{bpm[1]}-{bpm[0]}"
    assert {row["bpm"] for row in get("api/clips", {"bpm": limits}).json()["rows"]} == {bpm[0], bpm[1]}
    assert get("api/clips", {"text": "SESSION2"}).json()["total"] == 2
    assert get("api/clips", {"kit": ["tin", "wood"], "split": "none"}).json()["total"] == 0
    flagged = get("api/clips", {"flag": "clipping"}).json()["rows"]
    assert [(row["performance"], row["kit"], row["flags"]) for row in flagged] == [(IDS[0], "tin", ["clipping"])]
    hits = source.hits
    with_ride = set(hits.loc[hits["piece"] == "ride", "performance"])
    assert {row["performance"] for row in get("api/clips", {"piece": "ride"}).json()["rows"]} == with_ride


def test_hours_add_up(get) -> None:
    for by in ("style", "kit", "split", "bpm", "license", "drummer"):
        rows = get("api/hours", {"by": by}).json()
        assert sum(row["clips"] for row in rows) == 6, by
    assert get("api/hours", {"by": "kit", "text": "session2"}).json()[0]["clips"] == 1


def test_a_clip_has_its_hits_and_peaks(get, source: VirtualCorpus) -> None:
    clip = get("api/clip", CLIP).json()
    stems = source.stems(*CLIP.values())
    assert (clip["parts"], clip["frames"]) == (1, stems.shape[2])
    played = source.hits.query("performance == @IDS[0]").sort_values("index")
    assert [hit[0] for hit in clip["hits"]] == pytest.approx((played["frame"] / 44_100).tolist(), abs=1e-5)
    assert [PIECES[hit[1]].value for hit in clip["hits"]] == played["piece"].tolist()
    assert [hit[2:4] for hit in clip["hits"]] == played[["articulation", "velocity"]].to_numpy().tolist()
    for stem, drawn in zip(stems, clip["peaks"], strict=True):
        top = int(np.abs(stem.astype(np.int64)).max())
        if top == 0:
            assert drawn["peak_dbfs"] is None
        else:
            assert drawn["peak_dbfs"] == pytest.approx(20 * np.log10(top / 32_768), abs=0.06)
            assert max(*drawn["high"], -min(drawn["low"])) == 100


def test_the_sound_is_that_of_the_corpus_in_any_range(get, source: VirtualCorpus) -> None:
    stems = source.stems(*CLIP.values())
    wholes = {track: get("api/audio", {**CLIP, "track": track}).content for track in TRACKS}
    for axis, (track, whole) in enumerate(wholes.items()):
        pcm, rate = soundfile.read(io.BytesIO(whole), dtype="int16")
        assert rate == 44_100
        assert np.array_equal(pcm.T, stems[axis]), track
    whole = wholes["kick"]
    query = {**CLIP, "track": "kick"}
    for spelled, part in (("100-199", whole[100:200]), ("100-", whole[100:]), ("-50", whole[-50:])):
        answer = get("api/audio", query, Range=f"bytes={spelled}")
        assert (answer.status_code, answer.content == part) == (206, True)
        assert answer.headers["Content-Range"].endswith(f"/{len(whole)}")
    assert get("api/audio", query, Range=f"bytes={len(whole)}-").status_code == 416


def test_kits_are_those_of_the_corpus(get, explored: ExploredCorpus) -> None:
    assert explored.kit("tin").title == "Toy"
    assert get("kit/cedar_hall").status_code == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("api/clip?performance=nothing&kit=tin", 400),
        ("api/clip?kit=tin", 400),
        (f"api/clip?performance={IDS[0]}&kit=tin&part=1", 400),
        (f"api/audio?performance={IDS[0]}&kit=tin&track=../mixture", 400),
        ("api/clips?sort=__class__", 400),
        ("api/clips?limit=-1", 400),
        ("api/clips?bpm=fast", 400),
        ("api/hours?by=hits", 400),
        ("kit/..%2f..%2fetc%2fpasswd", 400),
        ("api/source?performance=a&kit=b", 404),
        ("../../../../etc/passwd", 404),
        ("%2e%2e/%2e%2e/etc/passwd", 404),
        ("server.py", 404),
    ],
)
def test_what_there_is_not_is_one_line(server: ExploreServer, http: requests.Session, path: str, status: int) -> None:
    prepared = http.prepare_request(requests.Request("GET", server.url))
    prepared.url = server.url + path  # requests would resolve the dots
    answer = http.send(prepared, timeout=30)
    assert answer.status_code == status
    assert "\n" not in answer.json()["error"]


def test_only_its_own_address_with_the_token_and_only_get(server: ExploreServer, http: requests.Session) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert http.get(server.url, timeout=30).content == b"the page"
    for host in ("attacker.example", f"attacker.example:{server.server_port}", "127.0.0.1", ""):
        assert http.get(server.url, headers={"Host": host}, timeout=30).status_code == 403, host
    for token in ("", "x", server.token[:-1], server.token + "x"):
        assert http.get(f"http://127.0.0.1:{server.server_port}/{token}/api/clips", timeout=30).status_code == 404
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"):
        assert http.request(method, server.url, timeout=30).status_code == 501, method
