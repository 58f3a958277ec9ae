//! Entries of `metadata.managedFields`. In: JSON. Out: who wrote, by which subresource, and of the field set what `F` reads.

use serde::Deserialize;

/// One entry.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ManagedField<F: Default> {
    pub(crate) manager: Option<String>,
    pub(crate) subresource: Option<String>,
    #[serde(rename = "fieldsV1")]
    pub(crate) fields: Option<F>,
}

/// The name of a list item, such as a container, by its key in a field set: `k:{"name":"app"}`.
pub(crate) fn item_name(key: &str) -> Option<&str> {
    key.strip_prefix(r#"k:{"name":""#)?.strip_suffix(r#""}"#)
}
