//! Trimtab: optimization-policy.
