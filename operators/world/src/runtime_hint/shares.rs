//! Servers that size their caches and pools from their container's limit, with flags and variables that override it.
//!
//! In: [`Seen`] of a container, and the places where options may be. Out: an amount, or the share of the limit.
//!
//! Sources: <https://docs.victoriametrics.com/victoriametrics/#resource-usage-limits>,
//! <https://www.cockroachlabs.com/docs/stable/cockroach-start>,
//! <https://learn.microsoft.com/sql/linux/sql-server-linux-configure-environment-variables>,
//! <https://www.dragonflydb.io/docs/managing-dragonfly/flags>, <https://docs.scylladb.com/manual/stable/operating-scylla>,
//! <https://docs.redpanda.com/current/reference/rpk/rpk-redpanda/rpk-redpanda-start/>,
//! <https://docs.pingcap.com/tidb/stable/tikv-configuration-file>,
//! <https://varnish-cache.org/docs/trunk/users-guide/storage-backends.html>,
//! <https://docs.haproxy.org/dev/management.html> (3, starting HAProxy).

use super::{
    Seen,
    databases::{BESIDE, Places, Read, is},
    image_name, option, tokens, units,
};
use crate::row::{Runtime, RuntimeName};

const SIZE: Read = units::decimal_or_binary;
const RATIO: Read = |text| units::ratio(text).map(u64::from);
/// HAProxy and its Enterprise edition, as a word of an image or the program of a command.
pub(super) const HAPROXY: [&str; 2] = ["haproxy", "hapee-lb"];

/// The last part of an image's name, in lower case: `prometheus` of `quay.io/prometheus/prometheus:v3.1.0`.
pub(super) fn program(image: &str) -> String {
    image_name(image).rsplit('/').next().unwrap_or_default().to_ascii_lowercase()
}

fn share(hundredths: u64, name: RuntimeName) -> Option<Runtime> {
    u32::try_from(hundredths.min(10_000)).ok().map(|percent_hundredths| Runtime::FromLimit { percent_hundredths, name })
}

pub(super) fn detect(seen: &Seen<'_>, places: &Places<'_>) -> Option<Runtime> {
    victoria_metrics(seen, places)
        .or_else(|| cockroach(seen, places))
        .or_else(|| sql_server(seen))
        .or_else(|| dragonfly(seen, places))
        .or_else(|| seastar(seen, places))
        .or_else(|| tikv(seen))
        .or_else(|| varnish(seen))
        .or_else(|| haproxy(seen))
}

/// `-memory.allowedBytes` overrides `-memory.allowedPercent`, 60 by default. With `-envflag.enable` they are variables
/// too, as `VM_memory_allowedPercent`.
fn victoria_metrics(seen: &Seen<'_>, places: &Places<'_>) -> Option<Runtime> {
    const CACHES: [&str; 10] = [
        "victoria",
        "vmsingle",
        "vmstorage",
        "vmselect",
        "vminsert",
        "vmagent",
        "vlstorage",
        "vlselect",
        "vlinsert",
        "vlagent",
    ];
    const PERCENT: Read = |text| units::hundredths(text).map(u64::from);
    let name = RuntimeName::VictoriaMetrics;
    if let Some(bytes) = places.told_or_named("memoryallowedbytes", SIZE) {
        return Some(Runtime::Told { bytes, name });
    }
    let by_itself = || {
        let program = program(seen.image);
        let words = || program.split(|c: char| !c.is_ascii_alphanumeric());
        (words().any(|word| CACHES.contains(&word)) && !words().any(|word| BESIDE.contains(&word))).then_some(6000)
    };
    share(places.told_or_named("memoryallowedpercent", PERCENT).or_else(by_itself)?, name)
}

/// `--cache` and `--max-sql-memory`: `.25`, `25%` or `4GiB`; by default 256 MiB and a quarter.
fn cockroach(seen: &Seen<'_>, places: &Places<'_>) -> Option<Runtime> {
    const CLIENTS: [&str; 7] = ["init", "sql", "node", "cert", "workload", "debug", "gen"];
    const CACHE: u64 = 256 << 20;
    const SQL_SHARE: u64 = 2500;
    let client = || {
        seen.words().any(|word| CLIENTS.contains(&word))
            && !seen.words().any(|word| matches!(word, "start" | "start-single-node"))
    };
    if !is(seen, &["cockroach", "cockroachdb"]) || is(seen, &BESIDE) || client() {
        return None;
    }
    let name = RuntimeName::CockroachDb;
    let cache = (places.told("cache", RATIO), places.told("cache", SIZE));
    let sql = (places.told("maxsqlmemory", RATIO), places.told("maxsqlmemory", SIZE));
    let sql_share = sql.0.or_else(|| sql.1.is_none().then_some(SQL_SHARE)).unwrap_or(0);
    let shares = cache.0.unwrap_or(0).saturating_add(sql_share);
    if shares > 0 {
        return share(shares, name);
    }
    Some(Runtime::Told { bytes: cache.1.unwrap_or(CACHE).saturating_add(sql.1.unwrap_or(0)), name })
}

