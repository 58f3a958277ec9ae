//! The text about injected containers: that they are unchanged, what they use, and what a person can set.
//!
//! In: a container with what is known of it. Out: lines of text.

use super::{changes, usage, words::refusal};
use crate::{
    decided::{Fit, Injected, NoFit},
    sized::SizedContainer,
};

/// The text about an injected container.
pub fn injected(sized: &SizedContainer, injected: &Injected) -> Vec<String> {
    let name = &sized.name;
    let measured = injected.decision.as_ref().map(|d| format!(" Over {}", usage(&d.evidence))).unwrap_or_default();
    let first = format!("Container {name} is injected into the pods at admission, so it is not changed.{measured}");
    let second = match &injected.fit {
        Ok(fit) => advice(sized, fit),
        Err(NoFit::Unmeasured) => "There is no usage data for it.".to_owned(),
        Err(NoFit::Excluded) => "The policy excludes it.".to_owned(),
        Err(NoFit::UnknownInjector) => {
            "It is not sized, because no annotation is known that tells its injector how large it should be: set its size where \
             it is injected."
                .to_owned()
        }
        Err(NoFit::Fits) => "It has what it needs.".to_owned(),
        Err(NoFit::Refused(reason)) => format!("No size is given for it: {}.", refusal(*reason)),
        Err(NoFit::NoRoom) => {
            "It is not sized, because a LimitRange or a ResourceQuota of the namespace leaves no room for the size that it needs."
                .to_owned()
        }
    };
    vec![first, second]
}

fn advice(sized: &SizedContainer, fit: &Fit) -> String {
    let changes = changes(&SizedContainer { to: fit.to, ..sized.clone() }).join(", ");
    let set: Vec<String> = fit.annotations().iter().map(|(key, value)| format!("{key}: \"{value}\"")).collect();
    let all = if fit.injector.all_or_none {
        format!(" Set all of them: {} ignores its defaults where one is set.", fit.injector.name)
    } else {
        String::new()
    };
    format!(
        "Its usage calls for {changes}. Trimtab does not set that; where {} injects it, these annotations on the workload's pod \
         template do: {}.{all}",
        fit.injector.name,
        set.join(", "),
    )
}
