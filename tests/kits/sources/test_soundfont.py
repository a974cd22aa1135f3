"""SoundFonts: zones, inheritance, levels, tuning and samples, on files written for it and on real banks."""

from __future__ import annotations

import io
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile
from soundfont_files import counted

from benchmarks.torture.soundfont_kits import LEFT, RIGHT, VORBIS, Font, Sample, soundfont, span
from stemgmd_tools.errors import KitError, StemgmdError, UsageError
from stemgmd_tools.kits.sample_map.envelope import Envelope
from stemgmd_tools.kits.sample_map.filter import Filter
from stemgmd_tools.kits.sources.base import DrumLibrary, Region, SoundFile
from stemgmd_tools.kits.sources.soundfont import FORMAT
from stemgmd_tools.kits.sources.soundfont.presets import chosen, presets_of
from stemgmd_tools.kits.sources.soundfont.structure import read_structure
from stemgmd_tools.kits.sources.soundfont.zones import zones_of

KEYS, VELOCITIES, PAN, ATTENUATION, SAMPLE, INSTRUMENT = 43, 44, 17, 48, 53, 41
BANKS = (Path("/usr/share/sounds"), Path(__file__).resolve().parents[4] / "shared" / "soundfonts")
"""Where banks of Debian's packages fluid-soundfont-gm, timgm6mb-soundfont and avldrums.lv2-soundfont are."""
RNG = np.random.default_rng(0)


def noise(frames: int = 400, bits: int = 16) -> np.ndarray:
    return RNG.integers(-(1 << (bits - 1)), 1 << (bits - 1), frames)


def drums(*zones: list[tuple[int, int]], samples: list[Sample] | None = None, **others: object) -> Font:
    """Return a bank with one drum kit, of one instrument with these zones."""
    preset = [[(INSTRUMENT, 0)]]
    used = samples or [Sample("Kick", noise()), Sample("Snare", noise())]
    return Font(used, {"Kit": zones}, {("Standard", 128, 0): preset}, **others)  # type: ignore[arg-type]


def read(tmp_path: Path, font: Font | bytes, **options: str) -> DrumLibrary:
    path = tmp_path / "bank.sf2"
    path.write_bytes(font if isinstance(font, bytes) else soundfont(font))
    return FORMAT.read(path, tmp_path / "samples", **options)


def only(library: DrumLibrary) -> Region:
    assert len(library.regions) == 1
    return library.regions[0]


def sound(region: Region) -> SoundFile:
    (only_sound,) = region.sounds.values()
    return only_sound


def test_zones_become_regions_by_key_and_velocity(tmp_path: Path) -> None:
    font = drums(
        [(KEYS, span(36, 36)), (VELOCITIES, span(0, 63)), (SAMPLE, 0)],
        [(KEYS, span(36, 36)), (VELOCITIES, span(64, 127)), (SAMPLE, 1)],
        [(KEYS, span(38, 40)), (SAMPLE, 1)],
    )
    library = read(tmp_path, font)
    regions = [(region.keys, region.velocity, region.names) for region in library.regions]
    assert regions == [
        ((36,), (1, 63), ("Kick", "Kit")),
        ((36,), (64, 127), ("Snare", "Kit")),
        *(((key,), (1, 127), ("Snare", "Kit")) for key in (38, 39, 40)),
    ]
    assert (library.title, library.license) == ("Toy bank: Standard", "CC0-1.0")
    assert library.microphones == {}


def test_samples_are_written_bit_for_bit(tmp_path: Path) -> None:
    font = drums([(KEYS, span(36, 36)), (SAMPLE, 0)])
    path = sound(only(read(tmp_path, font))).path
    pcm, rate = soundfile.read(path, dtype="int16")
    assert rate == 22_050
    assert (pcm == font.samples[0].pcm).all()
    assert len(list(path.parent.iterdir())) == 1  # the sample that is not used is not written


