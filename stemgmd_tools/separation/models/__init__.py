"""Networks that separate a drum mixture: tensor in, tensor out; no files, no globals."""
