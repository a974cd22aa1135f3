"""The folder of a corpus: its identity, records, locks, shards and manifests."""
