//! Where the runbooks are hosted. In: the address that somebody chose, or none. Out: the address of the page about a
//! reason, with which messages end.

use std::sync::Arc;

use crate::conditions::has_runbook;

/// The address of the pages of `docs/runbooks`, unless somebody hosts them elsewhere. Alerts are shipped with it too.
pub const RUNBOOKS: &str = "https://trimtab.dev/docs/runbooks";

/// Maximum length of an address: messages end with it.
const MOST_BYTES: usize = 1024;

/// Where the runbooks are hosted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runbooks(Arc<str>);

impl Default for Runbooks {
    fn default() -> Self {
        Self(RUNBOOKS.into())
    }
}

impl Runbooks {
    /// Those at `address`, with or without a slash at its end.
    ///
    /// # Errors
    /// An address that is not one of HTTP, that has other characters than an address has, or that is longer than 1024
    /// bytes: what is expected.
    pub fn at(address: &str) -> Result<Self, String> {
        let address = address.trim_end_matches('/');
        let host = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
        let fits = |host: &str| {
            !host.is_empty() && address.len() <= MOST_BYTES && host.chars().all(|c| c.is_ascii_graphic() && c != '"')
        };
        if !host.is_some_and(fits) {
            return Err("expected an address such as https://runbooks.example.org/trimtab, to which /REASON.md is \
                        appended"
                .to_owned());
        }
        Ok(Self(address.into()))
    }

    /// The address of the page about `reason`, whether it requires action or not.
    pub fn about(&self, reason: &str) -> String {
        format!("{}/{reason}.md", self.0)
    }

    /// The address of the page about `reason`, for reasons that require action ([`has_runbook`]).
    pub fn page(&self, reason: &str) -> Option<String> {
        has_runbook(reason).then(|| self.about(reason))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Runbooks;

    #[test]
    fn reasons_that_require_action_have_a_page_where_somebody_hosts_it() {
        assert_eq!(Runbooks::default().page("Analyzed"), None);
        let shipped = Runbooks::default().page("InvalidSpec");
        assert_eq!(shipped.as_deref(), Some("https://trimtab.dev/docs/runbooks/InvalidSpec.md"));
        for address in ["http://wiki.example.org/ops", "http://wiki.example.org/ops//"] {
            let own = Runbooks::at(address).unwrap().page("InvalidSpec");
            assert_eq!(own.as_deref(), Some("http://wiki.example.org/ops/InvalidSpec.md"));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("https://a/{}", "b".repeat(1024));
        for wrong in
            ["", "wiki.example.org", "https://", "https:///", "ftp://a", "https://a b", "https://a\nb", long.as_str()]
        {
            assert!(Runbooks::at(wrong).unwrap_err().contains("expected an address"), "{wrong}");
        }
    }
}