def test_samples_of_24_bits_are_written_bit_for_bit(tmp_path: Path) -> None:
    font = drums([(SAMPLE, 0), ], samples=[Sample("Kick", noise(401, 24))], has_24_bits=True)  # fmt: skip
    font.presets[("Standard", 128, 0)][0].insert(0, (KEYS, span(36, 36)))  # type: ignore[attr-defined]
    path = sound(only(read(tmp_path, font))).path
    assert soundfile.info(path).subtype == "PCM_24"
    assert (soundfile.read(path, dtype="int32")[0] >> 8 == font.samples[0].pcm).all()


def test_samples_of_sf3_are_written_as_they_are(tmp_path: Path) -> None:
    file = io.BytesIO()
    soundfile.write(file, np.sin(np.arange(3000) * 0.1), 22_050, format="OGG")
    vorbis = np.frombuffer(file.getvalue(), np.uint8)
    samples = [Sample("Kick L", vorbis, kind=VORBIS), Sample("Kick R", vorbis, kind=VORBIS)]
    pair = [[(KEYS, span(36, 36)), (PAN, pan), (SAMPLE, n)] for n, pan in ((0, -500), (1, 500))]
    library = read(tmp_path, drums(*pair, [(KEYS, span(37, 37)), (SAMPLE, 0)], samples=samples, padded=False))
    stereo, mono = (sound(region).path for region in library.regions)
    assert mono.read_bytes() == vorbis.tobytes()
    decoded, _ = soundfile.read(mono, dtype="float32")
    both, _ = soundfile.read(stereo, dtype="float32")
    assert np.abs(both - decoded[:, None]).max() <= 2**-24  # the grid of 24 bits


def test_the_volume_envelope_is_read_in_timecents_and_centibels(tmp_path: Path) -> None:
    stages = [(33, -3600), (34, -4800), (35, -1200), (36, 1200), (37, 400)]
    envelope = sound(only(read(tmp_path, drums([(KEYS, span(36, 36)), *stages, (SAMPLE, 0)])))).envelope
    assert envelope == Envelope(delay_s=0.125, attack_s=0.0625, hold_s=0.5, decay_s=2.0, sustain_db=-40)


def test_hold_and_decay_can_be_shorter_on_higher_keys(tmp_path: Path) -> None:
    stages = [(35, -1200), (36, 0), (37, 1000), (39, 100), (40, 50)]
    envelope = sound(only(read(tmp_path, drums([(KEYS, span(48, 48)), *stages, (SAMPLE, 0)])))).envelope
    assert envelope == Envelope(hold_s=1.0, decay_s=1.41421, sustain_db=-100)
    forced = drums([(KEYS, span(36, 36)), *stages, (46, 48), (SAMPLE, 0)])  # the zone plays its own key
    assert sound(only(read(tmp_path, forced))).envelope == envelope


@pytest.mark.parametrize(
    ("generators", "lowpass", "gain_db"),
    [
        ([], None, 0.0),
        ([(8, 13_500)], None, 0.0),
        ([(8, 8_400)], Filter(cutoff_hz=1046.5), 0.0),
        ([(8, 8_400), (9, 60)], Filter(cutoff_hz=1046.5, resonance_db=2.99), -3.0),
        ([(8, 8_400), (9, 960)], Filter(cutoff_hz=1046.5, resonance_db=60), -48.0),  # the most that maps allow
        ([(8, 8_400), (11, 2_400)], None, 0.0),
    ],
)
def test_a_filter_that_stays_is_read(
    generators: list[tuple[int, int]], lowpass: Filter | None, gain_db: float, tmp_path: Path
) -> None:
    file = sound(only(read(tmp_path, drums([(KEYS, span(36, 36)), (PAN, 500), *generators, (SAMPLE, 0)]))))
    assert file.lowpass == lowpass
    assert file.gain_db == pytest.approx(gain_db)


def test_channels_with_other_filters_are_one_stereo_sound_with_the_filter_between(tmp_path: Path) -> None:
    pair = [[(KEYS, span(36, 36)), (PAN, pan), (8, cents), (SAMPLE, n)] for n, pan, cents in
            ((0, -500, 8_400), (1, 500, 10_800))]  # fmt: skip
    assert sound(only(read(tmp_path, drums(*pair)))).lowpass == Filter(cutoff_hz=2093.0)


