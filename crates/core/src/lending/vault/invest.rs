//! Moving a vault's money into a reserve and out of it.
