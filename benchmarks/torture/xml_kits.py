"""Small kits of Hydrogen and DrumGizmo, definitions only, for damage."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

_LAYERS = """
    <layer><filename>soft.wav</filename><min>0</min><max>0.5</max><gain>0.9</gain><pitch>-1</pitch></layer>
    <layer><filename>loud.wav</filename><min>0.5</min><max>1</max><gain>1.1</gain><pitch>0</pitch>
     <ismodified>true</ismodified><startframe>10</startframe><endframe>4000</endframe><loops>0</loops></layer>"""
_HYDROGEN = f"""<?xml version="1.0" encoding="UTF-8"?>
<drumkit_info xmlns="http://www.hydrogen-music.org/drumkit">
 <name>toy</name><author>nobody</author><info>&lt;p&gt;tones&lt;/p&gt;</info><license>CC0</license>
 <componentList>
  <drumkitComponent><id>0</id><name>close</name><volume>1</volume></drumkitComponent>
  <drumkitComponent><id>1</id><name>room</name><volume>0.5</volume></drumkitComponent>
 </componentList>
 <instrumentList>
  <instrument><id>0</id><name>Snare</name><volume>0.8</volume><pan_L>1</pan_L><pan_R>0.7</pan_R><midiOutNote>38</midiOutNote>
   <sampleSelectionAlgo>ROUND_ROBIN</sampleSelectionAlgo>
   <instrumentComponent><component_id>0</component_id><gain>1</gain>{_LAYERS}</instrumentComponent>
   <instrumentComponent><component_id>1</component_id><gain>2</gain>{_LAYERS}</instrumentComponent>
  </instrument>
  <instrument><id>1</id><name>Hat Closed</name><pan>-0.3</pan><muteGroup>1</muteGroup><Release>1000</Release>
   <isHihat>0</isHihat><lower_cc>80</lower_cc><higher_cc>127</higher_cc><applyVelocity>false</applyVelocity>{_LAYERS}
  </instrument>
  <instrument><id>2</id><name>Kick</name><filename>soft.wav</filename></instrument>
 </instrumentList>
</drumkit_info>
"""
_DRUMGIZMO = {
    "toy.xml": """<?xml version="1.0" encoding="UTF-8"?>
<drumkit version="2.0" samplerate="48000">
 <metadata><title>toy</title><license>CC0</license><defaultmidimap src="midimap.xml"/></metadata>
 <channels><channel name="AmbL"/><channel name="AmbR"/><channel name="Close"/></channels>
 <instruments>
  <instrument name="Snare" file="Snare/Snare.xml"><channelmap in="Top" out="Close" main="true"/></instrument>
  <instrument name="Hat" group="hihat" file="Hat/Hat.xml">
   <chokes><choke instrument="Snare" choketime="100"/></chokes>
  </instrument>
 </instruments>
</drumkit>
""",
    "Snare/Snare.xml": """<?xml version="1.0" encoding="UTF-8"?>
<instrument version="2.0" name="Snare">
 <samples>
  <sample name="s1" power="0.01">
   <audiofile channel="AmbL" file="samples/1.wav" filechannel="1"/>
   <audiofile channel="AmbR" file="samples/1.wav" filechannel="2"/>
   <audiofile channel="Top" file="samples/1.wav" filechannel="3"/>
  </sample>
  <sample name="s2" power="0.2" normalized="true"><audiofile channel="Top" file="../shared.wav"/></sample>
 </samples>
</instrument>
""",
    "Hat/Hat.xml": """<?xml version="1.0" encoding="UTF-8"?>
<instrument name="Hat">
 <samples><sample name="h1"><audiofile channel="Close" file="samples/1.wav"/></sample></samples>
 <velocities>
  <velocity lower="0" upper="0.5"><sampleref probability="0.5" name="h1"/></velocity>
  <velocity lower="0.5" upper="1.0"><sampleref probability="0.5" name="h1"/></velocity>
 </velocities>
</instrument>
""",
    "midimap.xml": '<midimap>\n <map note="38" instr="Snare"/>\n <map note="42" instr="Hat"/>\n</midimap>\n',
}


def write_hydrogen(folder: Path) -> Path:
    """Write the definition of a kit of Hydrogen; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "drumkit.xml"
    path.write_text(_HYDROGEN)
    return path


def write_packed_hydrogen(folder: Path) -> tuple[Path, Path]:
    """Write the kit of Hydrogen as a plain archive and as a compressed one; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in (("toy/drumkit.xml", _HYDROGEN.encode()), ("toy/soft.wav", bytes(2000))):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    plain, compressed = folder / "plain.h2drumkit", folder / "compressed.h2drumkit"
    plain.write_bytes(packed.getvalue())
    compressed.write_bytes(gzip.compress(packed.getvalue(), mtime=0))
    return plain, compressed


def write_drumgizmo(folder: Path) -> tuple[Path, ...]:
    """Write the definition of a kit of DrumGizmo; return the paths of its files, that of the kit first."""
    for name, content in _DRUMGIZMO.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return tuple(folder / name for name in _DRUMGIZMO)
