//! Samples metrics-server and keeps usage histories in UsageProfiles.
