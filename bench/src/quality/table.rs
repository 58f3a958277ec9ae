//! The table that people read.

use super::{RECORDED, Row};

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
        let references = is_reference(row);
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
        if row.set.starts_with(RECORDED) && !references {
            let rows: Vec<String> = row
                .calibration
                .iter()
                .filter(|(.., decisions, _)| *decisions > 0)
                .map(|(from, to, decisions, held)| format!("{from}-{to}: {held}/{decisions}"))
                .collect();
            println!("           stated: held/decisions  {}", rows.join("  "));
        }
        if row.set.starts_with(RECORDED) && row.method == "KRR" {
            print_ratios(rows.iter().filter(|other| other.set == row.set));
        }
    }
}

/// Overruns and requests of each profile, as shares of the references'.
fn print_ratios<'a>(set: impl Iterator<Item = &'a Row> + Clone) {
    for reference in set.clone().filter(|row| is_reference(row)) {
        for row in set.clone().filter(|row| !is_reference(row)) {
            println!(
                "{:<10} beside {}: CPU samples over {:.2} at {:.2} of the cores, memory days over {:.2} at {:.2} of the GiB",
                row.method,
                reference.method,
                row.cpu_over_percent / reference.cpu_over_percent,
                row.average_cores / reference.average_cores,
                row.memory_days_over_percent / reference.memory_days_over_percent,
                row.average_gib / reference.average_gib,
            );
        }
    }
}

fn is_reference(row: &Row) -> bool {
    matches!(row.method, "VPA" | "KRR")
}
