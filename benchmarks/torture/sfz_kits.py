"""An SFZ library to damage, and its reader, which may read nothing outside the library's folder."""

from __future__ import annotations

from pathlib import Path

from benchmarks.torture.watch import watched
from stemgmd_tools.kits.sources.base import KitFormat
from stemgmd_tools.kits.sources.sfz import FORMAT as SFZ

_SFZ = {
    "kit.sfz": """// Author: nobody, License: CC0-1.0
#define $KICK 36
#define $KI 35
#define $ext wav
<control> default_path=../Samples/ note_offset=0 octave_offset=0 label_cc20=Close label_cc21=Room label_key36=Kick
set_cc20=100 set_hdcc21=0.5 set_cc102=127
<global> loop_mode=one_shot amp_veltrack=90 sw_default=c1 tune=-1200 tune_cc20=1524 pan_oncc20=100 pan_curvecc20=1
#include "maps/snare.sfz" #include "maps/hat.sfz"
<master> master_label=Drum volume=-2 group_volume=1 amplitude=90 sw_last=24
<group> key=$KICK seq_length=3 off_mode=normal ampeg_release=0.2 ampeg_sustain=100 ampeg_decay=1
<region> sample=kick_1.$ext hivel=63 seq_position=1 amp_velcurve_63=1 offset=10 end=9999
<region> sample=kick_2.$ext hivel=63 seq_position=2 amp_velcurve_1=0.1
<region> sample=kick_3.$ext lovel=64 xfin_lovel=60 xfin_hivel=70 seq_position=3 pitch_keycenter=c#2 transpose=1
<region> sample=room/kick.$ext amplitude_oncc21=200 width=-100 delay=0.01 xfin_locc20=0 xfin_hicc20=127
<group> lokey=40 hikey=50 pitch_keycenter=45 group=1 off_by=1 polyphony=1 note_polyphony=2
<region> sample=tom.$ext lorand=0 hirand=0.5 gain_cc20=-3 amplitude_cc21=50 amplitude_curvecc21=9
<region> sample=tom.$ext lorand=0.5 /* trigger=release */ trigger=attack locc102=1 hicc102=127
<curve> curve_index=9 v000=0 v063=0.2 v127=1
""",
    "maps/snare.sfz": """<master> master_label=Snare
<group> group_label=Left key=d2 volume=-3
<region> sample=close\\snare.wav amplitude_oncc20=100 pan=-30 position=10
<region> sample=room\\snare.wav locc21=10 pan=40
<region> sample=*silence key=60 group=7 end=-1
""",
    "maps/hat.sfz": """<group> key=42 off_by=7 off_time=0.1
<region> sample=hat_open.wav hicc4=31
<region> sample=hat_half.wav locc4=32 hicc4=95
<region> sample=hat_closed.wav locc4=96
<region> on_locc64=127 on_hicc64=127 lokey=-1 hikey=-1 sample=chick.wav
<effect> type=reverb
""",
}


def write_sfz(material: Path) -> tuple[Path, ...]:
    """Write an SFZ library, its definition three folders down, and return its definition and what that includes."""
    folder = material / "sfz" / "kits" / "one" / "Programs"
    for name, text in _SFZ.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    samples = folder.parent / "Samples"
    for name in ("kick_1.wav", "Kick_2.flac", "close/snare.wav", "room/snare.wav", "HAT_open.wav"):
        (samples / name).parent.mkdir(parents=True, exist_ok=True)
        (samples / name).touch()
    return tuple(folder / name for name in _SFZ)


def read_sfz(path: Path) -> object:
    """Read an SFZ library, of which any file may be damaged."""
    programs = next(folder for folder in path.parents if folder.name == "Programs")
    return _read_within(SFZ, programs / "kit.sfz", programs.parents[1])


def _read_within(form: KitFormat, path: Path, folder: Path) -> object:
    """Read a library; all that it says lies inside a folder, and nothing outside it is opened or listed.

    :raises ValueError: if that is not so.
    """
    with watched(folder):
        drum_kit = form.read(path, folder / "sounds")
    for region in drum_kit.regions:
        for sound in region.sounds.values():
            if not sound.path.is_relative_to(drum_kit.folder) or not drum_kit.folder.is_relative_to(folder.resolve()):
                raise ValueError(f"a sound outside of the library: {sound.path}")
    return drum_kit
