//! The release of an API server. In: what it says of its version. Out: a number.

use k8s_openapi::apimachinery::pkg::version::Info;

/// The minor version of Kubernetes 1 whose code the server runs; `None` where that is no number, or of another Kubernetes.
///
/// `minor` is the version of the code, also where the server shows an older one's APIs and features by `--emulated-version`, which
/// `emulationMinor` states.
pub fn minor(version: &Info) -> Option<u32> {
    // Some managed clusters write `33+`.
    let number = |text: &str| text.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u32>().ok();
    if number(&version.major)? == 1 { number(&version.minor) } else { None }
}
