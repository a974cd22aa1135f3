"""Effects on sound, on any device: pure functions of lines (line, channel, frame) and of a parameter value for each."""
