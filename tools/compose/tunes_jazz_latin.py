"""Drummer 13: jazz, bossa nova, samba, reggae, afrobeat, cascara; waltz, 6-8 and 5-4."""

from __future__ import annotations

from typing import Final

from tools.compose.player import Feel
from tools.compose.writing import Tune

_TRAIN: Final = "drummer13/session1"
_VALIDATION: Final = "drummer13/session2"
_TEST: Final = "drummer13/eval_session"

_SWING: Final = """
ride_bow          | x..X.xx..X.x | x..X.xx..X.x | x..X.xx..X.x | x..X.xx..X.x | x..X.xx..X.x | x..X.xx..X.x |
snare_head        | .....g...... | ..g........o | .....g..g... | ......g.o... | ..g........g | ..o..o.go... |
kick              | g..g..g..g.. | g..g..g.og.. | g..g..g..g.. | g.og..g..g.. | g..g..g..g.o | g..g..g..g.. |
hihat_pedal       | ...x.....x.. | ...x.....x.. | ...x.....x.. | ...x.....x.. | ...x.....x.. | ...x.....x.. |
pedal             | 5..0.5...0.5 | ...0.5...0.5 | ...0.5...0.5 | ...0.5...0.5 | ...0.5...0.5 | ...0.5...0.. |
"""

_WALTZ: Final = """
ride_bow          | X.. x.x x.x | X.. x.x x.x | X.. x.x x.x | X.. x.x x.x | X.. x.x x.x | X.. x.. x.. |
snare_head        | ... ... ..g | ... ..o ... | ... ..g ..g | ... o.. ..o | ... ... ..g | ... .oo d.. |
snare_cross_stick | ... ... ... | ... ... ... | ... o.. ... | ... ... ... | ... ... o.. | ... ... ... |
kick              | x.. ... ... | x.. ... ..o | x.. ... ... | x.. ... ... | x.. ... ..o | x.. ... ... |
hihat_pedal       | ... x.. x.. | ... x.. x.. | ... x.. x.. | ... x.. x.. | ... x.. x.. | ... x.. x.. |
pedal             | 4.. 0.4 0.4 | ... 0.4 0.4 | ... 0.4 0.4 | ... 0.4 0.4 | ... 0.4 0.4 | ... 0.4 0.. |
"""

_BOSSA: Final = """
hihat_closed_bow  | x.o.x.o. x.o.x.o. | x.o.x.o. x.o.x.o. | x.o.x.o. x.o.x.o. | x.o.x.o. x.o.x.o. |
snare_cross_stick | X.....X. ....X... | ....X... ..X..... | X.....X. ....X... | ....X... ..X...X. |
kick              | x.....o. x.....o. | x.....o. x.....o. | x.....o. x.....o. | x.....o. x.....o. |
pedal             | 0....... ........ | ........ ........ | ........ ........ | ........ ........ |
"""

_SAMBA: Final = """
ride_bow          | X.xxX.xx X.xxX.xx | X.xxX.xx X.xxX.xx | X.xxX.xx X.xxX.xx | X.xxX.xx X.xxX.xx |
snare_cross_stick | X..x..X. .x..x.X. | .X..x.X. x..X.x.. | X..x..X. .x..x.X. | ........ ........ |
low_tom_head      | ....X... ....X..o | ....X... ....X... | ....X... ....X..o | ....X... ....X... |
mid_tom_rim       | ........ ........ | ........ ........ | ........ ........ | X..X..X. ..X.X... |
kick              | x..ox..o x..ox..o | x..ox..o x..ox..o | x..ox..o x..ox..o | x..ox..o x..ox..o |
hihat_pedal       | ..x...x. ..x...x. | ..x...x. ..x...x. | ..x...x. ..x...x. | ..x...x. ..x...x. |
pedal             | 2.0.2.0. 2.0.2.0. | 2.0.2.0. 2.0.2.0. | 2.0.2.0. 2.0.2.0. | 2.0.2.0. 2.0.2.0. |
"""

_ONE_DROP: Final = """
hihat_closed_bow  | X.o.x.o. X.o.x.o. | X.o.x.o. X.o.x.ss | X.o.x.o. X.o.x.o. | X.o.x.o. X.o..... |
hihat_open_bow    | ........ ........ | ........ ........ | ........ ........ | ........ ....X... |
snare_cross_stick | ........ X....... | ........ X....... | ........ X....... | ........ X....... |
hi_tom_rim        | ........ ........ | ........ ......x. | ........ ........ | ........ ........ |
snare_rimshot     | ........ ........ | ........ ........ | ........ ........ | ........ .....XXX |
kick              | ........ X....... | ........ X....... | ........ X....... | ........ X....... |
pedal             | 0....... ........ | ........ ........ | ........ ........ | ........ ....8... |
"""

_AFRO_SIX_EIGHT: Final = """
ride_bell         | X.X.XX .X.X.X | X.X.XX .X.X.X | X.X.XX .X.X.X | X.X.XX .X.X.X |
snare_cross_stick | ...x.. ...x.. | ...x.. ..x... | ...x.. ...x.. | ...x.. ...... |
low_tom_head      | .....o x..... | .....o x..o.. | .....o x..... | .....o x..... |
mid_tom_head      | ...... ...... | ...... ...... | ...... ...... | ...... ..xxxX |
kick              | X..... ..x... | X..... ..x..x | X..... ..x... | X..... ..x... |
hihat_pedal       | x..x.. x..x.. | x..x.. x..x.. | x..x.. x..x.. | x..x.. x..x.. |
pedal             | 0.30.3 0.30.3 | 0.30.3 0.30.3 | 0.30.3 0.30.3 | 0.30.3 0.30.. |
"""

