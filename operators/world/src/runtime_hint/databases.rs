//! Databases and caches: the memory that their arguments give them.
//!
//! In: what is [`Seen`] of a container. Out: an amount. What stands in a configuration file cannot be seen.

use super::{Seen, image_name, option, units};
use crate::row::{Runtime, RuntimeName};

/// Whether the image or the command is one of these programs.
fn is(seen: &Seen<'_>, names: &[&str]) -> bool {
    let image = image_name(seen.image).to_ascii_lowercase();
    let image = image.rsplit('/').next().unwrap_or_default();
    image.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| names.contains(&word))
        || seen.words().any(|word| word.rsplit('/').next().is_some_and(|program| names.contains(&program)))
}

/// The last amount that an option of one of these names gives.
fn last(tokens: &[&str], names: &[&str], read: fn(&str) -> Option<u64>) -> Option<u64> {
    let value = |name: &str| names.contains(&name.trim_start_matches('-').replace('-', "_").as_str());
    option(tokens, value).filter_map(read).last()
}

pub(super) fn detect(seen: &Seen<'_>) -> Option<Runtime> {
    let words: Vec<&str> = seen.words().collect();
    // `-c shared_buffers=2GB`, `-cshared_buffers=2GB`, `--shared-buffers=2GB`, `-B 262144`.
    let postgres = || {
        let joined: Vec<&str> = words.iter().map(|w| w.strip_prefix("-c").unwrap_or(w)).collect();
        let buffers = last(&joined, &["shared_buffers"], units::postgres);
        let blocks = || last(&words, &["B"], units::postgres).filter(|_| is(seen, &["postgres", "postgresql"]));
        buffers.or_else(blocks)
    };
    let mysql = || last(&words, &["innodb_buffer_pool_size"], units::binary);
    let mongo = || last(&words, &["wiredTigerCacheSizeGB"], units::gib);
    let redis = || {
        let variables = seen.env.iter().filter(|(name, _)| name.contains("REDIS") || name.contains("VALKEY"));
        let set = variables.filter_map(|(name, _)| last(&seen.env_tokens(name), &["maxmemory"], units::redis));
        last(&words, &["maxmemory"], units::redis).or_else(|| set.max())
    };
    let memcached = || {
        let mib = |text: &str| text.parse::<u64>().ok()?.checked_mul(1 << 20).filter(|bytes| *bytes > 0);
        let joined = || words.iter().filter_map(|w| w.strip_prefix("-m")).filter_map(mib).next_back();
        is(seen, &["memcached"]).then(|| last(&words, &["m", "memory_limit"], mib).or_else(joined))?
    };
    let told = |bytes: Option<u64>, name: RuntimeName| bytes.map(|bytes| Runtime::Told { bytes, name });
    told(postgres(), RuntimeName::PostgreSql)
        .or_else(|| told(mysql(), RuntimeName::MySql))
        .or_else(|| told(mongo(), RuntimeName::MongoDb))
        .or_else(|| told(redis(), RuntimeName::Redis))
        .or_else(|| told(memcached(), RuntimeName::Memcached))
        .or_else(|| by_itself(seen))
}

/// Programs that take a share of the container's memory by themselves, in hundredths of a percent: WiredTiger's cache is half of
/// it (less 1 GiB), RabbitMQ's high watermark 60 % since 4.0 (40 % before), ClickHouse's `max_server_memory_usage_to_ram_ratio` 90 %.
fn by_itself(seen: &Seen<'_>) -> Option<Runtime> {
    let images: [(&[&str], u32, RuntimeName); 3] = [
        (&["mongo", "mongod", "mongodb"], 5000, RuntimeName::MongoDb),
        (&["rabbitmq"], 6000, RuntimeName::RabbitMq),
        (&["clickhouse"], 9000, RuntimeName::ClickHouse),
    ];
    // What watches or steers such a program is another one.
    let beside = ["exporter", "operator", "express", "controller", "keeper", "backup"];
    images
        .into_iter()
        .find(|(names, ..)| is(seen, names) && !is(seen, &beside))
        .map(|(_, percent_hundredths, name)| Runtime::FromLimit { percent_hundredths, name })
}
