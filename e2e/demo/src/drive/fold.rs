//! Long lines on a screen. In: a line. Out: the same, folded between words. Pure.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The width of a screen, in columns.
const WIDTH: usize = 120;
/// The prefix of a continuation line.
const INDENT: &str = "      ";

/// `line`, folded where it is wider than a screen. Lines that fit are unchanged.
pub fn fold(line: &str) -> String {
    let mut rest = line.trim_end();
    let mut folded = String::new();
    let mut width = WIDTH;
    while rest.width() > width {
        // A word wider than a screen is left whole.
        let room = first(rest, width + 1);
        let begins = room.len() - room.trim_start().len();
        // Two spaces separate groups, as in a list of figures; but not far from the end, as columns do.
        let parted = room.rfind("  ").filter(|at| *at > begins + (room.len() - begins) / 2);
        let Some(at) = parted.or(room.rfind(' ').filter(|at| *at >= begins)) else { break };
        folded.push_str(rest.get(..at).unwrap_or_default().trim_end());
        folded.push('\n');
        folded.push_str(INDENT);
        rest = rest.get(at..).unwrap_or_default().trim_start();
        width = WIDTH - INDENT.len();
    }
    folded + rest
}

/// The longest prefix of `text` that takes at most this many columns.
fn first(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    let end = text.char_indices().find(|(_, c)| {
        taken += c.width().unwrap_or(0);
        taken > columns
    });
    end.map_or(text, |(at, _)| text.get(..at).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_folded_between_words() {
        assert_eq!(fold("NAME   READY  "), "NAME   READY");
        let fits = "x".repeat(100) + " " + &"y".repeat(19);
        assert_eq!(fold(&fits), fits);
        let wide = "x".repeat(100) + "  " + &"ö".repeat(19) + " z";
        assert_eq!(fold(&wide), format!("{}\n      {} z", "x".repeat(100), "ö".repeat(19)));
        let parted = format!("{}  confidence 90 %  risk", "x".repeat(104));
        assert_eq!(fold(&parted), format!("{}\n      confidence 90 %  risk", "x".repeat(104)));
        let column = format!("NAME   {}", "word ".repeat(30));
        assert!(fold(&column).starts_with("NAME   word"), "{}", fold(&column));
        let characters = "字".repeat(50) + " " + &"字".repeat(11);
        assert_eq!(fold(&characters), format!("{}\n      {}", "字".repeat(50), "字".repeat(11)));
        let word = "x".repeat(200);
        assert_eq!(fold(&word), word);
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_every_line_fits(words in proptest::collection::vec("[a-zä→字]{1,20}", 0..40)) {
            let line = words.join(" ");
            let folded = fold(&line);
            prop_assert!(folded.lines().all(|l| l.width() <= WIDTH), "{folded}");
            prop_assert_eq!(folded.split_whitespace().collect::<Vec<_>>(), words.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}
