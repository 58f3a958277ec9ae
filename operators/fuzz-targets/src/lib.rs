//! For tests: what holds for every input, whoever wrote it. In: any bytes. Out: nothing; a function panics where a property
//! does not hold.
//!
//! | module | the input |
//! |---|---|
//! | `quantities` | quantities of resources, alone or one a line |
//! | `durations` | durations, alone or one a line |
//! | `prometheus_answers` | the body of a response to a range query or an instant query; `sink` is what receives the samples |
//! | `price_books` | a PriceBook as JSON, and `amounts`: the amounts of money in it |
//! | `recorded_series` | a recorded series or an index of some, as CSV |
//!
//! `fuzz/` hands each function to libFuzzer, and `tests/corpora.rs` gives it every file of `fuzz/corpus`.

mod amounts;
mod durations;
mod price_books;
mod prometheus_answers;
mod quantities;
mod recorded_series;
mod sink;

pub use durations::durations;
pub use price_books::price_books;
pub use prometheus_answers::prometheus_answers;
pub use quantities::quantities;
pub use recorded_series::recorded_series;

/// One kind of input.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: that of the function, of the program in `fuzz/fuzz_targets`, of the corpus and of the dictionary.
    pub name: &'static str,
    /// The function.
    pub check: fn(&[u8]),
    /// How many mutations of each file the tests try; fewer where one takes longer.
    pub mutations: u32,
}

/// All of them, by name.
pub const TARGETS: [Target; 5] = [
    Target { name: "durations", check: durations, mutations: 200 },
    Target { name: "price_books", check: price_books, mutations: 20 },
    Target { name: "prometheus_answers", check: prometheus_answers, mutations: 30 },
    Target { name: "quantities", check: quantities, mutations: 100 },
    Target { name: "recorded_series", check: recorded_series, mutations: 100 },
];

/// Gives `check` the whole input, and each line of it.
fn each_text(data: &[u8], mut check: impl FnMut(&str)) {
    let text = String::from_utf8_lossy(data);
    check(&text);
    text.lines().for_each(check);
}

/// Asserts that an error can be shown: on one line, of a length to read, and it names `what` is wrong.
fn assert_shown(error: &str, what: &str) {
    assert!(error.contains(what), "{what:?} is not named: {error}");
    assert!(!error.contains(char::is_control), "a control character: {error:?}");
    assert!(error.chars().count() < 1_000, "too long: {error}");
}
