"""The folder of a corpus: what it was made with, its records, locks, shards and manifests."""
