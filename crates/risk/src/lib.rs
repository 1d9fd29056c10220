//! The reference venue: synthetic books on real prices; floats live here only
