//! The rules: commands in, events and postings out
