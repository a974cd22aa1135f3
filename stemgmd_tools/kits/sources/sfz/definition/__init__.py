"""Read the text of SFZ definitions: files, directives, headers and opcodes, not yet what they mean."""
