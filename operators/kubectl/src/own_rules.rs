//! The controller's own validation of a manifest: what neither its schema nor the rules of its schema can express, such as
//! whether a time zone exists.
//!
//! In: an object that its schema admits. Out: what the controller would say of it, in its words. Pure.

use serde::de::DeserializeOwned;
use serde_json::Value;
use trimtab_api::{AppliedSizes, OptimizationPolicy, PriceBook, Recommendation, UsageProfile};
use trimtab_optimization_policy::validate::validate;
use trimtab_pricing::object as price_book;

/// What the controller would refuse in a policy: the first field for sizing, else the first for rollouts.
pub fn of_policy(policy: &OptimizationPolicy) -> Vec<String> {
    validate(policy).err().map(|error| error.to_string()).into_iter().collect()
}

/// What the controller would refuse in an object of this kind.
pub fn of(kind: &str, object: &Value) -> Vec<String> {
    match kind {
        "OptimizationPolicy" => decoded(object, of_policy),
        "PriceBook" => decoded(object, |book: &PriceBook| price_book::book(book).err().unwrap_or_default()),
        // What it says of these depends on the cluster.
        "Recommendation" => decoded(object, |_: &Recommendation| Vec::new()),
        "AppliedSizes" => decoded(object, |_: &AppliedSizes| Vec::new()),
        "UsageProfile" => decoded(object, |_: &UsageProfile| Vec::new()),
        _ => Vec::new(),
    }
}

fn decoded<T: DeserializeOwned>(object: &Value, faults: impl FnOnce(&T) -> Vec<String>) -> Vec<String> {
    match serde_json::from_value::<T>(object.clone()) {
        Ok(object) => faults(&object),
        Err(error) => vec![error.to_string()],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;
    use trimtab_api::manifest;

    use super::*;

    fn said(kind: &str, spec: Value) -> Vec<String> {
        let object =
            json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": kind, "metadata": {"name": "x"}, "spec": spec});
        of(kind, &manifest::checked(&object).unwrap())
    }

    /// What the API server would store, and the controller then refuses.
    #[test]
    fn what_only_the_controller_knows_is_said_in_its_words() {
        let window = |schedule: &str, zone: &str| {
            json!({"targetNamespaces": ["shop"], "windows": [
                {"kind": "Allow", "schedule": schedule, "timeZone": zone, "duration": "4h"}]})
        };
        assert_eq!(said("OptimizationPolicy", window("0 22 * * *", "Europe/Berlin")), Vec::<String>::new());
        for (spec, says) in [
            (window("0 22 * * *", "Europe/Berlim"), "windows[0].timeZone: \"Europe/Berlim\" is not "),
            (window("0 25 * * *", "UTC"), "windows[0].schedule: "),
        ] {
            let said = said("OptimizationPolicy", spec);
            assert!(matches!(said.as_slice(), [one] if one.starts_with(says)), "{said:?}");
        }
        let book = |second: &str| {
            json!({"source": "s", "asOf": "2026-01-01", "nodes": [
                {"name": "a", "instanceType": "m5.large", "hourly": "0.1"},
                {"name": "b", "instanceType": second, "hourly": "0.2"}]})
        };
        assert_eq!(said("PriceBook", book("m5.xlarge")), Vec::<String>::new());
        let twice = "entry b: selects the same nodes as entry a, and would never apply";
        assert_eq!(said("PriceBook", book("m5.large")), [twice]);
    }
}
