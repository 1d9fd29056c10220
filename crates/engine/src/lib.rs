//! One writer: batch, idempotency, snapshot, follower, verify
