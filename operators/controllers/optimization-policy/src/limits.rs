//! The change of a pod's limits in a few characters.
//!
//! In: limits of containers, now and proposed. Out: text such as `2Gi→1480Mi`, or nothing if none changes. Pure.

/// The limit of a container, now and proposed.
pub type Pair = (Option<i64>, Option<i64>);

/// The text for the limits of one resource, a pair for each container. Unchanged ones are left out of the sum: next to
/// a container without a limit, a sum over all would mean nothing.
pub fn change(pairs: impl IntoIterator<Item = Pair>, text: fn(i64) -> String) -> Option<String> {
    let changed: Vec<_> = pairs.into_iter().filter(|(from, to)| from != to).collect();
    let all = |side: fn(&Pair) -> Option<i64>| -> Option<i64> {
        changed.iter().map(side).try_fold(0_i64, |sum, one| one.map(|one| sum.saturating_add(one)))
    };
    let none = |side: fn(&Pair) -> Option<i64>| changed.iter().all(|pair| side(pair).is_none());
    let (from, to) = (all(|pair| pair.0), all(|pair| pair.1));
    match (changed.len(), from, to) {
        (0, ..) => None,
        (_, Some(from), Some(to)) if from != to => Some(format!("{}→{}", text(from), text(to))),
        (_, Some(from), None) if none(|pair| pair.1) => Some(format!("{}→unset", text(from))),
        (_, None, Some(to)) if none(|pair| pair.0) => Some(format!("unset→{}", text(to))),
        // Some rise, some fall or are removed: no sum describes them.
        (n, ..) => Some(format!("of {n} containers")),
    }
}

#[cfg(test)]
mod tests {
    use super::change;
    use crate::amount;

    #[test]
    fn only_what_changes_is_summed() {
        let gi = |n: i64| Some(n << 30);
        for (pairs, expected) in [
            (vec![], None),
            (vec![(gi(1), gi(1)), (None, None)], None),
            (vec![(gi(2), Some(1480 << 20)), (None, None)], Some("2Gi→1480Mi")),
            (vec![(gi(2), gi(1)), (gi(4), gi(2)), (gi(9), gi(9))], Some("6Gi→3Gi")),
            (vec![(gi(2), None), (gi(1), gi(1))], Some("2Gi→unset")),
            (vec![(None, gi(1)), (None, gi(1))], Some("unset→2Gi")),
            (vec![(None, gi(1)), (gi(1), None)], Some("of 2 containers")),
            (vec![(gi(1), gi(2)), (gi(2), gi(1))], Some("of 2 containers")),
            (vec![(gi(1), gi(2)), (gi(2), None)], Some("of 2 containers")),
        ] {
            assert_eq!(change(pairs.clone(), amount::memory).as_deref(), expected, "{pairs:?}");
        }
        assert_eq!(change([(Some(500), Some(120))], amount::cpu).as_deref(), Some("500m→120m"));
    }
}
