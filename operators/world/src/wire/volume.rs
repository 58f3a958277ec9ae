//! Volumes of a pod template that lie in memory (`emptyDir` of medium `Memory`).
//!
//! In: the volumes of the template and the mounts of a container. Out: how much memory the files in them may take. The kernel
//! counts a file against the container that writes it, and a mount that is only read may be of what it wrote before a restart.
//! Source: <https://kubernetes.io/docs/concepts/storage/volumes/#emptydir>.

use serde::Deserialize;

use super::amount::{Amount, Whole};

/// A volume of a pod.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Volume {
    name: String,
    empty_dir: Option<EmptyDir>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct EmptyDir {
    medium: Option<String>,
    size_limit: Option<Amount<Whole>>,
}

/// Where a container has a volume.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Mount {
    name: String,
}

impl Volume {
    /// How much memory it may take; 0 where it takes none. One without a size is bounded by the pod alone, which says nothing.
    fn most(&self) -> u64 {
        let in_memory = self.empty_dir.as_ref().filter(|dir| dir.medium.as_deref() == Some("Memory"));
        in_memory.and_then(|dir| dir.size_limit).map_or(0, |size| size.0)
    }
}

/// How much memory the volumes that are mounted may take. One that is mounted at several places counts once.
pub(super) fn in_memory(volumes: &[Volume], mounts: &[Mount]) -> u64 {
    let mounted = volumes.iter().filter(|volume| mounts.iter().any(|mount| mount.name == volume.name));
    mounted.map(Volume::most).fold(0, u64::saturating_add)
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
}
