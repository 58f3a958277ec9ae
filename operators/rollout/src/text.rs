//! Text for people. In: pods, sizes, how they are delivered. Out: short lists and parts of sentences.

use trimtab_api::delivery::DeliveryMode;
use trimtab_core::text;

use crate::view::Pod;

/// How many names a sentence lists before it only counts the rest.
const NAMES: usize = 3;

/// `pod web-1`, `pods web-1, web-2`, `pods web-1, web-2, web-3 and 4 more`.
pub fn pods<'a>(pods: impl IntoIterator<Item = &'a Pod>) -> String {
    let names: Vec<&str> = pods.into_iter().map(|p| p.name.as_str()).collect();
    let word = if names.len() == 1 { "pod" } else { "pods" };
    format!("{word} {}", text::first_of(&names, NAMES))
}

/// `1 pod`, `3 pods`.
pub fn count(pods: usize) -> String {
    text::count(pods, "pod")
}

/// `0 of 1 pod has the new size`, `2 of 3 pods have the new size`.
pub fn new_size(new: usize, pods: usize) -> String {
    format!("{} {} the new size", text::part(new, pods, "pod"), text::verb(pods, "has", "have"))
}

/// The progress of a status with its noun: `1/3 pods`, `0/1 pod`.
pub fn progress(progress: &str) -> String {
    format!("{progress} {}", if is_of_one(progress) { "pod" } else { "pods" })
}

/// The same with the verb: `1/3 pods have`, `0/1 pod has`.
pub fn progress_has(of: &str) -> String {
    format!("{} {}", progress(of), if is_of_one(of) { "has" } else { "have" })
}

/// Whether the whole is a single pod.
fn is_of_one(progress: &str) -> bool {
    progress.ends_with("/1")
}

/// What a delivery mode does, as the end of a sentence.
pub fn delivery(mode: DeliveryMode) -> &'static str {
    match mode {
        DeliveryMode::Admission => "new pods get it at creation, the template is unchanged",
        DeliveryMode::Template => "the workload's template has it",
        DeliveryMode::Auto | DeliveryMode::Git | DeliveryMode::Manual => {
            "new pods get it once somebody applies the patch in status.patch"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{new_size, progress, progress_has};

    #[test]
    fn one_pod_is_singular() {
        assert_eq!(new_size(0, 1), "0 of 1 pod has the new size");
        assert_eq!(new_size(1, 3), "1 of 3 pods have the new size");
        assert_eq!([progress("1/1"), progress("1/11"), progress("0/0")], ["1/1 pod", "1/11 pods", "0/0 pods"]);
        assert_eq!([progress_has("0/1"), progress_has("1/3")], ["0/1 pod has", "1/3 pods have"]);
    }
}
