//! Memory-backed volumes of a pod template (`emptyDir` of medium `Memory`), and those that expose the container's
//! memory (`downwardAPI`).
//!
//! In: the volumes of the template and the mounts of a container. Out: how much memory their files may take, and
//! whether a file holds the container's size. The kernel charges a file to the container that writes it, and a
//! read-only mount may hold what it wrote before a restart.
//! Source: <https://kubernetes.io/docs/concepts/storage/volumes/#emptydir>,
//! <https://kubernetes.io/docs/concepts/workloads/pods/downward-api/>.

use serde::Deserialize;

use crate::wire::{Amount, Whole};

/// A volume of a pod.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Volume {
    name: String,
    empty_dir: Option<EmptyDir>,
    #[serde(rename = "downwardAPI")]
    downward_api: Option<DownwardApi>,
    projected: Option<Projected>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct EmptyDir {
    medium: Option<String>,
    size_limit: Option<Amount<Whole>>,
}

/// Files that hold fields of the pod.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct DownwardApi {
    items: Option<Vec<FieldFile>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct FieldFile {
    resource_field_ref: Option<Field>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Field {
    resource: String,
}

/// A projected volume.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Projected {
    sources: Option<Vec<Source>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Source {
    #[serde(rename = "downwardAPI")]
    downward_api: Option<DownwardApi>,
}

/// Whether a field of the resources of a container is about its memory.
pub(super) fn is_memory(resource: &str) -> bool {
    matches!(resource, "limits.memory" | "requests.memory")
}

impl DownwardApi {
    fn says_memory(&self) -> bool {
        let mut fields = self.items.iter().flatten().filter_map(|file| file.resource_field_ref.as_ref());
        fields.any(|field| is_memory(&field.resource))
    }
}

/// A volume mount of a container.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Mount {
    name: String,
}

impl Volume {
    /// How much memory it may take; 0 if none. One without a size limit is bounded by the pod alone, which says
    /// nothing.
    fn most(&self) -> u64 {
        let in_memory = self.empty_dir.as_ref().filter(|dir| dir.medium.as_deref() == Some("Memory"));
        in_memory.and_then(|dir| dir.size_limit).map_or(0, |size| size.0)
    }

    /// Whether a file in it holds a container's memory size.
    fn says_memory(&self) -> bool {
        let sources = self.projected.iter().filter_map(|projected| projected.sources.as_ref()).flatten();
        let mut all = self.downward_api.iter().chain(sources.filter_map(|source| source.downward_api.as_ref()));
        all.any(DownwardApi::says_memory)
    }
}

fn mounted<'a>(volumes: &'a [Volume], mounts: &[Mount]) -> impl Iterator<Item = &'a Volume> {
    volumes.iter().filter(move |volume| mounts.iter().any(|mount| mount.name == volume.name))
}

/// How much memory the mounted volumes may take. One mounted at several paths counts once.
pub(super) fn in_memory(volumes: &[Volume], mounts: &[Mount]) -> u64 {
    mounted(volumes, mounts).map(Volume::most).fold(0, u64::saturating_add)
}

/// Whether a mounted volume holds a container's memory size. What reads it sizes itself by it; that it may be another
/// container's size makes it no less unknown.
pub(super) fn say_memory(volumes: &[Volume], mounts: &[Mount]) -> bool {
    mounted(volumes, mounts).any(Volume::says_memory)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn only_volumes_in_memory_with_a_size_count_and_each_once() {
        let volumes = json!([
            {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "1536Mi"}},
            {"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": 1_048_576}},
            {"name": "unbounded", "emptyDir": {"medium": "Memory"}},
            {"name": "disk", "emptyDir": {"sizeLimit": "4Gi"}},
            {"name": "named", "emptyDir": {"medium": "", "sizeLimit": "4Gi"}},
            {"name": "huge", "emptyDir": {"medium": "HugePages", "sizeLimit": "4Gi"}},
            {"name": "plain", "emptyDir": {}},
            {"name": "none", "emptyDir": null},
            {"name": "settings", "configMap": {"name": "settings"}},
            {"name": "vast", "emptyDir": {"medium": "Memory", "sizeLimit": "15Ei"}},
        ]);
        let volumes: Vec<Volume> = serde_json::from_value(volumes).unwrap();
        let of = |mounts: Value| in_memory(&volumes, &serde_json::from_value::<Vec<Mount>>(mounts).unwrap());
        for (mounts, mib) in [
            (json!([]), 0),
            (json!([{"name": "shm", "mountPath": "/dev/shm"}]), 1536),
            (json!([{"name": "shm", "mountPath": "/dev/shm", "readOnly": true}]), 1536),
            (json!([{"name": "shm", "mountPath": "/a", "subPath": "a"}, {"name": "shm", "mountPath": "/b"}]), 1536),
            (json!([{"name": "shm"}, {"name": "tmp"}, {"name": "unbounded"}, {"name": "disk"}]), 1537),
            (json!([{"name": "named"}, {"name": "huge"}, {"name": "plain"}, {"name": "none"}]), 0),
            (json!([{"name": "settings"}, {"name": "absent"}]), 0),
        ] {
            assert_eq!(of(mounts.clone()), mib << 20, "{mounts}");
        }
        assert!(of(json!([{"name": "shm"}, {"name": "vast"}])) >= 15 << 60);
    }

    #[test]
    fn files_of_the_downward_api_say_memory_to_those_that_mount_them() {
        let field =
            |resource: &str| json!({"path": "f", "resourceFieldRef": {"containerName": "app", "resource": resource}});
        let label = json!({"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}});
        for (volume, says) in [
            (json!({"downwardAPI": {"items": [label, field("limits.memory")]}}), true),
            (json!({"downwardAPI": {"items": [field("requests.memory")]}}), true),
            (json!({"downwardAPI": {"items": [label, field("limits.cpu")]}}), false),
            (json!({"downwardAPI": {}}), false),
            (
                json!({"projected": {"sources": [{"secret": {}}, {"downwardAPI": {"items": [field("limits.memory")]}}]}}),
                true,
            ),
            (json!({"projected": {"sources": [{"secret": {}}]}}), false),
            (json!({"emptyDir": {}}), false),
        ] {
            let mut named = volume.clone();
            named["name"] = json!("info");
            let volumes: Vec<Volume> = serde_json::from_value(json!([named])).unwrap();
            let mounts = |name: &str| vec![Mount { name: name.to_owned() }];
            assert_eq!(say_memory(&volumes, &mounts("info")), says, "{volume}");
            assert!(!say_memory(&volumes, &mounts("other")), "{volume}");
        }
    }
}
