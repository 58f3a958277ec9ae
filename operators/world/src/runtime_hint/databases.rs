//! Databases, caches and brokers: the memory that arguments and variables give them.
//!
//! In: [`Seen`] of a container. Out: an amount, or the share of the limit that the program takes. Settings in a
//! configuration file are out of sight.
//!
//! Sources: <https://www.postgresql.org/docs/current/app-postgres.html>,
//! <https://dev.mysql.com/doc/refman/8.4/en/option-modifiers.html> (`-` and `_` alike, `--loose-`, `--skip-`),
//! <https://dev.mysql.com/doc/refman/8.4/en/innodb-dedicated-server.html>,
//! <https://www.mongodb.com/docs/manual/reference/program/mongod/>, <https://www.rabbitmq.com/docs/memory>.
//! Images pass options in variables of their own: `MARIADB_EXTRA_FLAGS`, `MONGODB_EXTRA_FLAGS` and `REDIS_EXTRA_FLAGS`
//! of Bitnami, `MYSQL_INNODB_BUFFER_POOL_SIZE`, `MYSQL_KEY_BUFFER_SIZE` and `POSTGRESQL_SHARED_BUFFERS` of
//! <https://github.com/sclorg>.

use super::{Seen, image_name, option, servers, shares, tokens, units, value_after};
use crate::row::{Runtime, RuntimeName};

/// Whether the image or the command is one of these programs.
pub(super) fn is(seen: &Seen<'_>, names: &[&str]) -> bool {
    let image = image_name(seen.image).to_ascii_lowercase();
    let image = image.rsplit('/').next().unwrap_or_default();
    image.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| names.contains(&word))
        || seen.words().any(|word| word.rsplit('/').next().is_some_and(|program| names.contains(&program)))
}

/// A parser of amounts.
pub(super) type Read = fn(&str) -> Option<u64>;

/// Programs that monitor or control a database are not the database.
pub(super) const BESIDE: [&str; 6] = ["exporter", "operator", "express", "controller", "keeper", "backup"];

/// The letters and digits of a name, in lower case: `--innodb-buffer-pool-size` and `innodb_buffer_pool_size` are one.
fn letters(name: &str) -> impl DoubleEndedIterator<Item = u8> {
    name.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase())
}

/// The last amount given to an option of this name.
fn last(tokens: &[&str], name: &str, read: Read) -> Option<u64> {
    // MySQL allows the prefix `--loose-`, for an option that the server may not know.
    let is = |token: &str| letters(token).eq(name.bytes()) || letters(token).eq("loose".bytes().chain(name.bytes()));
    option(tokens, is).filter_map(read).last()
}

/// Whether a variable is named after an option, as `MYSQL_KEY_BUFFER_SIZE`.
fn is_named(variable: &str, name: &str) -> bool {
    letters(variable).rev().take(name.len()).eq(name.bytes().rev())
}

/// The value of an option that is on or off.
fn on(value: &str) -> Option<bool> {
    let is = |word: &&str| value.eq_ignore_ascii_case(word);
    if ["on", "1", "true"].iter().any(is) {
        return Some(true);
    }
    ["off", "0", "false"].iter().any(is).then_some(false)
}

/// The last setting of this option: `--NAME`, `--NAME=ON`, `--skip-NAME`, and `NAME = ON` of a file written by a shell.
fn switch(list: &[&str], name: &str) -> Option<bool> {
    list.iter().enumerate().rev().find_map(|(i, word)| {
        let (option, value) = word.split_once('=').unwrap_or((word, ""));
        let is = |start: &&str| letters(option).eq(start.bytes().chain(name.bytes()));
        if ["skip", "disable"].iter().any(is) {
            return Some(false);
        }
        if !["", "loose", "enable"].iter().any(is) {
            return None;
        }
        let value = if value.is_empty() { value_after(list, i).unwrap_or_default() } else { value };
        // Without dashes and a value it is only the name, as in a query for it.
        let alone = option.starts_with('-') && !word.contains('=');
        on(value).or(alone.then_some(true))
    })
}

/// Where options may be: in the command, and in variables of any name.
pub(super) struct Places<'a> {
    lists: Vec<Vec<&'a str>>,
    env: &'a [(&'a str, std::borrow::Cow<'a, str>)],
}

impl<'a> Places<'a> {
    fn new(seen: &'a Seen<'_>) -> Self {
        let variables = seen.env.iter().map(|(_, value)| tokens(value).collect());
        Self { lists: std::iter::once(seen.words().collect()).chain(variables).collect(), env: &seen.env }
    }

