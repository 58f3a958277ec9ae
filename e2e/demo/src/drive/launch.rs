//! What the chart's Deployment runs. In: the Deployment, as the server has it. Out: the arguments and variables of its
//! container, as a node gives them to it. Pure.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use k8s_openapi::api::{apps::v1::Deployment, core::v1::EnvVar};

/// The arguments and variables of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Launch {
    /// Its arguments, without its own name.
    pub args: Vec<String>,
    /// Its variables.
    pub env: BTreeMap<String, String>,
}

impl Launch {
    /// Those of the one container of a Deployment.
    ///
    /// # Errors
    /// When it has something that only a node can give a container.
    pub fn of(deployment: &Deployment) -> Result<Self> {
        let namespace = deployment.metadata.namespace.as_deref().context("a Deployment without a namespace")?;
        let pod = deployment.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
        let containers = pod.map(|pod| pod.containers.as_slice()).unwrap_or_default();
        let [container] = containers else { bail!("the Deployment has {} containers, not one", containers.len()) };
        ensure!(container.command.is_none(), "the container runs another program than that of its image");
        let args = container.args.clone().unwrap_or_default();
        let env = container.env.iter().flatten().map(|variable| {
            let value = value(variable, namespace).with_context(|| format!("the variable {}", variable.name))?;
            Ok((variable.name.clone(), value))
        });
        Ok(Self { args, env: env.collect::<Result<_>>()? })
    }
}

fn value(variable: &EnvVar, namespace: &str) -> Result<String> {
    let Some(from) = &variable.value_from else {
        let value = variable.value.clone().unwrap_or_default();
        ensure!(!value.contains("$("), "{value:?} refers to another one, which a node would replace");
        return Ok(value);
    };
    let field = from.field_ref.as_ref().map(|field| field.field_path.as_str());
    ensure!(field == Some("metadata.namespace"), "its value is in something that only a pod can read: {from:?}");
    Ok(namespace.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use serde_json::{Value, json};
    use trimtab_e2e::repository;

    use super::*;
    use crate::drive::apply;

    /// What the chart renders with its own values.
    fn rendered() -> Value {
        let all = apply::documents(&repository().join("deploy/trimtab.yaml")).unwrap();
        all.into_iter().find(|object| object["kind"] == "Deployment").unwrap()
    }

    fn of(object: Value) -> Result<Launch> {
        Launch::of(&serde_json::from_value(object)?)
    }

    #[test]
    fn arguments_and_variables_are_those_of_the_chart() {
        let launch = of(rendered()).unwrap();
        assert_eq!(launch.args, ["controller"]);
        assert_eq!(launch.env["TRIMTAB_NAMESPACE"], "trimtab-system");
        assert_eq!(launch.env["TRIMTAB_LOG_FORMAT"], "json");
    }

    #[test]
    fn what_only_a_node_can_give_is_refused_and_named() {
        let set = |path: &str, value: Value| {
            let mut object = rendered();
            *object.pointer_mut(&format!("/spec/template/spec/containers/0{path}")).unwrap() = value;
            format!("{:#}", of(object).unwrap_err())
        };
        let secret = json!({"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}});
        let other = json!({"name": "NO_PROXY", "value": "$(KUBERNETES_SERVICE_HOST),.svc"});
        for (path, value, expected) in [
            ("/env/0", secret, "the variable TOKEN: its value is in something that only a pod can read"),
            ("/env/0", other, "the variable NO_PROXY: \"$(KUBERNETES_SERVICE_HOST),.svc\" refers to another one"),
            ("", json!({"name": "trimtab", "command": ["sh"]}), "runs another program"),
        ] {
            let found = set(path, value);
            assert!(found.contains(expected), "{found}");
        }
    }
}
