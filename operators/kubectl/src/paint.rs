//! Colour, or none.
//!
//! In: whether there is a terminal, and what the environment says. Out: text, in colour or as it is.

use std::ffi::OsStr;

/// A meaning that has a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tint {
    /// As it is.
    Plain,
    /// A heading.
    Strong,
    /// Of less weight.
    Faint,
    /// Well.
    Good,
    /// To be looked at.
    Warn,
    /// Bad.
    Bad,
}

/// Whether text is painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint(pub bool);

impl Paint {
    /// In colour only on a terminal that can show it, and never where `NO_COLOR` is set to anything but nothing.
    pub fn on(terminal: bool, no_color: Option<&OsStr>, term: Option<&OsStr>) -> Self {
        Self(terminal && no_color.is_none_or(OsStr::is_empty) && term != Some(OsStr::new("dumb")))
    }

    /// `text` in the colour of its meaning.
    pub fn text(self, tint: Tint, text: &str) -> String {
        let code = match tint {
            Tint::Plain => return text.to_owned(),
            Tint::Strong => 1,
            Tint::Faint => 2,
            Tint::Good => 32,
            Tint::Warn => 33,
            Tint::Bad => 31,
        };
        if self.0 && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// The colour of a Recommendation's status word.
pub fn status(word: &str) -> Tint {
    match word {
        "Applied" => Tint::Good,
        "RollingOut" | "Verifying" | "PendingApproval" | "Undoing" => Tint::Warn,
        "RolledBack" | "Blocked" | "Halted" | "ApprovalGuardMissing" | "TargetNotFound" | "InvalidProposal" => {
            Tint::Bad
        }
        _ => Tint::Plain,
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::{Paint, Tint};

    #[test]
    fn colour_is_for_terminals_whose_owner_wants_it() {
        for (terminal, no_color, term, expected) in [
            (true, None, Some("xterm"), true),
            (true, Some(""), None, true),
            (true, Some("1"), Some("xterm"), false),
            (true, None, Some("dumb"), false),
            (false, None, Some("xterm"), false),
        ] {
            let paint = Paint::on(terminal, no_color.map(OsStr::new), term.map(OsStr::new));
            assert_eq!(paint.0, expected, "{terminal} {no_color:?} {term:?}");
        }
        assert_eq!(Paint(true).text(Tint::Bad, "no"), "\x1b[31mno\x1b[0m");
        assert_eq!(Paint(false).text(Tint::Bad, "no"), "no");
        assert_eq!(Paint(true).text(Tint::Bad, ""), "");
    }
}
