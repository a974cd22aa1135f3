"""What the opcodes of SFZ definitions mean, each with the figures it has to give."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from sfz_texts import library, only, sound, take

from stemgmd_tools.kits.sources.base import ONLY_MICROPHONE

CENTS = 1e-6
"""Pitches are sums of a few decimal numbers."""
DB = 1e-3
"""Levels are given to a ten-thousandth of a decibel."""


@pytest.mark.parametrize(
    ("opcodes", "semitones"),
    [
        ("key=38", 0),
        ("key=38 tune=30 transpose=-2", -1.7),
        ("lokey=38 hikey=38", -22),
        ("lokey=38 hikey=38 pitch_keytrack=0", 0),
        ("lokey=38 hikey=38 pitch_keycenter=38", 0),
        ("lokey=38 hikey=38 pitch_keycenter=sample", 0),
        ("key=38 pitch_keycenter=d1", 12),
        ("key=38 pitch_keycenter=40 pitch_keytrack=50", -1),
        ("key=38 group_tune=50 pitch=20", 0.7),
    ],
)
def test_pitch(opcodes: str, semitones: float, tmp_path: Path) -> None:
    drum_kit = library(tmp_path, f"<region> sample=a.wav {opcodes}")
    assert only(drum_kit).keys == (38,)
    assert sound(drum_kit).pitch_semitones == pytest.approx(semitones, abs=CENTS)


def test_keys_with_their_own_pitch_are_regions_of_their_own(tmp_path: Path) -> None:
    drum_kit = library(tmp_path, "<region> sample=tom.wav lokey=40 hikey=42 pitch_keycenter=41")
    assert [(r.keys, r.sounds[ONLY_MICROPHONE].pitch_semitones) for r in drum_kit.regions] == [
        ((40,), -1),
        ((41,), 0),
        ((42,), 1),
    ]
    flat = library(tmp_path, "<region> sample=tom.wav lokey=40 hikey=42 pitch_keytrack=0")
    assert only(flat).keys == (40, 41, 42)


def test_a_region_without_keys_sounds_at_its_own_pitch(tmp_path: Path) -> None:
    drum_kit = library(tmp_path, "<region> sample=kick.wav tune=10")
    assert only(drum_kit).keys == ()
    assert sound(drum_kit).pitch_semitones == pytest.approx(0.1)


def test_offsets_move_keys_without_changing_the_pitch(tmp_path: Path) -> None:
    drum_kit = library(tmp_path, "<control> note_offset=-2 octave_offset=1 <region> key=c2 sample=a.wav")
    assert (only(drum_kit).keys, sound(drum_kit).pitch_semitones) == ((46,), 0.0)


@pytest.mark.parametrize(
    ("opcodes", "velocity"),
    [
        ("", (1, 127)),
        ("lovel=0 hivel=40", (1, 40)),
        ("lovel=41", (41, 127)),
        ("xfin_lovel=32 xfin_hivel=63", (48, 127)),
        ("xfout_lovel=32 xfout_hivel=63", (1, 47)),
        ("xfin_lovel=0 xfin_hivel=31", (1, 127)),
    ],
)
def test_velocities(opcodes: str, velocity: tuple[int, int], tmp_path: Path) -> None:
    drum_kit = library(tmp_path, take(opcodes))
    assert only(drum_kit).velocity == velocity
    assert any("cut in their middle" in notice for notice in drum_kit.notices) == ("xf" in opcodes)


@pytest.mark.parametrize(
    ("opcodes", "low_db", "high_db", "whole_db"),
    [
        ("", -40 * math.log10(127), 0, 40 * math.log10(127)),
        ("amp_veltrack=0", 0, 0, 0),
        ("amp_veltrack=50", -20 * math.log10(127), 0, 20 * math.log10(127)),
        ("amp_veltrack=-100", 0, -40 * math.log10(127), -40 * math.log10(127)),
        ("hivel=31 amp_velcurve_31=1", -20 * math.log10(31), 0, 20 * math.log10(31)),
        ("amp_velcurve_1=0.5", 20 * math.log10(0.5), 0, 20 * math.log10(2)),
        ("lovel=63 hivel=64 amp_velcurve_1=0.1 amp_velcurve_63=0.25 amp_velcurve_65=0.5", 20 * math.log10(0.25),
         20 * math.log10(0.375), 20),
        ("amp_veltrack_oncc20=-100", -40 * math.log10(127) * (1 - 64 / 127), 0, 40 * math.log10(127) * (1 - 64 / 127)),
    ],
)  # fmt: skip
def test_dynamics(opcodes: str, low_db: float, high_db: float, whole_db: float, tmp_path: Path) -> None:
    region = only(library(tmp_path, take(opcodes, "<control> set_cc20=64")))
    assert region.velocity_gain_db == pytest.approx((low_db, high_db), abs=DB)
    assert region.dynamics_db == pytest.approx(whole_db, abs=DB)


@pytest.mark.parametrize(
    ("opcodes", "gain_db"),
    [
        ("volume=-6", -6),
        ("volume=-6 group_volume=-1 master_volume=-2 global_volume=-3", -12),
        ("amplitude=50", 20 * math.log10(0.5)),
        ("amplitude=50 master_amplitude=50", 20 * math.log10(0.25)),
        ("amplitude_oncc20=200", 20 * math.log10(2 * 0.5)),
        ("amplitude_cc21=100", 20 * math.log10(100 / 127)),
        ("amplitude_oncc21=100 amplitude_curvecc21=4", 40 * math.log10(100 / 127)),
        ("amplitude_oncc20=100 amplitude_oncc21=100", 20 * math.log10(0.5 * 100 / 127)),
        ("gain_oncc20=-12", -6),
        ("gain_cc20=-12", -6),
        ("volume_oncc20=-12 volume=3", -3),
        ("amplitude_oncc20=100 amplitude_curvecc20=9", 20 * math.log10(0.2)),
        ("amplitude_oncc22=100 amplitude_curvecc22=2", 0),
        ("amplitude_oncc7=100 amplitude_oncc11=100", 20 * math.log10(100 / 127)),
        ("xfin_locc20=0 xfin_hicc20=127", 10 * math.log10(0.5)),
        ("xfout_locc20=0 xfout_hicc20=127", 10 * math.log10(0.5)),
    ],
)
def test_levels(opcodes: str, gain_db: float, tmp_path: Path) -> None:
    before = "<control> set_hdcc20=0.5 set_cc21=100\n"
    after = "<curve> curve_index=9 v000=0 v127=0.4"
    assert sound(library(tmp_path, take(opcodes, before) + after)).gain_db == pytest.approx(gain_db, abs=DB)


@pytest.mark.parametrize(
    ("opcodes", "pan"),
    [
        ("pan=-40", -0.4),
        ("pan=100 position=100", 1.0),
        ("position=30", 0.3),
        ("pan=-100 pan_cc20=200", 0.0),
        ("pan_oncc20=100 pan_curvecc20=1", 0.0),
        ("pan_oncc21=100 pan_curvecc21=1", -1.0),
    ],
)
def test_pan(opcodes: str, pan: float, tmp_path: Path) -> None:
    assert sound(library(tmp_path, take(opcodes, "<control> set_hdcc20=0.5"))).pan == pytest.approx(pan)


def test_width_exchanges_channels_or_is_told(tmp_path: Path) -> None:
    assert sound(library(tmp_path, take("width=-100"))).channels == (2, 1)
    narrow = library(tmp_path, take("width=50"))
    assert sound(narrow).channels == ()
    assert "stereo widths other than 100 and -100 % are not applied" in narrow.notices[0]


@pytest.mark.parametrize(
    ("opcodes", "start", "end"),
    [
        ("offset=30", 30, None),
        ("offset=30 offset_oncc20=100", 80, None),
        ("offset_cc20=100 offset_curvecc20=11", 0, None),
        ("end=999", 0, 1000),
    ],
)
def test_the_part_of_a_file_that_is_played(opcodes: str, start: int, end: int | None, tmp_path: Path) -> None:
    text = take(opcodes, "<control> set_hdcc20=0.5") + "<curve> curve_index=11 v067=0"
    sound_file = sound(library(tmp_path, text))
    assert (sound_file.start_frame, sound_file.end_frame) == (start, end)


def test_sequences_are_numbered_and_random_takes_are_not(tmp_path: Path) -> None:
    rows = [f"<region> key=36 seq_length=2 seq_position={n} sample={n}.wav" for n in (1, 2)]
    rows += [f"<region> key=38 lorand={low} hirand={low + 0.5} sample=r{low}.wav" for low in (0.0, 0.5)]
    regions = library(tmp_path, "\n".join(rows)).regions
    assert [(region.keys, region.round_robin) for region in regions] == [
        ((36,), 1),
        ((36,), 2),
        ((38,), None),
        ((38,), None),
    ]


def test_random_ranges_with_slips_are_takes(tmp_path: Path) -> None:
    rows = ["lorand=0 hirand=0.249", "lorand=0.25 hirand=60", "lorand=0.6 hirand=1s"]
    text = "".join(f"<region> key=38 sample={n}.wav {row}\n" for n, row in enumerate(rows))
    drum_kit = library(tmp_path, text)
    assert [[one.path.stem for one in region.sounds.values()] for region in drum_kit.regions] == [["0"], ["1"], ["2"]]
    assert sum("hirand" in notice for notice in drum_kit.notices) == 2


def test_layers_that_overlap_by_one_velocity_do_not_sound_together(tmp_path: Path) -> None:
    drum_kit = library(tmp_path, "<region> key=38 sample=a hivel=40 <region> key=38 sample=b lovel=40")
    assert [(region.velocity, len(region.sounds)) for region in drum_kit.regions] == [((1, 39), 1), ((40, 127), 1)]


@pytest.mark.parametrize(
    ("opcodes", "release_s"),
    [
        ("off_by=2", 0.006),
        ("off_by=2 off_mode=fast ampeg_release=1", 0.006),
        ("off_by=2 off_mode=normal ampeg_release=0.4", 0.4),
        ("offby=2 off_mode=time off_time=0.3", 0.3),
        ("off_by=2 off_time=0.2", 0.2),
    ],
)
def test_groups_that_turn_each_other_off(opcodes: str, release_s: float, tmp_path: Path) -> None:
    text = f"<region> key=46 sample=open group=1 {opcodes} <region> key=42 sample=closed group=2"
    ringing, shut = library(tmp_path, text).regions
    assert (ringing.choke_group, ringing.chokes, ringing.release_s) == ("2", (), release_s)
    assert (shut.choke_group, shut.chokes) == (None, ("2",))


def test_a_group_of_one_voice_turns_itself_off(tmp_path: Path) -> None:
    region = only(library(tmp_path, take("group=5 polyphony=1")))
    assert (region.choke_group, region.chokes) == ("5", ("5",))


@pytest.mark.parametrize(
    "silent", ["sample=*silence", "sample=x.wav end=-1", "sample=x.wav ampeg_sustain=0 ampeg_decay=0"]
)
def test_silent_regions_only_turn_others_off(silent: str, tmp_path: Path) -> None:
    text = f"""<region> key=46 sample=open.wav off_by=3 <region> key=44 sample=pedal.wav
    <region> key=44 group=3 {silent} <region> key=60 group=3 {silent}"""
    drum_kit = library(tmp_path, text)
    assert [(region.keys, region.chokes) for region in drum_kit.regions] == [((46,), ()), ((44,), ("3",))]
    assert any("silent itself, left out: key 60" in notice for notice in drum_kit.notices)


DECAY = 100 / (180 / math.log(10))
"""Times as long as a decay of sfizz, which falls by 78 dB, is one that falls by 100 dB."""


@pytest.mark.parametrize(
    ("opcodes", "expected"),
    [
        ("ampeg_attack=0 ampeg_decay=3 ampeg_sustain=100", None),
        ("ampeg_decay=0.6 ampeg_hold=0.2", None),
        ("ampeg_attack=0.0004", None),
        ("ampeg_attack=0.2 ampeg_delay=0.1", {"attack_s": 0.2, "delay_s": 0.1}),
        ("ampeg_sustain=0 ampeg_decay=0.5", {"decay_s": 0.5 * DECAY, "sustain_db": -100}),
        ("ampeg_hold=0.2 ampeg_decay=1 ampeg_sustain=10", {"hold_s": 0.2, "decay_s": DECAY, "sustain_db": -20}),
        ("ampeg_attack=0.1 ampeg_vel2attack=-0.127 hivel=50", {"attack_s": 0.05}),
        ("ampeg_decay=2 ampeg_sustain_oncc9=-50", {"decay_s": 2 * DECAY, "sustain_db": -6.02}),
        ("ampeg_delay_oncc9=0.25", {"delay_s": 0.25}),
    ],
)
def test_the_envelope_is_that_of_sfizz(opcodes: str, expected: dict[str, float] | None, tmp_path: Path) -> None:
    envelope = sound(library(tmp_path, f"<control> set_cc9=127 {take(opcodes)}")).envelope
    if expected is None:
        assert envelope is None
    else:
        assert envelope is not None
        stages = {name: value for name, value in envelope.model_dump(exclude_defaults=True).items() if value}
        assert stages == pytest.approx(expected, abs=1e-5)  # seconds are given to 10 microseconds


@pytest.mark.parametrize(
    ("opcodes", "lowpass", "highpass"),
    [
        ("", None, None),
        ("cutoff=18000", None, None),
        ("cutoff=1000", (1000, 0), None),
        ("cutoff=1000 resonance=6 fil_type=lpf_2p", (1000, 6), None),
        ("cutoff=150 fil_type=hpf_2p", None, (150, 0)),
        ("cutoff=15 fil_type=hpf_2p", None, None),
        ("cutoff=500 cutoff_oncc9=1200 fil_veltrack=1200", (2000, 0), None),
        ("cutoff=500 fil_veltrack=-2400 hivel=64", (500 * 2 ** (-2 * 64 / 127), 0), None),
    ],
)
def test_the_filter_is_that_of_sfizz(
    opcodes: str, lowpass: tuple[float, float] | None, highpass: tuple[float, float] | None, tmp_path: Path
) -> None:
    one = sound(library(tmp_path, f"<control> set_cc9=127 {take(opcodes)}"))
    for filter_, expected in ((one.lowpass, lowpass), (one.highpass, highpass)):
        values = None if filter_ is None else (filter_.cutoff_hz, filter_.resonance_db)
        assert values == (None if expected is None else pytest.approx(expected, abs=0.1))


@pytest.mark.parametrize(
    ("opcodes", "said"),
    [
        ("trigger=release", "trigger=release"),
        ("trigger=legato", "trigger=legato"),
        ("sw_last=25", "another keyswitch"),
        ("sw_down=25", "another keyswitch"),
        ("locc30=64", "CC30 (Room) at 10"),
        ("hicc30=9", "CC30 (Room) at 10"),
        ("lohdcc30=0.5", "CC30 (Room) at 10"),
        ("amplitude_oncc31=100", "silent at the library's own settings, left out: CC31"),
        ("volume=-144.6", "silent at the library's own settings"),
        ("xfin_locc30=20 xfin_hicc30=30", "silent at the library's own settings"),
        ("lobend=100", "pitch bend"),
        ("seq_position=3 seq_length=2", "no note, velocity or take"),
        ("lovel=60 hivel=50", "no note, velocity or take"),
        ("lokey=40 hikey=39", "no note, velocity or take"),
        ("sample=*sine", "generator *sine"),
        ("sample=", "without a sample"),
    ],
)
def test_regions_that_do_not_belong_to_the_kit_as_loaded_are_told(opcodes: str, said: str, tmp_path: Path) -> None:
    before = "<control> set_cc30=10 label_cc30=Room <global> sw_default=24 <region> key=36 sw_last=24 sample=kick.wav"
    drum_kit = library(tmp_path, take(opcodes, before))
    assert only(drum_kit).keys == (36,)
    assert any(said in notice for notice in drum_kit.notices)


def test_regions_that_a_controller_starts_have_no_key(tmp_path: Path) -> None:
    drum_kit = library(
        tmp_path, "<region> key=36 sample=a <region> lokey=-1 hikey=-1 on_locc64=127 on_hicc64=127 sample=chick"
    )
    assert [region.keys for region in drum_kit.regions] == [(36,), ()]


@pytest.mark.parametrize(
    ("ranges", "openness"),
    [
        (
            {"open": "hicc4=31", "half": "locc4=32 hicc4=95", "closed": "locc4=96"},
            {"open": 1.0, "half": 0.5, "closed": 0.0},
        ),
        ({"hat_1": "hicc4=63", "hat_2": "locc4=64"}, {"hat_1": 1 - 31.5 / 127, "hat_2": 1 - 95.5 / 127}),
        ({"hh_closed": "hicc64=19", "hh_open": "locc64=20"}, {"hh_closed": 0.0, "hh_open": 1.0}),
        (
            {"hh_closed": "", "hh_semi": "locc64=20 hicc64=60", "hh_open": "locc64=61"},
            {"hh_closed": 0.0, "hh_semi": 40 / 127, "hh_open": 1.0},
        ),
    ],
)  # fmt: skip
def test_openness_of_the_hihat(ranges: dict[str, str], openness: dict[str, float], tmp_path: Path) -> None:
    text = "\n".join(f"<region> key=42 sample={name}.wav {range_}" for name, range_ in ranges.items())
    regions = library(tmp_path, text).regions
    given = {next(iter(region.sounds.values())).path.stem: region.openness for region in regions}
    assert given == pytest.approx(openness, abs=0.005)  # ranges are whole controller values
    assert all(len(region.sounds) == 1 for region in regions)


@pytest.mark.parametrize(
    ("opcodes", "said"),
    [
        ("volume=loud", "volume is not a number ('loud') and was left out"),
        ("volume=nan", "volume is not a number"),
        ("volume=1e999", "volume is not a number"),
        ("volume=999", "volume is 999, outside -144.6 .. 144; the nearest is used"),
        ("delay=0.01", "delays"),
        ("loop_mode=loop_continuous", "loops are not applied"),
        ("cutoff=900 fil_type=bpf_2p", "filters of the type bpf_2p are not applied"),
        ("cutoff=900 fileg_depth=1200", "filters that move are not applied"),
        ("amplitude=-100", "negative amplitudes"),
    ],
)
def test_what_is_not_applied_is_told(opcodes: str, said: str, tmp_path: Path) -> None:
    assert any(said in notice for notice in library(tmp_path, take(opcodes)).notices)


def test_labels_files_and_folders_name_a_region(tmp_path: Path) -> None:
    text = r"""<control> label_key38=Main snare
    <master> master_label=Snare <group> group_label=Left Hand
    <region> region_label=V01 key=38 sample=..\Wood\hit_1.wav"""
    drum_kit = library(tmp_path, text, main="Programs/kit.sfz")
    assert only(drum_kit).names == ("Snare Left Hand", "Main snare", "V01", "hit_1", "Wood", "kit")
    assert drum_kit.key_names == {38: "Main snare"}
