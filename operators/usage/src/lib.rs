//! Trimtab: usage.
