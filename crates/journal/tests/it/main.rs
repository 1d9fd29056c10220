//! The journal as its users see it: files on disk, opened, damaged and checked.

mod damage;
mod files;
mod pipeline;
mod round_trip;
mod snapshots;
mod support;