@pytest.mark.parametrize("stages", [[], [(34, -12_000)], [(35, 3557), (36, 6590), (37, 0)], [(36, 2400)]])
def test_an_envelope_that_changes_nothing_is_left_out(tmp_path: Path, stages: list[tuple[int, int]]) -> None:
    assert sound(only(read(tmp_path, drums([(KEYS, span(36, 36)), *stages, (SAMPLE, 0)])))).envelope is None


def test_a_loop_is_played_where_the_envelope_ends_it(tmp_path: Path) -> None:
    samples = [Sample("Kick", noise(), loop=(100, 300))]
    ends = [(36, 0), (37, 1000), (2, 5), (3, -10)]
    library = read(tmp_path, drums([(KEYS, span(36, 36)), *ends, (54, 1), (SAMPLE, 0)], samples=samples))
    assert sound(only(library)).loop == (105, 290)
    assert library.notices == ()
    endless = read(tmp_path, drums([(KEYS, span(36, 36)), (54, 1), (SAMPLE, 0)], samples=samples))
    assert sound(only(endless)).loop is None
    assert endless.notices == ("played once: loops of samples that no envelope silences",)


def test_values_are_inherited_and_those_of_the_preset_added(tmp_path: Path) -> None:
    font = Font(
        [Sample("Kick", noise(), root=36)],
        {"Kit": [[(ATTENUATION, 100), (PAN, 100)], [(KEYS, span(36, 36)), (ATTENUATION, 40), (SAMPLE, 0)]]},
        {("Standard", 128, 0): [[(ATTENUATION, 20), (51, 2)], [(ATTENUATION, 30), (INSTRUMENT, 0)]]},
    )
    sound_file = sound(only(read(tmp_path, font)))
    # the zone's 40 cB replace the global 100, the preset's 30 replace its global 20 and are added: 7 dB
    softer = np.tan(np.pi / 4 * 0.8)
    louder_db = -10 * np.log10(1 + softer**2)
    assert sound_file.gain_db == pytest.approx(-2.8 + louder_db)
    assert sound_file.pan == pytest.approx(1 - softer)
    assert sound_file.pitch_semitones == 2.0


def test_attenuation_is_that_of_fluidsynth_or_has_a_factor_of_ones_own(tmp_path: Path) -> None:
    font = drums([(KEYS, span(36, 36)), (ATTENUATION, 100), (PAN, 500), (SAMPLE, 0)])
    assert sound(only(read(tmp_path, font))).gain_db == pytest.approx(-4.0)
    assert sound(only(read(tmp_path, font, attenuation="1"))).gain_db == -10.0
    for wrong in ("x", "2", "nan"):
        with pytest.raises(UsageError, match="allowed: 0 to 1"):
            read(tmp_path, font, attenuation=wrong)


@pytest.mark.parametrize(
    ("generators", "semitones"),
    [
        ([], -24.0),
        ([(56, 0)], 0.0),
        ([(58, 40)], -4.0),
        ([(58, 36), (51, -1), (52, 25)], -0.75),
        ([(46, 60)], 0.0),
        ([(56, 50)], -12.0),
    ],
)
def test_tuning(tmp_path: Path, generators: list[tuple[int, int]], semitones: float) -> None:
    font = drums([(KEYS, span(36, 36)), *generators, (SAMPLE, 0)])
    assert sound(only(read(tmp_path, font))).pitch_semitones == semitones


def test_offsets_choose_a_part_of_the_sample(tmp_path: Path) -> None:
    font = drums([(KEYS, span(36, 36)), (0, 5), (1, -20), (SAMPLE, 0)])
    sound_file = sound(only(read(tmp_path, font)))
    assert (sound_file.start_frame, sound_file.end_frame) == (5, 380)


@pytest.mark.parametrize("offsets", [[(1, -500)], [(0, 300), (1, -200)], [(0, 400)], [(4, 1)]])
def test_a_zone_that_plays_no_frame_is_left_out(offsets: list[tuple[int, int]], tmp_path: Path) -> None:
    font = drums([(KEYS, span(36, 36)), *offsets, (SAMPLE, 0)], [(KEYS, span(37, 37)), (SAMPLE, 1)])
    library = read(tmp_path, font)
    assert only(library).keys == (37,)
    (notice,) = library.notices
    assert notice.startswith('left out sample "Kick": a zone plays it from frame ')


