//! How well an action worked. In: what is known of its outcome, its neighbours and its symptom. Out: the verdict, and points in
//! percent of what could be judged. What could not be judged is left out and said; it never counts as nothing.

use trimtab_api::{
    remediation::outcome::{ActionVerdict, Effectiveness},
    verification::{Check, Verdict},
};
use trimtab_core::text::cut;

use crate::view::Symptom;

/// Points for an outcome that held.
const OUTCOME: i32 = 50;
/// Points if nothing got worse.
const NOTHING_WORSE: i32 = 30;
/// Points if the symptom is gone.
const SYMPTOM_GONE: i32 = 20;
/// The longest text about what was left out.
const LEFT_OUT: usize = 256;

/// Whether something got worse; or why that cannot be told.
pub(crate) fn worse(checks: &[Check]) -> Result<bool, String> {
    if checks.iter().any(|check| check.verdict == Verdict::Fail) {
        return Ok(true);
    }
    let doubtful: Vec<&str> =
        checks.iter().filter(|c| c.verdict == Verdict::Inconclusive).map(|c| c.name.as_str()).collect();
    if !doubtful.is_empty() {
        return Err(format!("nothing worse: {} could not be judged", doubtful.join(", ")));
    }
    if !checks.iter().any(|check| check.verdict == Verdict::Pass) {
        return Err("nothing worse: no check could run".to_owned());
    }
    Ok(false)
}

/// The verdict on an action that stays as it is, and its points. `held`: whether the outcome of each step held.
pub(crate) fn judged(held: bool, worse: &Result<bool, String>, symptom: &Symptom) -> (ActionVerdict, Effectiveness) {
    let gone = match symptom {
        Symptom::Gone => Ok(true),
        Symptom::Still => Ok(false),
        Symptom::Unknown(why) => Err(format!("symptom: {why}")),
    };
    let (mut points, mut most, mut left_out) = (0, 0, Vec::new());
    let parts = [
        (OUTCOME, Ok(held)),
        (NOTHING_WORSE, worse.as_ref().map(|worse| !worse).map_err(String::as_str)),
        (SYMPTOM_GONE, gone.as_ref().copied().map_err(String::as_str)),
    ];
    for (worth, met) in parts {
        match met {
            Ok(met) => (points, most) = (points + if met { worth } else { 0 }, most + worth),
            Err(why) => left_out.push(cut(why, LEFT_OUT)),
        }
    }
    let verdict = match (worse, held, &gone) {
        (Ok(true), ..) => ActionVerdict::Harmful,
        (_, false, _) | (_, true, Ok(false)) => ActionVerdict::Ineffective,
        (_, true, _) => ActionVerdict::Effective,
    };
    (verdict, Effectiveness { percent: points * 100 / most, left_out })
}

/// The points of an action that was undone.
pub(crate) fn undone() -> Effectiveness {
    Effectiveness { percent: 0, left_out: Vec::new() }
}

#[cfg(test)]
mod tests {
    use trimtab_engine::checks::check;

    use super::*;

    fn percent(held: bool, worse: Result<bool, &str>, symptom: Symptom) -> (i32, usize, ActionVerdict) {
        let (verdict, effect) = judged(held, &worse.map_err(str::to_owned), &symptom);
        (effect.percent, effect.left_out.len(), verdict)
    }

    #[test]
    fn what_could_not_be_judged_is_left_out_and_never_counts_as_nothing() {
        use ActionVerdict::{Effective, Harmful, Ineffective};
        let unknown = || Symptom::Unknown("there is no alert and no query".to_owned());
        for (held, worse, symptom, expected) in [
            (true, Ok(false), Symptom::Gone, (100, 0, Effective)),
            (true, Ok(false), Symptom::Still, (80, 0, Ineffective)),
            (true, Ok(true), Symptom::Gone, (70, 0, Harmful)),
            (true, Ok(false), unknown(), (100, 1, Effective)),
            (true, Err("x"), unknown(), (100, 2, Effective)),
            (true, Err("x"), Symptom::Still, (71, 1, Ineffective)),
            (false, Ok(false), unknown(), (37, 1, Ineffective)),
            (false, Err("x"), unknown(), (0, 2, Ineffective)),
        ] {
            assert_eq!(percent(held, worse, symptom.clone()), expected, "{held} {worse:?} {symptom:?}");
        }
    }

    #[test]
    fn one_failed_check_is_harm_and_doubt_is_doubt() {
        let of = |verdicts: &[Verdict]| {
            worse(&verdicts.iter().map(|v| check(format!("{v:?}"), *v, "x")).collect::<Vec<_>>())
        };
        assert_eq!(of(&[Verdict::Pass, Verdict::Fail, Verdict::Inconclusive]), Ok(true));
        assert_eq!(of(&[Verdict::Pass, Verdict::NotRun]), Ok(false));
        assert!(of(&[Verdict::Pass, Verdict::Inconclusive]).is_err_and(|why| why.contains("Inconclusive")));
        assert!(of(&[]).is_err() && of(&[Verdict::NotRun]).is_err());
    }
}
