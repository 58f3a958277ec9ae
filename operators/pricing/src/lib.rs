//! Trimtab: pricing.
