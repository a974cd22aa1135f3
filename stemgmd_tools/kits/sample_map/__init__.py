"""Sample maps: schema, validation, reading, writing."""
