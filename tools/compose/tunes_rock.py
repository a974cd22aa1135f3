"""Drummer 11: rock, pop, punk, metal, country, dance; straight eighths and sixteenths."""

from __future__ import annotations

from typing import Final

from tools.compose.player import Feel
from tools.compose.writing import Tune

_TRAIN: Final = "drummer11/session1"
_VALIDATION: Final = "drummer11/session2"
_TEST: Final = "drummer11/eval_session"

_ROCK_BEAT: Final = """
crash1_edge       | X... .... .... .... | .... .... .... .... | .... .... .... .... | .... .... .... .... |
hihat_closed_edge | .... x.o. X.o. x.o. | X.o. x.o. X.o. x.o. | X.o. x.o. X.o. x.o. | X.o. x.o. X.o. x... |
hihat_open_edge   | .... .... .... .... | .... .... .... .... | .... .... .... .... | .... .... .... ..X. |
snare_head        | .... X... .... X... | .... X... .... X..g | .... X... .... X... | .... X..g .g.. X... |
kick              | X... .... x.x. .... | X... ...o x.x. .... | X... .... x.x. .... | X.x. ...o x.x. ..x. |
pedal             | 0... .... .... .... | .... .... .... .... | .... .... .... .... | .... .... .... ..7. |
"""

_HALF_TIME: Final = """
crash2_bow        | X... .... .... .... | .... .... .... .... | .... .... .... .... | .... .... .... .... |
hihat_open_bow    | .... x... x... x... | X... x... x... x... | X... x... x... x... | X... x... .... .... |
snare_rimshot     | .... .... X... .... | .... .... X... .... | .... .... X... .... | .... .... X... .... |
snare_head        | .... .... .... .... | .... ...g .... .... | .... .... .... .... | .... .... .... ssss |
hi_tom_head       | .... .... .... .... | .... .... .... .... | .... .... .... .... | .... .... ...x .... |
kick              | X... .... .... ..x. | x..x .... .... .... | X... .... .... ..x. | x..x .x.. .... .... |
pedal             | 5... .... .... .... | .... .... .... .... | .... .... .... .... | .... .... 0... .... |
"""

_PUNK: Final = """
crash1_bow        | !............... | ................ | ................ | ................ | !............... |
ride_edge         | ....X.X.X.X.X.X. | X.X.X.X.X.X.X.X. | X.X.X.X.X.X.X.X. | X.X.X.X......... | ................ |
snare_rimshot     | ....!.......!... | ....!.......!... | ....!.......!... | ....!...X.X.X.X. | ................ |
low_tom_head      | ................ | ................ | ................ | .........x.x.x.x | ................ |
kick              | X.....X.X.....X. | X.....X.X.....X. | X.....X.X.....X. | X.....X......... | !............... |
hihat_pedal       | ....x.......x... | ....x.......x... | ....x.......x... | ....x........... | ................ |
"""

_TOM_FILL: Final = """
snare_head        | Xxxx .... .... .... | .... .... .... .... |
hi_tom_head       | .... Xxxx .... .... | .... .... .... .... |
mid_tom_head      | .... .... Xxxx .... | .... .... .... .... |
low_tom_head      | .... .... .... Xxx. | .... .... .... .... |
low_tom_rim       | .... .... .... ...X | .... .... .... .... |
crash1_bow        | .... .... .... .... | !... .... .... .... |
kick              | x... x... x... x... | !... .... .... .... |
hihat_pedal       | x... x... x... x... | .... .... .... .... |
pedal             | 0... .... .... .... | .... .... .... .... |
"""

_FLAM_FILL: Final = """
snare_head        | X..f f... .... s.s. | .... .... .... .... |
hi_tom_head       | .... .... f..x .... | .... .... .... .... |
mid_tom_rim       | .... .... .... .X.X | .... .... .... .... |
hi_tom_rim        | .... .... ..X. .... | .... .... .... .... |
crash2_edge       | .... .... .... .... | !... .... .... .... |
crash1_edge       | .... .... .... .... | .... !... .... .... |
kick              | x..x x..x x.x. x... | !... !... .... .... |
choke             | .... .... .... .... | ..2. ..1. .... .... |
"""

_METAL: Final = """
crash2_edge       | !... .... .... .... | .... .... .... .... | .... .... .... .... | !... .... .... .... |
ride_bell         | .... X... X... X... | X... X... X... X... | X... X... X... X... | .... .... .... .... |
snare_rimshot     | .... !... .... !... | .... !... .... !... | .... !... .... !... | .... !... XXXX .... |
hi_tom_head       | .... .... .... .... | .... .... .... .... | .... .... .... .... | .... .... .... XX.. |
low_tom_head      | .... .... .... .... | .... .... .... .... | .... .... .... .... | .... .... .... ..XX |
kick              | XxXx XxXx XxXx XxXx | Xxx. Xxx. Xxx. Xxx. | XxXx XxXx XxXx XxXx | X..X X..X XxXx XxXx |
"""

