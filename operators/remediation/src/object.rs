//! An object of the cluster as requests and messages name it.
//!
//! In: its group, resource, namespace, name and uid. Out: its name in words. A request always carries the uid, so that an object
//! which was created again under the same name is not touched.

/// An object of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Object {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version of the API.
    pub version: String,
    /// The resource in the plural, such as `deployments`.
    pub resource: String,
    /// The kind, such as `Deployment`.
    pub kind: String,
    /// The namespace; `None` if it lives in none.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// The uid.
    pub uid: String,
}

impl Object {
    /// The object as the status names it: `deployments.apps/web`, `nodes/n1`.
    pub fn title(&self) -> String {
        format!("{}/{}", self.resource_title(""), self.name)
    }

    /// Its resource with a subresource and the group: `deployments/scale.apps`.
    pub fn resource_title(&self, subresource: &str) -> String {
        let below = if subresource.is_empty() { String::new() } else { format!("/{subresource}") };
        let group = if self.group.is_empty() { String::new() } else { format!(".{}", self.group) };
        format!("{}{below}{group}", self.resource)
    }
}
