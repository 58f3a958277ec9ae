//! Free ports on loopback, each given away once.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use anyhow::{Context, Result};
use parking_lot::Mutex;

/// Reservations of the ports given to this process, until it ends.
static HELD: Mutex<Vec<UnixListener>> = Mutex::new(Vec::new());

/// A port of 127.0.0.1 that nothing listens on, below the kernel's ephemeral range: a port in that range can be taken
/// by any outgoing connection before the server binds it. It is reserved for this process until it ends, so that no
/// other caller (nor `plane/ports.go`) is given it in the seconds before the server binds it.
///
/// # Errors
/// When no port is free in 200 tries.
pub fn free_port() -> Result<u16> {
    (0..200u32)
        .map(|attempt| 12_000 + (RandomState::new().hash_one(attempt) % 20_000) as u16)
        .find(|port| reserve(*port) && TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("no free port between 12000 and 32000")
}

/// Whether this machine has a loopback address of IPv6.
pub fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

/// Takes the name that represents the port: a socket without a file, which the kernel removes with its process.
fn reserve(port: u16) -> bool {
    let held =
        SocketAddr::from_abstract_name(format!("trimtab-port-{port}")).and_then(|name| UnixListener::bind_addr(&name));
    // A thread that panicked while holding the lock left the list intact.
    held.map(|held| HELD.lock().push(held)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_away_once() -> Result<()> {
        let port = free_port()?;
        assert!(!reserve(port), "{port} could be reserved a second time");
        assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok(), "{port} is taken by its own reservation");
        Ok(())
    }
}
