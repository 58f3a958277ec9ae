//! Realised savings: the price of what each pod no longer requests, times the pods that really have the new size, over
//! time. In: the figures of the proposal, pods, the sum so far. Out: the figures to show. Pure.
//!
//! The savings per pod, which the policy controller computed, use prices and usage at the time of the proposal; the
//! number of pods that have the size, and for how long, is counted here.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trimtab_api::{money::Currency, savings::RealisedSavings};
use trimtab_core::conditions::whole_seconds;
use trimtab_pricing::Money;

/// Seconds in a month of 730 hours, as in every other figure.
const MONTH_SECONDS: u64 = 730 * 3600;
/// Refresh interval of a figure that only the passage of time changes.
const RENEW: SignedDuration = SignedDuration::from_hours(24);
/// Minimum interval between updates when the number of pods changes, so that an autoscaler does not make the figure
/// flicker, nor a pod that is replaced.
const SETTLE: SignedDuration = SignedDuration::from_mins(10);
/// The same where pods run to completion: there are some during a run, and none between two.
const RUNS: SignedDuration = SignedDuration::from_hours(1);

/// The figures to show, if they are to change. `monthly` is the proposal's figure for `pods` pods; `sized` pods have
/// the new size now, which come and go by themselves if it `runs` to completion; `since` is when it came into force.
pub fn renew(
    known: Option<&RealisedSavings>,
    (monthly, currency, pods): (&str, &str, i32),
    (sized, runs): (i32, bool),
    since: Timestamp,
    now: Timestamp,
) -> Option<RealisedSavings> {
    let money = |text: &str| Money::parse_signed(text).ok();
    let count = |pods: i32| u64::try_from(pods).unwrap_or(0);
    let rate = money(monthly)?.checked_mul_div(count(sized), count(pods).max(1))?;
    let known = known.filter(|k| k.since.0 == whole_seconds(since) && k.currency.0 == currency);
    let Some(known) = known else {
        return Some(figures(rate, Money::ZERO, currency, sized, since, now));
    };
    let age = now.duration_since(known.until.0);
    let settled = age >= if runs { RUNS } else { SETTLE };
    let due = age >= RENEW || (known.pods != sized && settled);
    if !due {
        return None;
    }
    // The figure shown until now applied until now.
    let counted = money(&known.monthly)?.checked_mul_div(u64::try_from(age.as_secs()).unwrap_or(0), MONTH_SECONDS)?;
    let total = money(&known.total)?.checked_add(counted)?;
    Some(figures(rate, total, currency, sized, since, now))
}

fn figures(
    rate: Money,
    total: Money,
    currency: &str,
    pods: i32,
    since: Timestamp,
    until: Timestamp,
) -> RealisedSavings {
    RealisedSavings {
        monthly: rate.fixed(2),
        total: total.fixed(4),
        currency: Currency(currency.to_owned()),
        pods,
        since: Time(whole_seconds(since)),
        until: Time(whole_seconds(until)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hours * 3600).unwrap()
    }

    #[test]
    fn counts_what_was_shown_for_as_long_as_it_held() {
        let of = ("73.00", "USD", 2);
        let first = renew(None, of, (2, false), at(0), at(0)).unwrap();
        assert_eq!((first.monthly.as_str(), first.total.as_str(), first.pods), ("73.00", "0.0000", 2));
        assert_eq!(renew(Some(&first), of, (2, false), at(0), at(23)), None, "nothing but time passed");
        let day = renew(Some(&first), of, (2, false), at(0), at(24)).unwrap();
        assert_eq!(day.total, "2.4000", "24 of 730 hours");
        assert_eq!(renew(Some(&day), of, (6, false), at(0), at(24)), None, "an autoscaler that has just scaled");
        let more = renew(Some(&day), of, (6, false), at(0), at(26)).unwrap();
        assert_eq!(
            (more.monthly.as_str(), more.total.as_str()),
            ("219.00", "2.6000"),
            "the new rate holds from now on"
        );
    }

    #[test]
    fn costs_are_negative_and_another_change_begins_anew() {
        let first = renew(None, ("-7.30", "EUR", 1), (1, false), at(0), at(0)).unwrap();
        let day = renew(Some(&first), ("-7.30", "EUR", 1), (1, false), at(0), at(24)).unwrap();
        assert_eq!(day.total, "-0.2400");
        let again = renew(Some(&day), ("-7.30", "EUR", 1), (1, false), at(30), at(30)).unwrap();
        assert_eq!((again.total.as_str(), again.since.0), ("0.0000", at(30)));
    }

    #[test]
    fn what_is_no_number_is_not_shown() {
        assert_eq!(renew(None, ("lots", "USD", 1), (1, false), at(0), at(0)), None);
    }

    #[test]
    fn that_no_pod_has_it_is_shown_within_ten_minutes_except_between_runs() {
        let of = ("73.00", "USD", 2);
        let after = |minutes: i64| at(0).checked_add(SignedDuration::from_mins(minutes)).unwrap();
        let first = renew(None, of, (2, false), at(0), at(0)).unwrap();
        assert_eq!(renew(Some(&first), of, (0, false), at(0), after(1)), None, "it may be replaced");
        assert_eq!(renew(Some(&first), of, (0, true), at(0), after(10)), None);
        let none = renew(Some(&first), of, (0, false), at(0), after(10)).unwrap();
        assert_eq!((none.monthly.as_str(), none.pods), ("0.00", 0));
        assert_eq!(renew(Some(&none), of, (1, false), at(0), after(20)).unwrap().pods, 1);
    }
}
