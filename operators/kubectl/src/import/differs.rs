//! What a VPA specifies and a policy does not do, or does differently.
//!
//! In: the VPA. Out: a sentence for each. Pure. Unknown fields are named too, so that none is lost silently.

use serde_json::Value;

use super::text;

/// Fields that are imported, or have a sentence of their own, by the path of their parent.
const KNOWN: [(&str, &[&str]); 3] = [
    ("/spec", &["targetRef", "updatePolicy", "resourcePolicy", "recommenders"]),
    ("/spec/updatePolicy", &["updateMode", "minReplicas", "evictionRequirements"]),
    ("/spec/resourcePolicy", &["containerPolicies"]),
];
/// The same within an entry of `containerPolicies`.
const KNOWN_OF_CONTAINER: [&str; 6] =
    ["containerName", "mode", "minAllowed", "maxAllowed", "controlledResources", "controlledValues"];
/// The resources that are sized.
const RESOURCES: [&str; 2] = ["cpu", "memory"];
/// How much of a value is shown.
const SHOWN: usize = 120;

/// A sentence for each difference.
pub fn differs(vpa: &Value) -> Vec<String> {
    let mut said = vec![
        "VPA covers the 90th percentile of CPU and of memory peaks over 8 days; a policy, what its profile says."
            .to_owned(),
    ];
    let list = |path: &str| vpa.pointer(path).and_then(Value::as_array).filter(|l| !l.is_empty());
    if let Some(recommenders) = list("/spec/recommenders") {
        let names: Vec<&str> = recommenders.iter().map(|r| text(r, "/name")).collect();
        said.push(format!("recommenders names {}, which a policy does not support.", names.join(", ")));
    }
    if let Some(least) = vpa.pointer("/spec/updatePolicy/minReplicas") {
        said.push(format!(
            "minReplicas {least} keeps VPA from evicting pods of a workload with fewer; Trimtab resizes in place, a few pods at \
             a time, and looks at PodDisruptionBudgets."
        ));
    }
    if let Some(requirements) = list("/spec/updatePolicy/evictionRequirements") {
        said.push(format!(
            "evictionRequirements let VPA evict only for {}; here a change in either direction waits for an approval.",
            requirements.iter().map(requirement).collect::<Vec<_>>().join(", and for ")
        ));
    }
    let containers = list("/spec/resourcePolicy/containerPolicies").map(Vec::as_slice).unwrap_or_default();
    said.extend(limits(containers));
    for (path, known) in KNOWN {
        said.extend(unknown(path, vpa.pointer(path), known));
    }
    for entry in containers {
        let path = format!("containerPolicies[{}]", text(entry, "/containerName"));
        said.extend(unknown(&path, Some(entry), &KNOWN_OF_CONTAINER));
        for field in ["minAllowed", "maxAllowed"] {
            said.extend(unknown(&format!("{path}.{field}"), entry.get(field), &RESOURCES));
        }
        let others = entry["controlledResources"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for other in others.filter(|r| !RESOURCES.contains(r)) {
            said.push(format!("{path}.controlledResources names {other}, which a policy does not size."));
        }
    }
    said.into_iter().map(|text| format!("Differs: {text}")).collect()
}

fn requirement(one: &Value) -> String {
    let resources: Vec<&str> = one["resources"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let what = match text(one, "/changeRequirement") {
        "TargetHigherThanRequests" => "more",
        "TargetLowerThanRequests" => "less",
        other => other,
    };
    format!("{what} {}", resources.join(" or "))
}

/// How limits are handled, where VPA and a policy differ.
fn limits(containers: &[Value]) -> Vec<String> {
    let sized = || containers.iter().filter(|c| text(c, "/mode") != "Off");
    let keeps = |c: &Value| text(c, "/controlledValues") == "RequestsOnly";
    let mut said = Vec::new();
    // Without an entry for all others, these have proportional limits.
    if sized().any(|c| !keeps(c)) || !containers.iter().any(|c| text(c, "/containerName") == "*") {
        said.push(
            "controlledValues RequestsAndLimits, the default, keeps every limit in proportion; limit: KeepRatio lowers one only \
             where it is at most four times the request, and never below the peak."
                .to_owned(),
        );
    }
    if sized().any(keeps) {
        said.push(
            "controlledValues RequestsOnly never changes a limit; limit: Keep raises one that is below the request or is seen \
             to hurt."
                .to_owned(),
        );
    }
    said
}

/// Fields of `value` that are not `known`.
fn unknown(path: &str, value: Option<&Value>, known: &[&str]) -> Vec<String> {
    let path = path.trim_start_matches('/').replace('/', ".");
    let fields = value.and_then(Value::as_object).into_iter().flatten();
    fields
        .filter(|(field, value)| !known.contains(&field.as_str()) && !value.is_null())
        .map(|(field, value)| {
            let shown: String = value.to_string().chars().take(SHOWN).collect();
            format!("{path}.{field} has no counterpart in a policy and is left out: {shown}")
        })
        .collect()
}