_POP: Final = """
hihat_closed_bow  | X.o. x... X.o. x... | X.o. x... X.o. x... | X.o. x... X.o. x... | X.o. x... X.o. .... |
hihat_open_bow    | .... ..X. .... ..X. | .... ..X. .... ..X. | .... ..X. .... ..X. | .... ..X. .... .... |
snare_head        | .... X... .... X... | .... X... .... X... | .... X... .... X... | .... X... ...g d.xx |
kick              | X... .... X.x. .... | X... .... X.x. ...x | X... .... X.x. .... | X... .... X.x. .... |
pedal             | 0... ..4. 0... ..4. | 0... ..4. 0... ..6. | 0... ..4. 0... ..4. | 0... ..8. 0... .... |
"""

_TRAIN_BEAT: Final = """
snare_head        | XggX ggXg gXgg Xggg | XggX ggXg gXgg Xggg | XggX ggXg gXgg Xggg | XggX ggXg X.X. X.rr |
kick              | x... x... x... x... | x... x... x... x... | x... x... x... x... | x... x... x... x... |
hihat_pedal       | ..x. ..x. ..x. ..x. | ..x. ..x. ..x. ..x. | ..x. ..x. ..x. ..x. | ..x. ..x. ..x. ..x. |
pedal             | 0.02 .202 .202 .202 | .202 .202 .202 .202 | .202 .202 .202 .202 | .202 .202 .202 .20. |
"""

_DISCO: Final = """
hihat_closed_edge | Xx.x Xx.x Xx.x Xx.x | Xx.x Xx.x Xx.x Xx.x | Xx.x Xx.x Xx.x Xx.x | Xx.x Xx.x Xx.x .... |
hihat_open_edge   | ..X. ..X. ..X. ..X. | ..X. ..X. ..X. ..X. | ..X. ..X. ..X. ..X. | ..X. ..X. ..X. .... |
snare_head        | .... X... .... X... | .... X... .... X... | .... X... .... X... | .... X... .... Xsss |
kick              | X... X... X... X... | X... X... X... X... | X... X... X... X... | X... X... X... X... |
pedal             | 0.60 .060 .060 .060 | .060 .060 .060 .060 | .060 .060 .060 .060 | .060 .060 .060 .... |
"""

_TWO_BAR_ROCK: Final = """
ride_bow          | X.x. x.x. X.x. x.x. | X.x. x.x. X.x. x.x. | X.x. x.x. X.x. x.x. | X.x. x.x. X.x. x.x. |
ride_bell         | .... .... .... .... | .... .... .... .... | ..X. ..X. ..X. ..X. | ..X. ..X. ..X. ..X. |
snare_head        | .... X... .... X..g | .g.. X... .... X... | .... X... .... X..g | .g.. X..g .g.. X... |
kick              | X... ..x. ..x. .... | X.x. ..x. ..x. .... | X... ..x. ..x. .... | X.x. ..x. ..x. ..x. |
hihat_pedal       | .... x... .... x... | .... x... .... x... | .... x... .... x... | .... x... .... x... |
pedal             | 0.2. 0.2. 0.2. 0.2. | 0.2. 0.2. 0.2. 0.2. | 0.2. 0.2. 0.2. 0.2. | 0.2. 0.2. 0.2. 0... |
"""

ROCK_TUNES: Final = (
    Tune(_TRAIN, "rock", 120, "beat", "train", _ROCK_BEAT),
    Tune(_TRAIN, "rock/halftime", 84, "beat", "train", _HALF_TIME),
    Tune(_TRAIN, "punk", 184, "beat", "train", _PUNK, feel=Feel(timing_s=0.006)),
    Tune(_TRAIN, "rock", 120, "fill", "train", _TOM_FILL),
    Tune(_TRAIN, "rock/metal", 150, "beat", "train", _METAL, feel=Feel(timing_s=0.003)),
    Tune(_TRAIN, "pop", 104, "beat", "train", _POP),
    Tune(_TRAIN, "country/train", 112, "beat", "train", _TRAIN_BEAT),
    Tune(_VALIDATION, "dance/disco", 122, "beat", "validation", _DISCO, feel=Feel(timing_s=0.003)),
    Tune(_VALIDATION, "rock", 96, "fill", "validation", _FLAM_FILL),
    Tune(_TEST, "rock/ride", 108, "beat", "test", _TWO_BAR_ROCK),
)
