//! The source of a price: every figure carries it, for people to read.
//!
//! In: the findings and assumptions of a price look-up. Out: one line of text, as `built-in table, aws us-east-1
//! m5.large on demand, 2026-07-20`.

use std::fmt;

use jiff::civil::Date;

/// The source that knew the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PriceSourceKind {
    /// An entry of the price book that selects the node by its labels.
    BookSelector,
    /// An entry of the price book for the node's machine type.
    BookInstanceType,
    /// The built-in table of list prices.
    BuiltInTable,
    /// The default unit prices of the price book.
    BookDefault,
    /// The estimate per core, GiB and GPU.
    Estimate,
}

/// The source of a price, and the assumptions made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PriceSource {
    /// Which source.
    pub kind: PriceSourceKind,
    /// The source by name: `built-in table`, `price book acme`, `estimate`.
    pub name: String,
    /// The looked-up item: `aws us-east-1 m5.large on demand`, `entry rack`.
    pub subject: String,
    /// The date of the figure.
    pub as_of: Date,
    /// The region of the price, if prices have regions.
    pub region_used: Option<String>,
    /// Whether something had to be assumed: another region, no spot price, unit prices from elsewhere.
    pub estimated: bool,
    /// Whether the figure is more than a year old.
    pub stale: bool,
    /// The applied discount, in percent.
    pub discount_percent: u8,
    /// The assumptions, as text.
    pub notes: Vec<String>,
}

/// Age of a price in years from which it is marked as old.
const STALE_AFTER_YEARS: i16 = 1;

impl PriceSource {
    /// Marks the figure as old if it is, and adds a note.
    #[must_use]
    pub(crate) fn aged(mut self, today: Date) -> Self {
        // Only a date at the very edge of the calendar has no date a year before it: nothing is old then.
        let limit = today.checked_sub(jiff::Span::new().years(STALE_AFTER_YEARS));
        if limit.is_ok_and(|limit| self.as_of < limit) {
            self.stale = true;
            self.notes.push("the price is more than a year old".to_owned());
        }
        self
    }
}

impl fmt::Display for PriceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, {}", self.name, self.subject, self.as_of)?;
        match self.notes.as_slice() {
            [] => Ok(()),
            notes => write!(f, " ({}{})", if self.estimated { "estimated: " } else { "" }, notes.join("; ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn source() -> PriceSource {
        PriceSource {
            kind: PriceSourceKind::BuiltInTable,
            name: "built-in table".into(),
            subject: "aws us-east-1 m5.large on demand".into(),
            as_of: date(2026, 7, 20),
            region_used: Some("us-east-1".into()),
            estimated: false,
            stale: false,
            discount_percent: 0,
            notes: vec![],
        }
    }

    #[test]
    fn it_reads_well() {
        assert_eq!(source().to_string(), "built-in table, aws us-east-1 m5.large on demand, 2026-07-20");
        let assumed =
            PriceSource { estimated: true, notes: vec!["price of us-east-1 used for eu-central-1".into()], ..source() };
        let text = "built-in table, aws us-east-1 m5.large on demand, 2026-07-20 (estimated: price of us-east-1 used for eu-central-1)";
        assert_eq!(assumed.to_string(), text);
    }

    #[test]
    fn old_means_more_than_a_year() {
        for (today, stale) in [
            (date(2026, 7, 20), false),
            (date(2027, 7, 20), false),
            (date(2027, 7, 21), true),
            (date(2026, 1, 1), false),
            (Date::MIN, false),
        ] {
            let aged = source().aged(today);
            assert_eq!(aged.stale, stale, "{today}");
            assert_eq!(aged.to_string().contains("more than a year old"), stale);
        }
    }
}
