//! Amounts given under a telling name: `PHP_MEMORY_LIMIT=3G`, `--mem-ballast-size-mib=3072`, `--cache-size=2GiB`.
//!
//! In: [`Seen`] of a container. Out: the greatest such amount, including that of all PHP processes together. It counts
//! where nothing more certain is known: which program reads the name is unknown, so it only keeps a limit from being
//! lowered below the amount.

use super::{Seen, php, tokens, units};
use crate::row::{Runtime, RuntimeName};

/// Words of names for memory.
const ABOUT: [&str; 10] =
    ["memory", "mem", "heap", "ram", "ramsize", "maxmemory", "memlimit", "memorylimit", "sga", "pga"];
/// Words of names for another property of memory.
const NOT: [&str; 8] = ["request", "requests", "min", "minimum", "percent", "ratio", "chunk", "page"];
/// Words of names for times: there `30m` are minutes.
const TIMES: [&str; 10] =
    ["age", "delay", "duration", "expiration", "expiry", "interval", "period", "time", "timeout", "ttl"];
/// Words of names for what a program keeps in memory, unless the name places it elsewhere.
const KEPT: [&str; 4] = ["buffer", "buffers", "cache", "caches"];
/// Words of names for what is not in memory.
const ELSEWHERE: [&str; 15] = [
    "dir",
    "directory",
    "disk",
    "file",
    "files",
    "folder",
    "fs",
    "min",
    "minimum",
    "nvme",
    "path",
    "persistence",
    "pvc",
    "ssd",
    "volume",
];
/// Words of names for sizes.
const SIZES: [&str; 6] = ["bytes", "capacity", "limit", "max", "quota", "size"];
/// Less is hardly the total of what a process may use, in bytes.
const LEAST: u64 = 16 << 20;
/// From here on a bare number can only be bytes: nobody has this many of a larger unit.
const BYTES_FROM: u64 = 64 << 20;
/// A larger cache is hardly in memory.
const GREATEST_KEPT: u64 = 64 << 30;

pub(super) fn detect(seen: &Seen<'_>) -> Option<Runtime> {
    let variables = seen.env.iter().filter_map(|(name, value)| amount(name, value.trim()));
    let words: Vec<&str> = seen.words.iter().flat_map(|text| tokens(text)).collect();
    let options = words.iter().enumerate().filter(|(_, word)| word.starts_with('-')).filter_map(|(i, word)| match word
        .split_once('=')
    {
        Some((name, value)) => amount(name, value),
        None => amount(word, words.get(i + 1)?),
    });
    let of_php = php::told(seen).filter(|bytes| *bytes >= LEAST);
    let bytes = variables.chain(options).chain(of_php).max()?;
    Some(Runtime::Told { bytes, name: RuntimeName::Other })
}

/// The words of a name, in lower case: `--max-memory`, `MAX_MEMORY` and `maxMemory` have the same.
pub(super) fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        // `sizeMiB` ends in one word.
        let begins = c.is_ascii_uppercase() && before.is_ascii_lowercase() && !(c == 'B' && before == 'i');
        if begins || !c.is_ascii_alphanumeric() {
            parts.push(String::new());
        }
        if let Some(last) = parts.last_mut().filter(|_| c.is_ascii_alphanumeric()) {
            last.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    parts
}

fn has(parts: &[String], words: &[&str]) -> bool {
    parts.iter().any(|part| words.contains(&part.as_str()))
}

/// Whether the words of a name denote an amount of memory.
pub(super) fn is_memory(parts: &[String]) -> bool {
    has(parts, &ABOUT) && !has(parts, &NOT) && !has(parts, &TIMES)
}

/// The unit at the end of a name.
fn unit(parts: &[String]) -> Option<u64> {
    Some(match parts.last()?.as_str() {
        "bytes" => 1,
        "kb" | "kib" | "kilobytes" => 1 << 10,
        "mb" | "mib" | "megabytes" => 1 << 20,
        "gb" | "gib" | "gigabytes" => 1 << 30,
        _ => return None,
    })
}

/// The amount in bytes. A number needs a unit, its own or at the end of its name: a small bare one is ambiguous.
fn amount(name: &str, value: &str) -> Option<u64> {
    let parts = parts(name);
    let bytes = if is_memory(&parts) {
        memory(&parts, value)
    } else if parts.ends_with(&["quota", "backend", "bytes"].map(str::to_owned)) {
        // The database of etcd, which it maps into its memory.
        value.parse().ok()
    } else {
        kept(&parts, value)
    };
    bytes.filter(|bytes| *bytes >= LEAST)
}

