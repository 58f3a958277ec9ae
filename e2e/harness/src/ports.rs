//! Free ports on loopback.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result};

/// A port of 127.0.0.1 that nothing listens on, below the range that the kernel gives to outgoing connections: one of
/// that range can be taken by any connection before the server binds it.
///
/// # Errors
/// When no port is free in 200 tries.
pub fn free_port() -> Result<u16> {
    (0..200u32)
        .map(|attempt| 12_000 + (RandomState::new().hash_one(attempt) % 20_000) as u16)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("no free port between 12000 and 32000")
}
