//! Books of a small ledger that was made by the engine itself, judged by outside programs.

mod books;
mod claims;
mod losses;
mod report;
mod risk;
mod sheets;
mod standing;
mod words;
mod world;
