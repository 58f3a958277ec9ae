//! Who set a field last, as `metadata.managedFields` says it.
//!
//! In: the field managers. Out: whether it was this very action, and the words for people. Each action writes with a field manager of its
//! own, so that what it has set can be told from what another action or a person has set to the same value.

use std::fmt;

use jiff::Timestamp;
use trimtab_core::text::{cut, printable};

/// How much of the name of a field manager is shown.
const MOST: usize = 128;

/// The field manager of the RemediationAction with this uid.
pub fn field_manager(uid: &str) -> String {
    format!("trimtab-action-{uid}")
}

/// Who set a field last.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Writer {
    /// This action, and nobody else owns the field beside it.
    ThisAction,
    /// Somebody else, alone or beside this action.
    Other {
        /// The field manager.
        manager: String,
        /// When, in whole seconds, if that is known.
        at: Option<Timestamp>,
    },
    /// Nobody owns it: it was never set, or it was removed. Who removes a field leaves no mark.
    Nobody,
}

impl Writer {
    /// The writer as it is kept in a status; `None` for nobody.
    pub fn kept(&self) -> Option<String> {
        (*self != Self::Nobody).then(|| self.to_string())
    }
}

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ThisAction => f.write_str("this action"),
            Self::Nobody => f.write_str("somebody"),
            Self::Other { manager, at } => {
                f.write_str(&cut(&printable(manager), MOST))?;
                match at {
                    Some(at) => write!(f, " at {at}"),
                    None => Ok(()),
                }
            }
        }
    }
}
