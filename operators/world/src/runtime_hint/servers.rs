//! Servers that size themselves by the available memory, through configuration files or by default.
//!
//! In: [`Seen`] of a container. Out: the share of the limit that they take; all of it where their caches are sized by
//! several rules. None has a commonly used command-line option, so amounts there are not looked for.
//!
//! Sources: <https://docs.pingcap.com/tidb/stable/configure-memory-usage> (`tidb_server_memory_limit`),
//! <https://docs.yugabyte.com/stable/reference/configuration/yb-tserver/> (`default_memory_limit_to_ram_ratio`),
//! <https://docs.singlestore.com/db/latest/reference/configuration-reference/engine-variables/> (`maximum_memory`),
//! <https://docs.starrocks.io/docs/administration/management/BE_configuration/> and
//! <https://doris.apache.org/docs/admin-manual/config/be-config> (`mem_limit`),
//! <https://docs.arangodb.com/stable/components/arangodb-server/options/> (`--rocksdb.block-cache-size`).

use super::{Seen, databases::BESIDE, image_name};
use crate::row::{Runtime, RuntimeName};

/// Words of images and programs, and the share that they take in hundredths of a percent.
const SERVERS: [(&str, u32); 20] = [
    ("aerospike", 10_000),
    ("arangodb", 10_000),
    ("arangod", 10_000),
    ("couchbase", 10_000),
    ("doris", 9000),
    ("doris_be", 9000),
    ("memsql", 9000),
    ("memsqld", 9000),
    ("milvus", 10_000),
    ("milvusdb", 10_000),
    ("risingwave", 10_000),
    ("singlestore", 9000),
    ("singlestoredb", 9000),
    ("starrocks", 9000),
    ("starrocks_be", 9000),
    ("tidb", 8000),
    ("tidb-server", 8000),
    ("yb-tserver", 8500),
    ("yugabyte", 8500),
    ("yugabytedb", 8500),
];

/// Words of images of companions of such a server.
const OTHERS: [&str; 9] = ["attu", "client", "cli", "dashboard", "init", "kube", "monitor", "proxy", "tools"];

pub(super) fn detect(seen: &Seen<'_>) -> Option<Runtime> {
    let image = image_name(seen.image).to_ascii_lowercase();
    let words = || image.split(|c: char| !c.is_ascii_alphanumeric());
    if words().any(|word| BESIDE.contains(&word) || OTHERS.contains(&word)) {
        return None;
    }
    // In a command only the program itself: `tidb` may be an argument of anything.
    let program = seen.words().next().and_then(|word| word.rsplit('/').next());
    let found = SERVERS.iter().find(|(name, _)| words().any(|word| word == *name) || program == Some(*name));
    found.map(|(_, share)| Runtime::FromLimit { percent_hundredths: *share, name: RuntimeName::Other })
}
