//! Namespaces with their LimitRanges and ResourceQuotas.

use serde_json::{Value, json};

use crate::fleet::Namespace;

/// A namespace with its LimitRange and ResourceQuota.
pub fn namespace(n: &Namespace) -> Vec<Value> {
    let mut all = vec![json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": n.name, "labels": {"app.kubernetes.io/part-of": "trimtab-demo"}},
    })];
    if let Some((cpu, memory)) = n.least {
        // A maximum would become the default limit of containers without one, so only the minimum is set.
        all.push(json!({
            "apiVersion": "v1", "kind": "LimitRange",
            "metadata": {"name": "containers", "namespace": n.name},
            "spec": {"limits": [{"type": "Container", "min": {"cpu": format!("{cpu}m"), "memory": format!("{memory}Mi")}}]},
        }));
    }
    if let Some((cores, gib)) = n.quota {
        all.push(json!({
            "apiVersion": "v1", "kind": "ResourceQuota",
            "metadata": {"name": "requests", "namespace": n.name},
            "spec": {"hard": {"requests.cpu": cores.to_string(), "requests.memory": format!("{gib}Gi")}},
        }));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::namespace;
    use crate::fleet::NAMESPACES;

    #[test]
    fn one_namespace_has_a_limit_range_and_one_a_quota() {
        let kinds: Vec<String> = NAMESPACES.iter().flat_map(namespace).map(|o| o["kind"].to_string()).collect();
        for kind in ["LimitRange", "ResourceQuota"] {
            assert_eq!(kinds.iter().filter(|k| k.contains(kind)).count(), 1, "{kind}");
        }
    }
}
