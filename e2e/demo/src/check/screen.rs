//! Whether the output is readable. Pure.

use unicode_width::UnicodeWidthStr;

use crate::show::Tables;

/// The width of a screen, in columns.
const WIDTH: usize = 120;

/// Lines that are too wide, and columns that are empty throughout.
pub(super) fn differences(tables: &Tables) -> Vec<String> {
    let mut found = Vec::new();
    for table in &tables.0 {
        let command = &table.command;
        if table.output.trim().is_empty() {
            found.push(format!("{command}: prints nothing"));
        }
        if !table.columns {
            continue;
        }
        for line in table.output.lines().filter(|l| l.trim_end().width() > WIDTH) {
            found.push(format!("{command}: wider than {WIDTH} characters: {}", line.trim_end()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::Table;

    #[test]
    fn wide_and_empty_tables_are_found() {
        let table = |output: String, columns| Table { heading: "", command: "kubectl get x".into(), output, columns };
        let good = table("→".repeat(120) + "   \n", true);
        assert!(differences(&Tables(vec![good, table("a".repeat(121), false)])).is_empty());
        assert_eq!(differences(&Tables(vec![table("a".repeat(121), true), table(String::new(), false)])).len(), 2);
    }
}
