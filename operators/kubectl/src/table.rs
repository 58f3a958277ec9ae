//! Tables as kubectl writes them: left-aligned columns, three spaces apart, nothing after the last.
//!
//! In: rows of cells. Out: lines. Colour is applied after the widths are known. A width is in terminal columns: a wide
//! character takes two, a combining one none.

use unicode_width::UnicodeWidthStr;

use crate::paint::{Paint, Tint};

/// Between two columns.
const GAP: usize = 3;

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its text.
    pub text: String,
    /// Its colour.
    pub tint: Tint,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, tint: Tint::Plain }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl Cell {
    /// A cell in colour.
    pub fn tinted(text: impl Into<String>, tint: Tint) -> Self {
        Self { text: text.into(), tint }
    }
}

/// The width of each column. Kept, so that later rows align with the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Widths(Vec<usize>);

impl Widths {
    /// Wide enough for the headings and all rows.
    pub fn of(headings: &[&str], rows: &[Vec<Cell>]) -> Self {
        let mut widths: Vec<usize> = headings.iter().map(|h| h.width()).collect();
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.width());
            }
        }
        Self(widths)
    }

    /// One line.
    pub fn row(&self, row: &[Cell], paint: Paint) -> String {
        let mut line = String::new();
        for (at, cell) in row.iter().enumerate() {
            line.push_str(&paint.text(cell.tint, &cell.text));
            if at + 1 < row.len() {
                let width = self.0.get(at).copied().unwrap_or(0);
                line.push_str(&" ".repeat(width.saturating_sub(cell.text.width()) + GAP));
            }
        }
        line.trim_end().to_owned()
    }
}

/// The table with its headings; without them where `headings` is empty.
pub fn table(headings: &[&str], rows: &[Vec<Cell>], paint: Paint) -> String {
    let widths = Widths::of(headings, rows);
    let widths = if headings.is_empty() {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        Widths::of(&vec![""; columns], rows)
    } else {
        widths
    };
    let mut text = String::new();
    if !headings.is_empty() {
        let cells: Vec<Cell> = headings.iter().map(|h| Cell::tinted(*h, Tint::Strong)).collect();
        text.push_str(&widths.row(&cells, paint));
        text.push('\n');
    }
    for row in rows {
        text.push_str(&widths.row(row, paint));
        text.push('\n');
    }
    text
}

/// Every line of `text` indented.
pub fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") }).collect()
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::{Cell, GAP, indented, table};
    use crate::paint::{Paint, Tint};

    fn rows() -> Vec<Vec<Cell>> {
        vec![
            vec!["deploy-web".into(), Cell::tinted("Applied", Tint::Good), "500m→120m".into()],
            vec!["sts-db".into(), "".into(), "1→2".into()],
        ]
    }

    #[test]
    fn columns_stand_under_each_other() {
        let text = table(&["NAME", "STATUS", "CPU"], &rows(), Paint(false));
        assert_eq!(text, "NAME         STATUS    CPU\ndeploy-web   Applied   500m→120m\nsts-db                 1→2\n");
        assert_eq!(table(&[], &rows(), Paint(false)), "deploy-web   Applied   500m→120m\nsts-db                 1→2\n");
        assert_eq!(table(&["NAME"], &[], Paint(false)), "NAME\n");
    }

    #[test]
    fn colour_moves_nothing() {
        let plain = table(&["NAME", "STATUS", "CPU"], &rows(), Paint(false));
        let mut painted = table(&["NAME", "STATUS", "CPU"], &rows(), Paint(true));
        assert!(painted.contains("\x1b[32mApplied\x1b[0m   500m"), "{painted:?}");
        for code in ["\x1b[0m", "\x1b[1m", "\x1b[32m"] {
            painted = painted.replace(code, "");
        }
        assert_eq!(painted, plain);
    }

    #[test]
    fn wide_and_combining_characters_take_the_columns_that_a_terminal_gives_them() {
        // Two columns each; one with a separate accent; a combined one of a wide one.
        for name in ["日本語", "e\u{301}te\u{301}", "か\u{3099}", "👩\u{200d}🔧", "plain"] {
            let rows = vec![vec![name.into(), "Applied".into()], vec!["deploy-web".into(), "Blocked".into()]];
            let text = table(&["名前", "STATUS"], &rows, Paint(false));
            for (line, word) in text.lines().zip(["STATUS", "Applied", "Blocked"]) {
                let before = line.strip_suffix(word).map(UnicodeWidthStr::width);
                assert_eq!(before, Some("deploy-web".len() + GAP), "{name:?} in {text}");
            }
        }
    }

    #[test]
    fn an_empty_line_stays_empty() {
        assert_eq!(indented("a\n\nb"), "  a\n\n  b\n");
    }
}
