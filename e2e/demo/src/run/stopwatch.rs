//! The duration of each step.

use std::{fmt, time::Instant};

/// Prints each step as it is done and keeps it for the end.
#[derive(Debug)]
pub struct Stopwatch {
    start: Instant,
    last: Instant,
    laps: Vec<(String, f64)>,
}

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Self {
        let now = Instant::now();
        Self { start: now, last: now, laps: Vec::new() }
    }

    /// A step is done.
    pub fn lap(&mut self, what: &str) {
        let now = Instant::now();
        let seconds = (now - self.last).as_secs_f64();
        self.last = now;
        eprintln!("{:6.1} s  {what}", (now - self.start).as_secs_f64());
        self.laps.push((what.to_owned(), seconds));
    }
}

impl fmt::Display for Stopwatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Time taken: {:.1} s", (self.last - self.start).as_secs_f64())?;
        self.laps.iter().try_for_each(|(what, seconds)| writeln!(f, "  {seconds:5.1} s  {what}"))
    }
}
