"""Drummer 12: funk, soul, hip-hop, gospel, New Orleans, blues; ghost notes, swung sixteenths, shuffles."""

from __future__ import annotations

from typing import Final

from tools.compose.player import Feel
from tools.compose.writing import Tune

_TRAIN: Final = "drummer12/session1"
_VALIDATION: Final = "drummer12/session2"
_TEST: Final = "drummer12/eval_session"

_FUNK: Final = """
hihat_closed_bow  | XoxoXoxo XoxoXox. | XoxoXoxo XoxoXox. | XoxoXoxo XoxoXox. | XoxoXoxo XoxoXo.. |
hihat_open_bow    | ........ .......X | ........ .......X | ........ .......X | ........ ......X. |
snare_head        | ....X..g .g.gX..g | .g..X..g .g..X..g | ....X..g .g.gX..g | .g..X..g Xg.gX.dx |
kick              | X.x..... ..x..x.. | X..x.... ..x..x.. | X.x..... ..x..x.. | X..x..x. ..x..x.. |
pedal             | 0....... .......4 | 0....... .......4 | 0....... .......4 | 0....... ......6. |
"""

_HALF_TIME_SHUFFLE: Final = """
hihat_closed_edge | X.x X.x X.x X.x | X.x X.x X.x X.x | X.x X.x X.x X.x | X.x X.x X.x X.. |
hihat_open_edge   | ... ... ... ... | ... ... ... ... | ... ... ... ... | ... ... ... ..X |
snare_head        | .g. .g. Xg. .g. | .g. .g. Xg. .g. | .g. .g. Xg. .g. | .g. .g. Xg. .gs |
kick              | X.. ..x ... ..x | X.. ..x ... x.. | X.. ..x ... ..x | X.. x.x ..x ... |
pedal             | 0.. ... ... ... | ... ... ... ... | ... ... ... ... | ... ... ... ..7 |
"""

_HIPHOP: Final = """
hihat_closed_edge | x.o.x.o. x.o.x.o. | x.o.x.oo x.o.x... | x.o.x.o. x.o.x.o. | x.o.x.ss ssx.x.o. |
hihat_open_edge   | ........ ........ | ........ ......x. | ........ ........ | ........ ........ |
snare_head        | ....X... ....X... | ....X..g .g..X... | ....X... ....X... | ....X..g .g..X..X |
kick              | X......x ..x....x | X..x.... ..x..... | X......x ..x....x | X..x.... ..xx.... |
pedal             | 0....... ........ | ........ ......5. | 0....... ........ | ........ ........ |
"""

_SOUL: Final = """
hihat_closed_bow  | X.x.X.x. X.x.X.x. | X.x.X.x. X.x.X.x. | X.x.X.x. X.x.X.x. | X.x.X.x. X.x..... |
snare_head        | X...X... X...X... | X...X... X...X... | X...X... X...X... | X...X... X...X.xx |
kick              | X.....x. ..x..... | X.....x. ..x..... | X.....x. ..x..... | X.....x. ..x..... |
pedal             | 0....... ........ | ........ ........ | ........ ........ | ........ ....6... |
hihat_open_bow    | ........ ........ | ........ ........ | ........ ........ | ........ ....X... |
"""

_FUNK_FILL: Final = """
snare_head        | X.g.rr.. ssssX... | ........ ........ |
mid_tom_head      | ......xx .....xX. | ........ ........ |
low_tom_head      | ........ .......X | ........ ........ |
kick              | X..x..x. ..x..x.. | !....... ........ |
crash1_edge       | ........ ........ | !....... ........ |
hihat_open_edge   | ........ ........ | ....x... ........ |
hihat_pedal       | ........ ........ | ......x. ........ |
pedal             | 0....... ........ | ....9.0. ........ |
"""

_SECOND_LINE: Final = """
snare_head        | X.gXggXg grXrggXr | XggXggXg gXrrXgXg | X.gXggXg grXrggXr | XggXggXg rrrrrrrr |
kick              | X.....x. ....X... | X.....x. ....X... | X.....x. ....X... | X.....x. ....X... |
hihat_pedal       | ....x... ....x... | ....x... ....x... | ....x... ....x... | ....x... ....x... |
crash2_bow        | ........ ....x... | ........ ........ | ........ ....x... | ........ ........ |
pedal             | 0.....3. 0.....3. | 0.....3. 0.....3. | 0.....3. 0.....3. | 0.....3. 0....... |
"""

