//! Trimtab: sources.
