//! Trimtab: runtime.