    /// The greatest amount given to an option anywhere, since it is unknown which script reads which variable.
    pub(super) fn told(&self, name: &str, read: Read) -> Option<u64> {
        self.lists.iter().filter_map(|list| last(list, name, read)).max()
    }

    /// The same, including a variable named after the option, as `MYSQL_KEY_BUFFER_SIZE`.
    pub(super) fn told_or_named(&self, name: &str, read: Read) -> Option<u64> {
        let named = self.env.iter().filter(|(variable, _)| is_named(variable, name));
        self.told(name, read).max(named.filter_map(|(_, value)| read(value.trim())).max())
    }

    /// Whether an on/off option is on anywhere, including a variable named after it.
    fn is_on(&self, name: &str) -> bool {
        self.lists.iter().any(|list| switch(list, name) == Some(true))
            || self.env.iter().any(|(variable, value)| is_named(variable, name) && on(value.trim()) == Some(true))
    }
}

pub(super) fn detect(seen: &Seen<'_>) -> Option<Runtime> {
    let places = Places::new(seen);
    let told = |bytes: Option<u64>, name: RuntimeName| bytes.map(|bytes| Runtime::Told { bytes, name });
    // First, since Dragonfly's `--maxmemory` uses other units than that of Redis.
    shares::detect(seen, &places)
        .or_else(|| servers::detect(seen))
        .or_else(|| told(postgres(seen, &places), RuntimeName::PostgreSql))
        .or_else(|| mysql(&places))
        .or_else(|| mongo(&places))
        .or_else(|| told(redis(seen, &places), RuntimeName::Redis))
        .or_else(|| told(memcached(seen, &places), RuntimeName::Memcached))
        .or_else(|| rabbit(seen))
        .or_else(|| by_itself(seen))
}

/// `-c shared_buffers=2GB`, `-cshared_buffers=2GB`, `--shared-buffers=2GB`, `-B 262144`.
fn postgres(seen: &Seen<'_>, places: &Places<'_>) -> Option<u64> {
    let joined = places.lists.iter().flatten().filter_map(|word| word.strip_prefix("-c")).filter(|rest| rest.len() > 1);
    let joined: Vec<&str> = joined.collect();
    let blocks = || option(places.lists.first()?, |name| name == "-B").filter_map(units::postgres).last();
    places
        .told_or_named("sharedbuffers", units::postgres)
        .max(last(&joined, "sharedbuffers", units::postgres))
        .or_else(|| blocks().filter(|_| is(seen, &["postgres", "postgresql"])))
}

/// The caches shared by all connections, each of which is retained. On a dedicated server the pool, unless its size is
/// set, is a share of the available memory: 75 % above 4 GiB, half of less.
fn mysql(places: &Places<'_>) -> Option<Runtime> {
    const POOL: &str = "innodbbufferpoolsize";
    const POOL_SHARE: u32 = 7500;
    let name = RuntimeName::MySql;
    let told = |cache: &str| places.told_or_named(cache, units::binary);
    // The pool still follows the limit, however other caches are set.
    if told(POOL).is_none() && places.is_on("innodbdedicatedserver") {
        return Some(Runtime::FromLimit { percent_hundredths: POOL_SHARE, name });
    }
    let caches = [POOL, "keybuffersize", "ariapagecachebuffersize"];
    let bytes = caches.into_iter().filter_map(told).reduce(u64::saturating_add)?;
    Some(Runtime::Told { bytes, name })
}

fn mongo(places: &Places<'_>) -> Option<Runtime> {
    let share = |text: &str| units::hundredths(text).map(u64::from);
    if let Some(bytes) = places.told("wiredtigercachesizegb", units::gib) {
        return Some(Runtime::Told { bytes, name: RuntimeName::MongoDb });
    }
    let share = places.told("wiredtigercachesizepct", share)?;
    Some(Runtime::FromLimit { percent_hundredths: u32::try_from(share).ok()?, name: RuntimeName::MongoDb })
}

fn redis(seen: &Seen<'_>, places: &Places<'_>) -> Option<u64> {
    // By its exact name: `MAX_MEMORY` may be anybody's.
    let option_of = |list: &Vec<&str>| {
        option(list, |name| name.trim_start_matches('-').eq_ignore_ascii_case("maxmemory"))
            .filter_map(units::redis)
            .last()
    };
    let is_redis = is(seen, &["redis", "valkey", "keydb"])
        || seen.env.iter().any(|(name, _)| name.contains("REDIS") || name.contains("VALKEY"));
    let named = || places.told_or_named("maxmemory", units::redis).filter(|_| is_redis);
    places.lists.iter().filter_map(option_of).max().or_else(named)
}

