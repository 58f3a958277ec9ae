//! .NET, Node.js and Go: the memory that variables and arguments give them.
//!
//! In: [`Seen`] of a container. Out: an amount given to the runtime, or the share of the limit that it takes. Sources:
//! <https://learn.microsoft.com/dotnet/core/runtime-config/garbage-collector> (numbers in variables are hexadecimal),
//! <https://nodejs.org/api/cli.html>, <https://pkg.go.dev/runtime>, <https://github.com/KimMachineGun/automemlimit>,
//! <https://prometheus.io/docs/prometheus/latest/command-line/prometheus/>.

use super::{Seen, image_name, image_tag, option, shares, tokens, units};
use crate::row::{Runtime, RuntimeName};

/// Default share of a container's limit for .NET's garbage collector.
const DOTNET_SHARE: u32 = 7500;
/// Prefixes of variables that only .NET reads.
const OF_DOTNET: [&str; 4] = ["DOTNET_", "ASPNETCORE_", "CORECLR_", "COMPlus_"];
/// Default share of a container's limit for V8's heap, since Node.js 20.
const NODE_SHARE: u32 = 5000;
/// Default ratio of automemlimit, and through it of Prometheus, for Go's garbage collector.
const GO_SHARE: u32 = 9000;

pub(super) fn dotnet(seen: &Seen<'_>) -> Option<Runtime> {
    let setting = |name: &str| {
        let prefixed = seen.env.iter().rev().filter_map(|(key, value)| {
            let key = key.strip_prefix("DOTNET_").or_else(|| key.strip_prefix("COMPlus_"))?;
            (key == name).then(|| value.trim())
        });
        prefixed.filter_map(units::hex).next()
    };
    if let Some(bytes) = setting("GCHeapHardLimit") {
        return Some(Runtime::Told { bytes, name: RuntimeName::DotNet });
    }
    // Limits by kind of heap, which are set together: small, large and pinned objects.
    let parts = ["GCHeapHardLimitSOH", "GCHeapHardLimitLOH", "GCHeapHardLimitPOH"];
    let sum = parts.iter().filter_map(|part| setting(part)).fold(0u64, u64::saturating_add);
    if sum > 0 {
        return Some(Runtime::Told { bytes: sum, name: RuntimeName::DotNet });
    }
    let percent = setting("GCHeapHardLimitPercent").filter(|p| (1..=100).contains(p));
    let share = percent.and_then(|p| u32::try_from(p * 100).ok());
    let known = || {
        let image = image_name(seen.image).to_ascii_lowercase();
        image.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| matches!(w, "dotnet" | "aspnet" | "aspnetcore"))
            || seen.env.iter().any(|(key, _)| OF_DOTNET.iter().any(|start| key.starts_with(start)))
            || seen.words().any(|word| word == "dotnet" || word.ends_with("/dotnet"))
    };
    (share.is_some() || known())
        .then(|| Runtime::FromLimit { percent_hundredths: share.unwrap_or(DOTNET_SHARE), name: RuntimeName::DotNet })
}

pub(super) fn node(seen: &Seen<'_>) -> Option<Runtime> {
    let of = |tokens: &[&str]| {
        // V8 treats dashes and underscores alike.
        let mib =
            option(tokens, |name| name.replace('_', "-") == "--max-old-space-size").filter_map(|v| v.parse().ok());
        let share = option(tokens, |name| name.replace('_', "-") == "--max-old-space-size-percentage");
        (mib.last().filter(|mib: &u64| *mib > 0), share.filter_map(units::hundredths).last())
    };
    let command: Vec<&str> = seen.words().collect();
    let ((mib, share), (own_mib, own_share)) = (of(&seen.env_tokens("NODE_OPTIONS")), of(&command));
    // It is unknown which script reads which other variable: the greatest amount is the safe one.
    let others = seen.env.iter().filter(|(name, _)| *name != "NODE_OPTIONS");
    let others: Vec<_> = others.map(|(_, value)| of(&tokens(value).collect::<Vec<_>>())).collect();
    let mib = own_mib.or(mib).max(others.iter().filter_map(|(mib, _)| *mib).max());
    if let Some(bytes) = mib.and_then(|mib| mib.checked_mul(1 << 20)) {
        return Some(Runtime::Told { bytes, name: RuntimeName::Node });
    }
    let share = own_share.or(share).or_else(|| others.iter().find_map(|(_, share)| *share));
    let percent_hundredths = share.or_else(|| is_node_20(seen.image).then_some(NODE_SHARE))?;
    Some(Runtime::FromLimit { percent_hundredths, name: RuntimeName::Node })
}

/// The number at the start of a text.
fn major(text: &str) -> Option<u32> {
    text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Whether an image is Node.js 20 or later: `node:22-alpine`, `nodejs-20`, `nodejs22-debian12`. Without a version it is
/// the newest.
fn is_node_20(image: &str) -> bool {
    let program = shares::program(image);
    let of_name = program.strip_prefix("nodejs").map(|rest| major(rest.trim_start_matches('-')));
    let of_tag = || major(image_tag(image).trim_start_matches('v'));
    let version = match (program.as_str(), of_name) {
        ("node" | "nodejs", _) => of_tag(),
        (_, Some(Some(major))) => Some(major),
        _ => return false,
    };
    version.is_none_or(|major| major >= 20)
}

pub(super) fn go(seen: &Seen<'_>) -> Option<Runtime> {
    let name = RuntimeName::Go;
    let variable = |wanted: &str| {
        let found = seen.env.iter().rev().find(|(key, _)| *key == wanted);
        found.map(|(_, value)| value.trim())
    };
    // Automemlimit leaves an existing limit alone.
    let limit = variable("GOMEMLIMIT");
    if let Some(bytes) = limit.and_then(units::go) {
        return Some(Runtime::Told { bytes, name });
    }
    // Go itself reads no percentage: the program's launcher turns it into an amount.
    let percent = limit.filter(|value| value.ends_with('%')).and_then(units::ratio);
    let library = || variable("AUTOMEMLIMIT").filter(|value| !value.eq_ignore_ascii_case("off"));
    let share = percent.or_else(|| library().map(|value| units::ratio(value).unwrap_or(GO_SHARE)));
    let percent_hundredths = share.or_else(|| auto_limit(seen))?;
    Some(Runtime::FromLimit { percent_hundredths, name })
}

/// `--auto-gomemlimit` and its ratio in Prometheus, on since 3.0, and in similar programs: Thanos, Alertmanager.
fn auto_limit(seen: &Seen<'_>) -> Option<u32> {
    let words: Vec<&str> = seen.words().collect();
    let flag = |word: &str, name: &str| word.trim_start_matches('-') == name;
    if words.iter().any(|word| flag(word, "no-auto-gomemlimit")) {
        return None;
    }
    let on = words.iter().any(|word| word.contains("auto-gomemlimit")) || is_prometheus_3(seen.image);
    let ratio = option(&words, |word| flag(word, "auto-gomemlimit.ratio")).filter_map(units::ratio).last();
    on.then(|| ratio.unwrap_or(GO_SHARE))
}

/// Whether an image is Prometheus 3 or later; without a version in its tag it is the newest.
fn is_prometheus_3(image: &str) -> bool {
    let major = major(image_tag(image).trim_start_matches('v'));
    shares::program(image) == "prometheus" && major.is_none_or(|major| major >= 3)
}
