//! What is being deleted, and is not gone.

use anyhow::Result;
use kube::api::ListParams;
use serde_json::Value;

use super::{Cluster, KINDS};

impl Cluster {
    /// The namespaces, definitions and objects of Trimtab's kinds that are in deletion and not gone, as
    /// `Kind namespace/name`.
    pub async fn in_deletion(&self) -> Result<Vec<String>> {
        let text = self.plane.kubectl(&["get", "namespaces,customresourcedefinitions", "-o", "json"]).await?;
        let all: Value = serde_json::from_str(&text)?;
        let items = all["items"].as_array().cloned().unwrap_or_default();
        let named =
            |object: Value| (object["kind"].as_str().unwrap_or_default().to_owned(), object["metadata"].clone());
        let mut objects: Vec<(String, Value)> = items.into_iter().map(named).collect();
        for (kind, plural) in KINDS {
            // Of a kind that is gone there is nothing.
            if let Ok(list) = self.api(kind, plural, None).list(&ListParams::default()).await {
                for object in list.items {
                    objects.push((kind.to_owned(), serde_json::to_value(object.metadata)?));
                }
            }
        }
        objects.retain(|(_, meta)| meta["deletionTimestamp"].is_string());
        let text = |meta: &Value, field: &str| meta[field].as_str().unwrap_or_default().to_owned();
        Ok(objects
            .iter()
            .map(|(kind, meta)| format!("{kind} {}/{}", text(meta, "namespace"), text(meta, "name")))
            .collect())
    }
}
