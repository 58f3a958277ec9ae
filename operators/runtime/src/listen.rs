//! A listener for both address families. In: an address. Out: a TCP listener; with `[::]` it also accepts IPv4, and where
//! the host has no IPv6, it listens on all addresses of IPv4 instead.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

/// Connections that may wait to be accepted; the kernel has a limit of its own.
const BACKLOG: i32 = 1024;

/// Listens on `address`.
///
/// # Errors
/// What the kernel says.
///
/// # Panics
/// Outside a Tokio runtime.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::from_std(first(address, bind)?)
}

/// What `bind` makes of the address or, for `[::]` on a host without IPv6, of the same in IPv4.
fn first<T>(address: SocketAddr, bind: impl Fn(SocketAddr) -> io::Result<T>) -> io::Result<T> {
    let error = match bind(address) {
        Err(error) if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) => error,
        result => return result,
    };
    // These are about the port, and would be the same.
    if matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied) {
        return Err(error);
    }
    let instead = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port());
    let bound = bind(instead).map_err(|_| io::Error::new(error.kind(), error.to_string()))?;
    tracing::info!(%address, %instead, %error, "this host has no IPv6: listening on IPv4 alone");
    Ok(bound)
}

fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // The default depends on the host (net.ipv6.bindv6only).
        socket.set_only_v6(false)?;
    }
    // A restart does not wait for connections of the previous process.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn both_families_are_accepted() {
        let listener = listen("[::]:0".parse().unwrap()).unwrap();
        let local = listener.local_addr().unwrap();
        let accepts = async |from: &str| {
            let ip: IpAddr = from.parse().unwrap();
            let (there, here) = tokio::join!(TcpStream::connect((ip, local.port())), listener.accept());
            assert!(there.is_ok() && here.is_ok(), "{from} to {local}: {there:?}");
        };
        accepts("127.0.0.1").await;
        // A machine on which the tests run may have no IPv6.
        if std::net::TcpListener::bind("[::1]:0").is_ok() {
            assert!(local.is_ipv6(), "{local}");
            accepts("::1").await;
        }
        let taken = listen(local).unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AddrInUse);
        let narrow = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        assert_eq!(narrow.local_addr().unwrap().ip(), Ipv4Addr::LOCALHOST);
    }

    #[test]
    fn a_host_without_ipv6_listens_on_ipv4() {
        let without = |address: SocketAddr| match address.is_ipv6() {
            // EAFNOSUPPORT of Linux.
            true => Err(io::Error::from_raw_os_error(97)),
            false => Ok(address.to_string()),
        };
        assert_eq!(first("[::]:8080".parse().unwrap(), without).unwrap(), "0.0.0.0:8080");
        // Another address of IPv6 was meant as it is.
        assert_eq!(first("[::1]:8080".parse().unwrap(), without).unwrap_err().raw_os_error(), Some(97));
        assert_eq!(first("10.0.0.1:8080".parse().unwrap(), without).unwrap(), "10.0.0.1:8080");
        let taken = |address: SocketAddr| match address.is_ipv6() {
            true => Err(io::Error::from(ErrorKind::AddrInUse)),
            false => Ok(address),
        };
        assert_eq!(first("[::]:8080".parse().unwrap(), taken).unwrap_err().kind(), ErrorKind::AddrInUse);
        let nothing = |_: SocketAddr| Err::<(), _>(io::Error::other("no sockets"));
        assert_eq!(first("[::]:8080".parse().unwrap(), nothing).unwrap_err().to_string(), "no sockets");
    }
}
