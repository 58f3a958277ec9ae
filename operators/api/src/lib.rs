//! Trimtab: api.