def test_a_loop_behind_the_last_frame_that_is_played_is_left_out(tmp_path: Path) -> None:
    samples = [Sample("Kick", noise(), loop=(100, 300))]
    font = drums([(KEYS, span(36, 36)), (36, 0), (37, 1000), (54, 1), (1, -150), (SAMPLE, 0)], samples=samples)
    sound_file = sound(only(read(tmp_path, font)))
    assert (sound_file.loop, sound_file.end_frame) == (None, 250)


def test_exclusive_classes_choke_and_short_releases_are_kept(tmp_path: Path) -> None:
    font = drums(
        [(KEYS, span(42, 42)), (57, 1), (38, -2400), (SAMPLE, 0)],
        [(KEYS, span(46, 46)), (57, 1), (38, 6000), (SAMPLE, 1)],
        [(KEYS, span(49, 49)), (SAMPLE, 1)],
    )
    closed, open_, crash = read(tmp_path, font).regions
    assert closed.choke_group == open_.choke_group == "class 1"
    assert closed.chokes == ("class 1",)
    assert (closed.release_s, open_.release_s) == (0.25, None)
    assert (crash.choke_group, crash.chokes) == (None, ())


def test_hard_panned_zones_are_the_channels_of_one_file(tmp_path: Path) -> None:
    samples = [Sample("Tom L", noise(), kind=LEFT, link=1), Sample("Tom R", noise(), kind=RIGHT)]
    pair = [[(KEYS, span(45, 45)), (PAN, pan), (SAMPLE, n)] for n, pan in ((1, 500), (0, -500))]
    region = only(read(tmp_path, drums(*pair, samples=samples)))
    sound_file = sound(region)
    stereo, _ = soundfile.read(sound_file.path, dtype="int16")
    assert (stereo == np.stack([sample.pcm for sample in samples], axis=1)).all()
    assert (sound_file.gain_db, sound_file.pan) == (0.0, 0.0)
    assert region.names[0] == "Tom"


def test_zones_that_sound_together_are_sounds_of_one_region(tmp_path: Path) -> None:
    font = drums([(KEYS, span(36, 36)), (SAMPLE, 0)], [(KEYS, span(36, 36)), (VELOCITIES, span(100, 127)), (SAMPLE, 1)])
    library = read(tmp_path, font)
    assert list(library.microphones) == ["sound_1", "sound_2"]
    assert [(region.velocity, len(region.sounds)) for region in library.regions] == [((1, 99), 1), ((100, 127), 2)]
    assert all(set(region.sounds) <= set(library.microphones) for region in library.regions)


def test_the_velocity_modulator_sets_the_dynamics(tmp_path: Path) -> None:
    zone = [(KEYS, span(36, 36)), (SAMPLE, 0)]
    assert only(read(tmp_path, drums(zone))).dynamics_db is None
    flat = drums(zone, modulators={"Kit": [(0x0502, ATTENUATION, 0, 0, 0)]})
    assert only(read(tmp_path, flat)).dynamics_db == 0.0
    half = drums(zone, modulators={"Kit": [(0x0502, ATTENUATION, 480, 0, 0), (0x0081, 5, 50, 0, 0)]})
    library = read(tmp_path, half)
    assert only(library).dynamics_db == pytest.approx(20 * np.log10(127))
    assert library.ignored == {"modulators": 1}


def test_loops_and_foreign_samples_are_told(tmp_path: Path) -> None:
    samples = [Sample("Kick", noise()), Sample("Ghost", noise(), kind=0x8001)]
    font = drums(
        [(KEYS, span(36, 36)), (54, 1), (10, 3000), (SAMPLE, 0)], [(KEYS, span(37, 37)), (SAMPLE, 1)], samples=samples
    )
    library = read(tmp_path, font)
    assert [region.keys for region in library.regions] == [(36,)]
    assert any("loops" in notice for notice in library.notices)
    assert any("Ghost" in notice for notice in library.notices)
    assert library.ignored == {"modLfoToFilterFc": 1}


