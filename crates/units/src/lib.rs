//! Money, time and identifiers: the only division in the product