_BLUES_SHUFFLE: Final = """
ride_bow          | X.x X.x X.x X.x | X.x X.x X.x X.x | X.x X.x X.x X.x | X.x X.x X.. ... |
snare_head        | o.o X.o o.o X.o | o.o X.o o.o X.o | o.o X.o o.o X.o | o.o X.o xxx ... |
hi_tom_head       | ... ... ... ... | ... ... ... ... | ... ... ... ... | ... ... ... xxx |
kick              | X.. x.. x.. x.. | X.. x.. x.. x.. | X.. x.. x.. x.x | X.. x.. x.. x.. |
hihat_pedal       | ... X.. ... X.. | ... X.. ... X.. | ... X.. ... X.. | ... X.. ... X.. |
pedal             | 3.. 0.3 ... 0.3 | ... 0.3 ... 0.3 | ... 0.3 ... 0.3 | ... 0.3 ... 0.. |
"""

_GOSPEL_FILL: Final = """
snare_head        | X.xxgxxx ....X.xx | ........ ........ |
hi_tom_head       | .x...... xx..x... | ........ ........ |
mid_tom_head      | ........ ..x..... | ........ ........ |
low_tom_head      | ....x... ...x.xX. | ........ ........ |
kick              | ..xx.xx. .xx.x..x | !..!.... ........ |
crash1_bow        | ........ ........ | !....... ........ |
crash2_bow        | ........ ........ | ...!.... ........ |
choke             | ........ ........ | .....12. ........ |
"""

_HALF_OPEN_SOUL: Final = """
hihat_closed_bow  | X.x.X.x.X.x.X.x. | X.x.X.x......... | ................ | ................ |
hihat_open_bow    | ................ | ........X.x.X.x. | X.x.X.x.X.x.X.x. | X.x.X.x.X.x..... |
snare_head        | ....X..g.g..X... | ....X..g.g..X... | ....X..g.g..X... | ....X..g.g..dxxx |
kick              | X..x...x..x..... | X..x...x..x..... | X..x...x..x....x | X..x...x..x..... |
pedal             | 0............... | ........2...3... | 4...5...6...7... | 8...9.......S... |
"""

_FUNK_EVAL: Final = """
hihat_closed_edge | X.xxX.xx X.xxX... | X.xxX.xx X.xxX... | X.xxX.xx X.xxX... | X.xxX.xx X.xx.... |
hihat_open_edge   | ........ ......X. | ........ ......X. | ........ ......X. | ........ ........ |
snare_rimshot     | ....X... ....X... | ....X... ....X... | ....X... ....X... | ....X... ....X... |
snare_head        | .g.....g .g.....g | .g.g...g .g.....g | .g.....g .g.....g | .g.g...g .g...grr |
kick              | X.....x. .xx..... | X..x..x. .x...... | X.....x. .xx..... | X..x..x. .xx..... |
pedal             | 0....... ......50 | ........ ......50 | ........ ......50 | ........ ........ |
"""

_HIPHOP_FILL: Final = """
snare_head        | ....X..X .XX.f..s | ........ ........ |
snare_cross_stick | X.x..... ........ | ........ ........ |
kick              | X.....x. ...x..x. | X....... ........ |
crash2_edge       | ........ ........ | X....... ........ |
"""

GROOVE_TUNES: Final = (
    Tune(_TRAIN, "funk", 98, "beat", "train", _FUNK),
    Tune(_TRAIN, "funk/halftimeshuffle", 92, "beat", "train", _HALF_TIME_SHUFFLE, feel=Feel(timing_s=0.006)),
    Tune(_TRAIN, "hiphop", 88, "beat", "train", _HIPHOP, feel=Feel(swing=0.22, timing_s=0.007)),
    Tune(_TRAIN, "funk", 98, "fill", "train", _FUNK_FILL),
    Tune(_TRAIN, "neworleans/secondline", 96, "beat", "train", _SECOND_LINE, feel=Feel(swing=0.15)),
    Tune(_TRAIN, "blues/shuffle", 116, "beat", "train", _BLUES_SHUFFLE),
    Tune(_TRAIN, "gospel", 92, "fill", "train", _GOSPEL_FILL),
    Tune(_VALIDATION, "soul", 108, "beat", "validation", _SOUL),
    Tune(_TEST, "soul/halfopen", 90, "beat", "test", _HALF_OPEN_SOUL),
    Tune(_TEST, "funk", 104, "beat", "test", _FUNK_EVAL),
    Tune(_TEST, "hiphop", 84, "fill", "test", _HIPHOP_FILL, feel=Feel(swing=0.2)),
)