def test_presets_are_chosen_by_name_or_number(tmp_path: Path) -> None:
    zones = [[(INSTRUMENT, 0)]]
    presets = {("Piano", 0, 0): zones, ("Room", 128, 8): zones, ("Standard", 128, 0): zones}
    font = Font([Sample("Kick", noise())], {"Kit": [[(KEYS, span(36, 36)), (SAMPLE, 0)]]}, presets)
    library = read(tmp_path, font)
    assert library.title.endswith(": Standard")
    assert any("Room (128:8)" in notice for notice in library.notices)
    assert read(tmp_path, font, preset="room").title.endswith(": Room")
    assert read(tmp_path, font, preset="0:0").title.endswith(": Piano")
    with pytest.raises(UsageError, match="it has Standard"):
        read(tmp_path, font, preset="Jazz")
    melodic = Font(font.samples, font.instruments, {("Piano", 0, 0): zones, ("Organ", 0, 1): zones})
    with pytest.raises(KitError, match="has no drum kit"):
        read(tmp_path, melodic)


BANK = drums(
    [(ATTENUATION, 100)],
    [(KEYS, span(36, 36)), (VELOCITIES, span(0, 63)), (SAMPLE, 0)],
    [(KEYS, span(36, 36)), (PAN, -500), (SAMPLE, 1)],
    [(KEYS, span(36, 36)), (PAN, 500), (SAMPLE, 0)],
)


def test_every_part_that_is_missing_is_told_in_one_line(tmp_path: Path) -> None:
    content = soundfont(BANK)
    for length in range(0, len(content) - 1, 7):
        with pytest.raises(KitError) as error:
            read(tmp_path, content[:length])
        assert "\n" not in str(error.value)


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    content = soundfont(BANK)
    tables = content.index(b"pdta")
    rng = np.random.default_rng(1)
    outcomes: Counter[str] = Counter()
    for _ in range(300):
        damaged = bytearray(content)
        for _ in range(int(rng.integers(1, 5))):
            start = 0 if rng.random() < 0.2 else tables
            damaged[int(rng.integers(start, len(damaged)))] = int(rng.choice([0, 1, 127, 255, rng.integers(256)]))
        try:
            library = read(tmp_path, bytes(damaged))
        except StemgmdError as error:
            assert "\n" not in str(error)
            outcomes["refused"] += 1
        else:
            outcomes["read"] += 1
            assert all(
                one.path.parent == tmp_path / "samples" for row in library.regions for one in row.sounds.values()
            )
    assert min(outcomes["read"], outcomes["refused"]) > 50


def _bank(name: str) -> Path:
    folders = (Path(os.environ["STEMGMD_SOUNDFONTS"]),) if "STEMGMD_SOUNDFONTS" in os.environ else BANKS
    paths = [path for folder in folders for path in sorted(folder.rglob(name))]
    if not paths:
        pytest.skip(f"no {name}: install the Debian package that has it")
    return paths[0]


@pytest.mark.real
@pytest.mark.parametrize("name", ["Black_Pearl_4_LV2.sf2", "Red_Zeppelin_4_LV2.sf2", "FluidR3_GM.sf2", "TimGM6mb.sf2"])
def test_zones_of_real_banks_equal_an_independent_count(name: str, tmp_path: Path) -> None:
    font = read_structure(_bank(name))
    content = font.path.read_bytes()
    drum_kits = [preset for preset in presets_of(font) if preset.bank == 128] or presets_of(font)
    for preset in drum_kits:
        zones = zones_of(font, preset.place, Counter())
        spans = [
            (zone.keys[1] - zone.keys[0] + 1) * (min(zone.velocities[1], 127) - max(zone.velocities[0], 1) + 1)
            for zone in zones
        ]
        assert (len(zones), sum(spans)) == counted(content, preset.name, preset.bank, preset.program)
    library = FORMAT.read(font.path, tmp_path)
    cells = Counter(
        (region.keys[0], velocity) for region in library.regions for velocity in range(*region.velocity or ())
    )
    assert set(cells.values()) == {1}  # every stroke falls into one region
    assert chosen(font, "")[0].name in library.title
