"""How real the modelled kits are: how near to recordings, how hard to tell from them, and what is learnt from them.

::

    python -m benchmarks.realism                            everything; writes benchmarks/realism.json
    python -m benchmarks.realism --quick                    small sizes, to see that it runs; writes no file
    python -m benchmarks.realism --only separator           one section; the others keep their last figures
    python -m benchmarks.realism --test-kits my_recordings  your own kits as the test set

Kits that were never fitted are the test set. Any folder of kits will do: one folder per kit, with its one-shots (FLAC
or WAV, any rate) and a ``kit.json`` whose ``samples`` name for each file ``piece`` (kick, snare, hi_tom, mid_tom,
floor_tom, closed_hihat, open_hihat, ride, crash), ``articulation`` (center, edge, rimshot, sidestick, tip, bow, bell,
pedal, half_open, open, ...), ``vel_lo`` and ``vel_hi`` (MIDI velocities from 1 to 127, without gaps within an
articulation). Each file sounds as at ``vel_hi``. Missing pieces are allowed: a neighbour stands in where a whole kit is
needed, and nothing is asked about them where single sounds are. See :mod:`benchmarks.realism.test_kits`.

``python docs/generate.py`` makes ``docs/realism.md`` from the results.
"""
