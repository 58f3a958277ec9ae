//! The custom resources that the controller is told to size: which they are, and whether it may watch them.
//!
//! In: the container of its Deployment, and what the API server says of each kind. Out: their names, and a line. Pure.
//! Trimtab writes nothing to such an object, so no other permission is needed.

use k8s_openapi::{api::core::v1::Container, apimachinery::pkg::apis::meta::v1::APIResourceList};

use super::{Line, flags};
use crate::health::Read;

const CHECK: &str = "Workload kinds";
const FLAG: &str = "--workload-kinds";
const VARIABLE: &str = "TRIMTAB_WORKLOAD_KINDS";

/// The verbs that are needed on the objects of a kind.
pub const VERBS: [&str; 2] = ["list", "watch"];

/// A kind that the controller is told to size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedKind {
    /// As it is named: `CloneSet.v1alpha1.apps.kruise.io`.
    pub name: String,
    /// The resource, such as `clonesets.apps.kruise.io`; or why its objects are not sized.
    pub resource: Result<String, String>,
    /// The verbs that Trimtab's account lacks on it.
    pub missing: Read<Vec<&'static str>>,
}

/// The kinds that a container of the controller names.
///
/// # Errors
/// Why they are not known.
pub(super) fn named(container: &Container) -> Read<Vec<String>> {
    let given = flags::given(container, FLAG, VARIABLE)?;
    Ok(given.iter().flat_map(|list| list.split(',')).filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// The plural of `kind` by the resources of its group and version, if its objects can be sized.
///
/// # Errors
/// Why they cannot.
pub fn plural(kind: &str, served: &APIResourceList) -> Result<String, String> {
    let of_kind = served.resources.iter().find(|resource| resource.kind == kind && !resource.name.contains('/'));
    let resource = of_kind.ok_or_else(|| "the API server does not serve it".to_owned())?;
    let scale = format!("{}/scale", resource.name);
    if !resource.namespaced {
        Err("it is in no namespace".to_owned())
    } else if !served.resources.iter().any(|resource| resource.name == scale) {
        Err("it has no subresource scale".to_owned())
    } else {
        Ok(resource.name.clone())
    }
}

/// Whether those that are named can be watched.
pub(super) fn line(kinds: &Read<Vec<NamedKind>>) -> Line {
    let kinds = match kinds {
        Err(why) => {
            return Line::not_checked(CHECK, format!("which custom resources are sized is not known: {why}"));
        }
        Ok(kinds) if kinds.is_empty() => {
            return Line::ok(CHECK, format!("no custom resources are sized: {FLAG} names none"));
        }
        Ok(kinds) => kinds,
    };
    let (mut lacking, mut absent, mut open, mut granted) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for NamedKind { name, resource, missing } in kinds {
        match (resource, missing) {
            (Err(why), _) => absent.push(format!("{name} is not sized: {why}")),
            (Ok(resource), Ok(missing)) if missing.is_empty() => granted.push(resource.as_str()),
            (Ok(resource), Ok(missing)) => {
                lacking.push(format!("{name} is not sized: missing {} {resource}", missing.join(", ")));
            }
            (Ok(_), Err(why)) => open.push(format!("{name}: {why}")),
        }
    }
    let allowed = (!granted.is_empty()).then(|| format!("{} may be listed and watched", granted.join(", ")));
    let said: Vec<&str> =
        [&lacking, &absent, &open].into_iter().flatten().map(String::as_str).chain(allowed.as_deref()).collect();
    let said = said.join("; ");
    if !lacking.is_empty() {
        let role = "grant the account list and watch on it, by a role as in docs/custom-resources.md, or by \
                    controller.workloadKinds in the values of the chart";
        Line::failed(CHECK, said, role)
    } else if !absent.is_empty() {
        Line::warning(CHECK, said, format!("install what serves it, or take it out of {FLAG}"))
    } else if !open.is_empty() {
        Line::not_checked(CHECK, said)
    } else {
        Line::ok(CHECK, said)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;
    use crate::doctor::Status;

    #[test]
    fn the_kinds_are_those_of_the_flag_else_those_of_the_variable() {
        let variable = |value: Value| json!({"env": [{"name": "OTHER", "value": "x"}, value]});
        let value = json!({"name": VARIABLE, "value": "Flock.v1.example.com,Herd.v2.example.com"});
        let elsewhere = json!({"name": VARIABLE, "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}});
        let both = ["Flock.v1.example.com", "Herd.v2.example.com"];
        let table: [(Value, Result<&[&str], &str>); 9] = [
            (json!({}), Ok(&[])),
            (json!({"args": ["controller", "--workload-kinds-of-others=x"]}), Ok(&[])),
            (json!({"args": ["--workload-kinds=Flock.v1.example.com", "--workload-kinds", both[1]]}), Ok(&both)),
            (json!({"command": ["trimtab", "--workload-kinds=Flock.v1.example.com"]}), Ok(&both[..1])),
            (variable(value.clone()), Ok(&both)),
            (variable(json!({"name": VARIABLE, "value": ""})), Ok(&[])),
            (json!({"args": ["--workload-kinds=Flock.v1.example.com"], "env": [value]}), Ok(&both[..1])),
            (variable(elsewhere), Err("valueFrom")),
            (json!({"envFrom": [{"configMapRef": {"name": "c"}}]}), Err("envFrom")),
        ];
        for (mut container, expected) in table {
            container["name"] = json!("trimtab");
            match (named(&serde_json::from_value(container.clone()).unwrap()), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{container}"),
                (Err(why), Err(part)) => assert!(why.contains(part), "{container}: {why}"),
                (found, _) => panic!("{container}: {found:?}"),
            }
        }
    }

    #[test]
    fn only_what_lives_in_a_namespace_and_can_be_scaled_is_sized() {
        let resource = |name: &str, kind: &str, namespaced: bool| json!({"name": name, "kind": kind, "namespaced": namespaced, "singularName": "", "verbs": ["list"]});
        let (herd, scale) = (resource("herden", "Herd", true), resource("herden/scale", "Scale", true));
        for (resources, expected) in [
            (vec![&herd, &scale], Ok("herden")),
            (vec![&herd], Err("it has no subresource scale")),
            (vec![&resource("herden", "Herd", false), &scale], Err("it is in no namespace")),
            (vec![&scale], Err("the API server does not serve it")),
        ] {
            let served = json!({"groupVersion": "example.com/v1", "resources": resources});
            let found = plural("Herd", &serde_json::from_value(served).unwrap());
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{resources:?}");
        }
    }

    #[test]
    fn what_is_named_and_not_sized_is_told_with_what_to_do() {
        let kind = |name: &str, resource: Result<&str, &str>, missing: Read<Vec<&'static str>>| NamedKind {
            name: name.to_owned(),
            resource: resource.map(str::to_owned).map_err(str::to_owned),
            missing,
        };
        let granted = kind("Herd.v1.example.com", Ok("herden.example.com"), Ok(Vec::new()));
        let lacking = kind("Flock.v1.example.com", Ok("flocks.example.com"), Ok(vec!["watch"]));
        let absent = kind("Late.v1.example.com", Err("the API server does not serve it"), Ok(Vec::new()));
        let open = kind("Veiled.v1.example.com", Ok("veils.example.com"), Err("needs create on x".to_owned()));
        for (kinds, status, says) in [
            (Ok(vec![]), Status::Ok, "no custom resources are sized: --workload-kinds names none"),
            (Err("no permission".to_owned()), Status::NotChecked, "is not known: no permission"),
            (Ok(vec![granted.clone()]), Status::Ok, "herden.example.com may be listed and watched"),
            (
                Ok(vec![granted.clone(), lacking]),
                Status::Failed,
                "Flock.v1.example.com is not sized: missing watch flocks.example.com; herden.example.com may be",
            ),
            (Ok(vec![absent, open.clone()]), Status::Warning, "Late.v1.example.com is not sized: the API server does"),
            (Ok(vec![granted, open]), Status::NotChecked, "Veiled.v1.example.com: needs create on x; herden"),
        ] {
            let line = line(&kinds);
            assert!(line.status == status && line.message.contains(says), "{line:?}");
            let is_fault = matches!(status, Status::Failed | Status::Warning);
            assert_eq!(line.remedy.is_some(), is_fault, "{line:?}");
        }
    }
}
