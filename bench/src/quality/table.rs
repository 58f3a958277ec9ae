//! The table that people read.

use super::Row;

/// Prints the rows, set by set.
pub fn print(rows: &[Row]) {
    let mut set = "";
    for row in rows {
        if row.set != set {
            set = &row.set;
            println!("\n{set}: {} decisions", row.decisions);
            println!(
                "{:<10} {:>12} {:>9} {:>14} {:>9} {:>7} {:>16} {:>12}",
                "method", "cpu over", "cores", "mem days over", "GiB", "held", "stated >=90 %", "of it held"
            );
        }
        let share = |part: u32, whole: u32| if whole > 0 { f64::from(part) * 100.0 / f64::from(whole) } else { 0.0 };
        let references = matches!(row.method, "VPA" | "KRR");
        let (stated, held) = if references {
            ("-".to_owned(), "-".to_owned())
        } else {
            (
                format!("{:.1} %", share(row.stated_at_90, row.decisions)),
                format!("{:.1} %", share(row.held_at_90, row.stated_at_90)),
            )
        };
        println!(
            "{:<10} {:>10.2} % {:>9.4} {:>12.2} % {:>9.3} {:>5.1} % {:>16} {:>12}",
            row.method,
            row.cpu_over_percent,
            row.average_cores,
            row.memory_days_over_percent,
            row.average_gib,
            row.held_percent,
            stated,
            held
        );
        if row.set == "as recorded" && !references {
            let rows: Vec<String> = row
                .calibration
                .iter()
                .filter(|(.., decisions, _)| *decisions > 0)
                .map(|(from, to, decisions, held)| format!("{from}-{to}: {held}/{decisions}"))
                .collect();
            println!("           stated: held/decisions  {}", rows.join("  "));
        }
    }
}
