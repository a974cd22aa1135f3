"""Operations on modelled voices: arithmetic, edits, sums, loudness, compaction."""
