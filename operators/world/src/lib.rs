//! Trimtab: compact view of the cluster.
