//! Colour, or none.
//!
//! In: whether there is a terminal, and what the environment says. Out: text, in colour or as it is.

use std::{borrow::Cow, ffi::OsStr};

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

/// What begins and ends the colours above.
const CODES: [&str; 6] = ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m"];

/// `text` as a terminal may have it: lines, tabs and the colours of this program are left, and every other control character is shown as what it
/// is. Names, reasons and messages come from objects that others write, and a terminal obeys what stands in them.
pub fn harmless(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(obeyed) {
        return text.into();
    }
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(first) = rest.chars().next() {
        let code = CODES.into_iter().find(|code| rest.starts_with(code));
        let length = code.map_or(first.len_utf8(), str::len);
        match code {
            Some(code) => shown.push_str(code),
            None if obeyed(first) => shown.extend(first.escape_unicode()),
            None => shown.push(first),
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    shown.into()
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

    use super::{Paint, Tint, harmless};

    #[test]
    fn a_terminal_obeys_nothing_but_colours_of_this_program() {
        let own = Paint(true).text(Tint::Bad, "no\nand no");
        assert_eq!(harmless(&own), own);
        let theirs = "ok\x1b[2J\x1b]0;title\x07\r\x1b[8mhidden\u{9b}31m";
        let shown = harmless(theirs);
        assert_eq!(shown, "ok\\u{1b}[2J\\u{1b}]0;title\\u{7}\\u{d}\\u{1b}[8mhidden\\u{9b}31m");
        assert!(!shown.contains(|c: char| c.is_control()), "{shown}");
    }

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
