//! The durable log: SQLite, Merkle tree, tiles, checkpoints; knows no domain