_CASCARA: Final = """
low_tom_rim       | X.x.Xx.x Xx.x.Xx. | X.x.Xx.x Xx.x.Xx. | ........ ........ | ........ ........ |
ride_bell         | ........ ........ | ........ ........ | X.x.Xx.x Xx.x.Xx. | X.x.Xx.x Xx.x.Xx. |
snare_cross_stick | ....X... ..X..... | X.....X. ....X... | ....X... ..X..... | X.....X. ....X... |
hi_tom_head       | ........ ....x.x. | ........ ........ | ........ ....x.x. | ........ ........ |
low_tom_head      | ........ ........ | ......x. x....... | ........ ........ | ......x. x....... |
kick              | ...x..x. ...x..x. | ...x..x. ...x..x. | ...x..x. ...x..x. | ...x..x. ...x..x. |
hihat_pedal       | ....x... ....x... | ....x... ....x... | ....x... ....x... | ....x... ....x... |
"""

_SPLASH_BALLAD: Final = """
hihat_pedal       | ........ x....... | ........ x....... | ........ x....... | x...x... x...x... |
ride_bow          | x...x.x. x...x.x. | x...x.x. x...x.x. | x...x.x. x...x.x. | x....... ........ |
snare_cross_stick | ........ X....... | ........ X....... | ........ X.....o. | ........ ........ |
crash2_edge       | ........ ........ | ........ ........ | ........ ........ | ........ x....... |
kick              | x.....o. ..x..... | x.....o. ..x..... | x.....o. ..x..... | x....... x....... |
pedal             | 0....... S....... | 0....... S....... | 0....... S....... | S...S... S...0... |
"""

_SWELL: Final = """
crash1_edge       | ..ss ssss ssss ssss | .... .... .... .... |
ride_edge         | ssss ssss ssss ss.. | .... .... .... .... |
crash1_bow        | .... .... .... .... | !... .... .... .... |
kick              | .... .... .... .... | !... .... .... .... |
choke             | .... .... .... .... | .... .... 1... .... |
"""

_FIVE: Final = """
ride_bow          | X.. x.x x.. X.x x.. | X.. x.x x.. X.x x.. | X.. x.x x.. X.x x.. | X.. x.x x.. X.. x.. |
snare_head        | ... ..g ..o ... ..g | ... ..g ..o ... .go | ..g ... ..o ... ..g | ... ..g ..o .xx x.x |
kick              | x.. ... ... X.. ... | x.. ... ... X.. ..o | x.. ..o ... X.. ... | x.. ... ... X.. ... |
hihat_pedal       | ... x.. ... ... x.. | ... x.. ... ... x.. | ... x.. ... ... x.. | ... x.. ... ... x.. |
pedal             | 4.. 0.4 ... ... 0.4 | ... 0.4 ... ... 0.4 | ... 0.4 ... ... 0.4 | ... 0.4 ... ... 0.. |
"""

_JAZZ_FILL: Final = """
snare_head        | X.x ..x r.. xxx | ... ... ... ... |
hi_tom_head       | ... x.. ... ... | ... ... ... ... |
mid_tom_head      | ... .x. ... ... | ... ... ... ... |
low_tom_head      | ... ... .xx ... | ... ... ... ... |
ride_edge         | ... ... ... ... | X.. ... ... ... |
kick              | x.x ..x x.. ..x | X.. ... ... ... |
hihat_pedal       | ... x.. ... x.. | ... x.. ... x.. |
choke             | ... ... ... ... | ... ... R.. ... |
"""

_REGGAE_FILL: Final = """
hi_tom_rim        | X.x.X... ........ | ........ ........ |
snare_rimshot     | .....XX. X..X.... | ........ ........ |
mid_tom_head      | ........ .x..xx.. | ........ ........ |
low_tom_head      | ........ ......xX | ........ ........ |
crash1_edge       | ........ ........ | X....... ........ |
kick              | ........ ........ | X....... ........ |
"""

JAZZ_LATIN_TUNES: Final = (
    Tune(_TRAIN, "jazz/swing", 160, "beat", "train", _SWING, feel=Feel(timing_s=0.006)),
    Tune(_TRAIN, "latin/bossa", 132, "beat", "train", _BOSSA),
    Tune(_TRAIN, "latin/samba", 100, "beat", "train", _SAMBA),
    Tune(_TRAIN, "reggae/onedrop", 76, "beat", "train", _ONE_DROP, feel=Feel(swing=0.1, timing_s=0.007)),
    Tune(_TRAIN, "afrobeat", 120, "beat", "train", _AFRO_SIX_EIGHT, time_signature="6-8"),
    Tune(_TRAIN, "jazz/five", 168, "beat", "train", _FIVE, time_signature="5-4", feel=Feel(timing_s=0.006)),
    Tune(_TRAIN, "jazz", 144, "fill", "train", _JAZZ_FILL),
    Tune(_TRAIN, "rock/swell", 80, "fill", "train", _SWELL, feel=Feel(swell=(0.3, 2.0))),
    Tune(_VALIDATION, "jazz/waltz", 150, "beat", "validation", _WALTZ, time_signature="3-4"),
    Tune(_VALIDATION, "reggae", 76, "fill", "validation", _REGGAE_FILL),
    Tune(_TEST, "afrocuban/cascara", 100, "beat", "test", _CASCARA),
    Tune(_TEST, "soul/ballad", 72, "beat", "test", _SPLASH_BALLAD),
)
