//! Trimtab: core.
