//! Whom the system trusts: the certificate authorities of a source that is given none of its own.
//!
//! In: the files that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, else those of the system. Out: a fingerprint of what is in
//! them. A source reads them once, when it is created; by the fingerprint it is known when another one would trust others.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The fingerprint of the certificates that a source would trust if it were created now. What cannot be read counts as not
/// there, as it does for the source.
#[must_use]
pub fn system_trust() -> u64 {
    let mut hasher = DefaultHasher::new();
    // In an order of their own, not in that of the files.
    rustls_native_certs::load_native_certs().certs.hash(&mut hasher);
    hasher.finish()
}
