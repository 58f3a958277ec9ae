//! Colour, or none.
//!
//! In: text and its meaning, and whether colour is on. Out: text, coloured or unchanged.

use std::borrow::Cow;

use anstyle::{AnsiColor, Style};

/// A meaning that has a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tint {
    /// Plain.
    Plain,
    /// A heading.
    Strong,
    /// De-emphasised.
    Faint,
    /// Good.
    Good,
    /// Needs attention.
    Warn,
    /// Bad.
    Bad,
}

impl Tint {
    const fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Faint => Style::new().dimmed(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Warn => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
        }
    }
}

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint(pub bool);

impl Paint {
    /// `text` in the colour of its meaning.
    pub fn text(self, tint: Tint, text: &str) -> String {
        let style = tint.style();
        if self.0 && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// The start and end sequences of the colours above. An explicit list, so that a terminal never obeys more than these.
const CODES: [&str; 6] = ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m"];

/// `text` as it is safe for a terminal: lines, tabs and this program's colours are kept, and every other control
/// character is shown escaped. Names, reasons and messages come from objects written by others, and a terminal obeys
/// control sequences in them.
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
        "RolledBack"
        | "SizeNotDelivered"
        | "Blocked"
        | "Halted"
        | "ApprovalGuardMissing"
        | "ApprovalGuardOutdated"
        | "TargetNotFound"
        | "InvalidProposal" => Tint::Bad,
        _ => Tint::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::{CODES, Paint, Tint, harmless};

    const TINTS: [Tint; 6] = [Tint::Plain, Tint::Strong, Tint::Faint, Tint::Good, Tint::Warn, Tint::Bad];

    #[test]
    fn a_terminal_obeys_nothing_but_colours_of_this_program() {
        for tint in TINTS {
            let own = Paint(true).text(tint, "no\nand no");
            assert_eq!(harmless(&own), own, "{tint:?}");
        }
        let theirs = "ok\x1b[2J\x1b]0;title\x07\r\x1b[8mhidden\u{9b}31m";
        let shown = harmless(theirs);
        assert_eq!(shown, "ok\\u{1b}[2J\\u{1b}]0;title\\u{7}\\u{d}\\u{1b}[8mhidden\\u{9b}31m");
        assert!(!shown.contains(|c: char| c.is_control()), "{shown}");
    }

    #[test]
    fn every_meaning_has_its_own_colour_and_only_where_it_is_wanted() {
        let painted = TINTS.map(|tint| Paint(true).text(tint, "no"));
        let [reset, codes @ ..] = CODES.map(str::to_owned);
        let [strong, faint, bad, good, warn] = codes.map(|code| format!("{code}no{reset}"));
        assert_eq!(painted, ["no".to_owned(), strong, faint, good, warn, bad]);
        for tint in TINTS {
            assert_eq!(Paint(false).text(tint, "no"), "no", "{tint:?}");
            assert_eq!(Paint(true).text(tint, ""), "", "{tint:?}");
        }
    }
}
