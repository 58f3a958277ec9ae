//! Trimtab: sizing.
