//! The policy's own queries: compares the result after a change with the result before it.

use trimtab_api::verification::{Baseline, Check, Verdict};

use super::{QueryAnswer, check};

/// What a query may grow to from 0, for each percent of `maxWorsePercent`: 0.01 at the default of 10. There is no
/// percentage of 0, so this is the same for all units.
const FROM_NOTHING: f64 = 0.001;

/// Judges one result. Greater is worse.
pub(super) fn judge(before: &Baseline, query: &QueryAnswer) -> Check {
    let name = format!("Query/{}", query.name);
    let known = before.queries.iter().find(|q| q.name == query.name);
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
