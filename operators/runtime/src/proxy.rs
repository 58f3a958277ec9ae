//! Which proxy a connection goes through, by the rules that kubectl follows, those of Go's package `httpproxy`.
//!
//! In: an address, and the variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY, or the same in lowercase. Out: the address of
//! a proxy, or none. Pure, except for [`Variables::of_process`]. Unlike Go, an address that cannot be used is an error:
//! to go without the proxy would be a surprise.

use std::{fmt, net::IpAddr};

use http::Uri;
use url::Host;

/// The port of a SOCKS proxy that names none.
const SOCKS_PORT: u16 = 1080;

/// The proxy variables of a process.
#[derive(Clone, Default)]
pub struct Variables {
    http: String,
    https: String,
    except: String,
    /// Whether HTTP_PROXY may be a header of somebody's request, as in a CGI program.
    is_cgi: bool,
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The addresses may contain passwords.
        f.debug_struct("Variables").field("except", &self.except).finish_non_exhaustive()
    }
}

/// An address of a proxy cannot be used. It is not repeated, since it may contain a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// Not an address.
    #[error("{0} is not the address of a proxy: write http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT")]
    Address(&'static str),
    /// Another kind of proxy.
    #[error("{0} names a proxy of another kind than http, https and socks5")]
    Scheme(&'static str),
    /// A user for a SOCKS proxy.
    #[error("{0} names a user for a SOCKS proxy, which is not supported: allow this host without one")]
    SocksUser(&'static str),
}

impl Variables {
    /// The variables, read by `variable`. One that is empty counts as not set.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: [&str; 2]| names.into_iter().filter_map(&variable).find(|value| !value.is_empty());
        Self {
            http: first(["HTTP_PROXY", "http_proxy"]).unwrap_or_default(),
            https: first(["HTTPS_PROXY", "https_proxy"]).unwrap_or_default(),
            except: first(["NO_PROXY", "no_proxy"]).unwrap_or_default(),
            is_cgi: variable("REQUEST_METHOD").is_some_and(|method| !method.is_empty()),
        }
    }

    /// The variables of this process.
    pub fn of_process() -> Self {
        Self::read(|name| std::env::var(name).ok())
    }

    /// The proxy for a connection to `url`; `None` if it goes without.
    ///
    /// # Errors
    /// [`ProxyError`] if there is one that cannot be used.
    pub fn proxy_for(&self, url: &str) -> Result<Option<Uri>, ProxyError> {
        let Some((scheme, rest)) = url.split_once("://") else { return Ok(None) };
        let (variable, proxy) = match scheme.to_ascii_lowercase().as_str() {
            "https" => ("HTTPS_PROXY", &self.https),
            "http" if !self.is_cgi => ("HTTP_PROXY", &self.http),
            _ => return Ok(None),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (host, port) = host_and_port(authority.rsplit_once('@').map_or(authority, |(_, host)| host));
        let port = port.unwrap_or(if variable == "HTTPS_PROXY" { "443" } else { "80" });
        if proxy.is_empty() || is_excepted(&ascii(&host.to_lowercase()), port, &self.except) {
            return Ok(None);
        }
        let address = match proxy.contains("://") {
            true => address(proxy, variable),
            false => address(&format!("http://{proxy}"), variable),
        };
        address.map(Some)
    }
}

/// The address of a proxy as a URL, which `source` names.
///
/// # Errors
/// [`ProxyError`] if it cannot be used.
pub fn address(url: &str, source: &'static str) -> Result<Uri, ProxyError> {
    let uri: Uri = url.parse().map_err(|_| ProxyError::Address(source))?;
    let authority = uri.authority().filter(|authority| !authority.host().is_empty());
    let authority = authority.ok_or(ProxyError::Address(source))?;
    let scheme = match uri.scheme_str().map(str::to_ascii_lowercase).as_deref() {
        Some("http") => "http",
        Some("https") => "https",
        // Names are resolved by the proxy in both cases.
        Some("socks5" | "socks5h") => "socks5",
        _ => return Err(ProxyError::Scheme(source)),
    };
    if scheme == "socks5" && authority.as_str().contains('@') {
        return Err(ProxyError::SocksUser(source));
    }
    let port = if scheme == "socks5" && authority.port().is_none() { format!(":{SOCKS_PORT}") } else { String::new() };
    format!("{scheme}://{authority}{port}").parse().map_err(|_| ProxyError::Address(source))
}

/// Whether a connection to this host goes without a proxy: the machine itself always does, others by the list `except`.
fn is_excepted(host: &str, port: &str, except: &str) -> bool {
    // A zone follows the address of an interface.
    let ip = host.split('%').next().unwrap_or_default().parse::<IpAddr>().ok().map(|ip| ip.to_canonical());
    let is_own = host == "localhost" || ip.is_some_and(|ip| ip.is_loopback());
    is_own || except.split(',').any(|entry| covers(&entry.trim().to_lowercase(), host, port, ip))
}

/// Whether an entry of the list is about this host: `*`, a network, an address or a domain, the latter two with or without
/// a port.
fn covers(entry: &str, host: &str, port: &str, ip: Option<IpAddr>) -> bool {
    if entry == "*" {
        return true;
    }
    if let Some((network, length)) = entry.split_once('/')
        && let (Ok(network), Ok(length)) = (network.parse::<IpAddr>(), length.parse::<u32>())
    {
        return ip.is_some_and(|ip| contains(network, length, ip));
    }
    let (name, only) = host_and_port(entry);
    if name.is_empty() || only.is_some_and(|only| only != port) {
        return false;
    }
    match (name.parse::<IpAddr>(), ip) {
        (Ok(address), Some(ip)) => address.to_canonical() == ip,
        (Ok(_), None) | (Err(_), Some(_)) => false,
        (Err(_), None) => {
            let name = name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(name);
            match name.strip_prefix('.') {
                Some(domain) => below(host, &ascii(domain)),
                None => host == ascii(name) || below(host, &ascii(name)),
            }
        }
    }
}

/// Whether a host is below a domain.
fn below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// Whether the network with a prefix of this length contains an address.
fn contains(network: IpAddr, length: u32, ip: IpAddr) -> bool {
    match (network, ip) {
        (IpAddr::V4(network), IpAddr::V4(ip)) => {
            let differs = network.to_bits() ^ ip.to_bits();
            length <= 32 && differs.checked_shr(32 - length).unwrap_or(0) == 0
        }
        (IpAddr::V6(network), IpAddr::V6(ip)) => {
            let differs = network.to_bits() ^ ip.to_bits();
            length <= 128 && differs.checked_shr(128 - length).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// `host`, `host:port`, `[ipv6]:port` or a bare `ipv6`, taken apart.
fn host_and_port(text: &str) -> (&str, Option<&str>) {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, after)) => (host, after.strip_prefix(':')),
        None => match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') => (host, Some(port)),
            _ => (text, None),
        },
    };
    (host, port.filter(|port| !port.is_empty()))
}

/// A name as it stands in the domain name system.
fn ascii(name: &str) -> String {
    match Host::parse(name) {
        Ok(Host::Domain(ascii)) if !name.is_ascii() => ascii,
        _ => name.to_owned(),
    }
}

#[cfg(test)]
#[path = "proxy_tests.rs"]
mod tests;
