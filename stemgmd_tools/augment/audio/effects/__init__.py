"""Audio effects on any device: pure functions of lines (line, channel, frame) and one parameter value per line."""
