//! .NET, Node.js and Go: what variables and arguments say about their memory.
//!
//! In: what is [`Seen`] of a container. Out: an amount that the runtime was told, or the share of the limit that it takes.
//! Sources: <https://learn.microsoft.com/dotnet/core/runtime-config/garbage-collector> (numbers of variables are
//! hexadecimal), <https://nodejs.org/api/cli.html>, <https://pkg.go.dev/runtime>.

use super::{Seen, image_name, option, tokens, units};
use crate::row::{Runtime, RuntimeName};

/// What the collector of .NET takes of a container's limit where nothing is said.
const DOTNET_SHARE: u32 = 7500;

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
    // Limits by kind of heap, which are set together: small and large objects, pinned ones.
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
            || seen.env.iter().any(|(key, _)| key.starts_with("DOTNET_GC") || key.starts_with("COMPlus_GC"))
            || seen.words().any(|word| word == "dotnet" || word.ends_with("/dotnet"))
    };
    (share.is_some() || known())
        .then(|| Runtime::FromLimit { percent_hundredths: share.unwrap_or(DOTNET_SHARE), name: RuntimeName::DotNet })
}

pub(super) fn node(seen: &Seen<'_>) -> Option<Runtime> {
    let of = |tokens: &[&str]| {
        // V8 takes dashes and underscores alike.
        let mib =
            option(tokens, |name| name.replace('_', "-") == "--max-old-space-size").filter_map(|v| v.parse().ok());
        let share = option(tokens, |name| name.replace('_', "-") == "--max-old-space-size-percentage");
        (mib.last().filter(|mib: &u64| *mib > 0), share.filter_map(units::hundredths).last())
    };
    let command: Vec<&str> = seen.words().collect();
    let ((mib, share), (own_mib, own_share)) = (of(&seen.env_tokens("NODE_OPTIONS")), of(&command));
    // Which script reads which other variable is not known: the greatest amount is the safe one.
    let others = seen.env.iter().filter(|(name, _)| *name != "NODE_OPTIONS");
    let others: Vec<_> = others.map(|(_, value)| of(&tokens(value).collect::<Vec<_>>())).collect();
    let mib = own_mib.or(mib).max(others.iter().filter_map(|(mib, _)| *mib).max());
    if let Some(bytes) = mib.and_then(|mib| mib.checked_mul(1 << 20)) {
        return Some(Runtime::Told { bytes, name: RuntimeName::Node });
    }
    let share = own_share.or(share).or_else(|| others.iter().find_map(|(_, share)| *share))?;
    Some(Runtime::FromLimit { percent_hundredths: share, name: RuntimeName::Node })
}

pub(super) fn go(seen: &Seen<'_>) -> Option<Runtime> {
    let (_, value) = seen.env.iter().rev().find(|(name, _)| *name == "GOMEMLIMIT")?;
    units::go(value.trim()).map(|bytes| Runtime::Told { bytes, name: RuntimeName::Go })
}