fn memcached(seen: &Seen<'_>, places: &Places<'_>) -> Option<u64> {
    let mib: Read = |text| text.parse::<u64>().ok()?.checked_mul(1 << 20).filter(|bytes| *bytes > 0);
    let joined = || places.lists.iter().flatten().filter_map(|w| w.strip_prefix("-m")).filter_map(mib).max();
    let told = || places.told("m", mib).or_else(|| places.told("memorylimit", mib)).or_else(joined);
    is(seen, &["memcached"]).then(|| told().or_else(|| places.told_or_named("memcachedcachesize", mib)))?
}

/// The value of a memory watermark of RabbitMQ.
enum Watermark {
    Bytes(u64),
    Hundredths(u32),
}

/// `RABBITMQ_VM_MEMORY_HIGH_WATERMARK` of images, `vm_memory_high_watermark.absolute = 2GB` and
/// `-rabbit vm_memory_high_watermark {absolute,"2GB"}` in variables and arguments.
fn rabbit(seen: &Seen<'_>) -> Option<Runtime> {
    const NAME: &str = "vm_memory_high_watermark";
    let mut texts: Vec<String> = seen.env.iter().map(|(name, value)| format!("{name} {value}")).collect();
    texts.push(seen.words.join(" "));
    let mut found: Vec<Watermark> = Vec::new();
    for text in texts.iter().map(|text| text.to_ascii_lowercase()) {
        found.extend(text.match_indices(NAME).filter_map(|(at, _)| watermark(text.get(at + NAME.len()..)?)));
    }
    let bytes = found.iter().filter_map(|w| if let Watermark::Bytes(bytes) = w { Some(*bytes) } else { None }).max();
    let share = found.iter().filter_map(|w| if let Watermark::Hundredths(h) = w { Some(*h) } else { None }).max();
    let name = RuntimeName::RabbitMq;
    bytes.map(|bytes| Runtime::Told { bytes, name }).or_else(|| {
        let percent_hundredths = share?;
        Some(Runtime::FromLimit { percent_hundredths, name })
    })
}

/// The text after the name of the setting, in lower case.
fn watermark(after: &str) -> Option<Watermark> {
    // `vm_memory_high_watermark_paging_ratio` is another setting.
    let after = ["_absolute", "_relative"].iter().find_map(|end| after.strip_prefix(end)).unwrap_or(after);
    if after.starts_with('_') {
        return None;
    }
    let mut parts = after
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '{' | '}' | '"' | '\'' | '=' | ':'))
        .map(|part| part.strip_prefix('.').filter(|rest| rest.starts_with(['a', 'r'])).unwrap_or(part))
        .filter(|part| !part.is_empty() && !matches!(*part, "absolute" | "relative"));
    let value = parts.next()?;
    if let Some(percent) = value.strip_suffix('%') {
        return units::hundredths(percent).map(Watermark::Hundredths);
    }
    match value.parse::<f64>() {
        Ok(share) if value.contains('.') || share <= 1.0 => {
            let valid = share > 0.0 && share <= 1.0;
            valid.then(|| Watermark::Hundredths((share * 10_000.0).round() as u32))
        }
        _ => units::rabbit(value).map(Watermark::Bytes),
    }
}

/// Programs that take a share of the container's memory by default, in hundredths of a percent: WiredTiger's cache is
/// half of it (less 1 GiB), RabbitMQ's high watermark 60 % since 4.0 (40 % before), ClickHouse's
/// `max_server_memory_usage_to_ram_ratio` 90 %.
fn by_itself(seen: &Seen<'_>) -> Option<Runtime> {
    let images: [(&[&str], u32, RuntimeName); 3] = [
        (&["mongo", "mongod", "mongodb"], 5000, RuntimeName::MongoDb),
        (&["rabbitmq"], 6000, RuntimeName::RabbitMq),
        (&["clickhouse"], 9000, RuntimeName::ClickHouse),
    ];
    images
        .into_iter()
        .find(|(names, ..)| is(seen, names) && !is(seen, &BESIDE))
        .map(|(_, percent_hundredths, name)| Runtime::FromLimit { percent_hundredths, name })
}
