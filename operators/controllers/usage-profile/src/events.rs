//! Events about profiles: one constructor for each, so that each reason is written once.

use trimtab_api::conditions::reasons;
use trimtab_runtime::events::Event;

/// A stored history cannot be read.
pub(crate) fn history_unreadable(message: &str) -> Event {
    Event::warning(reasons::HISTORY_UNREADABLE, "Restore", message)
}

/// A profile could not be written.
pub(crate) fn write_failed(message: &str) -> Event {
    Event::warning(reasons::WRITE_FAILED, "Write", message)
}