/// `MSSQL_MEMORY_LIMIT_MB`, by default 80 % of the container's memory.
fn sql_server(seen: &Seen<'_>) -> Option<Runtime> {
    const CLIENTS: [&str; 3] = ["tools", "cli", "init"];
    let name = RuntimeName::SqlServer;
    let told = seen.env.iter().rev().find(|(key, _)| *key == "MSSQL_MEMORY_LIMIT_MB");
    let told = told.and_then(|(_, value)| value.trim().parse::<u64>().ok()?.checked_mul(1 << 20));
    if let Some(bytes) = told.filter(|bytes| *bytes > 0) {
        return Some(Runtime::Told { bytes, name });
    }
    let image = image_name(seen.image).to_ascii_lowercase();
    let words = || image.split(|c: char| !c.is_ascii_alphanumeric());
    let server = words().any(|word| word == "mssql") || image.ends_with("azure-sql-edge");
    let beside = words().any(|word| BESIDE.contains(&word) || CLIENTS.contains(&word));
    let started = seen.words().any(|word| word.rsplit('/').next() == Some("sqlservr"));
    if (server && !beside) || started { share(8000, name) } else { None }
}

/// `--maxmemory`; 80 % of the container's memory if it is 0 or not set.
fn dragonfly(seen: &Seen<'_>, places: &Places<'_>) -> Option<Runtime> {
    let ours = program(seen.image) == "dragonfly"
        || seen.words().any(|word| word == "dragonfly" || word.ends_with("/bin/dragonfly"));
    if !ours {
        return None;
    }
    let name = RuntimeName::Dragonfly;
    match places.told_or_named("maxmemory", units::fraction_of_binary) {
        Some(bytes) => Some(Runtime::Told { bytes, name }),
        None => share(8000, name),
    }
}

/// Programs built on Seastar take all memory but 7 % at startup, or the amount of `--memory`.
fn seastar(seen: &Seen<'_>, places: &Places<'_>) -> Option<Runtime> {
    let name = match program(seen.image).as_str() {
        "scylla" | "scylla-enterprise" => RuntimeName::ScyllaDb,
        "redpanda" => RuntimeName::Redpanda,
        _ => return None,
    };
    let read = units::fraction_of_binary;
    match places.told("memory", read).or_else(|| places.told("m", read)) {
        Some(bytes) => Some(Runtime::Told { bytes, name }),
        None => share(9300, name),
    }
}

/// The block cache is 45 % of the container's memory; another size is set in a file.
fn tikv(seen: &Seen<'_>) -> Option<Runtime> {
    if program(seen.image) == "tikv" { share(4500, RuntimeName::TiKv) } else { None }
}

/// `-s malloc,2G` and `-s name=malloc,2G`, each of which is retained, and `VARNISH_SIZE` of the image.
fn varnish(seen: &Seen<'_>) -> Option<Runtime> {
    if !is(seen, &["varnish", "varnishd"]) || is(seen, &BESIDE) {
        return None;
    }
    let stores = seen.words().filter_map(|word| word.split_once("malloc,")?.1.split(',').next());
    let sum = stores.filter_map(units::fraction_of_binary).reduce(u64::saturating_add);
    let variable = seen.env.iter().rev().find(|(key, _)| *key == "VARNISH_SIZE");
    let variable = variable.and_then(|(_, value)| units::fraction_of_binary(value.trim()));
    sum.max(variable).map(|bytes| Runtime::Told { bytes, name: RuntimeName::Varnish })
}

/// `-m 2048`: the most that it allocates, in megabytes, also in variables of any name, as `EXTRAOPTS` of Debian. The
/// number is always a word of its own.
fn haproxy(seen: &Seen<'_>) -> Option<Runtime> {
    let image = program(seen.image);
    // Of the image only: `backup` is a word of its configuration too.
    let beside = image.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| BESIDE.contains(&word));
    if beside || !is(seen, &HAPROXY) {
        return None;
    }
    let of = |list: &[&str]| option(list, |name| name == "-m").filter_map(megabytes).last();
    let command: Vec<&str> = seen.words().collect();
    // What precedes its own name is for another program: `python -m`, `grep -m`.
    let own = command.iter().position(|word| word.rsplit('/').next().is_some_and(|name| HAPROXY.contains(&name)));
    let told = of(command.get(own.unwrap_or(0)..).unwrap_or_default());
    let variables = seen.env.iter().filter_map(|(_, value)| of(&tokens(value).collect::<Vec<_>>()));
    told.max(variables.max()).map(|bytes| Runtime::Told { bytes, name: RuntimeName::Other })
}

/// The number at the start of a text, as `atol` reads it: HAProxy knows no units. 0 is no limit.
fn megabytes(text: &str) -> Option<u64> {
    let digits = text.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse::<u64>().ok()?.checked_mul(1 << 20).filter(|bytes| *bytes > 0)
}