/// An amount under a name with these words.
pub(super) fn memory(parts: &[String], value: &str) -> Option<u64> {
    let Ok(number) = value.parse::<u64>() else { return units::fraction_of_binary(value) };
    match unit(parts) {
        Some(unit) => number.checked_mul(unit),
        None if number >= BYTES_FROM => Some(number),
        // Couchbase uses MiB: `COUCHBASE_RAM_SIZE`, `--cluster-ramsize`.
        None if has(parts, &["couchbase", "ramsize"]) => number.checked_mul(1 << 20),
        None => None,
    }
}

/// Caches and buffers, if they have a unit.
fn kept(parts: &[String], value: &str) -> Option<u64> {
    let class = has(parts, &["storage"]) && has(parts, &["class"]);
    if !has(parts, &KEPT) || has(parts, &ELSEWHERE) || has(parts, &TIMES) || class {
        return None;
    }
    let bytes = match value.parse::<u64>() {
        Ok(number) => number.checked_mul(unit(parts)?)?,
        Err(_) => {
            let may_be_minutes = value.ends_with('m') && !has(parts, &SIZES);
            let has_unit = value.ends_with(|c: char| c.is_ascii_alphabetic());
            units::fraction_of_binary(value).filter(|_| has_unit && !may_be_minutes)?
        }
    };
    (bytes <= GREATEST_KEPT).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::amount;

    #[test]
    fn a_name_says_that_it_is_memory_and_a_unit_how_much() {
        for (name, value, expected) in [
            ("PHP_MEMORY_LIMIT", "3G", Some(3 << 30)),
            ("SGA_TARGET", "3G", Some(3 << 30)),
            ("--mem-ballast-size-mib", "3072", Some(3 << 30)),
            ("--memory", "512MiB", Some(512 << 20)),
            ("MAX_HEAP_SIZE_MB", "64", Some(64 << 20)),
            ("MEMORY_LIMIT", "3221225472", Some(3 << 30)),
            ("INFLUXD_STORAGE_CACHE_MAX_MEMORY_SIZE", "2147483648", Some(2 << 30)),
            ("--max-memory-usage", "3221225472", Some(3 << 30)),
            ("--maxMemory", "2147483648", Some(2 << 30)),
            ("ZBX_MEMORYLIMIT", "512M", Some(512 << 20)),
            ("MEMORY_LIMIT", "67108864", Some(64 << 20)),
            ("MEMORY_LIMIT", "67108863", None),
            ("MEMORY_LIMIT_KB", "3145728", Some(3 << 30)),
            ("MAX_MEMORY", "512", None),
            ("--quota-backend-bytes", "8589934592", Some(8 << 30)),
            ("ETCD_QUOTA_BACKEND_BYTES", "2147483648", Some(2 << 30)),
            ("COUCHBASE_RAM_SIZE", "3072", Some(3 << 30)),
            ("--cluster-ramsize", "3072", Some(3 << 30)),
            ("--cache-size-mb", "2048", Some(2 << 30)),
            ("--cacheSizeMiB", "2048", Some(2 << 30)),
            ("--cache-size", "2GiB", Some(2 << 30)),
            ("--block-cache-size", "3GiB", Some(3 << 30)),
            ("CACHE_SIZE", "512m", Some(512 << 20)),
            ("WRITE_BUFFER", "1Gi", Some(1 << 30)),
            ("CACHE_SIZE", "2147483648", None),
            ("--cache-size", "65GiB", None),
            ("--disk-cache-size", "2GiB", None),
            ("CACHE_DIR_SIZE", "2GiB", None),
            ("FILE_CACHE_SIZE", "2GiB", None),
            ("CACHE_STORAGE_CLASS", "2GiB", None),
            ("CACHE_TTL", "30m", None),
            ("CACHE_REFRESH", "30m", None),
            ("MEM_CHECK_INTERVAL", "30m", None),
            ("MEMORY_REQUEST", "3G", None),
            ("MEM_MIN", "3G", None),
            ("MEMORY", "lots", None),
            ("MEMORY", "64k", None),
            ("MEMBERS", "3G", None),
            ("TIMEOUT", "3G", None),
        ] {
            assert_eq!(amount(name, value), expected, "{name}={value}");
        }
    }
}
