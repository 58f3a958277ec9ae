//! The policy's own queries. In: their results before and after a change. Out: what is kept of those before it, and one
//! check for each.

use trimtab_api::verification::{Check, QueryBaseline, Verdict};

use crate::checks::check;

/// The longest query result that the schema accepts.
const MAX_VALUE: usize = 32;

/// What a query may grow to from 0, for each percent of `maxWorsePercent`: 0.01 at the default of 10. There is no
/// percentage of 0, so this is the same for all units.
const FROM_NOTHING: f64 = 0.001;

/// The result of one query.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryAnswer {
    /// Its name in the policy.
    pub name: String,
    /// The result; `None` if there was none, or more than one.
    pub value: Option<f64>,
    /// Why there was none, if known.
    pub unanswered: Option<String>,
    /// How much it may exceed the baseline, in percent.
    pub max_worse_percent: i32,
}

/// The results before a change, to be kept in the status.
pub fn baseline(answers: &[QueryAnswer]) -> Vec<QueryBaseline> {
    answers.iter().map(|q| QueryBaseline { name: q.name.clone(), value: q.value.and_then(decimal) }).collect()
}

/// A number as text that the schema accepts; `None` if it is not a number.
fn decimal(value: f64) -> Option<String> {
    let plain = value.to_string();
    value.is_finite().then(|| if plain.len() <= MAX_VALUE { plain } else { format!("{value:e}") })
}

/// Judges one result against those before the change. Greater is worse.
pub fn judge(before: &[QueryBaseline], query: &QueryAnswer) -> Check {
    let name = format!("Query/{}", query.name);
    let known = before.iter().find(|q| q.name == query.name);
    let Some(known) = known else {
        return check(
            name,
            Verdict::Inconclusive,
            "it was not run before the change: it counts from the next change on",
        );
    };
    let Some(now) = query.value.filter(|v| v.is_finite()) else {
        let why = query.unanswered.as_deref();
        let why = why.unwrap_or("the result is not a single number: check the query");
        return check(name, Verdict::Inconclusive, why);
    };
    let was = match known.value.as_deref().map(str::parse::<f64>) {
        // Many rates have no series at all before the first error.
        None => 0.0,
        Some(Ok(was)) if was.is_finite() => was,
        Some(_) => return check(name, Verdict::Inconclusive, "the result before the change cannot be read"),
    };
    let percent = f64::from(query.max_worse_percent.max(0));
    let most = if was == 0.0 { FROM_NOTHING * percent } else { was + was.abs() * percent / 100.0 };
    let verdict = if now > most { Verdict::Fail } else { Verdict::Pass };
    let before = known.value.as_deref().unwrap_or("nothing");
    check(name, verdict, format!("{now} now, {before} before, at most {most} (maxWorsePercent {percent})"))
}
